"""What a held position waits for when the exchange takes nothing or something else: its plight.

Everything is read off the orders that rest and the hours that are: no order is named that does not exist.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.market.clock import SECOND, Instant
from engine.market.instrument import Instrument, Provenance
from engine.market.side import Side
from engine.orders.exit_hours import ClassHours, Exits
from engine.orders.messages import OrderType, Product, Role
from engine.orders.news import InstrumentMarket
from engine.orders.order import Order
from engine.orders.states import UNPROVEN
from engine.orders.stop_plan import covered
from engine.orders.trade import Mode, Trade

AT_EDGE_FOR: Final = 2 * SECOND
"""So long an exit rests where it cannot be moved further before it is called stuck."""

NOTHING_RESTS_FOR: Final = 2 * SECOND
"""So long a position may have neither stop nor exit at work for all of it at the exchange before it is called naked."""

UNFILLED_FOR: Final = 5 * SECOND
"""An exit that has rested so long at its price, where the market should have met it, is no exit at work."""

ENGINE_GOES_ON: Final = "the engine goes on trying"


class PlightKind(StrEnum):
    """What stands in the way."""

    HELD_BY_HALT = "HELD BY HALT"
    STUCK = "STUCK"
    """Its exit rests and nobody stands against it inside the price band."""
    AUCTION_AHEAD = "AUCTION AHEAD"
    IN_AUCTION = "IN AUCTION"
    WAITS_FOR_OPEN = "WAITS FOR THE OPEN"
    EXCHANGE_NOT_OPEN = "EXCHANGE NOT OPEN"
    CARRIED = "CARRIED"
    """Nothing can close it any more today."""
    NAKED = "NAKED"
    """The exchange takes orders, and neither a stop nor an exit that the market meets rests for all of it."""

    @property
    def holds(self) -> bool:
        """Whether nothing the engine does can close it now."""
        return self is not PlightKind.NAKED


@dataclass(frozen=True, slots=True)
class Plight:
    """One position's."""

    kind: PlightKind
    instrument: Instrument
    quantity: int
    """Signed units."""
    naked: bool
    """No stop of equal quantity rests at the exchange."""
    exit: Order | None = None
    """The exit that rests."""
    stop: Order | None = None
    """The stop that rests."""
    hours: ClassHours | None = None
    refusal: str = ""
    """What the broker said last when it refused."""
    closed: bool = False
    """Nothing is taken any more, what rests goes on."""
    product: Product = Product.INTRADAY
    goes_on: str = ENGINE_GOES_ON
    """Who goes on trying to close it, in words."""
    unseen: Order | None = None
    """An exit that left and of which nothing is known: it may rest, have filled, or never have arrived."""

    @property
    def same(self) -> tuple[object, ...]:
        """What makes it another one for a person."""
        tags = tuple(None if order is None else order.tag for order in (self.exit, self.unseen))
        return self.kind, self.naked, self.closed, *tags

    @property
    def told_product(self) -> str:
        """The product it is held in, where that is not the one we trade: several may stand side by side."""
        return "" if self.product is Product.INTRADAY else f" (in product {self.product.value})"


@dataclass(frozen=True, slots=True)
class Standstill:
    """How long what rests for one position has stood still."""

    since: Instant
    """Since when it has been the same order at the same price, or none."""
    empty_since: Instant | None
    """Since when nobody has stood against it; None while somebody does."""
    bare_since: Instant | None = None
    """Since when less than what is held has been under a stop or an exit at work; None while all of it is."""
    works_until: Instant | None = None
    """When the first of its exits at work is one no more, unfilled where it rests; None where none is."""


def resting(trade: Trade, orders: tuple[Order, ...]) -> tuple[Order | None, Order | None]:
    """Return the exit and the stop that rest at the exchange for a trade, the newest of each."""
    reducing = [order for order in orders if order.side is not trade.side and order.resting]
    stops = [order for order in reducing if waits(order)]
    exits = [order for order in reducing if not waits(order) and order.remaining]
    return (exits[-1] if exits else None), (stops[-1] if stops else None)


def at_work(order: Order, sight: InstrumentMarket, now: Instant) -> bool:
    """Say whether an order protects, or is closing what is held.

    An exit does while the market meets its price, as far as is known; not where it lies there unfilled all the same.
    """
    if not order.resting:
        return False
    ends = works_until(order)
    if ends is None:
        return True
    against = sight.quote.against(order.side)
    touch = against[0][0] if against else sight.quote.last
    met = touch is None or (order.price - touch) * order.side.sign >= 0
    return met and now < ends


def works_until(order: Order) -> Instant | None:
    """Return when an exit will have rested unfilled for too long at its price; None for a stop that waits."""
    if waits(order) or order.rests_since is None:
        return None
    return max(order.rests_since, order.triggered_at or 0) + UNFILLED_FOR


def plight_of(
    trade: Trade,
    orders: tuple[Order, ...],
    sight: InstrumentMarket,
    still: Standstill,
    now: Instant,
    *,
    units: int,
    refusal: str = "",
    goes_on: str = ENGINE_GOES_ON,
) -> Plight | None:
    """Return what holds a position up; None while it is protected, or on its way out as it should be.

    ``orders`` are our live ones, ``units`` what they must protect or close.
    """
    exit_order, stop = resting(trade, orders)
    reducing = tuple(order for order in orders if order.side is not trade.side)
    stops = tuple(order for order in reducing if order.resting and waits(order))
    naked = covered(stops) < units
    kind = _kind(trade, (exit_order, reducing), sight, still, now, naked=naked)
    if kind is None:
        return None
    hours = None if sight.hours is None else sight.hours.day
    closed = sight.exits is Exits.OVER
    return Plight(
        kind,
        sight.instrument,
        trade.signed,
        naked,
        exit_order,
        stop,
        hours,
        refusal,
        closed,
        trade.product,
        goes_on,
        next((order for order in reducing if order.role is Role.EXIT and order.state in UNPROVEN), None),
    )


def waits(order: Order) -> bool:
    """Say whether a stop waits for its trigger; from then on it is an exit."""
    return order.order_type is OrderType.STOP_LIMIT and order.triggered_at is None


def _kind(
    trade: Trade,
    closing: tuple[Order | None, tuple[Order, ...]],
    sight: InstrumentMarket,
    still: Standstill,
    now: Instant,
    *,
    naked: bool,
) -> PlightKind | None:
    exit_order, reducing = closing
    wanted = trade.mode is Mode.EXIT
    if sight.hours is not None:
        time, day = sight.hours.time, sight.hours.day
        if sight.exits is Exits.OVER:
            return _at_the_end(day, time, exit_order, reducing)
        if sight.exits is Exits.AUCTION_AHEAD:
            begun = day.auction is not None and time >= day.auction.begins
            return PlightKind.AUCTION_AHEAD if begun or wanted or naked else None
    if not wanted and not naked:
        return None
    match sight.exits:
        case Exits.AUCTION if exit_order is not None:
            return PlightKind.IN_AUCTION
        case Exits.HALTED | Exits.TRIAL:
            return PlightKind.HELD_BY_HALT
        case Exits.BEFORE_OPEN:
            return PlightKind.WAITS_FOR_OPEN
        case Exits.NOT_OPEN if sight.instrument.provenance is not Provenance.INFERRED:
            return PlightKind.EXCHANGE_NOT_OPEN
    if exit_order is not None and _stuck(trade, exit_order, sight, still, now):
        return PlightKind.STUCK
    bare = still.bare_since is not None and now - still.bare_since >= NOTHING_RESTS_FOR
    return PlightKind.NAKED if bare else None


def _at_the_end(
    day: ClassHours, time: Instant, exit_order: Order | None, reducing: tuple[Order, ...]
) -> PlightKind | None:
    """Return what a position is in once nothing is taken any more: what rests may still fill until it is over."""
    if time >= day.over or (day.auction is None and time >= day.close):
        return PlightKind.CARRIED
    if day.auction is not None and time >= day.auction.begins:
        return PlightKind.CARRIED if exit_order is None else PlightKind.IN_AUCTION
    return None if any(order.resting for order in reducing) else PlightKind.CARRIED


def _stuck(trade: Trade, order: Order, sight: InstrumentMarket, still: Standstill, now: Instant) -> bool:
    """Say whether an exit rests at the edge of its band, or where nobody stands against it, and has for a while."""
    empty = still.empty_since is not None and now - still.empty_since >= AT_EDGE_FOR
    if sight.band is None:
        return empty
    tick = sight.instrument.tick
    edge = sight.band.clamp(0 if trade.side is Side.BUY else 1 << 62, tick)
    at_edge = (order.price - edge) * order.side.sign >= 0
    return empty or (at_edge and now - still.since >= AT_EDGE_FOR)
