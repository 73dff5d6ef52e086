import msgspec

from engine.market.side import Side
from engine.orders.messages import OrderType, Role
from engine.orders.order import OrderTerms
from engine.orders.reports import STRAY, Finding, adopt, apply_report
from engine.orders.states import OrderState
from tests.orders.builders import NOW, make_order, make_report


def findings(change: object) -> list[Finding]:
    return [finding for finding, _ in change.findings]  # type: ignore[attr-defined]


def test_a_fill_before_the_answer_is_applied() -> None:
    order = make_order(state=OrderState.SUBMITTED, order_id="")
    change = apply_report(order, make_report(order, "complete", filled=100), NOW)
    assert change.order.state is OrderState.FILLED
    assert change.order.order_id == "B1"
    assert change.fill is not None
    assert (change.fill.quantity, change.fill.value) == (100, 100 * 1_000_00)


def test_a_repeated_fill_is_counted_once() -> None:
    order = make_order(state=OrderState.WORKING)
    report = make_report(order, "open", filled=40)
    once = apply_report(order, report, NOW)
    twice = apply_report(once.order, report, NOW)
    assert once.fill is not None
    assert twice.fill is None
    assert twice.order.filled == 40
    assert twice.order.state is OrderState.PARTIAL


def test_the_same_quantity_with_another_value_corrects_it() -> None:
    order = make_order(state=OrderState.PARTIAL, filled=40)
    report = make_report(order, "open", filled_value=order.filled_value + 5)
    changed = apply_report(order, report, NOW)
    assert changed.correction is not None
    assert (changed.correction.change, changed.order.filled_value) == (5, order.filled_value + 5)
    assert (changed.fill, Finding.CONFLICT in findings(changed)) == (None, False)


def test_an_average_never_overrules_what_the_executions_said() -> None:
    order = make_order(state=OrderState.PARTIAL, filled=40)
    exact = apply_report(
        order,
        msgspec.structs.replace(make_report(order, "open", filled_value=order.filled_value + 5), exact=True),
        NOW,
    ).order
    late = apply_report(exact, make_report(order, "open", filled_value=order.filled_value), NOW)
    assert (late.correction, late.order.filled_value, late.order.exact) == (None, exact.filled_value, True)


def test_statuses_out_of_order_never_step_back() -> None:
    order = make_order(state=OrderState.WORKING)
    done = apply_report(order, make_report(order, "complete", filled=100), NOW).order
    late = apply_report(done, make_report(done, "open", filled=100), NOW)
    assert late.order.state is OrderState.FILLED
    assert findings(late) == [Finding.OLD]


def test_fewer_filled_than_known_is_an_old_message() -> None:
    order = make_order(state=OrderState.PARTIAL, filled=40)
    change = apply_report(order, make_report(order, "open", filled=10), NOW)
    assert change.order == order
    assert findings(change) == [Finding.OLD]


def test_more_filled_than_ordered_counts_and_is_a_conflict() -> None:
    order = make_order(state=OrderState.WORKING)
    change = apply_report(order, make_report(order, "open", filled=130), NOW)
    assert change.fill is not None
    assert change.fill.quantity == 130
    assert Finding.CONFLICT in findings(change)


def test_a_late_fill_after_the_cancel_is_kept() -> None:
    order = make_order(state=OrderState.CANCELLED, filled=20)
    change = apply_report(order, make_report(order, "cancelled", filled=50), NOW)
    assert change.order.state is OrderState.CANCELLED
    assert change.fill is not None
    assert change.fill.quantity == 30
    whole = apply_report(change.order, make_report(change.order, "cancelled", filled=100), NOW)
    assert whole.order.state is OrderState.FILLED


def test_an_outstanding_change_is_left_on_evidence_only() -> None:
    terms = OrderTerms(OrderType.STOP_LIMIT, 60, 990_00, 995_00)
    stop = make_order(
        state=OrderState.ARMED,
        role=Role.STOP,
        order_type=OrderType.STOP_LIMIT,
        trigger_price=994_00,
        price=989_00,
    )
    asked = msgspec.structs.replace(
        stop, state=OrderState.PENDING_MODIFY, resume=OrderState.ARMED, pending=terms
    )
    old_terms = apply_report(asked, make_report(asked, "trigger pending"), NOW)
    assert old_terms.order.state is OrderState.PENDING_MODIFY
    assert old_terms.order.exposed == 100
    proven = make_report(
        asked, "modified", quantity=60, price=990_00, trigger_price=995_00, order_type=OrderType.STOP_LIMIT
    )
    after = apply_report(old_terms.order, proven, NOW).order
    assert (after.state, after.quantity, after.pending) == (OrderState.ARMED, 60, None)


def test_a_read_on_purpose_settles_a_change_that_was_never_made() -> None:
    stop = make_order(
        state=OrderState.ARMED, role=Role.STOP, order_type=OrderType.STOP_LIMIT, trigger_price=994_00
    )
    asked = msgspec.structs.replace(
        stop,
        state=OrderState.PENDING_MODIFY,
        resume=OrderState.ARMED,
        pending=OrderTerms(OrderType.STOP_LIMIT, 60, stop.price, 994_00),
    )
    after = apply_report(asked, make_report(asked, "trigger pending"), NOW, fresh=True).order
    assert (after.state, after.quantity) == (OrderState.ARMED, 100)
    assert after.stray_until == NOW + STRAY


def test_a_refused_change_leaves_the_old_terms_live() -> None:
    order = make_order(state=OrderState.WORKING)
    asked = msgspec.structs.replace(
        order,
        state=OrderState.PENDING_MODIFY,
        resume=OrderState.WORKING,
        pending=OrderTerms(OrderType.LIMIT, 100, 1_001_00, 0),
    )
    after = apply_report(asked, make_report(asked, "not modified"), NOW).order
    assert (after.state, after.price, after.pending) == (OrderState.WORKING, 1_000_00, None)


def test_a_stop_that_fired_while_a_change_was_out_is_known_to_have_fired() -> None:
    stop = make_order(
        state=OrderState.ARMED, role=Role.STOP, order_type=OrderType.STOP_LIMIT, trigger_price=994_00
    )
    asked = msgspec.structs.replace(
        stop,
        state=OrderState.PENDING_MODIFY,
        resume=OrderState.ARMED,
        pending=OrderTerms(OrderType.STOP_LIMIT, 60, stop.price, 994_00),
    )
    after = apply_report(asked, make_report(asked, "open"), NOW).order
    assert after.triggered_at == NOW


def test_a_stop_turned_into_a_limit_by_somebody_else_is_read_back() -> None:
    stop = make_order(
        state=OrderState.ARMED, role=Role.STOP, order_type=OrderType.STOP_LIMIT, trigger_price=994_00
    )
    report = make_report(stop, "open", order_type=OrderType.LIMIT, trigger_price=0)
    after = apply_report(stop, report, NOW).order
    assert (after.state, after.order_type) == (OrderState.WORKING, OrderType.LIMIT)


def test_an_order_proven_missing_that_appears_is_named() -> None:
    order = make_order(state=OrderState.ABSENT)
    change = apply_report(order, make_report(order, "open"), NOW)
    assert findings(change) == [Finding.APPEARED]
    assert change.order.watched


def test_a_rejected_order_that_the_broker_shows_live_is_a_conflict() -> None:
    order = make_order(state=OrderState.REJECTED)
    assert findings(apply_report(order, make_report(order, "open"), NOW)) == [Finding.CONFLICT]


def test_an_order_found_at_the_broker_is_adopted_with_its_fills() -> None:
    order = make_order(tag="", side=Side.SELL)
    change = adopt(make_report(order, "open", filled=25), Role.EXIT, NOW)
    assert change.order.adopted
    assert change.order.state is OrderState.PARTIAL
    assert change.order.tag == "broker-B1"
    assert change.fill is not None
    assert change.fill.quantity == 25
