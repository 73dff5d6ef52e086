"""The broker's own journal: what rested, filled and was held, each with the time on the wall and at the exchange."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from engine.market.clock import Instant
from tests.fake_upstox.order import Order

US = "FAKE01"
"""Who placed an order that came over the interface; everybody else is external."""


@dataclass(frozen=True)
class Event:
    """One change of one order. Prices in paise, quantities in units."""

    at: float
    """Wall seconds on the fake's monotonic clock."""
    moment: Instant
    order_id: str
    tag: str
    by: str
    key: str
    product: str
    side: str
    order_type: str
    quantity: int
    filled: int
    price: int
    trigger: int
    live: bool
    """At the exchange, where it can fill."""
    terminal: bool
    waits: bool
    """A stop that has not fired."""
    status: str
    units: int = 0
    """What this event filled."""
    fill_price: int = 0

    @property
    def ours(self) -> bool:
        """Say whether the order came over the interface."""
        return self.by == US

    @property
    def sign(self) -> int:
        """Return 1 for a buy, -1 for a sell."""
        return 1 if self.side == "BUY" else -1

    @property
    def left(self) -> int:
        """Return the units that can still fill."""
        return self.quantity - self.filled if self.live and not self.terminal else 0

    def told(self) -> dict[str, Any]:
        """Return it for the control endpoint."""
        return asdict(self)


class Journal:
    """Every event in order."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self.events: list[Event] = []

    def note(self, order: Order, moment: Instant, *, units: int = 0, price: int = 0) -> None:
        """Write an order down as it stands, with what it has just filled."""
        self.events.append(
            Event(
                at=self.monotonic(),
                moment=moment,
                order_id=order.order_id,
                tag=order.tag or "",
                by=order.placed_by,
                key=order.listing.key,
                product=order.product,
                side=order.side,
                order_type=order.order_type,
                quantity=order.quantity,
                filled=order.filled,
                price=order.limit or order.price,
                trigger=order.trigger,
                live=order.live,
                terminal=order.terminal,
                waits=order.waits_for_trigger,
                status=order.status,
                units=units,
                fill_price=price,
            )
        )
