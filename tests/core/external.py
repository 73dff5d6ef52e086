"""What others do to the same account: the trader's phone, the broker's square-off, orders that wait at the broker."""

from dataclasses import dataclass

import msgspec

from engine.market.clock import SECOND, Instant
from engine.market.side import Side
from engine.orders import messages
from engine.orders.messages import BookRead, OrderType, Product, Role
from tests.core.broker import Broker
from tests.core.market import INSTRUMENTS, TICK
from tests.core.resting import Resting

PHONE, SQUARE_OFF, GTT = "phone", "square-off", "gtt"
REACH = 20 * TICK
"""How far beyond the touch a marketable order of others may trade."""


@dataclass
class WaitingOrder:
    """A GTT order: at the broker, not at the exchange, until its price comes."""

    gtt_id: str
    instrument: str
    side: Side
    quantity: int
    trigger: int
    above: bool
    """Whether it fires at the trigger or above; else at or below."""
    pieces: int = 1
    fired: Resting | None = None
    cancelled: bool = False

    @property
    def pending(self) -> bool:
        """Say whether it still waits."""
        return self.fired is None and not self.cancelled


class Others(Broker):
    """A broker whose account is not ours alone."""

    gtts: dict[str, WaitingOrder]

    def phone(
        self,
        key: str,
        side: Side,
        quantity: int,
        *,
        price: int | None = None,
        trigger: int = 0,
        pieces: int = 1,
        every: Instant = SECOND,
        by: str = PHONE,
        product: Product = Product.INTRADAY,
        tag: str = "",
    ) -> Resting:
        """Send an order from elsewhere: marketable without a price, a stop with a trigger; it may fill in pieces."""
        touch = self.ask(key) if side is Side.BUY else self.bid(key)
        order = Resting(
            self.next_id("P"),
            tag,
            key,
            side,
            Role.EXIT,
            OrderType.STOP_LIMIT if trigger else OrderType.LIMIT,
            quantity,
            (trigger or touch) + side.sign * REACH if price is None else price,
            trigger,
            by=by,
            held=pieces > 1,
            product=product,
        )
        self.take_in(order)
        lot = INSTRUMENTS[key].lot
        piece = max(quantity // lot // pieces, 1) * lot
        for number in range(pieces if order.held else 0):
            last = number == pieces - 1
            self.after(number * every, lambda last=last: self._piece(order, quantity if last else piece))  # type: ignore[misc]
        return order

    def square_off(self, *, pieces: int = 1, every: Instant = SECOND, keeping_stops: bool = False) -> None:
        """Close everything as the broker does before the close: its own orders, ours cancelled first or left."""
        if not keeping_stops:
            for order in self.live():
                self._report(order, "cancelled")
        for key in INSTRUMENTS:
            held = self.position(key)
            if held:
                side = Side.SELL if held > 0 else Side.BUY
                self.phone(key, side, abs(held), pieces=pieces, every=every, by=SQUARE_OFF)

    def wait_for(
        self, key: str, side: Side, quantity: int, trigger: int, *, above: bool, pieces: int = 1
    ) -> WaitingOrder:
        """Leave a GTT order at the broker."""
        waiting = WaitingOrder(self.next_id("G"), key, side, quantity, trigger, above, pieces)
        self.gtts[waiting.gtt_id] = waiting
        return waiting

    def book(self, request: str) -> BookRead:
        waiting = tuple(
            messages.WaitingOrder(one.gtt_id, one.instrument, "", one.side, one.quantity, one.trigger)
            for one in self.gtts.values()
            if one.pending
        )
        return msgspec.structs.replace(super().book(request), waiting=waiting)

    def traded(self, key: str) -> None:
        super().traded(key)
        for waiting in list(self.gtts.values()):
            last = self.prices[key]
            reached = last >= waiting.trigger if waiting.above else last <= waiting.trigger
            if waiting.pending and waiting.instrument == key and reached:
                waiting.fired = self.phone(key, waiting.side, waiting.quantity, pieces=waiting.pieces, by=GTT)

    def _piece(self, order: Resting, most: int) -> None:
        """Fill one piece of an order of theirs; the last one lets the market at what is left."""
        key = order.instrument
        if self.halted or self.locked.get(key) is order.side:
            self.after(SECOND, lambda: self._piece(order, most))
            return
        quantity = min(order.remaining, most)
        if quantity > 0:
            self.fill(order, quantity, self.ask(key) if order.side is Side.BUY else self.bid(key))
