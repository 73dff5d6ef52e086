"""Completed minutes, the 5-minute bars made of them and the average true range."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.session.bars import MinuteBars
from engine.market.clock import MINUTE
from engine.market.update import Bar
from tests.auction.batch import naive_atr
from tests.auction.builders import OPEN, at, bar


@st.composite
def minute_lists(draw: st.DrawFn) -> list[Bar]:
    """Draw rising minutes with some left out, as holes leave them."""
    numbers = sorted(draw(st.sets(st.integers(0, 60), max_size=50)))
    bars = []
    for number in numbers:
        low = draw(st.integers(900, 1_000))
        high = low + draw(st.integers(0, 50))
        bars.append(bar(OPEN + number * MINUTE, low, high, draw(st.integers(low, high))))
    return bars


def collect(minutes: list[Bar], period: int = 14) -> MinuteBars:
    bars = MinuteBars(period)
    for minute in minutes:
        bars.add(minute)
    return bars


@given(minute_lists(), st.integers(2, 20))
def test_average_true_range_equals_wilder_over_the_whole_list(minutes: list[Bar], period: int) -> None:
    expected = naive_atr(minutes, period)
    assert collect(minutes, period).atr == (None if expected is None else pytest.approx(expected, rel=1e-12))


def test_the_first_minute_only_gives_the_previous_close() -> None:
    bars = collect([bar(at("09:15"), 0, 1_000, 500), bar(at("09:16"), 490, 510, 500)], period=1)
    assert bars.atr == 20.0


def test_a_gap_from_the_last_close_is_part_of_the_true_range() -> None:
    bars = collect([bar(at("09:15"), 100, 100), bar(at("09:16"), 150, 160)], period=1)
    assert bars.atr == 60.0


@given(minute_lists(), st.data())
def test_older_and_repeated_minutes_change_nothing(minutes: list[Bar], data: st.DataObject) -> None:
    clean, damaged = collect(minutes, 3), MinuteBars(3)
    for index, minute in enumerate(minutes):
        damaged.add(minute)
        assert damaged.add(minutes[data.draw(st.integers(0, index))]) is False
    assert (damaged.minutes, damaged.fives, damaged.atr) == (clean.minutes, clean.fives, clean.atr)


@given(minute_lists().filter(lambda minutes: len(minutes) > 0))
def test_the_newest_minute_given_anew_replaces_itself(minutes: list[Bar]) -> None:
    revised = bar(minutes[-1].start, 850, 1_100, 1_050)
    one, two = collect([*minutes, revised], 3), collect([*minutes[:-1], revised], 3)
    assert (one.minutes, one.fives) == (two.minutes, two.fives)
    assert one.atr == (None if two.atr is None else pytest.approx(two.atr, rel=1e-12))


@given(minute_lists())
def test_five_minute_bars_hold_the_minutes_of_their_span(minutes: list[Bar]) -> None:
    bars = collect(minutes)
    spans = sorted({minute.start // (5 * MINUTE) for minute in minutes})
    assert [five.start // (5 * MINUTE) for five in bars.fives] == spans
    for five in bars.fives:
        inside = [minute for minute in minutes if 0 <= minute.start - five.start < 5 * MINUTE]
        assert (five.open, five.close) == (inside[0].open, inside[-1].close)
        assert five.high == max(minute.high for minute in inside)
        assert five.low == min(minute.low for minute in inside)
        assert five.volume == sum(minute.volume for minute in inside)


@given(minute_lists())
def test_each_completed_five_minute_bar_is_announced_once(minutes: list[Bar]) -> None:
    bars = MinuteBars(14)
    for minute in minutes:
        before = len(bars.completed_fives)
        closed = bars.add(minute)
        assert closed == (len(bars.completed_fives) > before)


def test_a_five_minute_bar_closes_with_its_last_minute() -> None:
    bars = collect([bar(at(f"09:1{minute}"), 100, 101) for minute in (5, 6, 7, 8)])
    assert bars.forming is not None
    assert bars.add(bar(at("09:19"), 99, 102))
    assert [five.high for five in bars.completed_fives] == [102]


def test_a_five_minute_bar_whose_last_minute_was_lost_closes_with_the_next_minute() -> None:
    bars = collect([bar(at("09:15"), 100, 101)])
    assert bars.add(bar(at("09:21"), 99, 102))
    assert [five.start for five in bars.completed_fives] == [at("09:15")]


def test_contiguous_means_no_minute_missing_in_the_newest_period() -> None:
    bars = collect([bar(at("09:15"), 1, 2), bar(at("09:17"), 1, 2), bar(at("09:18"), 1, 2)], period=2)
    assert not bars.contiguous
    bars.add(bar(at("09:19"), 1, 2))
    assert bars.contiguous


@given(minute_lists().filter(lambda minutes: len(minutes) > 1), st.data())
def test_minutes_that_were_missed_and_backfilled_leave_what_never_missing_them_leaves(
    minutes: list[Bar], data: st.DataObject
) -> None:
    missing = data.draw(st.sets(st.sampled_from(minutes[:-1])))
    bars = collect([minute for minute in minutes if minute not in missing])
    assert bars.backfill(minutes) is bool(missing)
    assert bars.backfill(minutes) is False
    whole = collect(minutes)
    assert (bars.minutes, bars.fives, bars.atr, bars.contiguous) == (
        whole.minutes,
        whole.fives,
        whole.atr,
        whole.contiguous,
    )


@given(minute_lists().filter(lambda minutes: len(minutes) > 0))
def test_a_backfill_never_changes_what_the_feed_told_nor_runs_ahead_of_it(minutes: list[Bar]) -> None:
    bars = collect(minutes)
    other = Bar(minutes[-1].start, 1, 2, 1, 2, 7)
    later = Bar(minutes[-1].start + MINUTE, 1, 2, 1, 2, 7)
    assert bars.backfill([other, later]) is False
    assert bars.minutes == collect(minutes).minutes


@given(minute_lists().filter(lambda minutes: len(minutes) > 0))
def test_a_hole_is_a_minute_missing_among_those_the_average_needs(minutes: list[Bar]) -> None:
    bars = collect(minutes)
    newest = minutes[-1].start
    since = max(minutes[0].start, newest - 14 * MINUTE)
    expected = set(range(since, newest + 1, MINUTE)) - {bar.start for bar in minutes}
    assert bars.has_hole is bool(expected)
