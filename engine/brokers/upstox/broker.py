"""The live broker as core's runtime sees it: requests go in without waiting, answers come out stamped, in order.

Three groups of threads carry the requests: what protects (stops, exits, changes, cancels) has a client, connections
and threads of its own, so that it never waits behind entries or reads. Everything that comes back, the portfolio
stream's updates included, passes one queue whose stamps never step back.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

import msgspec

from engine.brokers.upstox.book_reader import BookReader, WholeBook
from engine.brokers.upstox.fill_values import FillValues
from engine.brokers.upstox.gtt_reader import GttReader
from engine.brokers.upstox.lanes import WIDTHS, Job, LaneName, Lanes
from engine.brokers.upstox.register import Outside, Register
from engine.brokers.upstox.translation import answer_of, broken, new_order, superseded
from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.update import MarketUpdate
from engine.orders.messages import (
    Acknowledged,
    BookRead,
    BrokerEvent,
    CancelOrder,
    ModifyOrder,
    PlaceOrder,
    ReadBook,
    ReadFailed,
    ReadTag,
    Refused,
    Request,
    Role,
    TagRead,
    Unanswered,
)
from engine.upstox.budget import Purpose
from engine.upstox.client import UpstoxClient
from engine.upstox.fields import FieldError
from engine.upstox.line import standing_refusal
from engine.upstox.listed import Listed
from engine.upstox.outcome import CallFailed, InDoubt, Outcome, Rejected, describe
from engine.upstox.records import OrderRow
from engine.upstox.terms import ChangedOrder


class LiveBroker:
    """Satisfies the runtime's Exchange on a live account.

    ``clock`` stamps arrivals on the run's own axis; ``wake`` tells the loop, from any thread, that something waits;
    ``latched`` is asked right before an entry's bytes leave. ``refused`` is told, on any thread, what a person must
    mend before calls pass again, and an empty text once they do. ``whole_account`` takes every product into scope,
    not only what is intraday; ``values`` are what fills were worth, the exact ones by default.
    """

    def __init__(
        self,
        client: UpstoxClient,
        urgent: UpstoxClient,
        *,
        clock: Callable[[], Instant],
        wake: Callable[[], None] = lambda: None,
        latched: Callable[[], bool] = lambda: False,
        refused: Callable[[str], None] = lambda _: None,
        whole_account: bool = False,
        values: FillValues | None = None,
        widths: Mapping[LaneName, int] = WIDTHS,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._urgent = urgent
        self._clock = clock
        self._wake = wake
        self._latched = latched
        self._refused = refused
        self._refusal_told = ""
        self._reader = BookReader(clock, sleep=sleep)
        self._gtts = GttReader(clock)
        self._lanes = Lanes(widths, monotonic=monotonic)
        self._lock = threading.Lock()
        self._events: deque[tuple[Instant, BrokerEvent]] = deque()
        self._stamped: Instant = 0
        self._register = Register(whole_account=whole_account, values=values)
        self._background: set[Callable[[], None]] = set()
        self._behind = False
        self._closed = False
        self.last_book: BookRead | None = None
        """The last whole read that succeeded."""
        self.last_rows: WholeBook | None = None
        """The same in the broker's own rows, of every product."""

    @property
    def outside(self) -> Outside:
        """Return what the last whole read found beyond the scope."""
        return self._register.outside

    @property
    def counts(self) -> dict[str, int]:
        """Return messages survived, by what was odd about them."""
        with self._lock:
            register = self._register
            return {
                "repeated": register.repeated,
                "held": register.held,
                "corrected": register.values.corrected,
                "faults": self._lanes.faults,
            }

    @property
    def refusal(self) -> str:
        """Return what a person must mend before calls pass again (a dead token, an address); empty while they pass."""
        found = standing_refusal((self._urgent.line, self._client.line))
        return "" if found is None else describe(found)

    @property
    def behind(self) -> bool:
        """Say whether the orders' news were asked for and could not be had yet."""
        return self._behind

    @property
    def at_stake(self) -> bool:
        """Say whether an order is live, a position open or a fill not yet seen in a whole book, as far as is known."""
        with self._lock:
            at_stake = self._register.live or self._register.unproven
        book = self.last_book
        if book is None or at_stake:
            return at_stake
        return bool(book.unread) or any(position.quantity for position in book.positions)

    def remember(self, orders: Iterable[tuple[str, str, int, Paise]]) -> None:
        """Take in what core knows from an earlier life: tag, order id, filled units and their value in paise."""
        with self._lock:
            for tag, order_id, filled, value in orders:
                if order_id:
                    self._register.learn_id(tag, order_id)
                    self._register.values.remember(order_id, filled, value)

    def submit(self, request: Request, now: Instant) -> None:
        """Hand a request to its threads and return at once; ``now`` is not needed: the broker has its own time."""
        del now
        match request:
            case PlaceOrder():
                with self._lock:
                    self._register.placing[request.tag] = request
                entry = request.role is Role.ENTRY
                self._put(LaneName.ENTRIES if entry else LaneName.URGENT, request.tag, request)
            case CancelOrder() if not request.order_id and self._lanes.withdraw(request.tag):
                refusal = Refused(
                    request.tag, "WITHDRAWN", "cancelled before it left; nothing was sent", lasting=False
                )
                self._placed(request.tag, refusal)
            case ModifyOrder() | CancelOrder():
                self._put_wish(request)
            case ReadBook() | ReadTag():
                self._put(LaneName.PROOFS if self._latched() else LaneName.READS, "", request)

    def next_due(self) -> Instant | None:
        """Return when the oldest waiting event arrived; None when none waits."""
        with self._lock:
            return self._events[0][0] if self._events else None

    def advance(self, now: Instant) -> list[BrokerEvent]:
        """Return everything that arrived by ``now``, oldest first."""
        arrived = []
        with self._lock:
            while self._events and self._events[0][0] <= now:
                arrived.append(self._events.popleft()[1])
        return arrived

    def on_update(self, update: MarketUpdate, now: Instant) -> list[BrokerEvent]:
        """Return nothing: the exchange matches by itself."""
        del update, now
        return []

    def read_book(self, request: str, now: Instant) -> BookRead:
        """Return the account as it stands, on the caller's thread; raise CallFailed when it cannot be had."""
        del now
        return self._book_read(request, self._urgent)

    def poll(self) -> None:
        """Have the order book read and its news queued: in place of a stream that is down, and beside it."""
        self._in_background(self._poll)

    def reconcile(self) -> None:
        """Have the news of orders and trades read and queued, and mark it until it was: after a stream came back."""
        self._behind = True
        self._in_background(self._reconcile)

    def take_rows(self, rows: Iterable[OrderRow]) -> None:
        """Queue the news of the broker's rows (stream, poll): repeated ones and other products are left out."""
        with self._lock:
            fresh = self._register.news(rows, self._clock())
            for report in fresh:
                self._append(report)
        if fresh:
            self._tell()

    def warm(self) -> None:
        """Keep the connections of both clients open; raises NotSentError."""
        self._urgent.warm()
        self._client.warm()

    def close(self) -> None:
        """End the threads; what is under way is not waited for, and nobody is woken any more."""
        self._closed = True
        self._lanes.close()

    def _tell(self) -> None:
        if not self._closed:
            self._wake()

    def _put(self, lane: LaneName, key: str, request: Request) -> None:
        self._lanes.put(lane, Job(key, lambda: self._carry(request)))

    def _put_wish(self, request: ModifyOrder | CancelOrder) -> None:
        """Queue a change or cancel: one of the same order that still waits gives way to it."""
        job = Job(request.tag, lambda: self._carry(request), lambda: self._hear(superseded(request)))
        self._lanes.put(LaneName.URGENT, job)

    def _carry(self, request: Request) -> None:
        """Perform a request on a thread of its lane; whatever breaks, core gets an answer."""
        try:
            event = self._perform(request)
        except Exception as error:  # noqa: BLE001 - a fault of ours must reach core as one, not end the thread
            event = broken(request, f"{type(error).__name__}: {error}")
        self._tell_refusal()
        if isinstance(request, PlaceOrder):
            self._placed(request.tag, event)
        else:
            self._hear(event)

    def _perform(self, request: Request) -> BrokerEvent:
        match request:
            case PlaceOrder():
                return self._place(request)
            case ModifyOrder():
                return self._modify(request)
            case CancelOrder():
                return self._cancel(request)
            case ReadBook():
                try:
                    return self._book_read(request.request, self._reading)
                except CallFailed as error:
                    return ReadFailed(request.request, str(error))
            case ReadTag():
                try:
                    return self._probe(request)
                except CallFailed as error:
                    return ReadFailed(request.request, str(error))

    @property
    def _reading(self) -> UpstoxClient:
        """Return the client that reads: the kill's own while the latch is set."""
        return self._urgent if self._latched() else self._client

    @property
    def _protecting(self) -> Purpose:
        return Purpose.KILL if self._latched() else Purpose.PROTECT

    def _place(self, request: PlaceOrder) -> BrokerEvent:
        if request.role is not Role.ENTRY:
            return answer_of(request.tag, "", self._urgent.place(new_order(request), self._protecting))
        # Asked again right before the bytes leave: making a connection may take seconds.
        outcome = self._client.place(new_order(request), Purpose.ROUTINE, allowed=lambda: not self._latched())
        return answer_of(request.tag, "", outcome)

    def _modify(self, request: ModifyOrder) -> BrokerEvent:
        order_id = request.order_id or self._id_of(request.tag)
        if not order_id:
            return Refused(
                request.tag, "NO_ORDER_ID", "its id is not known yet; nothing was sent", request.request
            )
        order = ChangedOrder(
            order_id, request.order_type.value, request.quantity, request.price, request.trigger_price
        )
        return answer_of(request.tag, request.request, self._urgent.modify(order, self._protecting))

    def _cancel(self, request: CancelOrder) -> BrokerEvent:
        order_id = request.order_id or self._id_of(request.tag)
        outcome: Outcome
        if order_id:
            outcome = self._urgent.cancel(order_id, self._protecting)
        else:
            outcome = self._urgent.multi_cancel(tag=request.tag, purpose=self._protecting)
        event = answer_of(request.tag, request.request, outcome)
        if isinstance(event, Acknowledged):
            with self._lock:
                self._register.learn_id(request.tag, event.order_id)
        return event

    def _probe(self, request: ReadTag) -> TagRead:
        """Look for an order by its tag: only a list that reads proves that there is none."""
        client, purpose = self._reading, self._protecting
        try:
            rows = client.order_history(tag=request.tag, purpose=purpose)
        except CallFailed as error:
            if not isinstance(error.outcome, Rejected):
                raise
            # What the broker says of a tag that it does not know is not documented: the book decides.
            book = client.order_book(purpose)
            rows = Listed((row for row in book if row.tag == request.tag), book.unread)
        _check_absence(rows, request.tag)
        if not rows:
            return TagRead(request.request, request.tag, None)
        newest = rows[-1]
        if len(rows) > 1:
            # A history lists states with stamps of one second, in no promised order.
            newest = client.order_details(newest.order_id, purpose)
        if not newest.priced:
            # Only then: an order in doubt must not wait for a price that it brings itself.
            self._learn_values([newest], client)
        with self._lock, _read_failing():
            self._register.learn_id(request.tag, newest.order_id)
            report = self._register.report(newest, self._clock())
        return TagRead(request.request, request.tag, report)

    def _book_read(self, request: str, client: UpstoxClient) -> BookRead:
        book = self._reader.read(client, self._protecting)
        self._learn_values(book.orders, client)
        with self._lock, _read_failing():
            read = self._register.book_read(request, book, self._clock())
        read = msgspec.structs.replace(read, waiting=self._gtts.waiting, waiting_unknown=self._gtts.problem)
        self.last_book, self.last_rows = read, book
        if self._gtts.due(latched=self._latched()):
            self._in_background(self._read_gtts)
        return read

    def _read_gtts(self) -> None:
        purpose = Purpose.KILL if self._latched() else Purpose.ROUTINE
        self._gtts.read(self._reading, purpose)

    def _learn_values(self, rows: Iterable[OrderRow], client: UpstoxClient) -> None:
        """Fetch exact fill prices where a fill is new; without them the broker's average counts."""
        with self._lock:
            if all(self._register.values.known(row) for row in rows):
                return
        try:
            trades = client.trades(purpose=Purpose.PROTECT)
        except CallFailed:
            return
        with self._lock:
            self._register.values.learn(trades)

    def _in_background(self, work: Callable[[], None]) -> None:
        """Queue a read of our own, unless the same one waits already."""
        with self._lock:
            if work in self._background:
                return
            self._background.add(work)

        def perform() -> None:
            with self._lock:
                self._background.discard(work)
            with suppress(CallFailed):
                work()
            self._tell_refusal()

        self._lanes.put(LaneName.READS, Job("", perform))

    def _poll(self) -> None:
        self._take_news(self._reading, self._protecting if self._latched() else Purpose.ROUTINE)

    def _reconcile(self) -> None:
        self._take_news(self._reading, self._protecting)
        self._behind = False

    def _take_news(self, client: UpstoxClient, purpose: Purpose) -> None:
        """Queue what the order book tells; what the account holds is for core to read, by a book that agrees."""
        rows = client.order_book(purpose)
        self._learn_values(rows, client)
        self.take_rows(rows)

    def _placed(self, tag: str, event: BrokerEvent) -> None:
        """Queue the answer of a placement, and right behind it the updates that waited for it."""
        with self._lock:
            request = self._register.placing.pop(tag, None)
            if isinstance(event, Acknowledged):
                self._register.acknowledged(tag, event.order_id)
            elif isinstance(event, Unanswered) and request is not None:
                self._register.unanswered(request, self._clock())
            self._append(event)
            for report in self._register.news((), self._clock()):
                self._append(report)
        self._tell()

    def _tell_refusal(self) -> None:
        with self._lock:
            refusal, told = self.refusal, self._refusal_told
            self._refusal_told = refusal
        if refusal != told and not self._closed:
            self._refused(refusal)

    def _id_of(self, tag: str) -> str:
        with self._lock:
            return self._register.id_of(tag)

    def _hear(self, event: BrokerEvent) -> None:
        with self._lock:
            self._append(event)
        self._tell()

    def _append(self, event: BrokerEvent) -> None:
        self._stamped = max(self._stamped, self._clock())
        self._events.append((self._stamped, event))


def _check_absence(rows: Listed[OrderRow], tag: str) -> None:
    """Raise CallFailed where rows that did not read may hide the order that none of the others is."""
    hiding = [row for row in rows.unread if row.tag in ("", tag) and not row.nameless]
    if hiding and not rows:
        raise CallFailed(InDoubt(f"a row could not be read: {hiding[0].words}"))


@contextmanager
def _read_failing() -> Iterator[None]:
    """Take a row that lacks what decides for a read without an answer."""
    try:
        yield
    except FieldError as error:
        raise CallFailed(InDoubt(str(error))) from error
