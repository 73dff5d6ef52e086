"""One instrument's auction, packet by packet: equal to a batch reading, blind to the future, deaf to damage."""

from engine.auction.values.context import Quality
from engine.market.clock import MINUTE, SECOND
from tests.auction.builders import (
    CLOSE,
    KEY,
    OPEN,
    at,
    bar,
    make_market,
    make_update,
)
from tests.auction.state.playing import SMALL_ROWS, play


def test_a_late_start_is_partial_and_takes_range_and_balance_from_the_day_bar() -> None:
    day = bar(OPEN, 9_900, 10_200, 10_000)
    context = play([make_update(at("09:33"), 10_000, 500, day=day, average_price=10_050)]).context(KEY)
    assert context.partial_since == at("09:33")
    assert context.quality is Quality.PARTIAL
    assert (context.low, context.high) == (9_900, 10_200)
    assert context.initial_balance is not None
    assert (context.initial_balance.low, context.initial_balance.high) == (9_900, 10_200)
    assert not context.initial_balance.complete
    assert [(b.letter, b.low, b.high) for b in context.brackets] == [("A", 9_900, 10_200)]
    assert context.volume_profile is None
    assert context.vwap == 10_050
    assert context.open_type.name == "UNKNOWN"


def test_a_start_after_the_first_hour_knows_no_balance_and_no_whole_first_bracket() -> None:
    day = bar(OPEN, 9_900, 10_200, 10_000)
    packets = [
        make_update(at("11:01"), 10_000, 500, day=day),
        make_update(at("11:20"), 10_050, 600, day=day),
    ]
    context = play(packets).context(KEY)
    assert context.initial_balance is None
    assert context.day_type.name == "UNKNOWN"
    assert [(b.letter, b.low, b.high, b.complete) for b in context.brackets] == [
        ("D", 10_000, 10_000, False),
        ("E", 10_050, 10_050, False),
    ]


def test_a_bracket_is_complete_once_trading_has_passed_its_end() -> None:
    market = play([make_update(OPEN - SECOND, 10_000, 0), make_update(at("09:20"), 10_000, 5)])
    assert not market.context(KEY).brackets[0].complete
    applied = market.apply(make_update(at("09:45"), 10_010, 6))
    assert applied.bracket_closed
    assert [bracket.complete for bracket in market.context(KEY).brackets] == [True, False]
    assert not market.apply(make_update(at("09:46"), 10_010, 7)).bracket_closed


def test_the_last_minute_completes_the_last_bracket_without_a_further_trade() -> None:
    market = play([make_update(OPEN - SECOND, 10_000, 0), make_update(at("15:29:50"), 10_000, 5)])
    assert not market.context(KEY).brackets[-1].complete
    applied = market.apply(
        make_update(at("15:29:50"), 10_000, 5, minute=bar(at("15:29"), 9_990, 10_020, 10_000))
    )
    assert (applied.minute_closed, applied.bracket_closed) == (True, True)
    newest = market.context(KEY).brackets[-1]
    assert (newest.letter, newest.low, newest.high, newest.complete) == ("M", 9_990, 10_020, True)


def test_the_last_minute_of_a_bracket_corrects_it_and_the_balance_once_it_comes() -> None:
    market = play(
        [
            make_update(OPEN - SECOND, 10_000, 0),
            make_update(at("10:14"), 10_000, 5, day=bar(OPEN, 10_000, 10_000)),
            make_update(
                at("10:15:02"),
                10_000,
                9,
                day=bar(OPEN, 9_950, 10_030, 10_000),
                minute=bar(at("10:14"), 9_950, 10_030, 9_980),
            ),
        ]
    )
    context = market.context(KEY)
    second = context.brackets[0]
    assert (second.letter, second.low, second.high, second.close) == ("B", 9_950, 10_030, 9_980)
    assert context.initial_balance is not None
    assert (context.initial_balance.low, context.initial_balance.high) == (9_950, 10_030)
    assert context.initial_balance.complete
    assert (context.brackets[1].low, context.brackets[1].high) == (10_000, 10_000)


def test_a_packet_at_the_very_end_of_the_first_hour_is_no_part_of_the_balance() -> None:
    packets = [
        make_update(OPEN - SECOND, 10_000, 0),
        make_update(at("10:00"), 10_000, 5),
        make_update(at("10:15"), 10_500, 6),
    ]
    balance = play(packets).context(KEY).initial_balance
    assert balance is not None
    assert (balance.low, balance.high, balance.complete) == (10_000, 10_000, True)


def test_a_bracket_closes_where_its_last_minute_closed() -> None:
    market = play([make_update(OPEN - SECOND, 10_000, 0), make_update(at("15:29:30"), 10_000, 5)])
    last_minute = bar(at("15:29"), 9_990, 10_020, 10_010)
    market.apply(make_update(at("15:29:40"), 9_990, 6, minute=last_minute))
    market.apply(make_update(at("15:29:50"), 10_000, 7, minute=last_minute))
    assert market.context(KEY).brackets[-1].close == 10_010


def test_figures_of_the_day_before_are_no_part_of_the_vwap() -> None:
    market = play([make_update(OPEN - 86_400 * SECOND, 9_000, 500, average_price=9_000)])
    market.apply(make_update(at("09:16"), 10_000, 600, average_price=10_000))
    assert market.context(KEY).vwap == 10_000


def test_a_record_that_begins_after_the_close_is_partial_and_empty() -> None:
    context = play([make_update(CLOSE + SECOND, 10_000, 500)]).context(KEY)
    assert context.partial_since == CLOSE + SECOND
    assert (context.last, context.brackets, context.quality) == (None, (), Quality.NOT_READY)


def test_a_new_day_extreme_belongs_to_a_bracket_only_when_the_packet_before_lay_in_it() -> None:
    packets = [
        make_update(OPEN - SECOND, 10_000, 0),
        make_update(at("09:50"), 10_000, 5, day=bar(OPEN, 10_000, 10_000)),
        make_update(at("10:20"), 10_000, 6, day=bar(OPEN, 9_900, 10_000, 10_000)),
        make_update(at("10:21"), 10_000, 7, day=bar(OPEN, 9_900, 10_100, 10_000)),
    ]
    b, c = play(packets).context(KEY).brackets
    assert (b.low, b.high) == (10_000, 10_000)
    assert (c.low, c.high) == (10_000, 10_100)


def test_the_row_is_provisional_until_a_quarter_to_ten_and_frozen_after() -> None:
    market = make_market()
    market.apply(make_update(at("09:20"), 100_000, 5, day=bar(OPEN, 99_000, 100_000)))
    early = market.context(KEY)
    assert early.row == 50
    assert "row provisional until 09:45" in early.notes
    market.apply(make_update(at("09:44"), 100_000, 6, day=bar(OPEN, 98_000, 100_000)))
    market.apply(make_update(at("09:45"), 100_000, 7, day=bar(OPEN, 90_000, 100_000)))
    frozen = market.context(KEY)
    assert frozen.row == 50
    assert frozen.average_range is not None
    assert (frozen.average_range.value, frozen.average_range.quality) == (4_000, Quality.ESTIMATED)
    assert frozen.notes == ("PARTIAL from 09:20", "ATR NOT READY: minutes missing")
    market.apply(make_update(at("12:00"), 100_000, 8, day=bar(OPEN, 50_000, 100_000)))
    assert market.context(KEY).row == 50


def test_a_chosen_row_freezes_the_average_range_too() -> None:
    market = play(
        [
            make_update(at("09:20"), 100_000, 5, day=bar(OPEN, 98_000, 100_000)),
            make_update(at("09:50"), 100_000, 6, day=bar(OPEN, 98_000, 100_000)),
            make_update(at("11:00"), 100_000, 7, day=bar(OPEN, 90_000, 100_000)),
        ]
    )
    context = market.context(KEY)
    assert context.row == 50
    assert context.average_range is not None
    assert context.average_range.value == 4_000


def test_a_minute_from_the_future_is_not_believed() -> None:
    market = play([make_update(at("10:00"), 10_000, 5, minute=bar(at("15:00"), 1, 99_999))])
    assert market.context(KEY).minutes == ()
    assert market.context(KEY).high == 10_000


def test_a_price_off_the_tick_grid_is_placed_below_and_noted() -> None:
    market = play([make_update(at("10:00"), 10_000, 5), make_update(at("10:01"), 10_007, 9)])
    assert dict(market.auction(KEY).profile.ticks) == {1_000: 4}
    assert "1 prices off the tick grid" in market.context(KEY).notes


def test_auction_prints_stay_out_of_the_continuous_profile() -> None:
    market = play([make_update(at("10:00"), 10_000, 5), make_update(at("10:01"), 10_500, 900, auction=True)])
    assert market.auction(KEY).profile.total == 0
    assert market.context(KEY).high == 10_000


def test_average_true_range_needs_contiguous_minutes_for_trading() -> None:
    minutes = ["10:00", "10:01", "10:02", "10:03"]
    market = make_market(settings=SMALL_ROWS)
    market.apply(make_update(at("10:00"), 10_000, 1))
    for volume, clock in enumerate(minutes, 2):
        market.apply(
            make_update(at(clock) + MINUTE, 10_000, volume, minute=bar(at(clock), 9_990, 10_010, 10_000))
        )
    assert market.context(KEY).atr == 20
    market.apply(make_update(at("10:07"), 10_000, 9, minute=bar(at("10:06"), 9_990, 10_010, 10_000)))
    assert market.auction(KEY).bars.atr == 20.0
    assert market.context(KEY).atr is None
    assert "ATR NOT READY: minutes missing" in market.context(KEY).notes


def test_surely_placed_volume_is_counted_by_minute() -> None:
    market = play(
        [
            make_update(at("10:00"), 10_000, 100),
            make_update(at("10:00:01"), 10_050, 110, last_quantity=2),
            make_update(at("10:00:02"), 10_150, 130, last_quantity=2),
            make_update(at("10:00:03"), 10_300, 170, last_quantity=40),
            make_update(at("10:00:30"), 10_300, 250, last_quantity=80),
            make_update(at("10:01"), 10_300, 410, minute=bar(at("10:00"), 10_000, 10_300)),
            make_update(at("10:02"), 10_300, 730, minute=bar(at("10:01"), 10_300, 10_300)),
        ]
    )
    assert market.context(KEY).placed_volumes == (10 + 40, 0)
