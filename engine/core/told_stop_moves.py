"""Every move of a stop that stands at the exchange, with from, to and what moved it.

What stands is compared with what was told last, whichever way it came about: a change, a second stop, a replacement,
one put back. So the strip never speaks of a stop that was only asked for.
"""

import msgspec

from engine.market.figures import grouped, rupees
from engine.market.price import Paise
from engine.orders.messages import OrderType, Role
from engine.orders.order import Order
from engine.orders.order_book import OrderBook
from engine.orders.trade import Trade

PUT_BACK = "put back"
LOWERED = "lowered"
RAISED = "raised"
ON_THE_TICK = "as the exchange takes it"


class StopMove(msgspec.Struct, frozen=True):
    """One move of a trade's stop at the exchange; prices in paise, quantities in units."""

    trade: str
    instrument: str
    why: str
    """The term that moved it, or why its quantity changed, or that it was put back."""
    before: Paise | None
    """Trigger before; None where no stop stood."""
    after: Paise
    limit: Paise
    quantity_before: int
    quantity: int

    @property
    def words(self) -> str:
        """The move as a person reads it."""
        after, limit = rupees(self.after), rupees(self.limit)
        if self.before is None:
            return f"stop {after} {self.why} over {grouped(self.quantity)}, limit {limit}"
        if self.before != self.after:
            return f"stop {rupees(self.before)} → {after} ({self.why}), limit {limit}"
        return f"stop {after} over {grouped(self.quantity_before)} → {grouped(self.quantity)} ({self.why})"


def standing_stops(orders: OrderBook, trade: Trade) -> list[Order]:
    """Return the stops of a trade that rest at the exchange as stops, the farthest from the market first."""
    resting = [
        order
        for order in orders.of(trade)
        if order.role is Role.STOP and order.order_type is OrderType.STOP_LIMIT and order.resting
    ]
    return sorted(resting, key=lambda order: order.trigger_price * trade.side.sign)


class StopMoves:
    """Remembers what was told of each trade's stop."""

    def __init__(self, orders: OrderBook) -> None:
        self._orders = orders
        self._told: dict[str, tuple[Paise | None, int]] = {}

    def follow(self, trade: Trade) -> StopMove | None:
        """Return the move since the last look; None while the stop stands as it was told, or for the first time."""
        stops = standing_stops(self._orders, trade)
        known = self._told.get(trade.id)
        if not stops:
            if known is not None:
                self._told[trade.id] = (None, known[1])
            return None
        trigger, quantity = stops[0].trigger_price, sum(stop.quantity for stop in stops)
        self._told[trade.id] = (trigger, quantity)
        if known is None or known == (trigger, quantity):
            return None
        before, units = known
        return StopMove(
            trade=trade.id,
            instrument=trade.instrument,
            why=_why(trade, before, trigger, quantity - units),
            before=before,
            after=trigger,
            limit=stops[0].price,
            quantity_before=units,
            quantity=quantity,
        )

    def forget(self, trade: Trade) -> None:
        """Forget a trade that is over."""
        self._told.pop(trade.id, None)


def term_of(trade: Trade, trigger: Paise) -> str:
    """Return the term that asked for a trigger of a trade; one that the exchange's tick or band changed names that."""
    if trade.stop is None:
        return ""
    asked = {trade.stop.trigger: trade.stop.term, **dict(trade.stop.asked)}
    found = asked.get(trigger)
    return ON_THE_TICK if found is None else found.value


def _why(trade: Trade, before: Paise | None, after: Paise, more: int) -> str:
    if before is None:
        return PUT_BACK
    if before != after:
        return term_of(trade, after)
    if more > 0:
        return RAISED
    part = trade.part
    return LOWERED if part is None else f"{LOWERED} for {part.reason}"
