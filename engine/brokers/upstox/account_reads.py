"""Everything that is read of the account for core: whole books, orders by their tag, and the order list in between.

Each list of orders is told at once, whoever asked for it. What a fill was worth comes later where it must: a stop
waits for no price, so a fill is told at the order's average, and corrected when the broker's executions come.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from engine.brokers.upstox.arrivals import Arrivals
from engine.brokers.upstox.book_reader import BookReader, WholeBook
from engine.brokers.upstox.gtt_reader import GttReader
from engine.brokers.upstox.order_list import OrderList
from engine.brokers.upstox.order_tracker import OrderTracker
from engine.market.clock import Instant
from engine.orders.messages import BookRead, BrokerEvent, ReadBook, ReadFailed, ReadTag, TagRead
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.fields import FieldError
from engine.upstox.rest.listed import Listed, Unread
from engine.upstox.rest.outcome import CallFailed, InDoubt, Rejected
from engine.upstox.rest.rate_limits import Purpose
from engine.upstox.rest.records import BrokerOrderRow

EXECUTIONS_AGAIN: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds until the executions are asked for again while they do not tell all that has filled; then every last."""


class AccountReads:
    """Reads on the caller's thread; what is news goes to the arrivals. The register is guarded by their lock."""

    def __init__(
        self,
        client: UpstoxClient,
        urgent: UpstoxClient,
        register: OrderTracker,
        arrivals: Arrivals,
        *,
        clock: Callable[[], Instant],
        latched: Callable[[], bool],
        in_background: Callable[[Callable[[], None]], None],
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._urgent = urgent
        self._register = register
        self._arrivals = arrivals
        self._clock = clock
        self._latched = latched
        self._in_background = in_background
        self._gtts = GttReader(clock)
        self._monotonic = monotonic
        self._reader = BookReader(clock, sleep=sleep)
        self.polls = OrderList(monotonic)
        """The order list as everybody but the kill reads it."""
        self._proofs = OrderList(monotonic)
        self._asked_for_executions = 0
        self._executions_due = 0.0
        self._unread: frozenset[Unread] = frozenset()
        self.unread_rows = 0
        """Rows that did not read, each counted once."""
        self.last_book: BookRead | None = None
        """The last whole read that succeeded."""
        self.last_rows: WholeBook | None = None
        """The same in the broker's own rows, of every product."""

    def answer(self, request: ReadBook | ReadTag) -> BrokerEvent:
        """Return what a read that core asked for came to."""
        try:
            if isinstance(request, ReadBook):
                return self.book(request.request, self._urgent if self._latched() else self._client)
            return self._probe(request)
        except CallFailed as error:
            return ReadFailed(request.request, str(error))

    def book(self, request: str, client: UpstoxClient) -> BookRead:
        """Return the whole book; raise CallFailed where it cannot be had."""
        purpose = self._purpose
        book = self._reader.read(client, purpose, lambda: self._orders(client, purpose))
        with self._arrivals.lock:
            priced = all(self._register.values.can_tell(row) for row in book.orders)
        if not priced:
            self.executions(client)
        with self._arrivals.lock, _read_failing():
            read = self._register.book_read(request, book, self._clock())
        read = msgspec.structs.replace(read, waiting=self._gtts.waiting, waiting_unknown=self._gtts.problem)
        self.last_book, self.last_rows = read, book
        if self._gtts.due(latched=self._latched()):
            self._in_background(self._read_gtts)
        return read

    def _read_gtts(self) -> None:
        latched = self._latched()
        client = self._urgent if latched else self._client
        self._gtts.read(client, Purpose.KILL if latched else Purpose.ROUTINE)

    def poll(self, purpose: Purpose) -> None:
        """Read the order list and tell its news."""
        self._orders(self._client, purpose, self.polls)

    def executions(self, client: UpstoxClient | None = None) -> None:
        """Read the day's executions and tell what they correct; what cannot be read now is asked for again."""
        with self._arrivals.lock:
            pause = EXECUTIONS_AGAIN[min(self._asked_for_executions, len(EXECUTIONS_AGAIN) - 1)]
            self._asked_for_executions += 1
            self._executions_due = self._monotonic() + pause
        trades = (client or self._client).trades(purpose=Purpose.PROTECT)
        with self._arrivals.lock:
            self._note_unread(trades.unread)
            self._arrivals.put(self._register.executed(trades, self._clock()))

    def tell(self, rows: Iterable[BrokerOrderRow]) -> None:
        """Tell the news of the broker's rows (stream, list): repeated ones and other products are left out."""
        with self._arrivals.lock:
            reports = self._register.news(rows, self._clock())
            self._arrivals.put(reports)
            unsettled = self._register.unsettled
            if not unsettled or any(one.filled_quantity and not one.exact for one in reports):
                self._asked_for_executions, self._executions_due = 0, 0.0
            due = unsettled and self._monotonic() >= self._executions_due
        if due:
            self._in_background(self.executions)

    def _orders(
        self, client: UpstoxClient, purpose: Purpose, shared: OrderList | None = None
    ) -> Listed[BrokerOrderRow]:
        """Return the order list, told already: one that is read for another serves here, too."""
        if shared is None:
            shared = self._proofs if purpose is Purpose.KILL else self.polls

        def fetch() -> Listed[BrokerOrderRow]:
            rows = client.order_book(purpose)
            self._note_unread(rows.unread)
            self.tell(rows)
            return rows

        return shared.read(fetch)

    def _probe(self, request: ReadTag) -> TagRead:
        """Look for an order: by its id where that is known, else by its tag."""
        client, purpose = self._urgent if self._latched() else self._client, self._purpose
        newest = self._by_id(request.tag, client, purpose) or self._by_tag(request.tag, client, purpose)
        if newest is None:
            return TagRead(request.request, request.tag, None)
        with self._arrivals.lock:
            self._register.learn_id(request.tag, newest.order_id)
            priced = self._register.values.can_tell(newest)
        if not priced:
            self.executions(client)
        with self._arrivals.lock, _read_failing():
            report = self._register.report(newest, self._clock())
        return TagRead(request.request, request.tag, report)

    def _by_id(self, tag: str, client: UpstoxClient, purpose: Purpose) -> BrokerOrderRow | None:
        """Return an order as its id tells it: one read, and no list can leave it out. None where the id is not known.

        An id that the broker does not know proves nothing of the order: its tag decides.
        """
        with self._arrivals.lock:
            order_id = self._register.id_of(tag)
        if not order_id:
            return None
        try:
            return client.order_details(order_id, purpose)
        except CallFailed as error:
            if not isinstance(error.outcome, Rejected):
                raise
            return None

    def _by_tag(self, tag: str, client: UpstoxClient, purpose: Purpose) -> BrokerOrderRow | None:
        """Return the order with a tag: only a list that reads proves that there is none."""
        try:
            rows = client.order_history(tag=tag, purpose=purpose)
        except CallFailed as error:
            if not isinstance(error.outcome, Rejected):
                raise
            # What the broker says of a tag that it does not know is not documented: the book decides.
            book = self._orders(client, purpose)
            rows = Listed((row for row in book if row.tag == tag), book.unread)
        _check_absence(rows, tag)
        if not rows:
            return None
        # A history lists states with stamps of one second, in no promised order.
        return rows[-1] if len(rows) == 1 else client.order_details(rows[-1].order_id, purpose)

    def _note_unread(self, rows: Iterable[Unread]) -> None:
        """Tell core of rows that did not read and may be ours, each once."""
        with self._arrivals.lock:
            fresh = [row for row in dict.fromkeys(rows) if row not in self._unread]
            self._unread |= frozenset(fresh)
            self.unread_rows += len(fresh)
            self._arrivals.put(self._register.unread(fresh))

    @property
    def _purpose(self) -> Purpose:
        return Purpose.KILL if self._latched() else Purpose.PROTECT


def _check_absence(rows: Listed[BrokerOrderRow], tag: str) -> None:
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
