import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.orders.messages import OrderType
from engine.orders.order import Order, OrderTerms
from engine.orders.reports import Finding, apply_report
from engine.orders.states import EDGES, ENDED, OrderState, legal
from engine.orders.status_words import STATUSES, StatusReading, read_status
from tests.orders.builders import NOW, make_order, make_report


def test_the_table_has_ninety_edges_and_ten_for_adoption() -> None:
    assert sum(len(targets) for source, targets in EDGES.items() if source is not None) == 90
    assert len(EDGES[None]) == 10
    assert set(EDGES) - {None} == set(OrderState)


def test_silence_is_never_a_rejection() -> None:
    assert legal(OrderState.SUBMITTED, OrderState.IN_DOUBT)
    assert not legal(OrderState.SUBMITTED, OrderState.ABSENT)
    assert legal(OrderState.IN_DOUBT, OrderState.ABSENT)


@pytest.mark.parametrize("ended", sorted(ENDED - {OrderState.CANCELLED}))
def test_nothing_follows_an_end(ended: OrderState) -> None:
    assert EDGES[ended] == frozenset()


def test_a_cancelled_order_may_still_fill() -> None:
    assert legal(OrderState.CANCELLED, OrderState.FILLED)


def test_the_broker_has_seventeen_words_and_each_is_understood() -> None:
    assert len(set(STATUSES)) == 17
    for status in STATUSES:
        reading, _ = read_status(status, OrderType.LIMIT, 0, 100)
        assert reading is not StatusReading.UNKNOWN, status


@pytest.mark.parametrize(
    ("status", "order_type", "filled", "expected"),
    [
        ("open", OrderType.LIMIT, 0, OrderState.WORKING),
        ("open", OrderType.STOP_LIMIT, 0, OrderState.TRIGGERED),
        ("open", OrderType.LIMIT, 40, OrderState.PARTIAL),
        ("trigger pending", OrderType.STOP_LIMIT, 0, OrderState.ARMED),
        ("cancelled", OrderType.LIMIT, 40, OrderState.CANCELLED),
        ("cancelled", OrderType.LIMIT, 100, OrderState.FILLED),
        ("complete", OrderType.LIMIT, 100, OrderState.FILLED),
        ("complete", OrderType.LIMIT, 99, None),
        ("rejected", OrderType.LIMIT, 0, OrderState.REJECTED),
        ("modify pending", OrderType.LIMIT, 0, OrderState.PENDING_MODIFY),
        ("cancel pending", OrderType.LIMIT, 0, OrderState.PENDING_CANCEL),
        ("put order req received", OrderType.LIMIT, 0, OrderState.ACKED),
        ("something new", OrderType.LIMIT, 0, None),
    ],
)
def test_a_status_word_is_read_with_type_and_fill(
    status: str, order_type: OrderType, filled: int, expected: OrderState | None
) -> None:
    assert read_status(status, order_type, filled, 100)[1] is expected


_states = st.sampled_from(sorted(set(OrderState) - {OrderState.NEW}))
_words = st.sampled_from([*STATUSES, "no such word"])
_steps = st.lists(
    st.tuples(
        _words,
        st.integers(0, 130),
        st.integers(-3, 5),
        st.sampled_from(list(OrderType)),
        st.sampled_from([100, 60, 130]),
        st.booleans(),
    ),
    max_size=8,
)


@given(start=_states, filled=st.integers(0, 100), steps=_steps, asked=st.booleans())
def test_any_sequence_of_reports_is_survived_and_the_filled_quantity_never_falls(
    start: OrderState, filled: int, steps: list[tuple[str, int, int, OrderType, int, bool]], *, asked: bool
) -> None:
    order: Order = make_order(state=start, filled=filled)
    if asked and start in (OrderState.PENDING_MODIFY, OrderState.PENDING_CANCEL):
        order = _asked(order)
    total = filled
    for status, done, shift, order_type, quantity, fresh in steps:
        report = make_report(
            order, status, filled=done, time=NOW + shift, order_type=order_type, quantity=quantity
        )
        change = apply_report(order, report, NOW + 10, fresh=fresh)
        assert change.order.filled >= order.filled
        rise = change.order.filled - order.filled
        assert (change.fill.quantity if change.fill is not None else 0) == rise
        total += rise
        moved = change.order.state is not order.state
        if moved:
            through = legal(order.state, OrderState.PENDING_MODIFY) and legal(
                OrderState.PENDING_MODIFY, change.order.state
            )
            assert legal(order.state, change.order.state) or through
        order = change.order
    assert order.filled == total


def _asked(order: Order) -> Order:
    import msgspec

    terms = OrderTerms(OrderType.LIMIT, 60, order.price, 0)
    return msgspec.structs.replace(order, pending=terms, resume=OrderState.WORKING)


@given(filled=st.integers(1, 100))
def test_an_illegal_edge_counts_the_quantity_and_reports_a_conflict(filled: int) -> None:
    order = make_order(state=OrderState.REJECTED)
    change = apply_report(order, make_report(order, "open", filled=filled), NOW)
    assert change.order.state is OrderState.REJECTED
    assert change.order.filled == filled
    assert Finding.CONFLICT in [finding for finding, _ in change.findings]
