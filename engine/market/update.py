"""The one normalised market update that every feed maps to.

A packet of the feed is a conflated snapshot, not a trade: ``volume`` is the day's running total and the only
exact one, ``last_quantity`` belongs to the last trade alone. Fields a packet did not carry are None, never 0.
"""

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise

Level = tuple[Paise, int]
"""Price in paise and quantity in units of one side of the book at one depth."""


class Bar(msgspec.Struct, frozen=True, gc=False):
    """A price bar. ``start`` is the bar's opening instant; prices in paise, volume in units."""

    start: Instant
    open: Paise
    high: Paise
    low: Paise
    close: Paise
    volume: int


class MarketUpdate(msgspec.Struct, frozen=True, gc=False):
    """One packet of one instrument in whole paise and microseconds."""

    instrument: str
    arrival: Instant
    """When it reached us: the feed's monotonic clock."""
    trade_time: Instant
    """The exchange's time of the last trade: decides market structure."""
    last: Paise
    last_quantity: int
    volume: int
    """Day volume so far (the feed's vtt), units."""
    previous_close: Paise
    bids: tuple[Level, ...] = ()
    """Best first; empty levels left out."""
    asks: tuple[Level, ...] = ()
    average_price: Paise | None = None
    """The broker's own day VWAP, rounded to a paisa."""
    day: Bar | None = None
    """Day bar so far; its volume lags ``volume``."""
    minute: Bar | None = None
    """The last completed minute on the trade clock."""
    total_buy: int | None = None
    total_sell: int | None = None
    open_interest: int | None = None
    snapshot: bool = False
    """First state after a subscription: seeds, but is never a trade."""
    auction: bool = False
    """Carries closing-auction or pre-open fields: never part of the continuous profile."""
