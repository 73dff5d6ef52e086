"""One order as a hostile broker knows it, whoever sent it."""

from dataclasses import dataclass

from engine.market.clock import Instant
from engine.market.side import Side
from engine.orders.messages import OrderType, Product, Role

LIVE = frozenset(
    {
        "open",
        "trigger pending",
        "modified",
        "not modified",
        "not cancelled",
        "modify pending",
        "cancel pending",
    }
)


@dataclass
class Resting:
    """The broker's own record. ``by`` says which other program of the account sent it; empty is us."""

    order_id: str
    tag: str
    instrument: str
    side: Side
    role: Role
    order_type: OrderType
    quantity: int
    price: int
    trigger_price: int
    status: str = "open"
    filled: int = 0
    value: int = 0
    triggered: bool = False
    time: Instant = 0
    late: bool = False
    """It arrived eight seconds after it was sent."""
    by: str = ""
    changes: int = 0
    """Changes of its terms so far."""
    held: bool = False
    """The market does not get at it by itself: it fills piece by piece."""
    product: Product = Product.INTRADAY
    born: Instant = 0
    """When the exchange got it: no row tells of an earlier time."""
    message: str = ""
    """What the broker said of its newest refusal."""

    @property
    def external(self) -> bool:
        """Say whether somebody else sent it."""
        return bool(self.by) or not self.tag

    @property
    def live(self) -> bool:
        """Say whether it can still fill."""
        return self.status in LIVE

    @property
    def remaining(self) -> int:
        """Return the units that can still fill."""
        return self.quantity - self.filled if self.live else 0

    @property
    def stop(self) -> bool:
        """Say whether it is a stop, fired or not."""
        return self.order_type is OrderType.STOP_LIMIT
