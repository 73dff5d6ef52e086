"""What core and broker say to each other: requests go out, answers and reports come back.

The shapes are the broker's facts, not its spelling: statuses are its 17 strings, prices are paise, quantities
units. ``filled_value`` is cumulative paise, so that no average is ever rounded inside.
"""

from enum import StrEnum

import msgspec

from engine.market.clock import Instant
from engine.market.figures import grouped, rupees
from engine.market.price import Paise
from engine.market.side import Side
from engine.rollout.stage_chain import RolloutTrack
from engine.rollout.stages import Stage


class OrderType(StrEnum):
    """Order types we send; MARKET exists at the exchange but never leaves us unprotected."""

    LIMIT = "LIMIT"
    STOP_LIMIT = "SL"


class Role(StrEnum):
    """What an order is for."""

    ENTRY = "ENTRY"
    STOP = "STOP"
    EXIT = "EXIT"


class Product(StrEnum):
    """How the broker carries a quantity: each is a position of its own, closed by orders of its own product."""

    INTRADAY = "I"
    DELIVERY = "D"
    MARGIN = "MTF"
    UNKNOWN = "?"
    """A word of the broker's that we do not know: shown and named, never traded."""


class PlaceOrder(msgspec.Struct, frozen=True, tag="place"):
    """Send a new order. ``tag`` is unique for ever and durable before this leaves."""

    tag: str
    instrument: str
    side: Side
    role: Role
    order_type: OrderType
    quantity: int
    price: Paise
    trigger_price: Paise = 0
    trade: str = ""
    """Id of the trade it belongs to."""
    product: Product = Product.INTRADAY
    track: RolloutTrack = RolloutTrack.SETUPS
    """Whose entry it is."""
    stage: Stage | None = None
    """The rollout's stage that an entry was judged by; None where no real order can leave, and for what reduces."""


class ModifyOrder(msgspec.Struct, frozen=True, tag="modify"):
    """Change a live order; turning SL into LIMIT makes a resting stop the closer in one write."""

    request: str
    tag: str
    order_id: str
    order_type: OrderType
    quantity: int
    price: Paise
    trigger_price: Paise = 0


class CancelOrder(msgspec.Struct, frozen=True, tag="cancel"):
    """Cancel a live order; by tag alone while its id is unknown."""

    request: str
    tag: str
    order_id: str = ""


class ReadBook(msgspec.Struct, frozen=True, tag="read"):
    """Ask for all positions and the day's order book."""

    request: str


class ReadTag(msgspec.Struct, frozen=True, tag="probe"):
    """Ask for the order with one tag: the way out of IN DOUBT."""

    request: str
    tag: str


Request = PlaceOrder | ModifyOrder | CancelOrder | ReadBook | ReadTag


class Acknowledged(msgspec.Struct, frozen=True, tag="ack"):
    """The broker has received the request; not yet at the exchange. ``request`` is empty for a placement."""

    tag: str
    order_id: str
    request: str = ""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The broker proved by its error envelope that nothing was done."""

    tag: str
    code: str
    message: str
    request: str = ""
    lasting: bool = True
    """Whether the order was judged; False when the line, the sign-in, a limit or our own side stood in its way."""
    superseded: bool = False
    """Whether it never left because a newer wish for the same order took its place: that one is under way."""


class Unanswered(msgspec.Struct, frozen=True, tag="unanswered"):
    """No proof either way: timeout, reset, 5xx, unreadable answer."""

    tag: str
    detail: str
    request: str = ""


class OrderReport(msgspec.Struct, frozen=True, tag="report"):
    """An order as the broker sees it now (stream, book row or history row)."""

    order_id: str
    tag: str
    instrument: str
    side: Side
    order_type: OrderType
    quantity: int
    price: Paise
    trigger_price: Paise
    status: str
    """One of the broker's 17 strings, lowercase; an unknown one is kept as it came."""
    filled_quantity: int
    filled_value: Paise
    """Sum of fill price times quantity, paise."""
    time: Instant
    """Exchange time of this state."""
    message: str = ""
    quality: str = ""
    """How a simulated fill was made: BOOK, TRIGGER, THROUGH, GAP, STALE; empty for a real one."""
    exact: bool = False
    """Whether ``filled_value`` is the sum of the broker's executions: where another value of the same quantity was
    told before, it corrects it and contradicts nothing."""
    product: Product = Product.INTRADAY


class UnreadRow(msgspec.Struct, frozen=True, tag="unread"):
    """A row of the broker's lists that could not be read and may be ours: what it concerns is in doubt, never flat."""

    instrument: str
    """Empty where not even that could be read."""
    order_id: str
    tag: str
    detail: str
    """Which list it stands in, what was expected and what came."""


class BrokerPosition(msgspec.Struct, frozen=True):
    """Net quantity (signed, units) the broker holds in one product, with day buy and sell values in paise."""

    instrument: str
    quantity: int
    buy_quantity: int
    buy_value: Paise
    sell_quantity: int
    sell_value: Paise
    product: Product = Product.INTRADAY
    symbol: str = ""
    """What the broker calls it: the only name of an instrument that nobody follows."""


class WaitingOrder(msgspec.Struct, frozen=True):
    """A GTT order, one leg: it waits at the broker, not at the exchange, and becomes an order when its price comes."""

    gtt_id: str
    instrument: str
    symbol: str
    side: Side
    quantity: int
    trigger_price: Paise
    strategy: str = ""
    product: Product = Product.INTRADAY

    @property
    def told(self) -> str:
        """The same in words: what it would do, and the name by which the broker's app shows it."""
        name = self.symbol or self.instrument
        price = rupees(self.trigger_price)
        return f"GTT {self.side.lower()} {grouped(self.quantity)} {name} at {price} ({self.gtt_id})"


class BookRead(msgspec.Struct, frozen=True, tag="book"):
    """A successful read: the broker's truth at ``time``. Every order of the day, finished ones included."""

    request: str
    time: Instant
    """Taken after every fill the broker had made by then."""
    fills: int
    """The broker's running count of fills: fences a snapshot older than the last fill."""
    positions: tuple[BrokerPosition, ...]
    orders: tuple[OrderReport, ...]
    unread: tuple[UnreadRow, ...] = ()
    """Rows that may be ours and could not be read: their instruments are in doubt until a read without them."""
    beyond: tuple[BrokerPosition, ...] = ()
    """Open positions beyond the kill's scope: counted and named, left alone."""
    orders_beyond: int = 0
    """Live orders beyond the kill's scope."""
    waiting: tuple[WaitingOrder, ...] = ()
    """GTT orders of the account, as of their newest list: no part of the book, left alone and named."""
    waiting_unknown: str = ""
    """Why that list does not tell them all; empty when it does."""


class TagRead(msgspec.Struct, frozen=True, tag="tag"):
    """A successful probe: the order with that tag, or proof that none is listed now."""

    request: str
    sought: str
    found: OrderReport | None


class ReadFailed(msgspec.Struct, frozen=True, tag="failed"):
    """A read without an answer: the position is UNKNOWN, never flat."""

    request: str
    detail: str


BrokerEvent = Acknowledged | Refused | Unanswered | OrderReport | UnreadRow | BookRead | TagRead | ReadFailed
