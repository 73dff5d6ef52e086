"""What a packet tells of a book: a new one, that the known one still stands, or nothing at all."""

from enum import StrEnum
from typing import Final

from engine.brokers.paper.fill_rules import still_eaten
from engine.brokers.paper.price_limits import follow_band
from engine.brokers.paper.records import InstrumentDepth
from engine.market.clock import SECOND, Instant
from engine.market.instrument import Instrument
from engine.market.staleness import STALE_AFTER
from engine.market.update import MarketUpdate

HALTED_AFTER: Final = 60 * SECOND
"""An instrument without a packet for so long, while its segment moves, trades no more."""


class BookReading(StrEnum):
    """What an order that waits for the market may meet."""

    NEW = "NEW"
    """A price or a size of the five levels changed."""
    CONFIRMED = "CONFIRMED"
    """The same book in a packet of a later trade or of more volume: it still stands."""
    NONE = "NONE"
    """A repeat, byte for byte, or a packet without a book."""


def absorb(
    depth: InstrumentDepth, update: MarketUpdate, instrument: Instrument, day_traded: int
) -> BookReading:
    """Take a packet over into what is known of its instrument; return what it tells of the book.

    ``day_traded`` are the units that traded since the packet before.
    """
    later = update.trade_time > depth.trade_time or update.volume > depth.volume
    depth.seen = True
    depth.last, depth.volume = update.last, update.volume
    depth.arrival, depth.trade_time = update.arrival, max(update.trade_time, depth.trade_time)
    if update.previous_close > 0:
        depth.previous_close = update.previous_close
    if update.minute is not None:
        depth.minute = update.minute.start
    bar = update.day
    if bar is not None:
        if bar.high > depth.day_high:
            depth.day_high = bar.high
        if depth.day_low == 0 or 0 < bar.low < depth.day_low:
            depth.day_low = bar.low
    follow_band(depth, instrument.kind, day_traded)
    if not update.bids and not update.asks:
        return BookReading.NONE
    changed = update.bids != depth.bids or update.asks != depth.asks
    if depth.eaten_bids:
        depth.eaten_bids = still_eaten(depth.eaten_bids, update.bids)
    if depth.eaten_asks:
        depth.eaten_asks = still_eaten(depth.eaten_asks, update.asks)
    depth.bids, depth.asks = update.bids, update.asks
    if not changed and not later:
        return BookReading.NONE
    depth.fired = False
    return BookReading.NEW if changed else BookReading.CONFIRMED


class Segments:
    """The newest packet of each exchange segment, by which a halted instrument or a dead feed is told."""

    def __init__(self) -> None:
        self._newest: dict[str, Instant] = {}

    def heard(self, instrument: str, arrival: Instant) -> None:
        """Take in that a packet arrived."""
        segment = instrument.partition("|")[0]
        if arrival > self._newest.get(segment, 0):
            self._newest[segment] = arrival

    def halted(self, depth: InstrumentDepth) -> bool:
        """Say whether an instrument stands still while its segment moves."""
        newest = self._newest.get(depth.instrument.partition("|")[0], 0)
        return depth.seen and newest - depth.arrival > HALTED_AFTER

    def silent(self, instrument: str, now: Instant) -> bool:
        """Say whether an instrument's segment says nothing; ``now`` is on the axis of arrivals."""
        return now - self._newest.get(instrument.partition("|")[0], 0) > STALE_AFTER
