"""The one way out: drafts become requests here and nowhere else, after the gate, with their intent first."""

from engine.market.clock import SECOND, Instant
from engine.orders.gate import KEPT_FROM_MOVES, Draft, Gate, GateDenial, GateFacts
from engine.orders.ledger_facts import Record
from engine.orders.messages import (
    CancelOrder,
    ModifyOrder,
    PlaceOrder,
    ReadBook,
    ReadTag,
    Request,
    Role,
)
from engine.orders.order import Aim, Order, OrderTerms, aim_of
from engine.orders.order_book import OrderBook
from engine.orders.states import OrderState
from engine.orders.tags import _LETTERS, BOOK_READ, TAG_READ, Ids, cancel_request, change_request
from engine.rollout.stages import Stage


class Dispatcher:
    """Owns the way to the broker: gate, budget, order book and the list of what leaves."""

    def __init__(self, book: OrderBook, gate: Gate, ids: Ids) -> None:
        self.book = book
        self.gate = gate
        self.ids = ids
        self.outbox: list[Request | Record] = []
        self.asked: dict[str, Instant] = {}
        """When each outstanding read was asked for, by request."""
        self.waiting_until: Instant | None = None
        """When the budget lets the next held write leave."""

    def place(
        self, draft: Draft, trade: str, around: GateFacts, now: Instant
    ) -> Order | GateDenial | Instant:
        """Send a new order; return it, why it was denied, or when the budget allows it."""
        denial = self.gate.check(draft, around, now)
        if denial is not None:
            return denial
        held = self._hold(now, entry=draft.role is Role.ENTRY)
        if held is not None:
            return held
        order = Order(
            tag=self._unused(_LETTERS[draft.role]),
            instrument=draft.instrument,
            side=draft.side,
            role=draft.role,
            order_type=draft.order_type,
            quantity=draft.quantity,
            price=draft.price,
            trigger_price=draft.trigger_price,
            trade=trade,
            state=OrderState.SUBMITTED,
            sent_at=now,
            written_at=now,
            changed_at=now,
            answered=False,
            under_way=True,
            product=draft.product,
        )
        self.book.add(order)
        self.gate.sent(draft, now)
        request = PlaceOrder(
            tag=order.tag,
            instrument=order.instrument,
            side=order.side,
            role=order.role,
            order_type=order.order_type,
            quantity=order.quantity,
            price=order.price,
            trigger_price=order.trigger_price,
            trade=trade,
            product=order.product,
            track=draft.track,
            stage=_judged_by(draft, around),
        )
        self.outbox.append(Record("intent", order.tag, now, request))
        self.outbox.append(request)
        return order

    def modify(
        self, order: Order, terms: OrderTerms, around: GateFacts, now: Instant
    ) -> Order | GateDenial | Instant:
        """Change a live order; return it, why it was denied, or when the budget allows it."""
        draft = Draft(
            instrument=order.instrument,
            side=order.side,
            role=Role.EXIT if order.role is Role.ENTRY else order.role,
            order_type=terms.order_type,
            quantity=terms.quantity,
            price=terms.price,
            trigger_price=terms.trigger_price,
            tag=order.tag,
            filled=order.filled,
            product=order.product,
        )
        denial = self.gate.check(draft, around, now)
        if denial is not None:
            return denial
        moves = order.role is Role.STOP and aim_of(order, terms) is Aim.MOVE
        held = self._hold(now, entry=False, kept=KEPT_FROM_MOVES if moves else 0)
        if held is not None:
            return held
        changed = self.book.asked_modify(order.tag, terms, now)
        self.gate.sent(draft, now)
        request = ModifyOrder(
            request=change_request(order.tag, changed.moves),
            tag=order.tag,
            order_id=order.order_id,
            order_type=terms.order_type,
            quantity=terms.quantity,
            price=terms.price,
            trigger_price=terms.trigger_price,
        )
        self.outbox.append(Record("order_event", request.request, now, request))
        self.outbox.append(request)
        return changed

    def cancel(self, order: Order, now: Instant, *, replaces: bool = False) -> Order | Instant:
        """Cancel an order, by its tag alone while its id is unknown; a cancel only ever lowers risk.

        One whose place another order takes leaves only with room in the budget for that one.
        """
        held = self._hold(now, entry=False, kept=self._successors(order, now) if replaces else 0)
        if held is not None:
            return held
        changed = self.book.asked_cancel(order.tag, now)
        self.gate.budget.spend(now)
        request = CancelOrder(cancel_request(order.tag, changed.cancels), order.tag, order.order_id)
        self.outbox.append(Record("order_event", request.request, now, request))
        self.outbox.append(request)
        return changed

    def probe(self, order: Order, now: Instant) -> None:
        """Ask for one order by its tag."""
        self.book.asked_probe(order.tag, now)
        request = self.ids.next(TAG_READ)
        self.asked[request] = now
        self.outbox.append(ReadTag(request, order.tag))

    def read(self, now: Instant) -> str:
        """Ask for the whole book; return the request."""
        request = self.ids.next(BOOK_READ)
        self.asked[request] = now
        self.outbox.append(ReadBook(request))
        return request

    def record(self, record: Record) -> None:
        """Hand a fact to the ledger, in order with the requests."""
        self.outbox.append(record)

    def drain(self) -> list[Request | Record]:
        """Return everything that leaves, oldest first, and forget it."""
        leaving, self.outbox = self.outbox, []
        return leaving

    def _unused(self, kind: str) -> str:
        """Return the next name of a kind; one found at the broker was used by a life that no journal tells of."""
        while self.book.get(tag := self.ids.next(kind)) is not None:
            pass
        return tag

    def _successors(self, replaced: Order, now: Instant) -> int:
        """Return how many orders must find room once this one is cancelled.

        Its own successor, those of orders cancelled a moment ago, and one for what an entry still fills.
        """
        cancelled = sum(
            order.role is not Role.ENTRY
            and order.state is OrderState.PENDING_CANCEL
            and (order.cancel_at or 0) > now - SECOND
            for order in self.book.live()
        )
        return 1 + cancelled + any(o.role is Role.ENTRY for o in self.book.live(replaced.instrument))

    def _hold(self, now: Instant, *, entry: bool, kept: int = 0) -> Instant | None:
        until = self.gate.budget.wait(now, entry=entry, kept=kept)
        if until is not None:
            self.waiting_until = until if self.waiting_until is None else min(self.waiting_until, until)
        return until


def _judged_by(draft: Draft, around: GateFacts) -> Stage | None:
    if draft.role is not Role.ENTRY or around.stages is None:
        return None
    return around.stages.standing(draft.track).stage
