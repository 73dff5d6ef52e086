"""Lists of orders, executions and positions as the broker sends them on a bad day: one row never spoils the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.upstox.rest.fields import FieldError
from engine.upstox.rest.records import each_once, order_of, orders_of, positions_of, trades_of

ORDER = {
    "order_id": "1",
    "tag": "a-1-E",
    "instrument_token": "NSE_EQ|A",
    "product": "I",
    "transaction_type": "BUY",
    "order_type": "LIMIT",
    "quantity": 10,
    "price": 100.0,
    "status": "open",
    "filled_quantity": 0,
    "average_price": 0,
    "order_timestamp": "2025-12-15 10:00:00",
}
POSITION = {
    "instrument_token": "NSE_EQ|A",
    "product": "I",
    "quantity": 10,
    "day_buy_quantity": 10,
    "day_buy_value": 1_000.0,
    "day_sell_quantity": 0,
}
TRADE = {
    "trade_id": "7",
    "order_id": "1",
    "instrument_token": "NSE_EQ|A",
    "product": "I",
    "transaction_type": "BUY",
    "quantity": 5,
    "average_price": 10.05,
}


@pytest.mark.parametrize(
    "broken",
    [
        {"status": None},
        {"quantity": ""},
        {"order_id": ""},
        {"filled_quantity": "x"},
        {"transaction_type": "?"},
    ],
)
def test_an_order_that_lacks_what_decides_is_named_and_the_others_are_read(broken: dict[str, object]) -> None:
    rows = orders_of([ORDER, ORDER | {"order_id": "2", "instrument_token": "NSE_EQ|B"} | broken, ORDER])
    assert [row.order_id for row in rows] == ["1", "1"]
    (unread,) = rows.unread
    assert (unread.instrument, unread.tag, unread.product, unread.settled) == (
        "NSE_EQ|B",
        "a-1-E",
        "I",
        False,
    )
    assert "expected" in unread.detail
    assert "NSE_EQ|B" in unread.words


def test_an_order_that_ended_and_filled_nothing_says_of_itself_that_it_changes_nothing() -> None:
    (unread,) = orders_of([ORDER | {"status": "rejected", "quantity": None}]).unread
    assert unread.settled
    (doubtful,) = orders_of([ORDER | {"status": "rejected", "quantity": None, "filled_quantity": "?"}]).unread
    assert not doubtful.settled


@pytest.mark.parametrize("entry", [None, "x", 7, [], {}])
def test_an_entry_that_is_no_row_is_counted_beside_rows_and_a_list_of_nothing_else_is_no_list(
    entry: object,
) -> None:
    rows = orders_of([ORDER, entry])
    assert len(rows) == len(rows.unread) == 1
    assert rows.unread[0].nameless
    for read in (orders_of, positions_of, trades_of):
        with pytest.raises(FieldError, match="tell of nothing"):
            read([entry])
        with pytest.raises(FieldError, match="expected a list"):
            read(entry if entry != [] else None)
        assert read([]) == ()


def test_what_was_filled_is_never_taken_for_nought_where_the_rest_of_the_row_tells_it() -> None:
    complete = ORDER | {"status": "complete", "filled_quantity": None}
    partly = ORDER | {"filled_quantity": "", "pending_quantity": 4}
    unsized = ORDER | {"quantity": None, "filled_quantity": 3, "pending_quantity": 7}
    assert [order_of(row).filled_quantity for row in (complete, partly, unsized)] == [10, 6, 3]
    assert order_of(unsized).quantity == 10
    assert order_of(ORDER | {"filled_quantity": None}).filled_quantity == 0


def test_ids_as_numbers_and_numbers_with_the_noise_of_floats_or_in_text_are_read_as_meant() -> None:
    order = order_of(
        ORDER
        | {
            "order_id": 251215000012345.0,
            "quantity": "1,000",
            "filled_quantity": 999.9999999998,
            "price": 1081.3000000000002,
        }
    )
    assert (order.order_id, order.quantity, order.filled_quantity, order.price) == (
        "251215000012345",
        1_000,
        1_000,
        1_081_30,
    )


def test_an_order_listed_twice_counts_once_in_its_newest_state() -> None:
    half, done = ORDER | {"filled_quantity": 5}, ORDER | {"filled_quantity": 10, "status": "complete"}
    other = ORDER | {"order_id": "2"}
    for rows in ([half, other, done], [done, other, half], [done, done, other]):
        once = each_once(orders_of([*rows, None]))
        assert {row.order_id: row.filled_quantity for row in once} == {"1": 10, "2": 0}
        assert len(once) == 2
        assert len(once.unread) == 1


def test_executions_are_told_apart_by_number_order_and_instrument() -> None:
    elsewhere = TRADE | {"instrument_token": "NSE_FO|1", "order_id": "2", "quantity": 65}
    rows = trades_of([TRADE, dict(TRADE), elsewhere, TRADE | {"order_id": "3"}])
    assert [(row.order_id, row.quantity) for row in rows] == [("1", 5), ("2", 65), ("3", 5)]
    assert rows.unread == ()


def test_an_execution_told_in_two_ways_proves_neither_and_the_others_count() -> None:
    rows = trades_of([TRADE, TRADE | {"quantity": 6}, TRADE | {"trade_id": "8"}])
    assert [row.trade_id for row in rows] == ["8"]
    (unread,) = rows.unread
    assert (unread.order_id, unread.instrument) == ("1", "NSE_EQ|A")
    assert "2 that differ" in unread.detail


def test_a_position_without_a_net_quantity_is_told_from_its_day_and_never_taken_for_zero() -> None:
    row = POSITION | {"quantity": "", "day_buy_quantity": 50, "day_sell_quantity": "20"}
    assert positions_of([row])[0].quantity == 30
    rows = positions_of([row | {"day_sell_quantity": ""}, POSITION | {"instrument_token": "NSE_EQ|B"}])
    assert [one.instrument for one in rows] == ["NSE_EQ|B"]
    assert [one.instrument for one in rows.unread] == ["NSE_EQ|A"]


def test_a_position_listed_twice_counts_once_and_in_two_ways_not_at_all() -> None:
    rows = positions_of([POSITION, dict(POSITION), POSITION | {"product": "D"}])
    assert [(one.product, one.quantity) for one in rows] == [("I", 10), ("D", 10)]
    rows = positions_of([POSITION, POSITION | {"quantity": 4}])
    assert [one.instrument for one in rows] == []
    assert [one.instrument for one in rows.unread] == ["NSE_EQ|A"]


_ODD: st.SearchStrategy[object] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.sampled_from([[], {}])
)


@given(st.dictionaries(st.sampled_from(sorted({*ORDER, *POSITION, *TRADE})), _ODD), st.integers(0, 2))
def test_whatever_one_row_holds_its_neighbours_are_read(changes: dict[str, object], place: int) -> None:
    for base, read in ((ORDER, orders_of), (POSITION, positions_of), (TRADE, trades_of)):
        neighbours = [base | {"instrument_token": f"NSE_EQ|{name}", "order_id": name} for name in "XY"]
        data = [*neighbours[:place], base | changes, *neighbours[place:]]
        rows = read(data)
        assert {"NSE_EQ|X", "NSE_EQ|Y"} <= {row.instrument for row in rows}
        assert len(rows) + len(rows.unread) == 3
