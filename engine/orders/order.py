"""One order as we know it: what is proven of it, what was asked for, and what it may still fill at worst."""

from enum import StrEnum

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.messages import OrderType, Product, Role
from engine.orders.states import AT_EXCHANGE, ENDED, OrderState


class OrderTerms(msgspec.Struct, frozen=True):
    """What an order may do: type, total quantity (units, filled part included) and prices in paise."""

    order_type: OrderType
    quantity: int
    price: Paise
    trigger_price: Paise = 0


class Aim(StrEnum):
    """What a change of a live order is for."""

    TURN = "TURN"
    """A stop becomes a limit, or the other way round."""
    GROW = "GROW"
    SHRINK = "SHRINK"
    MOVE = "MOVE"
    """Other prices, the same quantity."""


class Order(msgspec.Struct, frozen=True):
    """One order of ours, or one adopted from the broker's book. ``filled_value`` is cumulative paise."""

    tag: str
    instrument: str
    side: Side
    role: Role
    order_type: OrderType
    quantity: int
    price: Paise
    trigger_price: Paise
    trade: str = ""
    state: OrderState = OrderState.NEW
    sent_at: Instant = 0
    order_id: str = ""
    filled: int = 0
    filled_value: Paise = 0
    exact: bool = False
    """Whether that is the sum of the broker's executions, and no rounded average."""
    pending: OrderTerms | None = None
    """Terms asked for and not yet proven; the worse of old and new counts as risk."""
    resume: OrderState = OrderState.NEW
    """The live state under an outstanding modify or cancel."""
    written_at: Instant = 0
    """When its newest place or modify left."""
    moves: int = 0
    """Modify requests sent so far."""
    cancels: int = 0
    """Cancel requests sent so far."""
    answered: bool = True
    """Whether its newest write has an answer or was overtaken by evidence."""
    under_way: bool = False
    """Whether its newest write has neither an answer nor the word that none will come."""
    aim: Aim | None = None
    """What the change is for that has not been proven since it was first asked for; refusals prove nothing done."""
    aim_since: Instant = 0
    """When the first write of that change left: a further one never starts its patience again."""
    tries: int = 0
    """Writes of that change."""
    overlaps: bool = False
    """Whether an earlier change had no proof yet when the newest left: a refusal may speak of either."""
    most: int = 0
    """Largest quantity that a change which may still be made has asked for; it counts as risk."""
    cancel_at: Instant | None = None
    """When the newest cancel left."""
    cancel_since: Instant | None = None
    """When the first cancel left of those since its last change."""
    tries_to_cancel: int = 0
    """Cancels since its last change."""
    refused_at: Instant = 0
    """When the broker's word came that a change or cancel was not made."""
    rests_since: Instant | None = None
    """Since when it is proven to rest at the exchange at its present terms."""
    looked_at: Instant = 0
    """When it was last asked for by name."""
    read_at: Instant = 0
    """When the newest read that showed it was asked for, while a change of it is unproven."""
    doubt_since: Instant | None = None
    probes: int = 0
    empty_probes: int = 0
    missed_at: Instant = 0
    """When the newest read was asked for that looked for it by its tag and did not find it."""
    probed_since: Instant = 0
    """When the probes began anew: the broker could be read again; 0 while they go by the doubt."""
    triggered_at: Instant | None = None
    exchange_time: Instant = 0
    changed_at: Instant = 0
    message: str = ""
    adopted: bool = False
    stray_until: Instant = 0
    """Until when a modify judged as not done could still arrive late."""
    watched: bool = False
    """Was proven ABSENT once: if it still appears it is cancelled at once."""
    product: Product = Product.INTRADAY

    @property
    def terms(self) -> OrderTerms:
        """The proven terms."""
        return OrderTerms(self.order_type, self.quantity, self.price, self.trigger_price)

    @property
    def live(self) -> bool:
        """Whether it can still fill: sent, not ended and not proven missing."""
        return self.state not in ENDED and self.state not in (OrderState.NEW, OrderState.ABSENT)

    @property
    def remaining(self) -> int:
        """Units still open under the proven terms; 0 once it has ended."""
        return max(self.quantity - self.filled, 0) if self.live else 0

    @property
    def exposed(self) -> int:
        """Units that may still fill under the worse of the proven and the asked terms."""
        if not self.live:
            return 0
        # Under the reading that a change names what is left, what has filled meanwhile does not lower it.
        asked = self.pending.quantity if self.pending is not None else 0
        return max(self.quantity - self.filled, asked, self.most)

    @property
    def wanted(self) -> OrderTerms:
        """The newest terms we asked for."""
        return self.pending if self.pending is not None else self.terms

    @property
    def resting(self) -> bool:
        """Whether it is proven to be at the exchange, requests outstanding or not."""
        state = (
            self.resume
            if self.state in (OrderState.PENDING_MODIFY, OrderState.PENDING_CANCEL)
            else self.state
        )
        return state in AT_EXCHANGE


def last_write(order: Order) -> Instant:
    """Return when an order's newest write of any kind left."""
    return max(order.written_at, order.cancel_at or 0)


def newest_request(order: Order) -> str:
    """Return the name of an order's newest write; empty for its placement."""
    if order.cancel_at is not None and order.cancel_at >= order.written_at:
        return f"{order.tag}-c{order.cancels}"
    return f"{order.tag}-m{order.moves}" if order.moves else ""


def aim_of(order: Order, terms: OrderTerms) -> Aim:
    """Return what a change of an order to ``terms`` is for, by what is proven of it."""
    if terms.order_type is not order.order_type:
        return Aim.TURN
    if terms.quantity != order.quantity:
        return Aim.GROW if terms.quantity > order.quantity else Aim.SHRINK
    return Aim.MOVE


class Fill(msgspec.Struct, frozen=True):
    """The rise of one order's filled quantity: units and their value in paise."""

    tag: str
    instrument: str
    side: Side
    role: Role
    trade: str
    quantity: int
    value: Paise
    time: Instant
    quality: str = ""
    product: Product = Product.INTRADAY
    undoes: str = ""
    """The name under which units were told that never filled: these take them back. Empty for what did fill."""


class Correction(msgspec.Struct, frozen=True):
    """Another value of what an order has filled, from the broker's executions: the quantity stays as it was told."""

    tag: str
    instrument: str
    side: Side
    quantity: int
    """Units of the order that had filled then."""
    before: Paise
    value: Paise
    """What they were worth in sum, paise."""
    time: Instant
    product: Product = Product.INTRADAY

    @property
    def change(self) -> Paise:
        """The difference, paise."""
        return self.value - self.before
