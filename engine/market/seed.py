"""What a history source knows of a session: its past before the first update, and minutes that were missed."""

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.update import Bar


class InstrumentSeed(msgspec.Struct, frozen=True):
    """One instrument's session from the open to ``until``."""

    instrument: str
    until: Instant
    source: str
    """Who says so, in capitals: GENERATED, CANDLES, DAY BAR."""
    volume_rows: dict[Paise, int]
    """Volume at each traded price (one tick), units; sums to ``volume``."""
    minutes: tuple[Bar, ...]
    """Completed minutes from the open, oldest first; minutes without a trade left out."""
    day: Bar
    volume: int
    turnover: Paise
    """Sum of price times quantity, paise: seeds the VWAP."""
    previous_close: Paise
    average_range: Paise | None = None
    """Average daily range of earlier days; None when unknown."""
    range_days: int = 20
    """Earlier days behind it."""
    estimated: bool = False
    """The rows were spread over ranges instead of seen at their prices."""
    arrival: Instant = 0
    """When it came, on the feed's own clock, for an instrument followed since; 0 where the session began with it."""


class MissedMinutes(msgspec.Struct, frozen=True, tag="missed-minutes"):
    """Minutes that the feed did not tell: what needs a row of them without a gap can go on."""

    instrument: str
    arrival: Instant
    """When they came, on the feed's own clock."""
    minutes: tuple[Bar, ...]
    """Completed, any order; those that the feed told itself are left as they are."""
