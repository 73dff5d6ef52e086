"""How each message of the broker changes an order: quantity first, then the state.

Everything here is pure: an order and a message give the next order, the fill it proves and what must be done
about it. Quantity counts first and never falls; the state moves second, and only along a legal edge.
"""

from enum import StrEnum
from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant
from engine.orders.messages import OrderReport, OrderType, Role
from engine.orders.order import Correction, Fill, Order, OrderTerms
from engine.orders.states import AT_EXCHANGE, ENDED, OrderState, legal, stage
from engine.orders.status_words import StatusReading, read_status

STRAY: Final = 10 * SECOND
"""How long a request without a proven end could still arrive; longer than the latest arrival tested, 8 s."""

WAITS_AGAIN: Final = 2 * SECOND
"""A list asked for so long after others' stop was said to have fired, and that shows it waiting, takes that back."""


class Finding(StrEnum):
    """What a message means beyond the order itself."""

    OLD = "OLD"
    """An old or repeated message: counted, not applied."""
    CONFLICT = "CONFLICT"
    """Not explainable: entries stop on the instrument and everything is read again."""
    LOOK = "LOOK"
    """Not conclusive: read this order again."""
    APPEARED = "APPEARED"
    """An order once proven missing exists: cancel it at once."""


class OrderChange(msgspec.Struct, frozen=True):
    """What one message did: the order after it, the fill it proved, and findings with a sentence each."""

    order: Order
    fill: Fill | None = None
    correction: Correction | None = None
    findings: tuple[tuple[Finding, str], ...] = ()


def apply_report(order: Order, report: OrderReport, now: Instant, *, fresh: bool = False) -> OrderChange:
    """Return the order after a report: quantity first, then state by rank (filled, stage, exchange time).

    ``fresh`` says that the record was read on purpose, well after our last request left: such a record proves an
    outstanding request done or not done, where a record of the stream may only be late.
    """
    if report.filled_quantity < order.filled:
        old = (Finding.OLD, f"fewer filled than known: {report.filled_quantity}")
        return OrderChange(order, findings=(old,))
    findings: list[tuple[Finding, str]] = []
    fill = _rise(order, report, findings)
    correction = _corrected(order, report)
    told = fill is not None or correction is not None
    after = msgspec.structs.replace(
        order,
        order_id=report.order_id or order.order_id,
        filled=report.filled_quantity,
        filled_value=report.filled_value if told else order.filled_value,
        exact=report.exact if fill is not None else order.exact or report.exact,
        message=report.message or order.message,
    )
    if order.state is OrderState.ABSENT:
        findings.append((Finding.APPEARED, f"{order.tag} was proven missing and exists"))
        after = msgspec.structs.replace(after, watched=True)
    reading, target = read_status(
        report.status, report.order_type, report.filled_quantity, max(report.quantity, 1)
    )
    if reading is StatusReading.UNKNOWN:
        findings.append((Finding.LOOK, f"unknown status {report.status!r}"))
    elif reading is StatusReading.ALARMING:
        findings.append((Finding.CONFLICT, f"status {report.status!r} was never meant"))
    elif target is None:
        target = _live_state_of(after, report.order_type)
    if target is not None:
        after = _advance(order, after, report, reading, target, (fill is not None, fresh), now, findings)
    return OrderChange(after, fill, correction, tuple(findings))


def waits_again(order: Order, report: OrderReport, asked_at: Instant | None) -> Order:
    """Return an order of others as a read takes back that it has fired; any other as it is.

    A list asked for well after that word came, in which it waits for its trigger, unfilled, outranks it: what is
    believed ahead of ours leaves ours without a stop. Ours that are said to have fired become the exit.
    """
    fired = order.state is OrderState.TRIGGERED and order.triggered_at is not None and not order.filled
    if not fired or not order.adopted or order.trade or asked_at is None:
        return order
    waits = report.status == "trigger pending" and report.order_type is OrderType.STOP_LIMIT
    if not waits or report.filled_quantity or asked_at < (order.triggered_at or 0) + WAITS_AGAIN:
        return order
    time = min(order.exchange_time, report.time)
    return msgspec.structs.replace(
        order, state=OrderState.ARMED, resume=OrderState.ARMED, triggered_at=None, exchange_time=time
    )


def _corrected(order: Order, report: OrderReport) -> Correction | None:
    """Return what a report changes of the value of what was told before; None where it changes nothing.

    Executions outrank averages; of two averages the later one counts.
    """
    if (
        not order.filled
        or report.filled_quantity != order.filled
        or report.filled_value == order.filled_value
    ):
        return None
    if not report.exact and (order.exact or report.time < order.exchange_time):
        return None
    return Correction(
        order.tag,
        order.instrument,
        order.side,
        order.filled,
        order.filled_value,
        report.filled_value,
        report.time,
        order.product,
    )


def _rise(order: Order, report: OrderReport, findings: list[tuple[Finding, str]]) -> Fill | None:
    delta = report.filled_quantity - order.filled
    if delta == 0:
        return None
    most = max(order.quantity, order.pending.quantity if order.pending is not None else 0, report.quantity)
    if report.filled_quantity > most:
        findings.append((Finding.CONFLICT, f"filled {report.filled_quantity} of {most}"))
    if order.state is OrderState.REJECTED:
        findings.append((Finding.CONFLICT, "a rejected order has filled"))
    return Fill(
        order.tag,
        order.instrument,
        order.side,
        order.role,
        order.trade,
        delta,
        max(report.filled_value - order.filled_value, 0),
        report.time,
        report.quality,
        order.product,
    )


def _live_state_of(order: Order, order_type: OrderType) -> OrderState:
    if order_type is OrderType.LIMIT:
        return OrderState.WORKING
    return OrderState.TRIGGERED if order.triggered_at is not None else OrderState.ARMED


def _advance(
    order: Order,
    after: Order,
    report: OrderReport,
    reading: StatusReading,
    target: OrderState,
    proof: tuple[bool, bool],
    now: Instant,
    findings: list[tuple[Finding, str]],
) -> Order:
    """Return ``after`` moved to what the report proves, or unmoved with a finding; proof is (rose, fresh)."""
    rose, fresh = proof
    terms = OrderTerms(report.order_type, report.quantity, report.price, report.trigger_price)
    if order.state in ENDED:
        return _after_end(order, after, target, rose, findings)
    if not rose and _outranked(order, report, target, terms):
        findings.append((Finding.OLD, f"{report.status!r} is behind {order.state.value}"))
        return after
    after = msgspec.structs.replace(
        after,
        order_type=terms.order_type,
        quantity=terms.quantity,
        price=terms.price,
        trigger_price=terms.trigger_price,
        exchange_time=max(report.time, order.exchange_time),
        changed_at=now,
        rests_since=_rests_since(order, terms, target, now),
    )
    fired = terms.order_type is OrderType.STOP_LIMIT and target in (OrderState.TRIGGERED, OrderState.PARTIAL)
    if fired and after.triggered_at is None:
        after = msgspec.structs.replace(after, triggered_at=now)
    outstanding = (
        order.state in (OrderState.PENDING_MODIFY, OrderState.PENDING_CANCEL) and target not in ENDED
    )
    judged = fresh and target in AT_EXCHANGE
    if outstanding and not judged and _still_pending(order, terms, reading, target):
        resume = target if target in AT_EXCHANGE else order.resume
        moved = OrderState.PENDING_CANCEL if target is OrderState.PENDING_CANCEL else order.state
        after = msgspec.structs.replace(after, state=moved, resume=resume)
        if order.aim is not None and terms != order.terms:
            # An earlier change came about: the newest has its own patience.
            after = msgspec.structs.replace(after, aim_since=order.written_at, tries=1, overlaps=False)
        return after
    if not _reachable(order.state, target, terms != order.terms):
        findings.append((Finding.CONFLICT, f"{order.state.value} to {target.value} by {report.status!r}"))
        return after
    asked = target in (OrderState.PENDING_MODIFY, OrderState.PENDING_CANCEL)
    if asked and order.state is not target:
        findings.append((Finding.LOOK, f"{report.status!r} without a request of ours"))
    after = msgspec.structs.replace(
        after,
        state=target,
        resume=order.state if order.state in AT_EXCHANGE else after.resume,
        answered=True,
        under_way=False,
        doubt_since=None,
    )
    return after if asked else _settled(order, after, terms, reading, now)


def _settled(order: Order, after: Order, terms: OrderTerms, reading: StatusReading, now: Instant) -> Order:
    """Return an order whose outstanding change, if there was one, has just been proven made or not made."""
    said_no = reading is StatusReading.BACK and order.pending is not None
    made = order.pending is None or terms == order.pending
    proven = made and order.pending is not None
    stray_until = after.stray_until
    if not made and not said_no and after.state not in ENDED:
        stray_until = now + STRAY
    return msgspec.structs.replace(
        after,
        pending=None,
        aim=None if proven else after.aim,
        refused_at=now if said_no else after.refused_at,
        read_at=0 if proven else now if said_no else after.read_at,
        stray_until=stray_until,
        most=after.most if stray_until > now else 0,
    )


def _rests_since(order: Order, terms: OrderTerms, target: OrderState, now: Instant) -> Instant | None:
    """Return since when an order rests at its terms: fills and quantities begin nothing anew."""
    if target not in AT_EXCHANGE:
        return order.rests_since
    same = msgspec.structs.replace(terms, quantity=order.quantity) == order.terms
    return order.rests_since if same and order.rests_since is not None else now


def _after_end(
    order: Order, after: Order, target: OrderState, rose: bool, findings: list[tuple[Finding, str]]
) -> Order:
    if order.state is OrderState.CANCELLED and rose:
        return msgspec.structs.replace(
            after, state=OrderState.FILLED if after.filled >= after.quantity else OrderState.CANCELLED
        )
    refused_yet_there = order.state in (OrderState.REJECTED, OrderState.DENIED) and order.exchange_time == 0
    if refused_yet_there and target not in ENDED:
        findings.append((Finding.CONFLICT, f"refused, yet the broker shows it {target.value}"))
    elif not rose and target is not order.state and target in ENDED:
        findings.append((Finding.CONFLICT, f"ended as {order.state.value}, now {target.value}"))
    elif not rose:
        findings.append((Finding.OLD, f"{target.value} after its end"))
    return after


def _outranked(order: Order, report: OrderReport, target: OrderState, terms: OrderTerms) -> bool:
    """Say whether a report without new fills lies behind what is known."""
    if order.state in (OrderState.PENDING_MODIFY, OrderState.PENDING_CANCEL):
        return report.time < order.exchange_time and target not in ENDED
    if order.state in (OrderState.SUBMITTED, OrderState.IN_DOUBT, OrderState.ABSENT):
        return False
    if terms.order_type is not order.order_type and report.time >= order.exchange_time:
        return False
    if stage(target) != stage(order.state):
        return stage(target) < stage(order.state)
    return report.time < order.exchange_time


def _still_pending(order: Order, terms: OrderTerms, reading: StatusReading, target: OrderState) -> bool:
    """Say whether our outstanding request is still unproven after a report that is no end."""
    if reading is StatusReading.BACK:
        # Not where it may speak of the change before: a read settles that.
        return order.state is OrderState.PENDING_MODIFY and order.overlaps
    if order.state is OrderState.PENDING_CANCEL:
        return True
    if target not in AT_EXCHANGE:
        return True
    return order.pending is not None and terms != order.pending


def _reachable(source: OrderState, target: OrderState, changed: bool) -> bool:
    if target is source or legal(source, target):
        return True
    outside = legal(source, OrderState.PENDING_MODIFY) and legal(OrderState.PENDING_MODIFY, target)
    return changed and outside


def adopt(report: OrderReport, role: Role, now: Instant) -> OrderChange:
    """Return an order born at the broker without a record of ours, with its fills as one fill."""
    born = Order(
        tag=report.tag or f"broker-{report.order_id}",
        instrument=report.instrument,
        side=report.side,
        role=role,
        order_type=report.order_type,
        quantity=report.quantity,
        price=report.price,
        trigger_price=report.trigger_price,
        order_id=report.order_id,
        exchange_time=report.time,
        changed_at=now,
        sent_at=now,
        message=report.message,
        adopted=True,
        product=report.product,
    )
    reading, target = read_status(
        report.status, report.order_type, report.filled_quantity, max(report.quantity, 1)
    )
    findings: list[tuple[Finding, str]] = []
    if target is None and reading in (StatusReading.MODIFIED, StatusReading.BACK):
        target = _live_state_of(born, report.order_type)
    if target is None:
        findings.append((Finding.LOOK, f"unknown status {report.status!r}"))
        target = OrderState.PARTIAL if report.filled_quantity else OrderState.ACKED
    fill = _rise(born, report, findings)
    fired = report.order_type is OrderType.STOP_LIMIT and target in (OrderState.TRIGGERED, OrderState.PARTIAL)
    return OrderChange(
        msgspec.structs.replace(
            born,
            state=target,
            resume=target,
            filled=report.filled_quantity,
            filled_value=report.filled_value,
            exact=report.exact,
            triggered_at=now if fired else None,
            rests_since=now if target in AT_EXCHANGE else None,
        ),
        fill,
        findings=tuple(findings),
    )
