"""What the paper exchange refuses, rejects and cancels: risk system, bands, session phases."""

from datetime import date, time

import pytest

from engine.brokers.paper.exchange import PaperExchange
from engine.market.clock import MILLISECOND, MINUTE, SECOND, Instant, instant_at
from engine.market.side import Side
from engine.orders.messages import (
    BookRead,
    BrokerEvent,
    CancelOrder,
    ModifyOrder,
    OrderType,
    PlaceOrder,
    ReadBook,
    ReadTag,
    Refused,
    Request,
    TagRead,
)
from tests.brokers.paper.stand import (
    DAY,
    LATENCY,
    OPTION,
    PLAIN,
    STOCK,
    TEN,
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

AUCTION_DAY = date(2026, 9, 24)


def standing() -> PaperExchange:
    exchange = open_exchange()
    for key, price in ((STOCK, 100_000), (PLAIN, 100_000), (OPTION, 6_000)):
        exchange.on_update(
            update(
                TEN, price, 1_000, key=key, close=price, bids=((price - 10, 50),), asks=((price + 10, 50),)
            ),
            TEN,
        )
    return exchange


def arrive(exchange: PaperExchange, request: Request, at: Instant) -> list[BrokerEvent]:
    exchange.submit(request, at)
    return exchange.advance(at + LATENCY)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (limit("E", Side.BUY, 0, 100_000), "UDAPI1052"),
        (limit("E", Side.BUY, -5, 100_000), "UDAPI1052"),
        (limit("E", Side.BUY, 5, 0), "UDAPI1007"),
        (limit("E" * 41, Side.BUY, 5, 100_000), "UDAPI1119"),
        (limit("E", Side.BUY, 5, 100_000, key="NSE_EQ|NOBODY"), "UDAPI100011"),
        (stop("E", Side.SELL, 5, 0, 99_000), "UDAPI1029"),
    ],
)
def test_a_malformed_request_is_refused_with_the_brokers_code_and_leaves_no_order(
    request_: PlaceOrder, code: str
) -> None:
    exchange = standing()
    (refused,) = arrive(exchange, request_, TEN)
    assert isinstance(refused, Refused)
    assert (refused.tag, refused.code) == (request_.tag, code)
    assert exchange.orders == ()


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (limit("E", Side.BUY, 5, 100_005), "tick size 0.10"),
        (stop("E", Side.SELL, 5, 99_005, 98_000), "Trigger price 990.05 is not a multiple"),
        (limit("E", Side.BUY, 36, 6_000, key=OPTION), "lot size 35"),
        (limit("E", Side.BUY, 1_820, 6_000, key=OPTION), "freeze quantity 1800"),
        (stop("E", Side.SELL, 5, 100_000, 99_000), "must be below the last traded price 1000.00"),
        (stop("E", Side.BUY, 5, 99_900, 101_000), "must be above the last traded price"),
        (stop("E", Side.SELL, 5, 99_000, 99_500), "at or below the trigger price"),
        (limit("E", Side.BUY, 5, 110_010), "Circuit breach, Order Price :1100.10, Low Price Range:900.00"),
        (stop("E", Side.SELL, 5, 92_000, 89_990), "Circuit breach"),
        (
            stop("E", Side.SELL, 5, 95_000, 92_140),
            "16448 : Difference between limit price 921.40 and trigger",
        ),
        (stop("E", Side.BUY, 5, 105_000, 108_160), "permissible range of 3%"),
        (stop("E", Side.SELL, 35, 5_900, 4_715, key=OPTION), "permissible range of 20%"),
        (limit("E", Side.BUY, 5, 120_010, key=PLAIN), "High Price Range:1200.00"),
        (
            limit("E", Side.BUY, 35, 8_405, key=OPTION),
            "17070 : The Price is out of the current execution range",
        ),
    ],
)
def test_a_well_formed_order_is_rejected_in_the_chains_words(request_: PlaceOrder, reason: str) -> None:
    exchange = standing()
    events = arrive(exchange, request_, TEN)
    assert statuses(events) == ["validation pending", "rejected"]
    assert reason in reports(events)[-1].message
    assert exchange.next_due() is None


@pytest.mark.parametrize(
    "request_",
    [
        limit("E", Side.BUY, 5, 110_000),
        limit("E", Side.BUY, 5, 120_000, key=PLAIN),
        limit("E", Side.BUY, 1_785, 8_400, key=OPTION),
        stop("E", Side.SELL, 35, 5_900, 4_720, key=OPTION),
        stop("E", Side.SELL, 5, 95_000, 92_150),
    ],
)
def test_an_order_at_the_edge_of_the_rules_is_taken(request_: PlaceOrder) -> None:
    assert "rejected" not in statuses(arrive(standing(), request_, TEN))


def pressing(exchange: PaperExchange, packets: int, apart: int, last: int = 109_900) -> Instant:
    """Let a stock trade so often at one price and return when the last packet came."""
    at = TEN
    for number in range(packets):
        at = TEN + (number + 1) * apart
        told = update(at, last, 1_001 + number, bids=((last - 10, 5 + number % 2),), asks=((last + 10, 5),))
        exchange.on_update(told, at)
    return at


@pytest.mark.parametrize(
    ("packets", "apart", "gives_way"),
    [(60, 20 * SECOND, True), (60, SECOND, False), (40, 60 * SECOND, False)],
    ids=["often and long enough", "not for long enough", "not often enough"],
)
def test_a_flexible_band_gives_way_only_after_enough_trades_and_its_cooling_off(
    packets: int, apart: int, gives_way: bool
) -> None:
    exchange = standing()
    at = pressing(exchange, packets, apart)
    taken = "rejected" not in statuses(arrive(exchange, limit("E", Side.BUY, 5, 115_000), at))
    assert taken is gives_way
    assert "rejected" in statuses(arrive(exchange, limit("F", Side.BUY, 5, 115_010), at + SECOND))


def test_a_flexible_band_never_lies_inside_what_the_day_has_traded_at() -> None:
    exchange = standing()
    at = TEN + SECOND
    exchange.on_update(update(at, 109_000, 1_001, bids=((108_990, 5),), day=(113_000, 99_000)), at)
    assert "rejected" not in statuses(arrive(exchange, limit("E", Side.BUY, 5, 115_000), at))


def test_a_fixed_band_locks() -> None:
    exchange = standing()
    at = TEN
    for number in range(100):
        at = TEN + (number + 1) * MINUTE // 2
        exchange.on_update(update(at, 59_990, 1_001 + number, key=PLAIN, close=50_000), at)
    order = limit("E", Side.BUY, 5, 60_010, key=PLAIN)
    assert "rejected" in statuses(arrive(exchange, order, at))


def test_an_options_stop_is_tested_against_the_range_when_it_fires() -> None:
    exchange = standing()
    arrive(exchange, stop("S", Side.BUY, 35, 6_100, 7_300, key=OPTION), TEN)
    at = TEN + SECOND
    # The day's bar fires it, and the range that fell with the last price no longer holds its limit.
    exchange.on_update(update(at, 6_000, 1_900, key=OPTION, day=(6_010, 5_990)), at)
    fallen = update(at, 4_900, 2_000, key=OPTION, asks=((4_905, 70),), day=(6_150, 4_900))
    events = exchange.on_update(fallen, at)
    assert statuses(events) == ["rejected"]
    assert exchange.positions == ()


def test_a_modification_refused_by_the_rules_leaves_the_old_terms() -> None:
    exchange = standing()
    arrive(exchange, stop("S", Side.SELL, 5, 99_000, 98_000), TEN)
    events = arrive(exchange, moved(final(exchange, "S"), 99_000, trigger=100_500), TEN + SECOND)
    assert statuses(events) == ["modify pending", "not modified"]
    after = final(exchange, "S")
    assert (after.status, after.trigger_price, after.price) == ("trigger pending", 99_000, 98_000)


def test_finished_and_unknown_orders_can_be_neither_modified_nor_cancelled() -> None:
    exchange = standing()
    arrive(exchange, leave("E", Side.BUY, 5, 100_030), TEN)
    exchange.advance(TEN + SECOND)
    order_id = final(exchange, "E").order_id
    unknown = ModifyOrder("m", "X", "999", OrderType.LIMIT, 1, 100_000)
    for request, code in (
        (moved(final(exchange, "E"), 100_000), "UDAPI100041"),
        (CancelOrder("c", "E", order_id), "UDAPI100040"),
        (CancelOrder("c", "E"), "UDAPI100040"),
        (CancelOrder("c", "X"), "UDAPI100010"),
        (unknown, "UDAPI100010"),
    ):
        (refused,) = arrive(exchange, request, TEN + 2 * SECOND)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.request) == (code, request.request)


def test_an_order_whose_id_nobody_learned_is_cancelled_by_its_tag() -> None:
    exchange = standing()
    exchange.submit(limit("E", Side.BUY, 5, 99_000), TEN)
    exchange.submit(CancelOrder("c", "E"), TEN)
    events = exchange.advance(TEN + LATENCY)
    assert statuses(events) == ["validation pending", "open", "cancel pending", "cancelled"]
    assert exchange.flat


def test_reads_take_the_latency_and_show_everything_of_the_run() -> None:
    exchange = standing()
    exchange.hold(True, TEN)
    arrive(exchange, leave("E", Side.BUY, 5, 100_010), TEN)
    arrive(exchange, limit("F", Side.BUY, 5, 100_005), TEN)
    exchange.advance(TEN + SECOND)
    exchange.submit(ReadBook("r1"), TEN + SECOND)
    exchange.submit(ReadTag("r2", "F"), TEN + SECOND)
    exchange.submit(ReadTag("r3", "nobody"), TEN + SECOND)
    book, tag, nobody = exchange.advance(TEN + SECOND + LATENCY)
    assert isinstance(book, BookRead)
    assert (book.request, book.time, book.fills) == ("r1", TEN, 1)
    assert [(row.tag, row.status) for row in book.orders] == [("E", "complete"), ("F", "rejected")]
    assert [(row.instrument, row.quantity, row.buy_value) for row in book.positions] == [(STOCK, 5, 500_050)]
    assert isinstance(tag, TagRead)
    assert tag.found is not None
    assert tag.found.status == "rejected"
    assert nobody == TagRead("r3", "nobody", None)


@pytest.mark.parametrize(
    ("day", "clock", "key", "taken"),
    [
        (DAY, time(9, 14, 59), STOCK, False),
        (DAY, time(9, 15), STOCK, True),
        (DAY, time(15, 29, 59), STOCK, True),
        (DAY, time(15, 30), STOCK, False),
        (DAY, time(15, 45), STOCK, False),
        (AUCTION_DAY, time(15, 14, 59), STOCK, True),
        (AUCTION_DAY, time(15, 17), STOCK, False),
        (AUCTION_DAY, time(15, 22), STOCK, False),
        (AUCTION_DAY, time(15, 29, 59), PLAIN, True),
        (AUCTION_DAY, time(15, 30), PLAIN, False),
        (AUCTION_DAY, time(15, 39, 59), OPTION, True),
        (AUCTION_DAY, time(15, 40), OPTION, False),
    ],
)
def test_orders_are_taken_in_continuous_trading_only(day: date, clock: time, key: str, taken: bool) -> None:
    exchange = open_exchange(day=day)
    at = instant_at(day, clock)
    exchange.on_update(update(at, 6_000, 1, key=key, close=6_000), at)
    events = arrive(exchange, limit("E", Side.BUY, 35, 6_000, key=key), at)
    assert (statuses(events)[-1] == "open") is taken


def test_resting_stops_of_auction_stocks_vanish_when_continuous_trading_ends() -> None:
    exchange = open_exchange(day=AUCTION_DAY)
    before = instant_at(AUCTION_DAY, time(15, 14, 58))
    for key in (STOCK, PLAIN):
        exchange.on_update(update(before, 100_000, 1, key=key), before)
        exchange.submit(stop(f"S-{key}", Side.SELL, 5, 99_000, 98_000, key=key), before)
    exchange.submit(limit("L", Side.SELL, 5, 101_000), before)
    exchange.advance(before + LATENCY)
    at = instant_at(AUCTION_DAY, time(15, 15))
    events = exchange.on_update(update(at, 100_000, 2, key=PLAIN), at)
    assert [(report.tag, report.status) for report in reports(events)] == [(f"S-{STOCK}", "cancelled")]
    assert "end of continuous trading" in reports(events)[0].message
    later = at + 60 * SECOND
    exchange.on_update(update(later, 90_000, 900, bids=((102_000, 900),), auction=True), later)
    exchange.on_update(update(later, 102_000, 900, bids=((102_000, 900),)), later)
    assert (final(exchange, "L").status, exchange.positions) == ("open", ())


def test_everything_left_is_cancelled_at_the_close() -> None:
    exchange = standing()
    arrive(exchange, stop("S", Side.SELL, 5, 99_000, 98_000), TEN)
    arrive(exchange, limit("P", Side.BUY, 5, 99_000, key=PLAIN), TEN)
    arrive(exchange, limit("L", Side.BUY, 5, 99_000), TEN)
    close = instant_at(DAY, time(15, 30))
    events = exchange.on_update(update(close, 50_000, 9, key=PLAIN, close=50_000), close)
    assert [(report.tag, report.status) for report in reports(events)] == [
        ("S", "cancelled"),
        ("P", "cancelled"),
        ("L", "cancelled"),
    ]
    assert exchange.flat


def test_a_feed_that_fell_silent_does_not_keep_the_session_open() -> None:
    exchange = standing()
    arrive(exchange, stop("S", Side.SELL, 5, 99_000, 98_000), TEN)
    close = instant_at(DAY, time(15, 30))
    assert exchange.advance(close) == []
    assert statuses(exchange.advance(close, market=close)) == ["cancelled"]


def test_a_recorder_whose_clock_lags_does_not_hold_the_exchange_back() -> None:
    exchange = standing()
    arrive(exchange, limit("L", Side.BUY, 5, 99_000), TEN)
    close = instant_at(DAY, time(15, 30))
    late = update(close - 5 * SECOND, 50_000, 9, key=PLAIN, close=50_000)
    traded_at_close = type(late)(
        **{name: getattr(late, name) for name in late.__struct_fields__} | {"trade_time": close}
    )
    assert statuses(exchange.on_update(traded_at_close, close - 5 * SECOND)) == ["cancelled"]


def test_an_instrument_it_does_not_know_moves_nothing() -> None:
    assert standing().on_update(update(TEN + MILLISECOND, 1, 1, key="NSE_EQ|NOBODY"), TEN) == []


def test_the_closing_auction_takes_exits_as_limits_and_fills_them_at_its_one_price() -> None:
    exchange = open_exchange(day=AUCTION_DAY)
    before = instant_at(AUCTION_DAY, time(15, 10))
    exchange.on_update(update(before, 100_000, 1, asks=((100_000, 10),)), before)
    arrive(exchange, limit("E", Side.BUY, 5, 100_000), before)
    exchange.on_update(update(before + SECOND, 100_000, 2, asks=((100_000, 20),)), before + SECOND)
    entry = instant_at(AUCTION_DAY, time(15, 22))
    exchange.on_update(update(entry, 100_000, 2, auction=True), entry)
    assert statuses(arrive(exchange, limit("E2", Side.BUY, 5, 100_000), entry))[-1] == "rejected"
    assert statuses(arrive(exchange, leave("X", Side.SELL, 5, 97_000), entry))[-1] == "open"
    assert statuses(arrive(exchange, leave("Y", Side.SELL, 5, 101_000), entry))[-1] == "open"
    match = instant_at(AUCTION_DAY, time(15, 31))
    events = exchange.on_update(update(match, 99_000, 900), match)
    filled = [report for report in reports(events) if report.filled_quantity]
    assert [(report.tag, report.filled_quantity, report.filled_value) for report in filled] == [
        ("X", 5, 5 * 99_000)
    ]
    over = instant_at(AUCTION_DAY, time(15, 35))
    assert [(r.tag, r.status) for r in reports(exchange.on_update(update(over, 99_000, 900), over))] == [
        ("Y", "cancelled")
    ]
