"""Where a world stands, read from its files and its broker: with an engine, without one, or beside a hung one.

- FLAT is said on proof alone; what cannot be asked is UNKNOWN.
"""

from engine.status.astray_engines import engines_astray, told_astray
from engine.status.instrument_terms import InstrumentTerms, terms_of
from engine.status.latch_status import latched_in_memory
from engine.status.live import (
    AFTER_CLOSE,
    BrokerReach,
    broker_of,
    carried_past_close,
    hidden_account,
    left_outside,
)
from engine.status.paper import open_paper
from engine.status.report import describe, read_status
from engine.status.run_records import (
    plan_or_reason,
    read_plan,
    stopped_for_day,
    was_never_used,
)

__all__ = [
    "AFTER_CLOSE",
    "BrokerReach",
    "InstrumentTerms",
    "broker_of",
    "carried_past_close",
    "describe",
    "engines_astray",
    "hidden_account",
    "latched_in_memory",
    "left_outside",
    "open_paper",
    "plan_or_reason",
    "read_plan",
    "read_status",
    "stopped_for_day",
    "terms_of",
    "told_astray",
    "was_never_used",
]
