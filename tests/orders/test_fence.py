"""What is known of a day's orders against what a read of the broker tells, instrument by instrument."""

import msgspec

from engine.market.clock import Instant
from engine.market.side import Side
from engine.orders.fence import LAG_WITHIN, Fence, Judgement, judge, orders_behind, positions_behind
from engine.orders.messages import BookRead, BrokerPosition, OrderReport, OrderType, Product, Role
from engine.orders.order import Order
from engine.orders.other_products import Holding

A, B = "NSE_EQ|A", "NSE_EQ|B"


def order(
    tag: str,
    instrument: str,
    side: Side,
    filled: int,
    order_id: str = "",
    product: Product = Product.INTRADAY,
) -> Order:
    return Order(
        tag,
        instrument,
        side,
        Role.ENTRY,
        OrderType.LIMIT,
        10,
        100_00,
        0,
        order_id=order_id,
        filled=filled,
        product=product,
    )


def row(tag: str, order_id: str, instrument: str, filled: int) -> OrderReport:
    return OrderReport(
        order_id, tag, instrument, Side.BUY, OrderType.LIMIT, 10, 100_00, 0, "open", filled, 0, 0
    )


def read(*orders: OrderReport, positions: tuple[BrokerPosition, ...] = ()) -> BookRead:
    return BookRead("r", 0, 0, positions, orders)


def held(instrument: str, bought: int, sold: int = 0) -> BrokerPosition:
    return BrokerPosition(instrument, bought - sold, bought, 0, sold, 0)


def test_two_empty_lists_against_a_known_fill_are_behind() -> None:
    known = [order("a-1-E", A, Side.BUY, 10, "B1")]
    assert list(orders_behind(known, read())) == [A]
    assert list(positions_behind(known, read(), {})) == [(A, Product.INTRADAY)]
    assert "does not list it" in orders_behind(known, read())[A]


def test_an_order_that_tells_fewer_fills_holds_its_own_instrument_back_and_no_other() -> None:
    known = [order("a-1-E", A, Side.BUY, 10, "B1"), order("a-2-E", B, Side.BUY, 5, "B2")]
    told = read(row("a-1-E", "B1", A, 10), row("a-2-E", "B2", B, 4))
    assert list(orders_behind(known, told)) == [B]
    assert "tells of 4" in orders_behind(known, told)[B]


def test_an_order_whose_id_was_never_learned_is_looked_for_by_its_tag() -> None:
    known = [order("a-1-E", A, Side.BUY, 10)]
    assert orders_behind(known, read(row("a-1-E", "B1", A, 10))) == {}
    assert list(orders_behind(known, read(row("", "B1", A, 10)))) == [A]


def test_what_never_filled_proves_nothing() -> None:
    assert orders_behind([order("a-1-E", A, Side.BUY, 0, "B1")], read()) == {}
    assert positions_behind([order("a-1-E", A, Side.BUY, 0, "B1")], read(), {}) == {}


def test_a_closed_round_trip_need_not_be_listed_as_a_position() -> None:
    known = [order("a-1-E", A, Side.BUY, 10, "B1"), order("a-2-X", A, Side.SELL, 10, "B2")]
    assert positions_behind(known, read(), {}) == {}


def test_a_position_that_traded_less_than_our_fills_is_behind_and_one_that_traded_more_is_not() -> None:
    known = [order("a-1-E", A, Side.BUY, 10, "B1")]
    assert list(positions_behind(known, read(positions=(held(A, 6),)), {})) == [(A, Product.INTRADAY)]
    assert positions_behind(known, read(positions=(held(A, 10, 4),)), {}) == {}
    assert positions_behind(known, read(positions=(held(A, 10),)), {}) == {}


BOUGHT, SOLD = order("a-1-E", A, Side.BUY, 10, "B1"), order("a-2-E", B, Side.BUY, 5, "B2")
ROWS = (row("a-1-E", "B1", A, 10), row("a-2-E", "B2", B, 5))
WHOLE = read(*ROWS, positions=(held(A, 10), held(B, 5)))
LATE = read(*ROWS, positions=(held(B, 5),))


def judged(
    told: BookRead, asked: Instant = 100, *, lagging: dict[Holding, Instant] | None = None
) -> Judgement:
    fence = Fence()
    fence.lagging = lagging or {}
    return judge((BOUGHT, SOLD), told, asked, {A: 100, B: 50}, fence)


def test_a_read_that_shows_every_fill_counts_for_everything() -> None:
    assert judged(WHOLE) == Judgement({}, {})


def test_a_newer_fill_of_one_instrument_leaves_the_others_as_told() -> None:
    assert list(judged(WHOLE, 99).behind) == [A]


def test_an_order_with_fewer_fills_than_known_is_held_against_every_read() -> None:
    less = read(row("a-1-E", "B1", A, 9), ROWS[1], positions=WHOLE.positions)
    assert list(judged(less).behind) == [A]
    assert list(judged(less, 10 * LAG_WITHIN).behind) == [A]


def test_a_position_that_traded_less_than_its_fills_is_believed_once_it_has_stood() -> None:
    first = judged(LATE)
    assert (list(first.behind), first.lagging) == ([A], {(A, Product.INTRADAY): 100})
    assert list(judged(LATE, 99 + LAG_WITHIN, lagging=first.lagging).behind) == [A]
    assert judged(LATE, 100 + LAG_WITHIN, lagging=first.lagging).behind == {}


def test_a_position_that_caught_up_begins_its_patience_anew() -> None:
    caught_up = judged(WHOLE, 200, lagging=judged(LATE).lagging)
    assert caught_up == Judgement({}, {})
    assert list(judged(LATE, 100 + LAG_WITHIN, lagging=caught_up.lagging).behind) == [A]


DELIVERY = Product.DELIVERY
CARRIED_SOLD = order("a-3-X", A, Side.SELL, 30, "B3", DELIVERY)
CARRIED_ROW = BrokerPosition(A, 30, 0, 0, 0, 0, DELIVERY)
SOLD_ROW = row("a-3-X", "B3", A, 30)


def test_a_carried_row_that_is_left_out_once_it_is_sold_is_nought_by_what_an_earlier_read_told() -> None:
    fence = Fence()
    fence.learn(read(positions=(CARRIED_ROW,)), ())
    assert positions_behind([CARRIED_SOLD], read(SOLD_ROW), fence.overnight) == {}
    assert judge([CARRIED_SOLD], read(SOLD_ROW), 100, {A: 50}, fence) == Judgement({}, {})


def test_a_carried_row_that_is_left_out_with_a_rest_of_it_unsold_is_behind() -> None:
    fence = Fence()
    fence.learn(read(positions=(msgspec.structs.replace(CARRIED_ROW, quantity=40),)), ())
    assert list(positions_behind([CARRIED_SOLD], read(SOLD_ROW), fence.overnight)) == [(A, DELIVERY)]


def test_a_row_of_a_read_that_did_not_count_tells_nothing_of_what_was_carried() -> None:
    fence = Fence()
    fence.learn(read(positions=(CARRIED_ROW,)), {A: "older than what is known"})
    assert list(positions_behind([CARRIED_SOLD], read(SOLD_ROW), fence.overnight)) == [(A, DELIVERY)]


def test_the_patience_with_one_product_of_an_instrument_is_not_spent_on_another() -> None:
    fence = Fence()
    known = (BOUGHT, CARRIED_SOLD)
    first = judge(known, read(ROWS[0], SOLD_ROW, positions=(held(A, 10),)), 100, {}, fence)
    fence.lagging = first.lagging
    late = 100 + LAG_WITHIN
    both = judge(known, read(ROWS[0], SOLD_ROW), late, {}, fence)
    assert both.lagging == {(A, DELIVERY): 100, (A, Product.INTRADAY): late}
    assert list(both.behind) == [A]
