"""What a live broker knows of its orders: whose they are, what is news, and whether anything is at stake."""

from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.brokers.upstox.book_reader import WholeBook
from engine.brokers.upstox.order_tracker import HELD_FOR, OrderTracker
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.messages import OrderType, PlaceOrder, Role
from engine.orders.status_words import ENDED_WORDS
from engine.upstox.rest.fields import FieldError
from engine.upstox.rest.records import BrokerOrderRow, BrokerPositionRow, order_of, positions_of, trades_of

KEY: Final = "NSE_EQ|INE027H01010"
ENTRY: Final = PlaceOrder("a-1-E", KEY, Side.BUY, Role.ENTRY, OrderType.LIMIT, 10, 100_00)


def row(
    status: str, filled: int = 0, *, order_id: str = "1", tag: str = "a-1-E", product: str = "I"
) -> BrokerOrderRow:
    return order_of(
        {
            "order_id": order_id,
            "tag": tag,
            "instrument_token": KEY,
            "product": product,
            "transaction_type": "BUY",
            "order_type": "LIMIT",
            "quantity": 10,
            "price": 100.0,
            "status": status,
            "filled_quantity": filled,
            "average_price": 100.0 if filled else 0,
            "order_timestamp": "2025-12-15 10:00:00",
        }
    )


def held(quantity: int, product: str = "I") -> tuple[BrokerPositionRow, ...]:
    return positions_of(
        [
            {
                "instrument_token": KEY,
                "product": product,
                "quantity": quantity,
                "day_buy_quantity": quantity,
                "day_buy_value": quantity * 100.0,
            }
        ]
    )


def register() -> OrderTracker:
    return OrderTracker(whole_account=False)


def test_an_order_counts_as_live_from_the_moment_it_is_placed_until_a_row_ends_it() -> None:
    found = register()
    seen = [found.live]
    found.placing[ENTRY.tag] = ENTRY
    seen.append(found.live)
    del found.placing[ENTRY.tag]
    found.acknowledged(ENTRY.tag, "1")
    seen.append(found.live)
    for number, status in enumerate(("open", "cancelled")):
        found.news([row(status)], number)
        seen.append(found.live)
    assert seen == [False, True, True, True, False]


def test_an_order_in_doubt_counts_as_live_until_a_book_read_long_after_does_not_list_it() -> None:
    found = register()
    found.unanswered(ENTRY, 0)
    seen = []
    for read_at in (HELD_FOR - 1, HELD_FOR):
        found.book_read("r", WholeBook(read_at, (), ()), HELD_FOR)
        seen.append(found.live)
    assert seen == [True, False]
    assert [one.tag for one in found.news([row("open")], 60 * SECOND)] == ["a-1-E"]
    assert found.live


def test_a_fill_is_unproven_until_a_whole_book_shows_it() -> None:
    found = register()
    found.news([row("complete", 10)], 1)
    assert found.unproven
    found.book_read("r", WholeBook(1, (row("open", 4),), held(4)), 1)
    assert found.unproven
    found.book_read("r", WholeBook(2, (row("complete", 10),), held(10)), 2)
    assert not found.unproven


def test_an_old_message_neither_revives_an_order_nor_takes_its_fills_back() -> None:
    found = register()
    found.news([row("complete", 10)], 1)
    found.news([row("open"), row("open", 4)], 2)
    assert not found.live
    assert found.unproven


def test_an_update_without_a_tag_is_held_for_the_placement_it_fits_and_then_told_under_its_tag() -> None:
    found = register()
    found.placing[ENTRY.tag] = ENTRY
    assert found.news([row("open", tag="")], 1) == []
    assert found.held == 1
    del found.placing[ENTRY.tag]
    found.acknowledged(ENTRY.tag, "1")
    assert [one.tag for one in found.news((), 2)] == ["a-1-E"]


def test_an_update_that_nobody_claims_is_told_as_a_strangers_after_a_while() -> None:
    found = register()
    found.unanswered(ENTRY, 0)
    assert found.news([row("open", tag="")], 1) == []
    assert found.news((), HELD_FOR) == []
    assert [one.tag for one in found.news((), HELD_FOR + 1)] == [""]


def test_another_product_is_no_news_and_is_counted_as_outside_unless_the_whole_account_is_in_scope() -> None:
    book = WholeBook(1, (row("open", product="D", tag="", order_id="9"),), held(5, "D"))
    ours, everything = register(), OrderTracker(whole_account=True)
    assert ours.news(book.orders, 1) == []
    assert len(everything.news(book.orders, 1)) == 1
    read = ours.book_read("r", book, 1)
    assert (read.orders, read.positions) == ((), ())
    assert (ours.outside.positions, ours.outside.orders) == (1, 1)
    assert everything.book_read("r", book, 1).positions[0].quantity == 5
    assert everything.outside.positions == 0


@given(
    st.lists(
        st.tuples(st.sampled_from([*sorted(ENDED_WORDS), "open", "modified", "odd word"]), st.integers(0, 10))
    )
)
def test_whatever_comes_in_whatever_order_fills_never_fall_and_no_row_is_told_twice_in_a_row(
    steps: list[tuple[str, int]],
) -> None:
    found, told = register(), []
    for number, (status, filled) in enumerate(steps):
        told += found.news([row(status, filled)], number)
        most = max(one.filled_quantity for one in told)
        assert found.unproven == (most > 0)
    assert all(one != other for one, other in pairwise(told))


def unpriced(order_id: str = "1", **more: object) -> BrokerOrderRow:
    return order_of(
        {
            "order_id": order_id,
            "tag": "a-1-E",
            "instrument_token": KEY,
            "product": "I",
            "transaction_type": "BUY",
            "quantity": 10,
            "price": 101.0,
            "status": "complete",
            "filled_quantity": 10,
            "average_price": 0,
            **more,
        }
    )


def test_a_fill_without_a_price_counts_at_its_trades_and_without_them_at_its_limit() -> None:
    by_trades, by_limit = register(), register()
    trade = {
        "trade_id": "7",
        "order_id": "1",
        "instrument_token": KEY,
        "transaction_type": "BUY",
        "quantity": 10,
    }
    by_trades.values.learn(trades_of([trade | {"average_price": 100.5}]))
    assert [report.filled_value for report in by_trades.news([unpriced()], 0)] == [100_500]
    assert [report.filled_value for report in by_limit.news([unpriced()], 0)] == [101_000]
    [priced] = by_limit.news([unpriced(average_price=100.5)], 0)
    assert (priced.filled_quantity, priced.filled_value) == (10, 101_000)


def test_a_fill_that_nothing_prices_waits_for_the_next_poll_and_leaves_the_book_unread() -> None:
    found = register()
    assert found.news([unpriced(price=0)], 0) == []
    with pytest.raises(FieldError, match="expected a price of 10 units"):
        found.book_read("1", WholeBook(0, (unpriced(price=0),), held(10)), 0)
    assert [report.filled_value for report in found.news([unpriced(price=0, average_price=99.0)], 0)] == [
        99_000
    ]


def execution(quantity: int, rupees: float, number: str = "7") -> dict[str, object]:
    return {
        "trade_id": number,
        "order_id": "1",
        "instrument_token": KEY,
        "transaction_type": "BUY",
        "quantity": quantity,
        "average_price": rupees,
    }


def test_executions_that_come_later_correct_what_was_told_and_say_that_they_are_exact() -> None:
    found = register()
    [told] = found.news([row("complete", 10)], 0)
    assert (told.filled_value, told.exact) == (100_000, False)
    # Half of them are booked: nothing is known of the whole yet.
    assert found.executed(trades_of([execution(4, 99.0)]), 1) == []
    unsettled = [found.unsettled]
    corrected = found.executed(trades_of([execution(4, 99.0), execution(6, 99.5, "8")]), 2)
    assert [(one.filled_quantity, one.filled_value, one.exact) for one in corrected] == [(10, 99_300, True)]
    assert [*unsettled, found.unsettled] == [True, False]
    assert found.executed(trades_of([execution(4, 99.0), execution(6, 99.5, "8")]), 3) == []
    [again] = found.news([row("complete", 10, tag="")], 4)
    assert (again.filled_value, again.exact) == (99_300, True)


def test_executions_that_agree_with_what_was_told_settle_it_without_another_word() -> None:
    found = register()
    found.news([row("complete", 10)], 0)
    assert found.executed(trades_of([execution(10, 100.0)]), 1) == []
    assert not found.unsettled


def test_a_value_of_an_earlier_life_is_corrected_by_the_executions_of_this_one() -> None:
    found = register()
    found.values.remember("1", 10, 98_000)
    [told] = found.news([row("complete", 10)], 0)
    assert (told.filled_value, told.exact) == (98_000, False)
    [corrected] = found.executed(trades_of([execution(10, 100.0)]), 1)
    assert (corrected.filled_value, corrected.exact) == (100_000, True)
