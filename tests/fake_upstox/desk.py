"""What the account may do and how long the desk takes."""

from dataclasses import dataclass, field
from datetime import time

from engine.market.clock import MILLISECOND, Instant


@dataclass
class Delays:
    """How long each step of an order takes, in exchange time."""

    validation: Instant = 8 * MILLISECOND
    pending: Instant = 20 * MILLISECOND
    opened: Instant = 35 * MILLISECOND
    change: Instant = 25 * MILLISECOND


@dataclass
class Desk:
    """What the account may do."""

    capital: int = 100_000_000
    """Paise."""
    inactive: set[str] = field(default_factory=set)
    intraday_cutoff: time | None = time(15, 12)
    """After it, product I opens nothing."""
    check_margin: bool = True
    reject_all: str | None = None
