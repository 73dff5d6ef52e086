"""The exchange's register: every order and fill of a run, what is live, and net quantities as the fold of the fills."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from engine.brokers.paper.fill_rules import Take
from engine.brokers.paper.records import CANCELLED, COMPLETE, OPEN, ExchangeFill, ExchangeOrder
from engine.market.charges import order_charges
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.cost import RunningCost
from engine.orders.messages import BrokerEvent, BrokerPosition, PlaceOrder, Role


class OrderRegister:
    """Owns orders and fills; changed ones are noted until somebody stores them."""

    def __init__(self, instruments: Mapping[str, Instrument], day: date) -> None:
        self._instruments = instruments
        self._day = day
        self.orders: dict[str, ExchangeOrder] = {}
        self.fills: list[ExchangeFill] = []
        self.live: dict[str, list[ExchangeOrder]] = {}
        """Orders that can still trade by instrument, oldest first; no empty lists."""
        self.touched: dict[str, ExchangeOrder] = {}
        self._net: dict[str, int] = {}

    @property
    def net(self) -> Mapping[str, int]:
        """Signed quantity per instrument traded, units, in order of the first fill."""
        return self._net

    def restore(self, orders: Iterable[ExchangeOrder], fills: Iterable[ExchangeFill]) -> None:
        """Take over what a file held."""
        for order in orders:
            self.orders[order.order_id] = order
            if order.live:
                self.live.setdefault(order.instrument, []).append(order)
        for fill in fills:
            self._keep(fill)

    def live_orders(self) -> list[ExchangeOrder]:
        """Return every order that can still trade, oldest first."""
        live = [order for orders in self.live.values() for order in orders]
        live.sort(key=lambda order: order.sequence)
        return live

    def enter(self, request: PlaceOrder, clock: Instant, now: Instant) -> ExchangeOrder:
        """Give a new order its id, the day and a running number, and keep it; it is not live yet."""
        number = len(self.orders) + 1
        order = ExchangeOrder(
            order_id=f"{self._day:%y%m%d}{number:09d}",
            sequence=number,
            tag=request.tag,
            instrument=request.instrument,
            side=request.side,
            order_type=request.order_type,
            quantity=request.quantity,
            price=request.price,
            trigger_price=request.trigger_price,
            status=OPEN,
            time=now,
            terms_since=clock,
            reducing=request.role is not Role.ENTRY,
        )
        self.orders[order.order_id] = order
        self.touch(order, now)
        return order

    def make_live(self, order: ExchangeOrder) -> None:
        """Let an entered order trade."""
        self.live.setdefault(order.instrument, []).append(order)

    def touch(self, order: ExchangeOrder, now: Instant) -> None:
        """Note that an order changed."""
        order.time = now
        self.touched[order.order_id] = order

    def fill(self, order: ExchangeOrder, takes: list[Take], quality: str, now: Instant) -> list[BrokerEvent]:
        """Enter executions of one order; return its report, or nothing when nothing was taken."""
        if not takes:
            return []
        kind = self._instruments[order.instrument].kind
        for price, quantity in takes:
            order.filled_quantity += quantity
            order.filled_value += price * quantity
            total = order_charges(kind, order.side, order.filled_value, self._day).total
            added, order.charges = total - order.charges, total
            self._keep(
                ExchangeFill(
                    number=len(self.fills) + 1,
                    order_id=order.order_id,
                    tag=order.tag,
                    instrument=order.instrument,
                    side=order.side,
                    quantity=quantity,
                    price=price,
                    quality=quality,
                    charges=added,
                    time=now,
                )
            )
        order.quality = quality
        self.touch(order, now)
        if order.remaining == 0:
            return self.end(order, COMPLETE, "", now)
        return [order.report()]

    def end(self, order: ExchangeOrder, status: str, message: str, now: Instant) -> list[BrokerEvent]:
        """Finish a live order; return its report."""
        order.status, order.message = status, message
        order.waiting, order.meets_by = False, None
        self.touch(order, now)
        left = [other for other in self.live[order.instrument] if other is not order]
        if left:
            self.live[order.instrument] = left
        else:
            del self.live[order.instrument]
        return [order.report()]

    def cancel_all(self, message: str, now: Instant) -> tuple[str, ...]:
        """Cancel every live order; return their tags."""
        live = self.live_orders()
        for order in live:
            self.end(order, CANCELLED, message, now)
        return tuple(order.tag for order in live)

    def positions(self) -> tuple[BrokerPosition, ...]:
        """Return the day's positions, closed ones included, folded from the fills."""
        sums: dict[str, list[int]] = {}
        for fill in self.fills:
            row = sums.setdefault(fill.instrument, [0, 0, 0, 0])
            offset = 0 if fill.side is Side.BUY else 2
            row[offset] += fill.quantity
            row[offset + 1] += fill.quantity * fill.price
        return tuple(
            BrokerPosition(key, bought - sold, bought, paid, sold, received)
            for key, (bought, paid, sold, received) in sums.items()
        )

    def costs(self) -> dict[str, Paise]:
        """Return what is held now at cost, by instrument, signed like its quantity: folded fill by fill, paise."""
        held: defaultdict[str, RunningCost] = defaultdict(RunningCost)
        for fill in self.fills:
            held[fill.instrument].take(fill.side.sign, fill.quantity, fill.quantity * fill.price)
        return {instrument: running.cost for instrument, running in held.items()}

    def _keep(self, fill: ExchangeFill) -> None:
        self.fills.append(fill)
        self._net[fill.instrument] = self._net.get(fill.instrument, 0) + fill.side.sign * fill.quantity
