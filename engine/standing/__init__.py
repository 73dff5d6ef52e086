"""Where a world stands, read from its files and its broker: with an engine, without one, or beside a hung one.

Where orders go to the paper exchange, its file is the broker; in live it is the broker itself. When it cannot be
read the book is UNKNOWN, never flat.
"""

from engine.standing.live import Reach, broker_of, counted, left_outside
from engine.standing.paper import open_paper
from engine.standing.status import describe, read_status
from engine.standing.world import (
    plan_or_reason,
    read_plan,
    stopped_for_day,
    unanswered_tags,
    was_never_used,
)

__all__ = [
    "Reach",
    "broker_of",
    "counted",
    "describe",
    "left_outside",
    "open_paper",
    "plan_or_reason",
    "read_plan",
    "read_status",
    "stopped_for_day",
    "unanswered_tags",
    "was_never_used",
]
