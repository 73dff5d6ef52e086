"""A broker that does everything a broker has ever been seen to do, on a virtual clock, for one core.

It keeps its own truth: what it accepted, what rests, what filled. Answers and reports reach core late, twice, out
of order or never, as told. The core under test is the real one with a real market; only the broker is made.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time
from heapq import heappop, heappush

import config
from engine.core import Core, Ids, Record, Wake
from engine.core.events import Effect, Event
from engine.market.clock import MILLISECOND, MINUTE, SECOND, Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.seed import InstrumentSeed
from engine.market.session import trading_day
from engine.market.update import Bar, MarketUpdate
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
    ReadBook,
    ReadFailed,
    ReadTag,
    Refused,
    Role,
    TagRead,
    Unanswered,
)
from engine.setups.signal import Side

DAY = date(2025, 12, 15)
STOCK = "NSE_EQ|TEST"
OTHER = "NSE_EQ|OTHER"
OPTION = "NSE_FO|OPT"
START = instant_at(DAY, time(11, 0))
TICK = 5
LATENCY = 40 * MILLISECOND
LATE = 8 * SECOND

INSTRUMENTS = {
    STOCK: Instrument(STOCK, "TEST", InstrumentClass.AUCTION_STOCK, TICK, 1, 100_000, Provenance.SIMULATED),
    OTHER: Instrument(OTHER, "OTHER", InstrumentClass.STOCK, TICK, 1, 100_000, Provenance.SIMULATED),
    OPTION: Instrument(OPTION, "OPT", InstrumentClass.OPTION, TICK, 65, 1_755, Provenance.SIMULATED, "NIFTY"),
}
PRICES = {STOCK: 1_000_00, OTHER: 500_00, OPTION: 300_00}


@dataclass
class Resting:
    """One order as the broker knows it."""

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

    @property
    def live(self) -> bool:
        return self.status in ("open", "trigger pending", "modified", "not modified", "not cancelled")

    @property
    def remaining(self) -> int:
        return self.quantity - self.filled if self.live else 0

    @property
    def stop(self) -> bool:
        return self.order_type is OrderType.STOP_LIMIT


@dataclass
class Faults:
    """What happens to the next requests and messages. Each list is taken from its front; empty is normal."""

    requests: list[str] = field(default_factory=list)
    """ok, lost (never arrives), silent (the same, and nobody says so), lost-answer, late (arrives after 8 s),
    reject, refuse, hold-back (refused, but not for the order's sake)."""
    reports: list[str] = field(default_factory=list)
    """ok, twice, slow (300 ms), never."""
    reads: list[str] = field(default_factory=list)
    """ok, fail, slow."""

    def request(self) -> str:
        return self.requests.pop(0) if self.requests else "ok"

    def report(self) -> str:
        return self.reports.pop(0) if self.reports else "ok"

    def read(self) -> str:
        return self.reads.pop(0) if self.reads else "ok"


class World:
    """One core, one hostile broker, one virtual clock."""

    def __init__(self, settings: config.Settings | None = None, *, world: str = "replay") -> None:
        self.settings = settings or config.Settings()
        self.day = trading_day(DAY, self.settings.session)
        self.core = Core(self.settings, INSTRUMENTS, self.day, world, 1_000_000_00, Ids("H"))
        self.now: Instant = START
        self.faults = Faults()
        self.orders: dict[str, Resting] = {}
        self.prices = dict(PRICES)
        self.liquidity: dict[str, int] = {}
        """Units the next marketable orders may take in all; absent is plenty."""
        self.records: list[Record] = []
        self.answers: list[object] = []
        self.sent: list[tuple[Instant, object]] = []
        self.fills = 0
        self.volume = dict.fromkeys(INSTRUMENTS, 1_000_000)
        self.totals: dict[str, list[int]] = {key: [0, 0, 0, 0] for key in INSTRUMENTS}
        self.down = False
        self.checks: list[Callable[[World], None]] = []
        self.misread: Callable[[BookRead], BookRead] = lambda read: read
        """What becomes of each read of the book on its way."""
        self.book_waits = 1
        """How many times as long as usual a read of the book is on its way back."""
        self._queue: list[tuple[Instant, int, Callable[[], None]]] = []
        self._sequence = 0
        self._ids = 0
        self._seed()

    # The market.

    def _seed(self) -> None:
        for key, instrument in INSTRUMENTS.items():
            price = self.prices[key]
            opening = self.day.open(instrument.kind)
            minutes = []
            start = opening
            while start + MINUTE <= START:
                wave = (start // MINUTE % 3 - 1) * price // 2_000 // TICK * TICK
                low, high = price + wave - price // 1_000, price + wave + price // 1_000
                low, high = low // TICK * TICK, high // TICK * TICK
                minutes.append(Bar(start, price + wave, high, low, price + wave, 1_000))
                start += MINUTE
            low, high = min(bar.low for bar in minutes), max(bar.high for bar in minutes)
            volume = 1_000 * len(minutes)
            self.volume[key] = volume
            day = Bar(opening, price, high, low, price, volume)
            seed = InstrumentSeed(
                key, START, "GENERATED", {price: volume}, tuple(minutes), day, volume, price * volume, price
            )
            self.tell(seed)
        for _ in range(3):
            for key in INSTRUMENTS:
                self.trade(key)
            self.run(200 * MILLISECOND)

    def trade(self, key: str = STOCK, price: int | None = None, *, depth: int = 100_000) -> None:
        """Let the market trade once: core sees it, then the broker's resting orders."""
        if price is not None:
            self.prices[key] = price // TICK * TICK
        last = self.prices[key]
        self.volume[key] += 10
        bids = tuple((last - TICK * (level + 1), depth) for level in range(3))
        asks = tuple((last + TICK * (level + 1), depth) for level in range(3))
        self._match(key)
        update = MarketUpdate(
            key,
            self.now,
            self.now - 200 * MILLISECOND,
            last,
            10,
            self.volume[key],
            PRICES.get(key, last),
            bids,
            asks,
        )
        self.tell(update)

    def bid(self, key: str) -> int:
        return self.prices[key] - TICK

    def ask(self, key: str) -> int:
        return self.prices[key] + TICK

    # Time.

    def tell(self, event: Event) -> None:
        """Give core one event now; send what it wants sent."""
        for effect in self.core.handle(event, self.now):
            self._take(effect)
        for check in self.checks:
            check(self)

    def run(self, span: int) -> None:
        """Let time pass: messages arrive, timers ring."""
        end = self.now + span
        while True:
            due = self._queue[0][0] if self._queue else None
            wake = self.core.next_wake()
            moments = [moment for moment in (due, wake) if moment is not None]
            if not moments or min(moments) > end:
                break
            self.now = max(self.now, min(moments))
            if due is not None and due <= self.now:
                heappop(self._queue)[2]()
            else:
                self.tell(Wake())
        self.now = end

    def settle(self, span: int = 120 * SECOND) -> None:
        """Let everything work itself out, the market trading on at its price."""
        end = self.now + span
        while self.now < end:
            for key in INSTRUMENTS:
                self.trade(key)
            self.run(SECOND)

    def after(self, delay: int, act: Callable[[], None]) -> None:
        self._sequence += 1
        heappush(self._queue, (self.now + delay, self._sequence, act))

    # The broker.

    def _take(self, effect: Effect) -> None:
        if isinstance(effect, Record):
            self.records.append(effect)
            return
        self.sent.append((self.now, effect))
        match effect:
            case PlaceOrder() | ModifyOrder() | CancelOrder():
                self._request(effect)
            case ReadBook() | ReadTag():
                self._read(effect)
            case _:
                self.answers.append(effect)

    def _request(self, request: PlaceOrder | ModifyOrder | CancelOrder) -> None:
        fault = "silent" if self.down else self.faults.request()
        name = "" if isinstance(request, PlaceOrder) else request.request
        tag = request.tag
        if fault in ("lost", "lost-answer", "late"):
            self.after(SECOND, lambda: self.tell(Unanswered(tag, "timeout", name)))
        if fault in ("lost", "silent"):
            return
        answered = fault in ("ok", "reject")
        delay = LATE if fault == "late" else LATENCY
        if fault in ("refuse", "hold-back"):
            refused = Refused(tag, "UDAPI1", "refused by test", name, lasting=fault == "refuse")
            self.after(LATENCY, lambda: self.tell(refused))
            return
        self.after(delay, lambda: self._arrive(request, answered=answered, fault=fault))

    def _arrive(self, request: PlaceOrder | ModifyOrder | CancelOrder, *, answered: bool, fault: str) -> None:
        reject = fault == "reject"
        if isinstance(request, PlaceOrder):
            self._place(request, answered=answered, reject=reject, late=fault == "late")
            return
        order = self.orders.get(request.order_id) if request.order_id else self.by_tag(request.tag)
        name = request.request
        if order is None or not order.live:
            code = "UDAPI100010" if order is None else "UDAPI100040"
            if answered:
                self.after(LATENCY, lambda: self.tell(Refused(request.tag, code, "not live", name)))
            return
        if answered:
            self.after(LATENCY, lambda: self.tell(Acknowledged(request.tag, order.order_id, name)))
        if isinstance(request, CancelOrder):
            self._report(order, "not cancelled" if reject else "cancelled")
            return
        wrong = request.quantity <= order.filled or (
            order.triggered and request.order_type is not OrderType.LIMIT
        )
        if reject or wrong:
            self._report(
                order, "not modified", keep="open" if order.triggered or not order.stop else "trigger pending"
            )
            return
        order.order_type, order.quantity = request.order_type, request.quantity
        order.price, order.trigger_price = request.price, request.trigger_price
        resting = "trigger pending" if order.stop else "open"
        self._report(order, "modified", keep=resting)
        self._match(order.instrument)

    def _place(self, request: PlaceOrder, *, answered: bool, reject: bool, late: bool) -> None:
        self._ids += 1
        order = Resting(
            f"B{self._ids}",
            request.tag,
            request.instrument,
            request.side,
            request.role,
            request.order_type,
            request.quantity,
            request.price,
            request.trigger_price,
            late=late,
        )
        self.orders[order.order_id] = order
        if answered:
            self.after(LATENCY, lambda: self.tell(Acknowledged(request.tag, order.order_id)))
        through = order.stop and (self.prices[order.instrument] - order.trigger_price) * order.side.sign >= 0
        if reject or through:
            self._report(order, "rejected")
            return
        self._report(order, "trigger pending" if order.stop else "open")
        self._match(order.instrument)

    def _report(self, order: Resting, status: str, *, keep: str | None = None) -> None:
        order.status = status if keep is None else keep
        order.time = self.now
        row = self.row(order, status)
        self._deliver(row)

    def _deliver(self, row: BrokerEvent) -> None:
        fault = self.faults.report()
        if fault == "never":
            return
        delay = 300 * MILLISECOND if fault == "slow" else LATENCY
        self.after(delay, lambda: self.tell(row))
        if fault == "twice":
            self.after(delay + 20 * MILLISECOND, lambda: self.tell(row))

    def row(self, order: Resting, status: str | None = None) -> OrderReport:
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
        )

    def by_tag(self, tag: str) -> Resting | None:
        return next((order for order in self.orders.values() if order.tag == tag), None)

    def live(self, key: str | None = None) -> list[Resting]:
        return [o for o in self.orders.values() if o.live and (key is None or o.instrument == key)]

    def _match(self, key: str) -> None:
        for order in self.live(key):
            if order.stop and not order.triggered:
                if (self.prices[key] - order.trigger_price) * order.side.sign < 0:
                    continue
                order.triggered = True
                self._report(order, "open")
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
        order.filled += quantity
        order.value += quantity * price
        self.fills += 1
        totals = self.totals[order.instrument]
        offset = 0 if order.side is Side.BUY else 2
        totals[offset] += quantity
        totals[offset + 1] += quantity * price
        done = order.filled >= order.quantity
        if order.status == "cancelled":
            self._report(order, "cancelled")
        else:
            self._report(order, "complete" if done else "open")

    def position(self, key: str = STOCK) -> int:
        bought, _, sold, _ = self.totals[key]
        return bought - sold

    def _read(self, request: ReadBook | ReadTag) -> None:
        fault = "fail" if self.down else self.faults.read()
        delay = 600 * MILLISECOND if fault == "slow" else LATENCY
        if fault == "fail":
            self.after(delay, lambda: self.tell(ReadFailed(request.request, "HTML with status 200")))
        elif isinstance(request, ReadTag):
            self.after(LATENCY, lambda: self._answer_tag(request, delay))
        else:
            self.after(LATENCY, lambda: self._answer_book(request, delay))

    def _answer_tag(self, request: ReadTag, delay: int) -> None:
        order = self.by_tag(request.tag)
        read = TagRead(request.request, request.tag, None if order is None else self.row(order))
        self.after(delay, lambda: self.tell(read))

    def _answer_book(self, request: ReadBook, delay: int) -> None:
        read = self.misread(self.book(request.request))
        self.after(self.book_waits * delay, lambda: self.tell(read))

    def book(self, request: str) -> BookRead:
        positions = tuple(
            BrokerPosition(key, totals[0] - totals[2], *totals) for key, totals in self.totals.items()
        )
        return BookRead(
            request, self.now, self.fills, positions, tuple(self.row(order) for order in self.orders.values())
        )
