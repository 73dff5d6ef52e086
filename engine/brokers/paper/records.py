"""What the paper exchange keeps: orders, fills, the last book of each instrument, requests under way."""

from typing import Final

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.side import Side
from engine.market.update import Level
from engine.orders.messages import OrderReport, OrderType, Request
from engine.orders.status_words import ENDED_WORDS

BOOK: Final = "BOOK"
"""Filled against displayed depth."""
THROUGH: Final = "THROUGH"
"""A resting limit that a trade went through."""
TRIGGER: Final = "TRIGGER"
"""A stop that fired."""
GAP: Final = "GAP"
"""A stop crossed while nobody watched."""
BAR: Final = "BAR"
"""A resting limit that a completed minute reached well beyond, though no trade was seen there."""
STANDING: Final = "STANDING"
"""Filled against the standing book, worsened by one spread: no newer one came."""
STALE: Final = "STALE"
"""Filled against a book that may no longer stand: its segment was silent."""

OPEN: Final = "open"
TRIGGER_PENDING: Final = "trigger pending"
COMPLETE: Final = "complete"
CANCELLED: Final = "cancelled"
REJECTED: Final = "rejected"


class ExchangeOrder(msgspec.Struct):
    """One order at the exchange. Prices in paise, quantities in units, ``time`` on the virtual clock."""

    order_id: str
    sequence: int
    tag: str
    instrument: str
    side: Side
    order_type: OrderType
    quantity: int
    price: Paise
    trigger_price: Paise
    status: str
    time: Instant
    terms_since: Instant
    """Market time at which the present terms became live: older extremes do not trigger them."""
    reducing: bool = False
    """Sent to close or protect: it may have to meet the standing book."""
    waiting: bool = False
    """Still to meet its first book after it arrived, fired or was changed."""
    meets_by: Instant | None = None
    """The virtual time at which the standing book serves an order that waits; None where only a newer one does."""
    triggered: bool = False
    at_trigger: bool = False
    """Fired and not yet met a book: fills no better than ``fired_at``, whatever its terms have become."""
    fired_at: Paise = 0
    """The trigger it fired at."""
    swept: Paise = 0
    """The worst visible level it has reached beyond; 0 once it rests at its own price."""
    filled_quantity: int = 0
    filled_value: Paise = 0
    charges: Paise = 0
    quality: str = ""
    message: str = ""

    @property
    def remaining(self) -> int:
        """What is not filled."""
        return self.quantity - self.filled_quantity

    @property
    def live(self) -> bool:
        """Whether it can still trade."""
        return self.status not in ENDED_WORDS

    @property
    def armed(self) -> bool:
        """Whether it is a stop waiting for its trigger."""
        return self.order_type is OrderType.STOP_LIMIT and not self.triggered

    def report(self, status: str = "", message: str = "") -> OrderReport:
        """Return the order as the broker shows it, or with a passing status that is not kept."""
        return OrderReport(
            order_id=self.order_id,
            tag=self.tag,
            instrument=self.instrument,
            side=self.side,
            order_type=self.order_type,
            quantity=self.quantity,
            price=self.price,
            trigger_price=self.trigger_price,
            status=status or self.status,
            filled_quantity=self.filled_quantity,
            filled_value=self.filled_value,
            time=self.time,
            message=message or self.message,
            quality=self.quality,
        )


class ExchangeFill(msgspec.Struct, frozen=True):
    """One execution. ``charges`` is what it added to its order's charges, paise, ESTIMATED."""

    number: int
    order_id: str
    tag: str
    instrument: str
    side: Side
    quantity: int
    price: Paise
    quality: str
    charges: Paise
    time: Instant


class InstrumentDepth(msgspec.Struct):
    """The last state of one instrument's market, and how much of the displayed depth our own fills have taken."""

    instrument: str
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    arrival: Instant = 0
    """When its newest packet arrived."""
    trade_time: Instant = 0
    minute: Instant = 0
    """Start of the newest completed minute seen."""
    last: Paise = 0
    previous_close: Paise = 0
    volume: int = 0
    day_high: Paise = 0
    day_low: Paise = 0
    flexes: int = 0
    """How often a flexible price band gave way."""
    near_since: Instant = 0
    near_trades: int = 0
    """Since when the market has pressed against the band, and packets with trades since."""
    seen: bool = False
    fired: bool = False
    """A trade has fired a stop of ours since this book was told: nothing is filled at it while another may come."""
    eaten_bids: dict[Paise, int] = {}
    eaten_asks: dict[Paise, int] = {}


class InFlight(msgspec.Struct, frozen=True):
    """A request on its way to the exchange."""

    due: Instant
    sequence: int
    request: Request


class Closed(msgspec.Struct, frozen=True):
    """One position closed without an engine: signed quantity before, value of the closing fills in paise."""

    instrument: str
    quantity: int
    value: Paise


class FlattenReport(msgspec.Struct, frozen=True):
    """What flattening the standing book did. ``unpriced`` instruments have no book and no last price, and stay open."""

    dropped: tuple[str, ...]
    """Tags of requests that never arrived."""
    cancelled: tuple[str, ...]
    """Tags of orders that were live."""
    closed: tuple[Closed, ...]
    unpriced: tuple[str, ...]

    @property
    def flat(self) -> bool:
        """Whether nothing is left open."""
        return not self.unpriced
