"""A hostile broker's order desk: what it takes, what rests, what fills, and what it says of it, when it says it.

Where nobody knows how the real one behaves, it behaves either way, as told.
"""

from collections.abc import Callable

import msgspec

import config
from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.side import Side
from engine.orders.messages import (
    Acknowledged,
    BookRead,
    BrokerEvent,
    BrokerPosition,
    CancelOrder,
    ModifyOrder,
    OrderReport,
    OrderType,
    PlaceOrder,
    Product,
    ReadBook,
    ReadFailed,
    ReadTag,
    Refused,
    TagRead,
    Unanswered,
)
from tests.core.market import INSTRUMENTS, STOCK, Market
from tests.core.planned import CANCEL, MODIFY, PLACE, Faults
from tests.core.resting import Resting

LATENCY = 40 * MILLISECOND
LATE = 8 * SECOND
SLOW_ANSWER = 5 * SECOND
LAG = 3 * SECOND
"""How old positions are that lag."""
CORRECTED_AFTER = 2 * SECOND
MOST_CHANGES = 25
"""A sister broker on the same exchange refuses the next change of an order."""

Request = PlaceOrder | ModifyOrder | CancelOrder
Totals = dict[str, list[int]]
Carried = dict[tuple[str, Product], list[int]]


class Broker(Market):
    """Orders, fills and positions of one account."""

    def __init__(self, settings: config.Settings, start: Instant) -> None:
        super().__init__(settings, start)
        self.faults = Faults()
        self.orders: dict[str, Resting] = {}
        self.liquidity: dict[str, int] = {}
        """Units the next marketable orders may take in all; absent is plenty."""
        self.fills = 0
        self.totals: Totals = {key: [0, 0, 0, 0] for key in INSTRUMENTS}
        self.down = False
        self.mute = False
        """The stream is connected, and says nothing."""
        self.book_waits = 1
        """How many times as long as usual a read of the book is on its way back."""
        self.quantity_is_rest = False
        """Whether the quantity of a change means what is left of the order, not the whole of it."""
        self.stop_becomes_limit = True
        """Whether a change may turn a waiting stop into a limit order."""
        self.limit_becomes_stop = True
        """Whether a change may turn a limit order into a stop."""
        self.refuses_in_halt = True
        """Whether a halted exchange refuses orders; else it takes them and they rest."""
        self.ticks: dict[str, int] = {}
        """Ticks, paise, that are coarser today than the list of instruments says."""
        self.carried: Carried = {}
        """Other products than the intraday one: carried overnight, bought, paid, sold, received."""
        self.refused_products: set[Product] = set()
        """Products in which the broker takes no order."""
        self.omits_flat = False
        """Whether positions of quantity nought are left out."""
        self.misread: Callable[[BookRead], BookRead] = lambda read: read
        """What becomes of each read of the book on its way."""
        self.executions: list[tuple[Instant, Resting, int]] = []
        """Every fill: when, of which order, units."""
        self.untold: dict[str, Instant] = {}
        """When the stream last kept something of an instrument back."""
        self._earlier: list[tuple[Instant, Totals, Carried]] = []
        self._ids = 0

    # Requests.

    def _request(self, request: Request) -> None:
        """Take a request from the line, as far as the faults of the moment let it through."""
        kind = PLACE if isinstance(request, PlaceOrder) else MODIFY
        kind = CANCEL if isinstance(request, CancelOrder) else kind
        fault = "silent" if self.down else self.faults.request(kind)
        name = "" if isinstance(request, PlaceOrder) else request.request
        tag = request.tag
        if fault in ("lost", "lost-answer", "late"):
            self.after(SECOND, lambda: self.tell(Unanswered(tag, "timeout", name)))
        if fault in ("lost", "silent"):
            return
        if fault in ("refuse", "hold-back"):
            refused = Refused(tag, "UDAPI1", "refused by test", name, lasting=fault == "refuse")
            self.after(LATENCY, lambda: self.tell(refused))
            return
        answered = fault not in ("lost-answer", "late")
        delay = LATE if fault == "late" else LATENCY
        self.after(delay, lambda: self._arrive(request, answered=answered, fault=fault))

    def _arrive(self, request: Request, *, answered: bool, fault: str) -> None:
        wait = SLOW_ANSWER if fault == "slow-answer" else LATENCY
        if isinstance(request, PlaceOrder):
            self._place(request, answered=answered, wait=wait, fault=fault)
            return
        order = self.orders.get(request.order_id) if request.order_id else self.by_tag(request.tag)
        name = request.request
        if order is None or not order.live:
            code = "UDAPI100010" if order is None else "UDAPI100040"
            if answered:
                self.after(wait, lambda: self.tell(Refused(request.tag, code, "not live", name)))
            return
        if isinstance(request, ModifyOrder) and self._changed_too_often(order):
            refused = Refused(request.tag, "UDAPI1", "no further change of this order is allowed", name)
            if answered:
                self.after(wait, lambda: self.tell(refused))
            return
        if answered:
            self.after(wait, lambda: self.tell(Acknowledged(request.tag, order.order_id, name)))
        if fault == "nothing":
            return
        if isinstance(request, CancelOrder):
            self._cancel(order, fault)
        else:
            self._modify(order, request, fault)

    def _changed_too_often(self, order: Resting) -> bool:
        return order.changes >= MOST_CHANGES

    def _cancel(self, order: Resting, fault: str) -> None:
        if fault == "pending":
            self._report(order, "cancel pending")
        else:
            self._report(order, "not cancelled" if fault == "reject" else "cancelled")

    def _modify(self, order: Resting, request: ModifyOrder, fault: str) -> None:
        if fault == "pending":
            self._report(order, "modify pending")
            return
        resting = "open" if order.triggered or not order.stop else "trigger pending"
        quantity = request.quantity + (order.filled if self.quantity_is_rest else 0)
        if fault == "reject" or quantity <= order.filled or not self._may_become(order, request):
            self._report(order, "not modified", keep=resting)
            return
        order.order_type, order.quantity = request.order_type, quantity
        order.price, order.trigger_price = request.price, request.trigger_price
        order.changes += 1
        order.triggered = order.triggered and not order.stop
        self._report(order, "modified", keep="trigger pending" if order.stop else "open")
        self._match(order.instrument)

    def _off_tick(self, order: Resting, *prices: int) -> bool:
        tick = self.ticks.get(order.instrument, 1)
        off = any(price % tick for price in prices)
        if off:
            order.message = f"16283 : The order price is not multiple of the tick size {tick / 100:.2f}"
        return off

    def _may_become(self, order: Resting, request: ModifyOrder) -> bool:
        if self._off_tick(order, request.price, request.trigger_price):
            return False
        if self.halted and self.refuses_in_halt:
            return False
        if order.stop and order.triggered:
            return request.order_type is OrderType.LIMIT
        if request.order_type is order.order_type:
            return True
        return self.stop_becomes_limit if order.stop else self.limit_becomes_stop

    def _place(self, request: PlaceOrder, *, answered: bool, wait: int, fault: str) -> None:
        order = Resting(
            self.next_id("B"),
            request.tag,
            request.instrument,
            request.side,
            request.role,
            request.order_type,
            request.quantity,
            request.price,
            request.trigger_price,
            late=fault == "late",
            product=request.product,
        )
        if answered:
            self.after(wait, lambda: self.tell(Acknowledged(request.tag, order.order_id)))
        if fault == "nothing":
            return
        self.take_in(order, reject=fault == "reject")

    def take_in(self, order: Resting, *, reject: bool = False) -> None:
        """Let an order reach the exchange."""
        self.orders[order.order_id] = order
        order.born = self.now
        through = order.stop and (self.prices[order.instrument] - order.trigger_price) * order.side.sign >= 0
        refused = order.product in self.refused_products or self._off_tick(
            order, order.price, order.trigger_price
        )
        if reject or through or refused or (self.halted and self.refuses_in_halt):
            self._report(order, "rejected")
            return
        self._report(order, "trigger pending" if order.stop else "open")
        self._match(order.instrument)

    def next_id(self, letter: str) -> str:
        """Return an order id that nobody has."""
        self._ids += 1
        return f"{letter}{self._ids}"

    # What the stream says.

    def _report(self, order: Resting, status: str, *, keep: str | None = None) -> None:
        order.status = status if keep is None else keep
        order.time = self.now
        self._deliver(self.row(order, status))

    def _deliver(self, row: BrokerEvent) -> None:
        fault = self.faults.report()
        if fault == "never" or self.mute:
            if isinstance(row, OrderReport):
                self.untold[row.instrument] = self.now
            return
        delay = 300 * MILLISECOND if fault == "slow" else LATENCY
        if fault == "estimated" and isinstance(row, OrderReport) and row.filled_quantity:
            told = msgspec.structs.replace(row, filled_value=row.filled_value + row.filled_quantity)
            self.after(delay, lambda: self.tell(told))
            self.after(CORRECTED_AFTER, lambda: self.tell(row))
            return
        self.after(delay, lambda: self.tell(row))
        if fault == "twice":
            self.after(delay + 20 * MILLISECOND, lambda: self.tell(row))

    def row(self, order: Resting, status: str | None = None) -> OrderReport:
        """Return an order as the broker tells it."""
        return OrderReport(
            order.order_id,
            order.tag,
            order.instrument,
            order.side,
            order.order_type,
            order.quantity,
            order.price,
            order.trigger_price,
            order.status if status is None else status,
            order.filled,
            order.value,
            order.time,
            product=order.product,
            message=order.message,
        )

    # The exchange behind it.

    def by_tag(self, tag: str) -> Resting | None:
        """Return the order that bears a tag."""
        return next((order for order in self.orders.values() if tag and order.tag == tag), None)

    def live(self, key: str | None = None) -> list[Resting]:
        """Return what can still fill, whoever sent it."""
        return [o for o in self.orders.values() if o.live and (key is None or o.instrument == key)]

    def traded(self, key: str) -> None:
        self._match(key)

    def _match(self, key: str) -> None:
        if self.halted:
            return
        for order in self.live(key):
            if order.stop and not order.triggered:
                if (self.prices[key] - order.trigger_price) * order.side.sign < 0:
                    continue
                order.triggered = True
                self._report(order, "open")
            if order.held or self.locked.get(key) is order.side:
                continue
            touch = self.ask(key) if order.side is Side.BUY else self.bid(key)
            if (order.price - touch) * order.side.sign < 0:
                continue
            room = self.liquidity.get(key)
            quantity = order.remaining if room is None else min(order.remaining, room)
            if quantity > 0:
                if room is not None:
                    self.liquidity[key] = room - quantity
                self.fill(order, quantity, touch)

    def fill(self, order: Resting, quantity: int, price: int) -> None:
        """Fill a part of an order and report it."""
        carried = {holding: list(totals) for holding, totals in self.carried.items()}
        self._earlier.append((self.now, {key: list(totals) for key, totals in self.totals.items()}, carried))
        order.filled += quantity
        order.value += quantity * price
        self.fills += 1
        self.executions.append((self.now, order, quantity))
        totals = self.totals[order.instrument]
        offset = 0 if order.side is Side.BUY else 2
        if order.product is not Product.INTRADAY:
            totals = self.carried.setdefault((order.instrument, order.product), [0, 0, 0, 0, 0])
            offset += 1
        totals[offset] += quantity
        totals[offset + 1] += quantity * price
        done = order.filled >= order.quantity
        if order.status == "cancelled":
            self._report(order, "cancelled")
        else:
            self._report(order, "complete" if done else "open")

    def position(self, key: str = STOCK, product: Product = Product.INTRADAY) -> int:
        """Return the account's signed units in a product."""
        if product is not Product.INTRADAY:
            return _held(self.carried.get((key, product), [0, 0, 0, 0, 0]))
        bought, _, sold, _ = self.totals[key]
        return bought - sold

    # Reads.

    def _read(self, request: ReadBook | ReadTag) -> None:
        """Answer a read, as far as the faults of the moment let it through."""
        fault = "fail" if self.down else self.faults.read()
        delay = 600 * MILLISECOND if fault == "slow" else LATENCY
        if fault == "fail":
            self.after(delay, lambda: self.tell(ReadFailed(request.request, "HTML with status 200")))
        elif isinstance(request, ReadTag):
            self.after(LATENCY, lambda: self._answer_tag(request, delay))
        else:
            self.after(LATENCY, lambda: self._answer_book(request, delay, fault))

    def _answer_tag(self, request: ReadTag, delay: int) -> None:
        order = self.by_tag(request.tag)
        found = TagRead(request.request, request.tag, None if order is None else self.row(order))
        self.after(delay, lambda: self.tell(found))

    def _answer_book(self, request: ReadBook, delay: int, fault: str) -> None:
        book = self.book(request.request)
        if fault == "empty":
            book = BookRead(request.request, self.now, 0, (), ())
        elif fault == "lagging":
            book = self._with_positions(book, *self._totals_before(self.now - LAG))
        book = self.misread(book)
        self.after(self.book_waits * delay, lambda: self.tell(book))

    def book(self, request: str) -> BookRead:
        """Return the whole book as it stands."""
        orders = tuple(self.row(order) for order in self.orders.values())
        book = BookRead(request, self.now, self.fills, (), orders)
        return self._with_positions(book, self.totals, self.carried)

    def _with_positions(self, book: BookRead, account: Totals, carried: Carried) -> BookRead:
        """Return a read that tells of these positions, the other products inside the kill's scope or beyond it."""
        others = tuple(
            BrokerPosition(key, over + bought - sold, bought, paid, sold, received, product, f"{key}'s name")
            for (key, product), (over, bought, paid, sold, received) in carried.items()
        )
        others = tuple(row for row in others if row.quantity or not self.omits_flat)
        positions = self._positions(account)
        if self.settings.kill.scope == "account":
            return msgspec.structs.replace(book, positions=positions + others)
        return msgspec.structs.replace(book, positions=positions, beyond=others)

    def _positions(self, account: Totals) -> tuple[BrokerPosition, ...]:
        rows = (
            BrokerPosition(key, bought - sold, bought, paid, sold, received)
            for key, (bought, paid, sold, received) in account.items()
        )
        return tuple(row for row in rows if row.quantity or not self.omits_flat)

    def _totals_before(self, moment: Instant) -> tuple[Totals, Carried]:
        """Return what the account had traded by a moment, and what it carried then."""
        return next(
            ((totals, carried) for at, totals, carried in self._earlier if at > moment),
            (self.totals, self.carried),
        )


def _held(totals: list[int]) -> int:
    """Return signed units: carried overnight, bought, paid, sold, received."""
    return totals[0] + totals[1] - totals[3]
