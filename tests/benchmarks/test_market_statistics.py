"""The simulated tape has the figures of recorded ones, and the figures are what they are called."""

from collections.abc import Mapping, Sequence
from statistics import median

import pytest

from benchmarks.market_statistics import (
    Figures,
    autocorrelation,
    is_option,
    kurtosis,
    measure,
    simulated,
    table,
)
from engine.feeds.recordings.json_feed import open_recordings
from tests.recordings import recorded_files

Days = Mapping[str, Sequence[Figures]]


@pytest.fixture(scope="module")
def days() -> Days:
    """Two simulated days of six instruments, one of them an option."""
    return simulated((1, 2), 6)


@pytest.fixture(scope="module")
def stocks(days: Days) -> list[Figures]:
    return [one for name, found in days.items() if not name.startswith("SIMDEX") for one in found]


@pytest.fixture(scope="module")
def options(days: Days) -> list[Figures]:
    return [one for name, found in days.items() if is_option(name) for one in found]


def test_a_minute_takes_back_a_little_of_the_last_at_most(stocks: list[Figures]) -> None:
    assert -0.15 < median(one.autocorrelation for one in stocks) < 0.03


def test_returns_have_heavy_tails(stocks: list[Figures], options: list[Figures]) -> None:
    assert median(one.kurtosis for one in stocks) > 4.5
    assert median(one.kurtosis for one in options) > 3


def test_volume_comes_in_bursts(stocks: list[Figures], options: list[Figures]) -> None:
    assert 0.2 < median(one.busiest_share for one in stocks) < 0.45
    assert 0.15 < median(one.busiest_share for one in options) < 0.35


def test_most_trades_leave_the_book_unchanged(days: Days) -> None:
    for name, found in days.items():
        assert all(0.45 < one.unchanged_share < 0.75 for one in found), name


def test_option_spreads_are_ten_to_forty_ticks_and_move(options: list[Figures]) -> None:
    assert all(10 <= one.spread <= 40 for one in options)
    assert all(one.spread_deviation > 1 for one in options)


def test_minutes_move_as_far_as_recorded_ones(stocks: list[Figures], options: list[Figures]) -> None:
    assert 6 < median(one.deviation for one in stocks) < 12
    assert 70 < median(one.deviation for one in options) < 140


def test_the_recordings_lie_where_the_rules_say() -> None:
    feed = open_recordings(recorded_files())
    for key, figures in measure(feed).items():
        assert -0.2 < figures.autocorrelation < 0, key
        assert figures.kurtosis > 4, key
        assert figures.busiest_share > 0.2, key
        assert 0.4 < figures.unchanged_share < 0.75, key


def test_autocorrelation_counts_only_minutes_that_follow_one_another() -> None:
    assert autocorrelation({1: 1.0, 2: -1.0, 3: 1.0, 4: -1.0}) == pytest.approx(-1)
    assert autocorrelation({1: 1.0, 2: -1.0, 10: 1.0, 11: -1.0}) == pytest.approx(-1)


def test_kurtosis_of_two_equal_values_is_one_and_of_a_rare_jump_large() -> None:
    assert kurtosis([1.0, -1.0] * 50) == pytest.approx(1)
    assert kurtosis([0.0] * 99 + [1.0]) > 50


def test_the_table_shows_the_median_of_several_sessions() -> None:
    low, middle, high = (Figures(-0.1, kurt, 8, 0.25, 2, 1, 0.6) for kurt in (3.0, 5.0, 40.0))
    assert table({"ONE": [low, middle, high]})[1][2] == "5.0"
