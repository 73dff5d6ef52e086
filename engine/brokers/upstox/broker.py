"""The live broker as core's runtime sees it: requests go in without waiting, answers come out stamped, in order.

Three groups of threads carry the requests: what protects (stops, exits, changes, cancels) has a client, connections
and threads of its own, so that it never waits behind entries or reads. Everything that comes back, the portfolio
stream's updates included, passes one queue whose stamps never step back.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from engine.brokers.upstox import translation
from engine.brokers.upstox.account_reads import AccountReads
from engine.brokers.upstox.arrivals import Arrivals
from engine.brokers.upstox.book_reader import WholeBook
from engine.brokers.upstox.fill_values import FillValues
from engine.brokers.upstox.lanes import WIDTHS, Job, LaneName, Lanes
from engine.brokers.upstox.order_tracker import OrderTracker, OutOfScope
from engine.brokers.upstox.translation import answer_of, broken, new_order, superseded
from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.update import MarketUpdate
from engine.orders.attention import Attention
from engine.orders.messages import (
    Acknowledged,
    BookRead,
    BrokerEvent,
    CancelOrder,
    ModifyOrder,
    OrderReport,
    PlaceOrder,
    ReadBook,
    ReadTag,
    Refused,
    Request,
    Role,
    Unanswered,
)
from engine.rollout.stage_chain import RolloutTrack
from engine.rollout.stages import StageStanding
from engine.system.plain_text import words_of
from engine.upstox.rest.caller import standing_refusal
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.outcome import CallFailed, Outcome, describe
from engine.upstox.rest.rate_limits import Kind, Purpose
from engine.upstox.rest.records import BrokerOrderRow
from engine.upstox.rest.terms import ChangedOrder


class LiveBroker:
    """Satisfies the runtime's Exchange on a live account.

    ``clock`` stamps arrivals on the run's own axis; ``wake`` tells the loop, from any thread, that something waits.
    ``latched`` is asked right before an entry's bytes leave, and ``stands``: where the rollout stands by its record.
    ``refused`` is told, on any thread, what a person must mend before calls pass again, and an empty text once they
    do. ``whole_account`` takes every product into scope, not only what is intraday; ``values`` are what fills were
    worth, the exact ones by default.
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
        stands: Callable[[RolloutTrack], StageStanding] = lambda _: StageStanding(),
        whole_account: bool = False,
        values: FillValues | None = None,
        widths: Mapping[LaneName, int] = WIDTHS,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._urgent = urgent
        self._clock = clock
        self._latched = latched
        self._refused = refused
        self._stands = stands
        self._refusal_told = ""
        self._lanes = Lanes(widths, monotonic=monotonic)
        self._arrivals = Arrivals(clock, wake)
        self._lock = self._arrivals.lock
        self._register = OrderTracker(whole_account=whole_account, values=values)
        self._reads = AccountReads(
            client,
            urgent,
            self._register,
            self._arrivals,
            clock=clock,
            latched=latched,
            in_background=lambda work: self._in_background(LaneName.READS, work),
            monotonic=monotonic,
            sleep=sleep,
        )
        self._background: set[Callable[[], None]] = set()
        self._behind = False
        self._attention = Attention.IDLE

    @property
    def last_book(self) -> BookRead | None:
        """The last whole read that succeeded."""
        return self._reads.last_book

    @property
    def last_rows(self) -> WholeBook | None:
        """The same in the broker's own rows, of every product."""
        return self._reads.last_rows

    @property
    def attention(self) -> Attention:
        """What is at stake, by core's word and by what the broker has told."""
        with self._lock:
            held = self._register.unsettled
        return max(self._attention, Attention.HELD) if held or self.at_stake else self._attention

    @property
    def room(self) -> int:
        """How many reads the longest span of the budget leaves to what protects."""
        return self._client.line.budget.left(Kind.READ, Purpose.PROTECT)

    @property
    def orders_asked_at(self) -> float | None:
        """When the newest list of orders was asked for beside the kill, on the monotonic clock."""
        return self._reads.polls.asked_at

    @property
    def orders_read_at(self) -> float | None:
        """When the newest list that was read had been asked for."""
        return self._reads.polls.read_at

    @property
    def outside(self) -> OutOfScope:
        """What the last whole read found beyond the scope."""
        return self._register.outside

    @property
    def counts(self) -> dict[str, int]:
        """Messages survived, by what was odd about them."""
        with self._lock:
            register = self._register
            return {
                "repeated": register.repeated,
                "held": register.held,
                "corrected": register.values.corrected,
                "faults": self._lanes.faults,
                "unread": self._reads.unread_rows,
            }

    @property
    def refusal(self) -> str:
        """What a person must mend before calls pass again (a dead token, an address); empty while they pass."""
        found = standing_refusal((self._urgent.line, self._client.line))
        return "" if found is None else describe(found)

    @property
    def behind(self) -> bool:
        """Whether the orders' news were asked for and could not be had yet."""
        return self._behind

    @property
    def at_stake(self) -> bool:
        """Whether an order is live, a position open or a fill not yet seen in a whole book, as far as is known."""
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

    def known(self) -> list[OrderReport]:
        """Return what was told last of each order that bears a name of ours."""
        with self._lock:
            return self._register.known(self._clock())

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
        return self._arrivals.next_due()

    def advance(self, now: Instant) -> list[BrokerEvent]:
        """Return everything that arrived by ``now``, oldest first."""
        return self._arrivals.take(now)

    def on_update(self, update: MarketUpdate, now: Instant) -> list[BrokerEvent]:
        """Return nothing: the exchange matches by itself."""
        del update, now
        return []

    def read_book(self, request: str, now: Instant) -> BookRead:
        """Return the account as it stands, on the caller's thread; raise CallFailed when it cannot be had."""
        del now
        book = self._reads.book(request, self._urgent)
        with self._lock:
            settled = not self._register.unsettled
        if not settled:
            with suppress(CallFailed):
                self._reads.executions(self._urgent)
        return book

    def attend(self, attention: Attention) -> None:
        """Take in what core knows to be at stake, for as long as it says nothing else."""
        self._attention = attention

    def poll(self) -> None:
        """Have the order list read and its news queued: in place of a stream that is down, and beside it."""
        self._in_background(LaneName.POLLS, self._poll)

    def reconcile(self) -> None:
        """Have the news of orders and trades read and queued, and mark it until it was: after a stream came back."""
        self._behind = True
        self._in_background(LaneName.POLLS, self._reconcile)

    def take_rows(self, rows: Iterable[BrokerOrderRow]) -> None:
        """Queue the news of the stream's rows: repeated ones and other products are left out."""
        self._reads.tell(rows)

    def warm(self) -> None:
        """Keep the connections of both clients open; raises NotSentError."""
        self._urgent.warm()
        self._client.warm()

    def close(self) -> None:
        """End the threads; what is under way is not waited for, and nobody is woken any more."""
        self._arrivals.close()
        self._lanes.close()

    def _put(self, lane: LaneName, key: str, request: Request) -> None:
        self._lanes.put(lane, Job(key, lambda: self._carry(request)))

    def _put_wish(self, request: ModifyOrder | CancelOrder) -> None:
        """Queue a change or cancel: one of the same order that still waits gives way to it."""
        job = Job(
            request.tag, lambda: self._carry(request), lambda: self._arrivals.put((superseded(request),))
        )
        self._lanes.put(LaneName.URGENT, job)

    def _carry(self, request: Request) -> None:
        """Perform a request on a thread of its lane; whatever breaks, core gets an answer."""
        try:
            event = self._perform(request)
        except Exception as error:  # noqa: BLE001 - a fault of ours must reach core as one, not end the thread
            event = broken(request, words_of(error))
        self._tell_refusal()
        if isinstance(request, PlaceOrder):
            self._placed(request.tag, event)
        else:
            self._arrivals.put((event,))

    def _perform(self, request: Request) -> BrokerEvent:
        match request:
            case PlaceOrder():
                return self._place(request)
            case ModifyOrder():
                return self._modify(request)
            case CancelOrder():
                return self._cancel(request)
            case ReadBook() | ReadTag():
                return self._reads.answer(request)

    @property
    def _protecting(self) -> Purpose:
        return Purpose.KILL if self._latched() else Purpose.PROTECT

    def _place(self, request: PlaceOrder) -> BrokerEvent:
        if request.role is not Role.ENTRY:
            return answer_of(request.tag, "", self._urgent.place(new_order(request), self._protecting))
        denied = self._stage_denial(request)
        if denied:
            return Refused(request.tag, "STAGE", denied, lasting=False)
        # Asked again right before the bytes leave: making a connection may take seconds.
        outcome = self._client.place(
            new_order(request),
            Purpose.ROUTINE,
            allowed=lambda: not self._latched() and not self._stage_denial(request),
        )
        return answer_of(request.tag, "", outcome)

    def _stage_denial(self, request: PlaceOrder) -> str:
        return translation.stage_denial(request, self._stands(request.track))

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

    def _in_background(self, lane: LaneName, work: Callable[[], None]) -> None:
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

        self._lanes.put(lane, Job("", perform))

    def _poll(self) -> None:
        protects = self._latched() or self.attention > Attention.IDLE
        self._reads.poll(Purpose.PROTECT if protects else Purpose.ROUTINE)

    def _reconcile(self) -> None:
        self._reads.poll(Purpose.PROTECT)
        self._behind = False

    def _placed(self, tag: str, event: BrokerEvent) -> None:
        """Queue the answer of a placement, and right behind it the updates that waited for it."""
        with self._lock:
            request = self._register.placing.pop(tag, None)
            if isinstance(event, Acknowledged):
                self._register.acknowledged(tag, event.order_id)
            elif isinstance(event, Unanswered) and request is not None:
                self._register.unanswered(request, self._clock())
            self._arrivals.put((event,))
            self._reads.tell(())

    def _tell_refusal(self) -> None:
        with self._lock:
            refusal, told = self.refusal, self._refusal_told
            self._refusal_told = refusal
        if refusal != told and not self._arrivals.closed:
            self._refused(refusal)

    def _id_of(self, tag: str) -> str:
        with self._lock:
            return self._register.id_of(tag)
