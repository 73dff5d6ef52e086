"""Intervals by whole days: worked by hand, told against the exact distribution, and always the same."""

from itertools import product
from math import sqrt

import pytest

from engine.performance.interval import student_t, wilson_interval
from engine.performance.resampling import (
    LEAST_DAYS,
    MOST_DAYS,
    Sums,
    clustered_interval,
    day_sums,
    drawn_interval,
)
from tests.performance.builders import make_trade


def test_trades_of_one_day_are_one_sum() -> None:
    trades = [make_trade(1_000), make_trade(-500, clock="12:00"), make_trade(300, risk=None)]
    assert day_sums(trades, lambda trade: trade.r) == [(0.5, 2)]


def test_a_clustered_interval_is_worked_by_hand() -> None:
    # Three days of 1, 2 and 1 results: sums 1, -1, 3; mean 0.75; deviations 0.25, -2.5, 2.25.
    found = clustered_interval([(1.0, 1), (-1.0, 2), (3.0, 1)])
    half = student_t(2) * sqrt((0.25**2 + 2.5**2 + 2.25**2) * 3 / 2) / 4
    assert found == pytest.approx((0.75 - half, 0.75 + half))
    assert clustered_interval([(1.0, 3)]) is None


def test_days_that_repeat_their_own_trades_make_nothing_surer() -> None:
    once = [(1.0, 1), (-1.0, 1), (2.0, 1)]
    thrice = [(3 * total, 3 * number) for total, number in once]
    assert clustered_interval(thrice) == pytest.approx(clustered_interval(once))


def test_the_draws_come_to_the_exact_distribution() -> None:
    """Ten days of one result, one of them won: the mean of a record made again is a count of draws of that day."""
    days: list[Sums] = [(10.0, 1), *[(0.0, 1)] * 9]
    # Binomial(10, 0.1): P(0) = 0.349, P(at most 3) = 0.987, P(at most 2) = 0.930: the 97.5 % point is 3.
    assert drawn_interval(days) == (0.0, 3.0)


def test_an_interval_of_days_weighs_each_by_its_trades() -> None:
    days: list[Sums] = [(1.0, 1), (-30.0, 30)] * 5
    low, high = drawn_interval(days) or (0.0, 0.0)
    exact = sorted(
        sum(one[0] for one in made) / sum(one[1] for one in made) for made in product(days[:2], repeat=10)
    )
    assert (low, high) == pytest.approx((exact[25], exact[-26]), abs=0.02)


def test_the_same_record_has_the_same_interval_and_too_few_days_have_none() -> None:
    days: list[Sums] = [(float(number % 7 - 3), 2) for number in range(60)]
    assert drawn_interval(days) == drawn_interval(list(days))
    assert drawn_interval(days[: LEAST_DAYS - 1]) is None
    many = (days * 5)[: MOST_DAYS + 1]
    assert drawn_interval(many) == clustered_interval(many)
    # Where both can be had they agree.
    assert drawn_interval(many[:MOST_DAYS]) == pytest.approx(clustered_interval(many[:MOST_DAYS]), abs=0.02)


def test_other_levels_are_wider_by_the_tables() -> None:
    # Tables of Student's t, two-sided 99 % and 99.9 %.
    assert student_t(10, 0.99) == pytest.approx(3.169, abs=1e-3)
    assert student_t(60, 0.999) == pytest.approx(3.460, abs=1e-3)
    assert student_t(1, 0.999) == pytest.approx(636.619, abs=1e-2)
    low, high = wilson_interval(5, 100, 3.0) or (0.0, 0.0)
    assert low < 0.0215 < 0.1118 < high
