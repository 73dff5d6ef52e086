"""How the paper exchange fills: first book after the latency, resting, crossing, trading through, stops."""

import msgspec

from engine.brokers.paper.exchange import PaperExchange
from engine.market.clock import MILLISECOND, MINUTE, SECOND, Instant
from engine.market.instrument import InstrumentClass
from engine.market.side import Side
from engine.market.update import Bar
from engine.orders.messages import Acknowledged, BrokerEvent, CancelOrder, OrderReport, OrderType, Request
from tests.brokers.paper.stand import (
    LATENCY,
    OPTION,
    PLAIN,
    STOCK,
    TEN,
    WAIT,
    final,
    leave,
    limit,
    moved,
    open_exchange,
    reports,
    statuses,
    stop,
    update,
)

BOOK_BIDS = ((100_000, 50), (99_990, 50), (99_980, 50))
BOOK_ASKS = ((100_010, 10), (100_020, 20), (100_030, 30))


def fills(exchange: PaperExchange) -> list[tuple[int, int, str]]:
    return [(fill.price, fill.quantity, fill.quality) for fill in exchange.fills]


def standing(at: Instant = TEN) -> PaperExchange:
    exchange = open_exchange()
    exchange.on_update(update(at, 100_000, 1_000, bids=BOOK_BIDS, asks=BOOK_ASKS, day=(101_000, 99_000)), at)
    return exchange


def arrive(exchange: PaperExchange, request: Request, at: Instant) -> list[BrokerEvent]:
    exchange.submit(request, at)
    return exchange.advance(at + LATENCY)


def cancel(order: OrderReport) -> CancelOrder:
    return CancelOrder(f"cancel-{order.tag}", order.tag, order.order_id)


def test_an_order_arrives_after_the_latency_and_not_before() -> None:
    exchange = standing()
    exchange.submit(limit("E1", Side.BUY, 5, 100_030), TEN)
    assert exchange.next_due() == TEN + LATENCY
    assert exchange.advance(TEN + LATENCY - 1) == []
    events = exchange.advance(TEN + LATENCY)
    assert events[0] == Acknowledged("E1", "251215000000001")
    assert statuses(events) == ["validation pending", "open"]


def test_a_marketable_order_walks_the_first_book_after_the_latency_and_its_rest_rests() -> None:
    exchange = standing()
    arrive(exchange, limit("E1", Side.BUY, 50, 100_020), TEN)
    at = TEN + 200 * MILLISECOND
    events = exchange.on_update(
        update(at, 100_010, 1_001, bids=BOOK_BIDS, asks=((100_000, 4), (100_020, 16), (100_030, 90))), at
    )
    assert fills(exchange) == [(100_000, 4, "BOOK"), (100_020, 16, "BOOK")]
    assert statuses(events) == ["open"]
    assert final(exchange, "E1").filled_value == 4 * 100_000 + 16 * 100_020
    assert exchange.positions[0].quantity == 20


def test_an_entry_never_meets_the_book_it_was_decided_on() -> None:
    exchange = standing()
    arrive(exchange, limit("E1", Side.BUY, 10, 100_020), TEN)
    assert exchange.next_due() is None
    exchange.advance(TEN + MINUTE)
    # The same packet once more says nothing new; another instrument's says nothing of this one.
    exchange.on_update(update(TEN, 100_000, 1_000, bids=BOOK_BIDS, asks=BOOK_ASKS), TEN + MINUTE)
    exchange.on_update(update(TEN + MINUTE, 50_000, 10, key=PLAIN, close=50_000), TEN + MINUTE)
    assert fills(exchange) == []


def test_a_later_packet_with_the_same_book_fills_a_waiting_order_one_spread_worse() -> None:
    exchange = standing()
    arrive(exchange, limit("E1", Side.BUY, 25, 100_030), TEN)
    at = TEN + SECOND
    events = exchange.on_update(update(at, 100_010, 1_001, bids=BOOK_BIDS, asks=BOOK_ASKS), at)
    assert fills(exchange) == [(100_020, 10, "STANDING"), (100_030, 15, "STANDING")]
    assert statuses(events) == ["complete"]


def test_a_waiting_order_that_cannot_pay_one_spread_more_waits_for_a_newer_book() -> None:
    exchange = standing()
    arrive(exchange, limit("E1", Side.BUY, 10, 100_010), TEN)
    at = TEN + SECOND
    exchange.on_update(update(at, 100_010, 1_001, bids=BOOK_BIDS, asks=BOOK_ASKS), at)
    assert fills(exchange) == []
    at += SECOND
    exchange.on_update(update(at, 100_010, 1_001, bids=BOOK_BIDS, asks=((100_000, 30),)), at)
    assert fills(exchange) == [(100_000, 10, "BOOK")]


def test_without_a_newer_book_an_exit_takes_the_standing_one_after_the_wait_one_spread_worse() -> None:
    exchange = standing()
    arrive(exchange, leave("X1", Side.SELL, 10, 99_980), TEN)
    assert exchange.next_due() == TEN + LATENCY + WAIT
    events = exchange.advance(TEN + LATENCY + WAIT)
    assert fills(exchange) == [(99_990, 10, "STANDING")]
    assert statuses(events) == ["complete"]
    assert exchange.next_due() is None


def test_while_the_market_is_held_an_exit_meets_the_standing_book_at_once_and_an_entry_waits() -> None:
    exchange = standing()
    exchange.hold(True, TEN)
    arrive(exchange, limit("E1", Side.BUY, 5, 100_020), TEN + MINUTE)
    events = arrive(exchange, leave("X1", Side.SELL, 60, 99_000), TEN + 7 * MINUTE)
    assert statuses(events) == ["validation pending", "open", "complete"]
    assert fills(exchange) == [(100_000, 50, "STANDING"), (99_990, 10, "STANDING")]


def test_holding_the_market_lets_a_waiting_exit_meet_the_standing_book() -> None:
    exchange = standing()
    arrive(exchange, leave("X1", Side.BUY, 10, 100_020), TEN)
    exchange.hold(True, TEN + 2 * LATENCY)
    assert statuses(exchange.advance(TEN + 2 * LATENCY)) == ["complete"]


def test_an_exit_into_a_book_whose_segment_is_silent_is_marked_stale() -> None:
    exchange = standing()
    later = TEN + 10 * SECOND
    arrive(exchange, leave("X1", Side.BUY, 10, 100_030), later)
    exchange.advance(later + LATENCY + WAIT)
    assert fills(exchange) == [(100_020, 10, "STALE")]


def test_a_quiet_instrument_in_a_segment_that_moves_is_standing_not_stale() -> None:
    exchange = standing()
    later = TEN + 10 * SECOND
    exchange.on_update(update(later, 50_000, 10, key=PLAIN, close=50_000), later)
    arrive(exchange, leave("X1", Side.BUY, 10, 100_030), later)
    exchange.advance(later + LATENCY + WAIT)
    assert fills(exchange) == [(100_020, 10, "STANDING")]


def test_an_instrument_without_a_packet_for_a_minute_while_its_segment_moves_fills_nothing() -> None:
    exchange = standing()
    later = TEN + 61 * SECOND
    exchange.on_update(update(later, 50_000, 10, key=PLAIN, close=50_000), later)
    arrive(exchange, leave("X1", Side.BUY, 10, 100_030), later)
    events = exchange.advance(later + LATENCY + WAIT)
    assert fills(exchange) == []
    assert "HALTED" in reports(events)[-1].message
    back = later + 2 * SECOND
    exchange.on_update(update(back, 100_010, 1_010, bids=BOOK_BIDS, asks=((100_020, 40),)), back)
    assert fills(exchange) == [(100_020, 10, "BOOK")]


def test_an_announced_halt_fills_nothing_until_it_is_over() -> None:
    exchange = standing()
    exchange.announce_halt([InstrumentClass.AUCTION_STOCK])
    arrive(exchange, leave("X1", Side.BUY, 10, 100_030), TEN)
    arrive(exchange, stop("S1", Side.SELL, 10, 99_900, 99_500), TEN)
    exchange.advance(TEN + LATENCY + WAIT)
    at = TEN + SECOND
    exchange.on_update(update(at, 99_800, 1_010, bids=((99_790, 40),), asks=((100_000, 40),)), at)
    assert fills(exchange) == []
    exchange.announce_halt([])
    at += SECOND
    exchange.on_update(update(at, 100_000, 1_011, bids=BOOK_BIDS, asks=((100_010, 40),)), at)
    assert fills(exchange) == [(100_010, 10, "BOOK")]


def test_a_limit_beyond_the_visible_book_pays_what_it_meets_next_but_no_better_than_it_swept() -> None:
    exchange = standing()
    arrive(exchange, limit("E1", Side.BUY, 100, 101_000), TEN)
    for step, asks in (
        (1, ((100_010, 10), (100_020, 10))),
        (2, ((99_990, 5), (100_060, 5))),
        (3, ((100_050, 5), (101_500, 9))),
        (4, ((100_100, 5), (101_500, 9))),
    ):
        at = TEN + step * SECOND
        exchange.on_update(update(at, 100_900, 1_000, asks=asks), at)
    assert fills(exchange) == [
        (100_010, 10, "BOOK"),
        (100_020, 10, "BOOK"),
        (100_020, 5, "BOOK"),
        (100_060, 5, "BOOK"),
        (100_060, 5, "BOOK"),
        (101_000, 5, "BOOK"),
    ]


def test_a_trade_inside_the_reach_of_an_order_that_swept_the_book_fills_it_there() -> None:
    exchange = standing()
    arrive(exchange, limit("E1", Side.SELL, 200, 99_000), TEN)
    at = TEN + SECOND
    exchange.on_update(update(at, 100_000, 1_000, bids=((100_000, 20), (99_990, 20))), at)
    exchange.on_update(update(at + SECOND, 99_950, 1_014, bids=((99_990, 20),)), at + SECOND)
    assert fills(exchange)[2:] == [(99_950, 7, "THROUGH")]


def test_the_same_displayed_depth_fills_once() -> None:
    exchange = standing()
    for step in range(3):
        at = TEN + step * SECOND
        arrive(exchange, limit(f"E{step}", Side.BUY, 10, 100_010), at)
        arrived = at + 500 * MILLISECOND
        bids = ((100_000, 50 + step), *BOOK_BIDS[1:])
        exchange.on_update(update(arrived, 100_000, 1_001 + step, bids=bids, asks=BOOK_ASKS), arrived)
    assert fills(exchange) == [(100_010, 10, "BOOK")]
    at = TEN + 5 * SECOND
    exchange.on_update(update(at, 100_000, 1_004, bids=BOOK_BIDS, asks=((100_010, 13),)), at)
    assert fills(exchange)[1:] == [(100_010, 3, "BOOK")]


def test_a_resting_limit_does_not_fill_when_its_price_only_trades() -> None:
    exchange = standing()
    arrive(exchange, limit("E1", Side.BUY, 10, 99_990), TEN)
    for step, volume in ((1, 1_000), (2, 1_500)):
        at = TEN + step * SECOND
        exchange.on_update(update(at, 99_990, volume, bids=BOOK_BIDS, asks=BOOK_ASKS), at)
    assert fills(exchange) == []


def test_a_trade_through_fills_a_resting_limit_at_its_price_by_half_of_what_traded() -> None:
    exchange = standing()
    arrive(exchange, limit("E1", Side.BUY, 10, 99_990), TEN)
    exchange.on_update(update(TEN + SECOND, 100_000, 1_100, bids=BOOK_BIDS, asks=BOOK_ASKS), TEN + SECOND)
    exchange.on_update(
        update(TEN + 2 * SECOND, 99_980, 1_109, bids=BOOK_BIDS, asks=BOOK_ASKS), TEN + 2 * SECOND
    )
    assert fills(exchange) == [(99_990, 4, "THROUGH")]


def test_the_opposite_best_crossing_fills_a_resting_limit_at_its_own_price() -> None:
    exchange = standing()
    arrive(exchange, limit("E1", Side.SELL, 10, 100_050), TEN)
    exchange.on_update(update(TEN + SECOND, 100_000, 1_001, bids=BOOK_BIDS, asks=BOOK_ASKS), TEN + SECOND)
    at = TEN + 2 * SECOND
    exchange.on_update(update(at, 100_050, 1_001, bids=((100_080, 6),), asks=((100_090, 9),)), at)
    assert fills(exchange) == [(100_050, 6, "BOOK")]


def test_of_two_resting_orders_the_better_price_is_served_first() -> None:
    exchange = standing()
    for tag, price in (("E1", 99_980), ("E2", 99_990)):
        arrive(exchange, limit(tag, Side.BUY, 10, price), TEN)
    at = TEN + SECOND
    exchange.on_update(update(at, 100_000, 1_001, asks=((99_970, 6),)), at)
    assert [(fill.tag, fill.quantity) for fill in exchange.fills] == [("E2", 6)]


def test_an_update_older_than_the_last_moves_nothing() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.SELL, 10, 99_900, 99_800), TEN)
    at = TEN + SECOND
    assert exchange.on_update(update(at, 99_000, 999, bids=((99_000, 50),)), at) == []
    assert final(exchange, "S1").status == "trigger pending"


def test_a_stop_fires_on_the_last_price_and_meets_the_next_book_never_the_one_that_came_with_the_trade() -> (
    None
):
    exchange = standing()
    assert statuses(arrive(exchange, stop("S1", Side.SELL, 30, 99_900, 99_500), TEN)) == [
        "validation pending",
        "trigger pending",
    ]
    at = TEN + SECOND
    fired = update(at, 99_900, 1_010, bids=((99_890, 90),), asks=((99_950, 5),))
    assert statuses(exchange.on_update(fired, at)) == ["open"]
    assert fills(exchange) == []
    at += SECOND
    events = exchange.on_update(
        update(at, 99_860, 1_020, bids=((99_850, 10), (99_840, 50)), asks=((99_950, 5),)), at
    )
    assert statuses(events) == ["complete"]
    assert fills(exchange) == [(99_850, 10, "TRIGGER"), (99_840, 20, "TRIGGER")]


def test_a_stop_fills_at_its_trigger_when_the_next_book_is_better() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.BUY, 10, 100_100, 100_600), TEN)
    at = TEN + SECOND
    exchange.on_update(update(at, 100_120, 1_010, bids=BOOK_BIDS, asks=((100_140, 40),)), at)
    exchange.on_update(
        update(at + SECOND, 100_050, 1_011, bids=BOOK_BIDS, asks=((100_050, 40),)), at + SECOND
    )
    assert fills(exchange) == [(100_100, 10, "TRIGGER")]


def test_a_fired_stop_stays_within_its_limit_and_rests_beyond_it() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.SELL, 30, 99_900, 99_800), TEN)
    at = TEN + SECOND
    exchange.on_update(update(at, 99_700, 1_010, bids=((99_820, 5),)), at)
    exchange.on_update(update(at + SECOND, 99_700, 1_011, bids=((99_810, 5), (99_700, 50))), at + SECOND)
    assert fills(exchange) == [(99_810, 5, "TRIGGER")]
    assert (final(exchange, "S1").status, final(exchange, "S1").filled_quantity) == ("open", 5)
    at += SECOND
    exchange.submit(moved(final(exchange, "S1"), 99_600), at)
    assert statuses(exchange.advance(at + LATENCY)) == ["modify pending", "modified"]
    exchange.on_update(update(at + SECOND, 99_700, 1_012, bids=((99_690, 50),)), at + SECOND)
    assert fills(exchange)[1:] == [(99_690, 25, "BOOK")]
    assert final(exchange, "S1").order_type is OrderType.LIMIT


def test_a_fired_stop_takes_the_book_that_fired_it_only_once_a_later_packet_confirms_it() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.SELL, 10, 99_900, 99_500), TEN)
    at = TEN + SECOND
    fired = update(at, 99_890, 1_010, bids=((99_880, 40),), asks=((99_900, 5),))
    exchange.on_update(fired, at)
    exchange.advance(at + 10 * WAIT)
    assert fills(exchange) == []
    later = at + 10 * WAIT
    exchange.on_update(msgspec.structs.replace(fired, arrival=later, trade_time=later, volume=1_011), later)
    assert fills(exchange) == [(99_860, 10, "STANDING")]


def test_a_fired_stop_that_is_moved_into_an_exit_does_not_take_the_book_that_fired_it() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.SELL, 10, 99_900, 99_500), TEN)
    at = TEN + SECOND
    # The trade goes through the stop, the book of its packet is from before it.
    exchange.on_update(update(at, 99_700, 1_010, bids=BOOK_BIDS, asks=BOOK_ASKS), at)
    exchange.submit(moved(final(exchange, "S1"), 99_000), at + SECOND)
    exchange.advance(at + 4 * SECOND)
    assert fills(exchange) == []
    at += 4 * SECOND
    exchange.on_update(update(at, 99_620, 1_011, bids=((99_610, 50),), asks=((99_650, 5),)), at)
    assert fills(exchange) == [(99_610, 10, "TRIGGER")]


def test_a_fired_stop_moved_into_an_exit_fills_no_better_than_its_trigger_in_a_better_book() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.BUY, 10, 100_100, 100_600), TEN)
    at = TEN + SECOND
    exchange.on_update(update(at, 100_120, 1_010, bids=BOOK_BIDS, asks=BOOK_ASKS), at)
    exchange.submit(moved(final(exchange, "S1"), 101_000), at + SECOND)
    at += 3 * SECOND
    exchange.advance(at)
    exchange.on_update(update(at, 100_050, 1_011, bids=BOOK_BIDS, asks=((100_050, 40),)), at)
    assert fills(exchange) == [(100_100, 10, "TRIGGER")]


def test_an_exit_beside_a_stop_that_has_just_fired_waits_for_the_next_book_too() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.SELL, 10, 99_900, 99_890), TEN)
    at = TEN + SECOND
    exchange.on_update(update(at, 99_700, 1_010, bids=BOOK_BIDS, asks=BOOK_ASKS), at)
    arrive(exchange, leave("X1", Side.SELL, 10, 99_000), at)
    exchange.advance(at + 3 * SECOND)
    assert fills(exchange) == []
    at += 3 * SECOND
    exchange.on_update(update(at, 99_620, 1_011, bids=((99_610, 50),), asks=((99_650, 5),)), at)
    assert fills(exchange) == [(99_610, 10, "BOOK")]


def test_without_any_further_book_an_exit_after_a_fired_stop_fills_no_better_than_the_trade_that_fired_it() -> (
    None
):
    for replaced in (False, True):
        exchange = standing()
        arrive(exchange, stop("S1", Side.SELL, 10, 99_900, 99_890), TEN)
        at = TEN + SECOND
        exchange.on_update(update(at, 99_700, 1_010, bids=BOOK_BIDS, asks=BOOK_ASKS), at)
        if replaced:
            arrive(exchange, cancel(final(exchange, "S1")), at)
            arrive(exchange, leave("X1", Side.SELL, 10, 99_000), at)
        else:
            exchange.submit(moved(final(exchange, "S1"), 99_000), at + SECOND)
        exchange.advance(at + 4 * SECOND)
        assert fills(exchange) == []
        exchange.advance(at + 7 * SECOND)
        assert fills(exchange) == [(99_700, 10, "STALE")]


def test_a_stop_fires_on_a_new_extreme_of_the_day_that_no_last_price_showed() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.BUY, 10, 101_100, 101_600), TEN)
    at = TEN + SECOND
    exchange.on_update(update(at, 100_500, 1_010, asks=((100_510, 50),), day=(101_100, 99_000)), at)
    assert final(exchange, "S1").status == "open"
    exchange.on_update(update(at + SECOND, 100_500, 1_011, asks=((100_520, 50),)), at + SECOND)
    assert fills(exchange) == [(101_100, 10, "TRIGGER")]


def test_a_minute_well_beyond_a_resting_limit_fills_it_by_half_of_what_traded_in_it() -> None:
    for low, filled in ((99_980, 0), (99_970, 4)):
        exchange = standing(TEN - SECOND)
        arrive(exchange, limit("E1", Side.BUY, 10, 99_990), TEN - SECOND)
        at = TEN + 61 * SECOND
        told = update(at, 100_000, 1_010, bids=BOOK_BIDS, asks=BOOK_ASKS, minute=(TEN, 100_000, low))
        told = msgspec.structs.replace(told, minute=Bar(TEN, 100_000, 100_000, low, 100_000, 9))
        exchange.on_update(told, at)
        # The same minute in a later packet is no second one.
        exchange.on_update(msgspec.structs.replace(told, arrival=at + SECOND, volume=1_011), at + SECOND)
        expected = [(99_990, filled, "BAR")] if filled else []
        assert fills(exchange) == expected


def test_an_extreme_of_the_day_from_before_the_stop_does_not_fire_it() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.BUY, 10, 100_900, 101_600), TEN)
    at = TEN + SECOND
    exchange.on_update(update(at, 100_500, 1_010, asks=((100_510, 50),), day=(101_000, 99_000)), at)
    assert fills(exchange) == []


def test_a_minute_extreme_fires_a_stop_only_when_the_minute_began_after_it() -> None:
    for start, filled in ((TEN, 0), (TEN + MINUTE, 10)):
        exchange = standing(TEN + 20 * SECOND)
        arrive(exchange, stop("S1", Side.SELL, 10, 99_900, 99_400), TEN + 20 * SECOND)
        at = TEN + 125 * SECOND
        exchange.on_update(
            update(at, 100_000, 1_010, bids=((99_990, 50),), minute=(start, 100_000, 99_890)), at
        )
        exchange.on_update(update(at + SECOND, 100_000, 1_011, bids=((99_980, 50),)), at + SECOND)
        assert final(exchange, "S1").filled_quantity == filled


def test_a_moved_stop_is_not_fired_by_a_minute_from_before_the_move() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.SELL, 10, 99_000, 98_000), TEN)
    at = TEN + 90 * SECOND
    exchange.on_update(update(at, 100_000, 1_010, bids=BOOK_BIDS), at)
    exchange.submit(moved(final(exchange, "S1"), 98_000, trigger=99_900), at)
    assert statuses(exchange.advance(at + LATENCY)) == ["modify pending", "modified"]
    for minute, status in ((1, "trigger pending"), (2, "open")):
        at = TEN + (minute + 1) * MINUTE + SECOND
        bar = (TEN + minute * MINUTE, 100_000, 99_890)
        exchange.on_update(update(at, 100_000, 1_010 + minute, bids=BOOK_BIDS, minute=bar), at)
        assert final(exchange, "S1").status == status


def test_a_resting_stop_becomes_the_closer_by_one_modification() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.SELL, 20, 99_500, 99_000), TEN)
    exchange.submit(moved(final(exchange, "S1"), 99_900), TEN + SECOND)
    exchange.advance(TEN + SECOND + LATENCY)
    at = TEN + SECOND + 2 * LATENCY
    newer = ((100_000, 40), *BOOK_BIDS[1:])
    events = exchange.on_update(update(at, 100_000, 1_001, bids=newer, asks=BOOK_ASKS), at)
    assert statuses(events) == ["complete"]
    assert fills(exchange) == [(100_000, 20, "BOOK")]


def test_stops_crossed_in_a_gap_fill_at_the_worse_of_trigger_and_first_price() -> None:
    for last, expected in ((99_700, [(99_700, 20, "GAP")]), (99_400, [])):
        exchange = standing()
        arrive(exchange, stop("S1", Side.SELL, 20, 99_900, 99_500), TEN)
        arrive(exchange, limit("E1", Side.BUY, 5, 99_800), TEN)
        exchange.advance(TEN + LATENCY + WAIT)
        at = TEN + 20 * MINUTE
        exchange.resume_after_gap(update(at, last, 90_000, bids=((99_300, 9),), asks=((100_000, 9),)), at)
        assert fills(exchange) == expected
        assert final(exchange, "S1").status == ("complete" if expected else "open")


def test_a_snapshot_ends_a_gap_so_a_stop_crossed_meanwhile_pays_the_first_price() -> None:
    exchange = standing()
    arrive(exchange, stop("S1", Side.SELL, 20, 99_900, 99_500), TEN)
    arrive(exchange, limit("E1", Side.BUY, 5, 99_800), TEN)
    exchange.advance(TEN + LATENCY + WAIT)
    at = TEN + 20 * MINUTE
    back = update(at, 99_700, 90_000, bids=((99_300, 9),), asks=((100_000, 9),))
    exchange.on_update(msgspec.structs.replace(back, snapshot=True), at)
    assert fills(exchange) == [(99_700, 20, "GAP")]


def test_each_order_carries_its_charges_and_the_fills_sum_to_them() -> None:
    exchange = standing()
    arrive(exchange, leave("X1", Side.BUY, 25, 100_030), TEN)
    exchange.advance(TEN + LATENCY + WAIT)
    assert len(exchange.fills) == 2
    from engine.market.charges import order_charges
    from engine.market.instrument import InstrumentClass
    from tests.brokers.paper.stand import DAY

    value = final(exchange, "X1").filled_value
    expected = order_charges(InstrumentClass.AUCTION_STOCK, Side.BUY, value, DAY).total
    assert sum(fill.charges for fill in exchange.fills) == expected > 0
    assert exchange.positions[0].instrument == STOCK


def test_a_book_of_another_lot_than_the_contract_s_leaves_nothing_that_no_order_could_close() -> None:
    exchange = open_exchange()
    asks = ((10_005, 50), (10_010, 50))
    exchange.on_update(update(TEN, 10_000, 1_000, bids=((10_000, 50),), asks=asks, key=OPTION), TEN)
    arrive(exchange, limit("E1", Side.BUY, 105, 10_010, key=OPTION), TEN)
    at = TEN + 200 * MILLISECOND
    exchange.on_update(update(at, 10_000, 1_100, bids=((9_995, 50),), asks=asks, key=OPTION), at)
    assert [quantity for _, quantity, _ in fills(exchange)] == [35, 35]
