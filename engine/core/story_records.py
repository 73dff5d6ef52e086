"""What a trade's story needs and no other record tells: the market at a decision, a fill's book, what came after.

Each is small and made once, at its moment. Prices in paise.
"""

from enum import StrEnum
from typing import Final

import msgspec

from engine.auction.values.context import Context
from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.side import Side
from engine.market.update import Level
from engine.orders.order import Fill
from engine.orders.quote import Quote

SIGHT: Final = "sight"
FILL_BOOK: Final = "fill_book"
PROTECTED: Final = "protected"
LAW_BROKEN: Final = "law_broken"
AFTER_EXIT: Final = "after_exit"
WOULD_HAVE: Final = "would_have"

LONGEST_AFTER: Final = 30
"""Minutes for which the market is watched behind an exit."""

_LEVELS_KEPT: Final = 12
_DEPTH_KEPT: Final = 5


class Sight(msgspec.Struct, frozen=True, omit_defaults=True):
    """The market of an instrument as a decision saw it; what was not known then is None or empty."""

    time: Instant
    """Of the newest trade applied."""
    quality: str
    last: Paise | None = None
    bid: Paise | None = None
    ask: Paise | None = None
    open: Paise | None = None
    high: Paise | None = None
    low: Paise | None = None
    previous_close: Paise | None = None
    vwap: Paise | None = None
    atr: Paise | None = None
    median_spread: Paise | None = None
    row: Paise | None = None
    poc: Paise | None = None
    val: Paise | None = None
    vah: Paise | None = None
    balance_low: Paise | None = None
    """Edges of the initial balance."""
    balance_high: Paise | None = None
    balance_complete: bool = False
    day_type: str = ""
    day_type_developing: bool = False
    open_type: str = ""
    shape: str = ""
    location: str = ""
    balance_state: str = ""
    activity: str = ""
    rotation_factor: int | None = None
    one_timeframing: int = 0
    value_weak: str = ""
    levels: tuple[tuple[str, Paise], ...] = ()
    """The named levels nearest to the last price, from the highest to the lowest."""


class FillBook(msgspec.Struct, frozen=True):
    """The book that stood as a fill became known: in paper the one that it met. Sides best first, five levels each."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    last: Paise | None
    time: Instant
    """When the book came."""
    fresh: bool


class Protection(msgspec.Struct, frozen=True):
    """A stop was proven to rest over everything that is held."""

    trade: str
    after: Instant | None
    """Since the newest entry fill; None where no fill began the time."""
    trigger: Paise
    limit: Paise
    quantity: int


class LawBroken(msgspec.Struct, frozen=True):
    """What must never happen did: the rollout lowers its stage by it."""

    law: str
    instrument: str
    what: str


class AfterExit(msgspec.Struct, frozen=True):
    """Where the market went in the first minutes after a trade's last unit was closed, by last prices."""

    trade: str
    minutes: int
    high: Paise | None
    """None where nothing traded in that time."""
    low: Paise | None
    last: Paise | None
    cut: str = ""
    """Why it was not watched to the end of these minutes; empty when it was."""


class WouldHaveEnd(StrEnum):
    """What ended the watch of a trade that was never made."""

    TARGET = "target"
    STOP = "stop"
    TIME = "time"
    """Neither was touched within the hour."""
    FLAT_BY = "flat by"
    FEED = "the market ended"


class WouldHave(msgspec.Struct, frozen=True):
    """What would have become of a signal that no trade was made of: HYPOTHETICAL, and never part of a figure."""

    decision: str
    side: Side
    price: Paise
    """Entered at the price of the signal, as if a fill there had been sure."""
    stop: Paise
    target: Paise | None
    end: WouldHaveEnd
    at: Instant
    """When it ended, by the arrival of the market."""
    leaves: Paise
    """Where it would have left: the target, the price that touched the stop, else the last price."""
    high: Paise
    low: Paise

    @property
    def r(self) -> float:
        """Where it would have left, in R and before charges."""
        return (self.leaves - self.price) * self.side.sign / ((self.price - self.stop) * self.side.sign)


def sight_of(context: Context, quote: Quote) -> Sight:
    """Return what of a reading is kept with a decision."""
    profile, balance = context.volume_profile, context.initial_balance
    return Sight(
        time=context.time,
        quality=context.quality.value,
        last=context.last,
        bid=quote.bid,
        ask=quote.ask,
        open=context.open,
        high=context.high,
        low=context.low,
        previous_close=context.previous_close,
        vwap=context.vwap,
        atr=context.atr,
        median_spread=context.median_spread,
        row=context.row,
        poc=None if profile is None else profile.poc,
        val=None if profile is None else profile.val,
        vah=None if profile is None else profile.vah,
        balance_low=None if balance is None else balance.low,
        balance_high=None if balance is None else balance.high,
        balance_complete=balance is not None and balance.complete,
        day_type=context.day_type.name,
        day_type_developing=context.day_type.developing,
        open_type=context.open_type.name,
        shape=context.shape,
        location=context.location,
        balance_state=context.balance_state,
        activity=context.activity,
        rotation_factor=context.rotation_factor,
        one_timeframing=context.one_timeframing,
        value_weak=context.value_weak,
        levels=_nearest(context),
    )


def fill_key(fill: Fill, total: int) -> str:
    """Return the key of a fill's records: its order and what of it has filled by then, units."""
    return f"{fill.tag}:{total}"


def book_of(quote: Quote) -> FillBook:
    """Return the book that stands, cut to five levels a side."""
    return FillBook(quote.bids[:_DEPTH_KEPT], quote.asks[:_DEPTH_KEPT], quote.last, quote.time, quote.fresh)


def _nearest(context: Context) -> tuple[tuple[str, Paise], ...]:
    last = context.last
    if last is None:
        return ()
    near = sorted(context.levels, key=lambda level: (abs(level.price - last), level.name))[:_LEVELS_KEPT]
    return tuple((one.name, one.price) for one in sorted(near, key=lambda one: (-one.price, one.name)))
