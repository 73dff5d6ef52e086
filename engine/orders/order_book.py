"""The order book of ours: the one owner of every order, by tag.

Each message of the broker is applied once, here; the book answers with the fills it proved and the findings that
somebody must act on. It sends nothing: what leaves goes through the dispatcher.
"""

from collections.abc import Container, Iterable
from enum import StrEnum
from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant
from engine.orders.messages import (
    Acknowledged,
    BookRead,
    OrderReport,
    Refused,
    Role,
    TagRead,
    Unanswered,
)
from engine.orders.order import Correction, Fill, Order, OrderTerms, last_write, newest_request
from engine.orders.reports import Finding, OrderChange, adopt, apply_report, waits_again
from engine.orders.requests import (
    ABSENT_AFTER,
    FRESH_AFTER,
    LISTED_WITHIN,
    PROBES,
    is_unseen,
    next_look,
    with_cancel,
    with_change,
)
from engine.orders.states import ENDED, OrderState
from engine.orders.trade import Trade
from engine.system.plain_text import worded

ABSENT_PROBES: Final = 5
ANSWER_WITHIN: Final = 2 * SECOND
"""A placement without any answer for so long is in doubt, whatever the line says."""


class Resolution(StrEnum):
    """What became of a request that was refused or gave up."""

    PLACE_REFUSED = "PLACE REFUSED"
    PLACE_HELD_BACK = "PLACE HELD BACK"
    """Refused without a word on the order itself: the same one may pass later."""
    MODIFY_REFUSED = "MODIFY REFUSED"
    CANCEL_REFUSED = "CANCEL REFUSED"
    IN_DOUBT = "IN DOUBT"
    ABSENT = "ABSENT"


class AppliedMessage(msgspec.Struct, frozen=True):
    """What one broker message did to one order. ``order`` is None for a message about nothing of ours."""

    order: Order | None
    fill: Fill | None = None
    findings: tuple[tuple[Finding, str], ...] = ()
    resolution: Resolution | None = None
    before: OrderState | None = None
    correction: Correction | None = None


class OrderBook:
    """Every order of the day, by tag, in the order in which they were made."""

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}
        self._tags: dict[str, str] = {}
        self._live: dict[str, None] = {}
        self.counters: dict[str, int] = {"old": 0, "conflict": 0, "foreign": 0, "unknown": 0, "fills": 0}
        """Messages survived, by what was odd about them."""
        self.last_fill_at: Instant = 0
        """Since when the newest fill is known: fences older snapshots."""
        self.filled_at: dict[str, Instant] = {}
        """The same by instrument: a fill of one fences nothing of another."""
        self.unread: dict[str, str] = {}
        """Why an instrument is in doubt: a row of the broker's that may concern it could not be read."""

    def get(self, tag: str) -> Order | None:
        """Return the order with a tag."""
        return self._orders.get(tag)

    def by_id(self, order_id: str) -> Order | None:
        """Return the order with the broker's id."""
        tag = self._tags.get(order_id)
        return None if tag is None else self._orders[tag]

    def told_of(self, report: OrderReport) -> Order | None:
        """Return the order that a record tells of; another program may give many of its orders one tag."""
        order = self._orders.get(report.tag) if report.tag else None
        if order is None or (order.order_id and order.order_id != report.order_id):
            return self.by_id(report.order_id)
        return order

    def all(self) -> tuple[Order, ...]:
        """Return every order, oldest first."""
        return tuple(self._orders.values())

    def live(self, instrument: str | None = None) -> tuple[Order, ...]:
        """Return orders that may still fill, oldest first."""
        orders = [self._orders[tag] for tag in self._live]
        return tuple(o for o in orders if o.live and (instrument is None or o.instrument == instrument))

    def of(self, trade: Trade) -> tuple[Order, ...]:
        """Return the live orders of a trade's instrument and product, whoever they belong to."""
        return tuple(order for order in self.live(trade.instrument) if order.product is trade.product)

    def watched(self, instrument: str | None = None) -> tuple[Order, ...]:
        """Return orders proven missing, whose tags stay on watch."""
        return tuple(
            order
            for order in self._orders.values()
            if order.state is OrderState.ABSENT and (instrument is None or order.instrument == instrument)
        )

    def add(self, order: Order) -> None:
        """Take in a new order; raise ValueError when its tag was used before."""
        if order.tag in self._orders:
            raise ValueError(f"expected a new tag, got {order.tag} again; tags are unique for ever")
        self._store(order)

    def assign(self, tag: str, trade: str, role: Role | None = None) -> Order:
        """Note which trade an order belongs to, and what it is for where that was not known; return it."""
        order = msgspec.structs.replace(self._orders[tag], trade=trade)
        order = order if role is None else msgspec.structs.replace(order, role=role)
        self._store(order)
        return order

    def asked_modify(self, tag: str, terms: OrderTerms, now: Instant) -> Order:
        """Record that a modify leaves; the worse of old and new terms counts from here."""
        changed = with_change(self._orders[tag], terms, now)
        self._store(changed)
        return changed

    def asked_cancel(self, tag: str, now: Instant) -> Order:
        """Record that a cancel leaves. An order without proof stays in doubt: a cancel by tag proves nothing."""
        changed = with_cancel(self._orders[tag], now)
        self._store(changed)
        return changed

    def asked_probe(self, tag: str, now: Instant) -> None:
        """Record that a probe by tag leaves."""
        order = self._orders[tag]
        self._store(msgspec.structs.replace(order, probes=order.probes + 1, looked_at=now))

    def expire(self, now: Instant) -> None:
        """Forget larger quantities that were asked for so long ago that they cannot come about any more."""
        for order in self.live():
            if order.most and order.state is not OrderState.PENDING_MODIFY and now >= order.stray_until:
                self._store(msgspec.structs.replace(order, most=0))

    def acknowledged(self, event: Acknowledged, now: Instant) -> AppliedMessage:
        """Apply the broker's receipt of a request."""
        order = self._orders.get(event.tag)
        if order is None:
            self.counters["foreign"] += 1
            return AppliedMessage(None)
        newest = event.request == newest_request(order)
        changed = msgspec.structs.replace(
            order,
            order_id=event.order_id or order.order_id,
            answered=order.answered or newest,
            under_way=order.under_way and not newest,
        )
        findings: tuple[tuple[Finding, str], ...] = ()
        if not event.request and order.state in (
            OrderState.SUBMITTED,
            OrderState.IN_DOUBT,
            OrderState.ABSENT,
        ):
            if order.state is OrderState.ABSENT:
                findings = ((Finding.APPEARED, f"{order.tag} was proven missing and is acknowledged"),)
                changed = msgspec.structs.replace(changed, watched=True)
            changed = msgspec.structs.replace(
                changed, state=OrderState.ACKED, changed_at=now, doubt_since=None
            )
        self._store(changed)
        return AppliedMessage(changed, findings=findings, before=order.state)

    def refused(self, event: Refused, now: Instant) -> AppliedMessage:
        """Apply a refusal that the broker proved by its error envelope."""
        order = self._orders.get(event.tag)
        if order is None:
            self.counters["foreign"] += 1
            return AppliedMessage(None)
        text = worded(event.code, event.message)
        if event.request:
            return self._request_refused(order, event, text, now)
        if order.state not in (OrderState.SUBMITTED, OrderState.IN_DOUBT, OrderState.ABSENT):
            self.counters["conflict"] += 1
            return AppliedMessage(order, findings=((Finding.CONFLICT, f"refused after proof: {text}"),))
        if order.state is OrderState.ABSENT or order.filled:
            return AppliedMessage(order)
        changed = msgspec.structs.replace(
            order,
            state=OrderState.REJECTED,
            message=text,
            changed_at=now,
            answered=True,
            under_way=False,
            doubt_since=None,
        )
        self._store(changed)
        resolution = Resolution.PLACE_REFUSED if event.lasting else Resolution.PLACE_HELD_BACK
        return AppliedMessage(changed, resolution=resolution, before=order.state)

    def _request_refused(self, order: Order, event: Refused, text: str, now: Instant) -> AppliedMessage:
        cancelling = order.state is OrderState.PENDING_CANCEL
        if event.superseded:
            return AppliedMessage(order)
        if order.state not in (OrderState.PENDING_MODIFY, OrderState.PENDING_CANCEL):
            return AppliedMessage(order, findings=((Finding.LOOK, f"a request was refused: {text}"),))
        if not event.request.endswith(f"-{'c' if cancelling else 'm'}{self._serial(order, cancelling)}"):
            return AppliedMessage(order, findings=((Finding.LOOK, f"an older request was refused: {text}"),))
        changed = msgspec.structs.replace(
            order, message=text, changed_at=now, refused_at=now, answered=True, under_way=False
        )
        if cancelling and order.pending is not None:
            # The change before the cancel was never proven undone.
            changed = msgspec.structs.replace(changed, state=OrderState.PENDING_MODIFY)
        else:
            most = order.most if order.stray_until > now else 0
            changed = msgspec.structs.replace(changed, state=order.resume, pending=None, most=most)
        self._store(changed)
        resolution = Resolution.CANCEL_REFUSED if cancelling else Resolution.MODIFY_REFUSED
        return AppliedMessage(changed, None, ((Finding.LOOK, text),), resolution, order.state)

    @staticmethod
    def _serial(order: Order, cancelling: bool) -> str:
        return str(order.cancels if cancelling else order.moves)

    def unanswered(self, event: Unanswered, now: Instant) -> AppliedMessage:
        """Apply silence: a placement is IN DOUBT, a modify or cancel stays outstanding and is looked at."""
        order = self._orders.get(event.tag)
        if order is None:
            self.counters["foreign"] += 1
            return AppliedMessage(None)
        if event.request:
            if event.request == newest_request(order):
                order = msgspec.structs.replace(order, under_way=False)
                self._store(order)
            return AppliedMessage(order, findings=((Finding.LOOK, event.detail),) if order.live else ())
        if order.state is not OrderState.SUBMITTED:
            return AppliedMessage(order)
        return self.doubt(order.tag, event.detail, now)

    def doubt(self, tag: str, detail: str, now: Instant) -> AppliedMessage:
        """Put an order in doubt: no proof either way."""
        order = self._orders[tag]
        changed = msgspec.structs.replace(
            order,
            state=OrderState.IN_DOUBT,
            doubt_since=now,
            probes=0,
            empty_probes=0,
            probed_since=0,
            message=detail,
            changed_at=now,
            under_way=False,
        )
        self._store(changed)
        return AppliedMessage(changed, resolution=Resolution.IN_DOUBT, before=order.state)

    def reported(
        self, report: OrderReport, now: Instant, *, asked_at: Instant | None = None
    ) -> AppliedMessage:
        """Apply a record of an order; ``asked_at`` is when a read on purpose was asked for."""
        order = self.told_of(report)
        if order is None:
            self.counters["foreign"] += 1
            return AppliedMessage(None)
        fresh = asked_at is not None and asked_at >= last_write(order) + FRESH_AFTER
        if asked_at is not None and order.aim is not None:
            order = msgspec.structs.replace(order, read_at=max(order.read_at, asked_at))
        order = waits_again(order, report, asked_at)
        filled_at = now if asked_at is None else asked_at
        return self._settle(order, apply_report(order, report, now, fresh=fresh), filled_at)

    def adopted(
        self, report: OrderReport, role: Role, trade: str, now: Instant, *, asked_at: Instant | None = None
    ) -> AppliedMessage:
        """Take in an order found at the broker that has no record here; ``asked_at`` as for a report."""
        if report.tag in self._orders:
            report = msgspec.structs.replace(report, tag="")
        change = adopt(report, role, now)
        order = msgspec.structs.replace(change.order, trade=trade)
        fill = None if change.fill is None else msgspec.structs.replace(change.fill, trade=trade, role=role)
        self._store(order)
        if fill is not None:
            self._has_filled(order, now if asked_at is None else asked_at)
        return AppliedMessage(order, fill, change.findings)

    def unfill(self, tag: str, row: OrderReport | None, now: Instant) -> None:
        """Take an external order as its row tells of it, with fewer fills than were told; None where no list has it."""
        known = self._orders[tag]
        if row is None:
            gone = msgspec.structs.replace(known, state=OrderState.CANCELLED, filled=0, filled_value=0)
            self._store(gone)
            return
        anew = adopt(row, known.role, now).order
        self._store(msgspec.structs.replace(anew, tag=tag, trade=known.trade, order_id=known.order_id))

    def probed(self, read: TagRead, asked_at: Instant, now: Instant) -> AppliedMessage:
        """Apply a successful probe: the order, or one more proof that it is not listed."""
        if read.found is not None:
            return self.reported(read.found, now, asked_at=asked_at)
        order = self._orders.get(read.sought)
        if order is None:
            return AppliedMessage(None)
        order = msgspec.structs.replace(order, missed_at=max(order.missed_at, asked_at))
        self._store(order)
        if is_unseen(order) and asked_at >= order.sent_at + LISTED_WITHIN:
            self._store(msgspec.structs.replace(order, pending=None, aim=None))
            return self.doubt(order.tag, "acknowledged, and not listed by its tag", now)
        if order.state is OrderState.ACKED and asked_at >= order.sent_at + ANSWER_WITHIN:
            return self.doubt(order.tag, "acknowledged, and not listed by its tag", now)
        if order.state is not OrderState.IN_DOUBT:
            return AppliedMessage(order)
        if not order.empty_probes and order.probes >= len(PROBES):
            # None of the quick ones could be read: they are due now, or a proof would take as long again.
            order = msgspec.structs.replace(order, probes=0, probed_since=now)
        order = msgspec.structs.replace(order, empty_probes=order.empty_probes + 1)
        self._store(order)
        # What was asked for before the latest arrival says nothing of it, however long ago that was.
        if order.empty_probes < ABSENT_PROBES or asked_at - order.sent_at < ABSENT_AFTER:
            return AppliedMessage(order)
        changed = msgspec.structs.replace(order, state=OrderState.ABSENT, changed_at=now)
        self._store(changed)
        return AppliedMessage(changed, resolution=Resolution.ABSENT, before=order.state)

    def not_listed(
        self, read: BookRead, asked_at: Instant, now: Instant, behind: Container[str] = ()
    ) -> tuple[AppliedMessage, ...]:
        """Put live orders that a whole book should hold but does not into doubt, but for instruments it is behind."""
        listed = {row.tag for row in read.orders} | {row.order_id for row in read.orders}
        doubts = []
        for order in self.live():
            known = order.order_id and order.state is not OrderState.IN_DOUBT and order.changed_at < asked_at
            known = known and order.instrument not in behind
            if known and order.tag not in listed and order.order_id not in listed:
                doubts.append(self.doubt(order.tag, "missing from the broker's book", now))
        return tuple(doubts)

    def next_probe(self, order: Order) -> Instant | None:
        """Return when an order is asked for again that is in doubt, or has a request that stands unproven."""
        return next_look(order)

    def overdue(self, now: Instant) -> tuple[Order, ...]:
        """Return placements without any answer for too long."""
        return tuple(
            order
            for order in self.live()
            if order.state is OrderState.SUBMITTED and now >= order.sent_at + ANSWER_WITHIN
        )

    def _settle(self, order: Order, change: OrderChange, filled_at: Instant) -> AppliedMessage:
        for finding, _ in change.findings:
            if finding is Finding.OLD:
                self.counters["old"] += 1
            elif finding is Finding.CONFLICT:
                self.counters["conflict"] += 1
            elif finding is Finding.LOOK:
                self.counters["unknown"] += 1
        if change.fill is not None:
            self._has_filled(order, filled_at)
        self._store(change.order)
        ended = change.order.state is OrderState.REJECTED and order.state is not OrderState.REJECTED
        resolution = Resolution.PLACE_REFUSED if ended else None
        return AppliedMessage(
            change.order, change.fill, change.findings, resolution, order.state, change.correction
        )

    def _has_filled(self, order: Order, at: Instant) -> None:
        """Remember since when a fill is known: one that a read tells of is as old as that read, and no news to it."""
        self.counters["fills"] += 1
        self.filled_at[order.instrument] = max(self.filled_at.get(order.instrument, 0), at)
        self.last_fill_at = max(self.last_fill_at, at)

    def _store(self, order: Order) -> None:
        self._orders[order.tag] = order
        if order.order_id:
            self._tags[order.order_id] = order.tag
        if order.state in ENDED:
            self._live.pop(order.tag, None)
        else:
            self._live[order.tag] = None


def exposed(orders: Iterable[Order], side: str) -> int:
    """Return units that the given orders of one side may still fill, at worst."""
    return sum(order.exposed for order in orders if order.side == side)
