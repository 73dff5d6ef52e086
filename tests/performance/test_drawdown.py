"""The deepest falls, worked by hand: in money and in percent, with what was paid in and out between."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.clock import instant_at
from engine.performance.drawdown import Drawdown, max_drawdown, payments_between
from engine.performance.metrics import summarise
from tests.performance.builders import MONDAY, make_trade

TUESDAY = date(2025, 12, 16)


def test_the_deepest_fall_is_from_the_highest_earlier_account() -> None:
    marks = [(1, 1_100), (2, 1_000), (3, 1_300), (4, 1_150), (5, 1_200), (6, 1_050), (7, 2_000)]
    # From 1,300 down to 1,050: 250, which is 19.23 % of 1,300.
    assert max_drawdown(1_000, marks) == Drawdown(250, 3, 6, 100 * 250 / 1_300, 3, 6, 7, 7)


def test_the_deepest_fall_in_money_and_the_deepest_in_percent_are_two_falls_with_dates_of_their_own() -> None:
    marks = [(1, 1_000), (2, 800), (3, 5_000), (4, 4_500)]
    # 200 of 1,000 is 20 %; 500 of 5,000 is more money and only 10 %.
    assert max_drawdown(1_000, marks) == Drawdown(500, 3, 4, 20.0, None, 2, None, 3)


def test_a_fall_from_the_start_counts() -> None:
    assert max_drawdown(1_000, [(1, 900), (2, 950)]) == Drawdown(100, None, 1, 10.0, None, 1)


def test_an_account_that_only_rises_has_no_drawdown_and_none_without_marks() -> None:
    assert max_drawdown(1_000, [(1, 1_000), (2, 1_001)]) == Drawdown(0, None, None, 0.0, None, None)
    assert max_drawdown(1_000, []) is None


@pytest.mark.parametrize("start", [0, -50])
def test_percent_of_a_peak_that_is_not_above_zero_is_undefined_and_the_fall_in_money_is_not(
    start: int,
) -> None:
    assert max_drawdown(start, [(1, start - 300)]) == Drawdown(300, None, 1, None, None, None)


def test_a_fall_of_more_than_all_there_was_is_more_than_a_hundred_percent() -> None:
    assert max_drawdown(200, [(1, -100)]) == Drawdown(300, None, 1, 150.0, None, 1)


def test_money_paid_in_is_no_recovery_and_moves_what_the_percent_is_of() -> None:
    # 1,000 falls to 900; 1,000 is paid in; another 100 is lost. In money the fall is 200 all along. Of the peak,
    # moved from 1,000 to 2,000, it is 10 %: no deeper than the first 100 of 1,000.
    found = max_drawdown(1_000, [(1, 900), (3, 800)], [(2, 1_000)])
    assert found == Drawdown(200, None, 3, 10.0, None, 1)


def test_money_taken_out_is_no_fall_and_what_is_lost_of_the_rest_weighs_more() -> None:
    # 2,000; 1,000 is taken out; 100 of the remaining 1,000 is lost.
    found = max_drawdown(2_000, [(1, 2_000), (3, 1_900)], [(2, -1_000)])
    assert found == Drawdown(100, None, 3, 10.0, None, 3)


def test_what_an_account_opens_with_beyond_what_the_day_before_left_was_paid_in() -> None:
    days = {MONDAY: (-100, 1_000), TUESDAY: (50, 1_400)}
    assert payments_between(days) == [(instant_at(TUESDAY, time.min), 500)]
    assert payments_between({MONDAY: (-100, 1_000), TUESDAY: (0, 900)}) == []


def test_a_loss_on_each_of_two_days_that_open_alike_is_one_fall() -> None:
    trades = [make_trade(-10_000), make_trade(-10_000, day=TUESDAY)]
    found = summarise(trades, {MONDAY: 100_000, TUESDAY: 100_000}).max_drawdown
    assert found is not None
    # The second day opens at 100,000 again: 10,000 was paid in, so the peak is 110,000 by then.
    assert found.amount == 20_000
    assert found.percent == pytest.approx(100 * 20_000 / 110_000)


@given(start=st.integers(1, 10**9), steps=st.lists(st.integers(-1_000_000, 1_000_000), max_size=40))
def test_the_drawdown_equals_the_deepest_pair_found_by_search(start: int, steps: list[int]) -> None:
    accounts = [start]
    for step in steps:
        accounts.append(accounts[-1] + step)
    found = max_drawdown(start, list(enumerate(accounts[1:])))
    pairs = [
        (accounts[first] - accounts[later], accounts[first])
        for first in range(len(accounts))
        for later in range(first, len(accounts))
    ]
    assert (found.amount if found else 0) == max(0, *(fall for fall, _ in pairs))
    if found is not None and found.percent is not None:
        # Only a running peak counts in percent; a smaller one before it makes no deeper fall.
        peaks = [max(accounts[: later + 1]) for later in range(1, len(accounts))]
        falls = [
            100 * (peak - account) / peak
            for peak, account in zip(peaks, accounts[1:], strict=True)
            if peak > 0
        ]
        assert found.percent == pytest.approx(max(0.0, *falls, 0.0))
