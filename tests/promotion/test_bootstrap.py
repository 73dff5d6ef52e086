"""The bound of an expectancy by whole days: equal to full enumeration, wider than trades alone, always the same."""

from itertools import product
from math import sqrt
from statistics import NormalDist, fmean

import pytest

from engine.performance.resampling import Sums
from engine.promotion.bootstrap import RESAMPLES, lower_bound
from engine.promotion.looks import error_of_each, look_at


def days(*results: list[float]) -> list[Sums]:
    return [(sum(day), len(day)) for day in results]


def test_days_that_are_all_alike_leave_no_doubt() -> None:
    assert lower_bound(days([0.5, 0.5], [0.5], [0.5]), 0.05) == pytest.approx(0.5)


def test_nothing_has_no_bound_and_a_share_is_between_nought_and_one() -> None:
    assert lower_bound([], 0.05) is None
    with pytest.raises(ValueError, match="between 0 and 1"):
        lower_bound(days([1.0]), 0)


def test_three_days_agree_with_their_27_resamples() -> None:
    known = days([1.0, 2.0], [-1.0], [0.5, 0.5, -0.4])
    every = sorted(
        sum(total for total, _ in drawn) / sum(count for _, count in drawn)
        for drawn in product(known, repeat=3)
    )
    for share in (0.02, 0.1, 0.5):
        assert lower_bound(known, share) == pytest.approx(every[int(share * 27)])


def test_many_days_agree_with_the_normal_distribution() -> None:
    """Of 200 independent days the mean is normal: mean − z · s/√n, to a tenth of its error."""
    results = [((at * 7919) % 1000) / 1000 - 0.3 for at in range(200)]
    mean = fmean(results)
    error = sqrt(sum((one - mean) ** 2 for one in results)) / len(results)
    bound = lower_bound(days(*([one] for one in results)), 0.05)
    assert bound == pytest.approx(mean - NormalDist().inv_cdf(0.95) * error, abs=0.1 * error)


def test_trades_that_share_a_day_prove_less_than_as_many_days() -> None:
    apart = lower_bound(days(*([1.0] if at % 2 else [-0.6] for at in range(40))), 0.05)
    together = lower_bound(days(*([1.0] * 8 if at % 2 else [-0.6] * 8 for at in range(5))), 0.05)
    assert apart is not None
    assert together is not None
    assert together < apart


def test_the_same_trades_give_the_same_bound() -> None:
    known = days([1.0, -1.0], [0.4], [2.0, -0.5])
    assert lower_bound(known, 0.05) == lower_bound(known, 0.05)
    assert RESAMPLES == 10_000


def test_an_edge_is_looked_at_after_100_200_and_300_trades_alone() -> None:
    assert [
        (look_at(n).number, look_at(n).trades, look_at(n).following) for n in (0, 99, 100, 199, 250, 999)
    ] == [
        (0, 0, 100),
        (0, 0, 100),
        (1, 100, 200),
        (1, 100, 200),
        (2, 200, 300),
        (3, 300, None),
    ]


def test_the_error_is_spread_evenly_over_the_looks() -> None:
    assert 3 * error_of_each(5) == pytest.approx(0.05)
