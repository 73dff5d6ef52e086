"""Where a world stands, read from its files and its broker: with an engine, without one, or beside a hung one.

Where orders go to the paper exchange, its file is the broker; in live it is the broker itself. When it cannot be
read the book is UNKNOWN, never flat.
"""

from engine.standing.astray import engines_astray, told_astray
from engine.standing.latched import latched_in_memory
from engine.standing.live import (
    AFTER_CLOSE,
    BrokerReach,
    broker_of,
    carried_past_close,
    counted,
    hidden_account,
    left_outside,
)
from engine.standing.paper import open_paper
from engine.standing.status import describe, read_status
from engine.standing.terms import InstrumentTerms, terms_of
from engine.standing.world import (
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
    "counted",
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
