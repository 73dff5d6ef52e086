"""What a plan for one trade looks at and what it wishes for. Plans decide; the dispatcher's gate lets out."""

from dataclasses import dataclass, field

from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.orders.changes import ExitWay
from engine.orders.exit_hours import Exits, OrderHours, exits_by
from engine.orders.gate import Draft
from engine.orders.messages import OrderType, Role
from engine.orders.order import Order, OrderTerms
from engine.orders.quote import Quote
from engine.orders.trade import Trade


@dataclass(frozen=True, slots=True)
class TradeContext:
    """One trade with everything that bears on it, at one moment."""

    trade: Trade
    closable: int
    """Units that must be protected or closed: ours, and still held at the broker."""
    reducing: tuple[Order, ...]
    """Live orders of the instrument on the closing side, oldest first."""
    entries: tuple[Order, ...]
    """Live orders of the instrument on the opening side."""
    instrument: Instrument
    quote: Quote
    band: PriceBand | None
    takes_orders: bool
    takes_stops: bool
    chase: int
    """How long an exit may rest before it is moved, microseconds."""
    now: Instant
    first_way: ExitWay = ExitWay.MODIFY
    """How a resting stop becomes the exit first."""
    grows_stops: bool = True
    """Whether a stop is asked to cover more; else a further one does."""
    turns_back: bool = True
    """Whether a resting limit is asked to become a stop again; else a new stop takes its place."""
    hours: OrderHours | None = None
    """What the exchange takes by its table and its announcements; None where only the broker's word is known."""
    auction: bool = False
    """Whether, by the broker's word alone, the closing auction takes limits."""

    @property
    def exits(self) -> Exits:
        """What becomes of an exit that leaves now."""
        return exits_by(self.hours, takes_orders=self.takes_orders, auction=self.auction)

    @property
    def side(self) -> Side:
        """The side that closes the trade."""
        return self.trade.side.opposite

    @property
    def most_in_one(self) -> int:
        """The units that one order may have: whole lots within the freeze quantity."""
        lot = self.instrument.lot
        return max(self.instrument.freeze_quantity // lot * lot, lot)


@dataclass(frozen=True, slots=True)
class Place:
    """Wish for a new reducing order."""

    role: Role
    order_type: OrderType
    quantity: int
    price: Paise
    trigger_price: Paise = 0


def draft_of(wish: Place, s: TradeContext) -> Draft:
    """Return what the gate judges of a new order: on the closing side, in the product that the trade is held in."""
    return Draft(
        s.instrument.key,
        s.side,
        wish.role,
        wish.order_type,
        wish.quantity,
        wish.price,
        wish.trigger_price,
        product=s.trade.product,
    )


@dataclass(frozen=True, slots=True)
class Modify:
    """Wish for new terms of a live order."""

    order: Order
    terms: OrderTerms


@dataclass(frozen=True, slots=True)
class Cancel:
    """Wish for the end of a live order."""

    order: Order
    replaces: bool = False
    """Another order takes its place: what it covers is without cover until that one has left."""


OrderAction = Place | Modify | Cancel


@dataclass(slots=True)
class Plan:
    """Wishes in the order they should leave, the trade as it stands then, when to look again, and what to say."""

    trade: Trade
    wishes: list[OrderAction] = field(default_factory=list)
    wake: Instant | None = None
    alarms: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a person should hear that is no danger."""

    def look_at(self, instant: Instant) -> None:
        """Look again at an instant at the latest."""
        self.wake = instant if self.wake is None else min(self.wake, instant)
