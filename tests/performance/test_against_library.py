"""The ratios and intervals against libraries that nobody here wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.performance.drawdown import max_drawdown
from engine.performance.interval import mean_interval, student_t, wilson_interval
from engine.performance.ratios import sharpe_ratio, sortino_ratio

empyrical = pytest.importorskip("empyrical")
numpy = pytest.importorskip("numpy")
stats = pytest.importorskip("scipy.stats")

returns = st.lists(st.integers(-900, 900), min_size=2, max_size=80).map(
    lambda values: [value / 10_000 for value in values]
)
rates = st.sampled_from((0.0, 5.0, 6.5))


@given(values=returns, rate=rates)
def test_sharpe_is_the_librarys(values: list[float], rate: float) -> None:
    ours = sharpe_ratio(values, rate)
    if ours is not None:
        theirs = empyrical.sharpe_ratio(numpy.array(values), risk_free=rate / 100 / 252)
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


@given(values=returns, rate=rates)
def test_sortino_is_the_librarys(values: list[float], rate: float) -> None:
    ours = sortino_ratio(values, rate)
    if ours is not None:
        theirs = empyrical.sortino_ratio(numpy.array(values), required_return=rate / 100 / 252)
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


@given(changes=st.lists(st.integers(-900, 900), min_size=1, max_size=60))
def test_the_deepest_fall_in_percent_is_the_librarys(changes: list[int]) -> None:
    account, marks = 1_000_000, []
    for number, change in enumerate(changes, 1):
        account += change * 100
        marks.append((number, account))
    found = max_drawdown(1_000_000, marks)
    assert found is not None
    values = numpy.array([1_000_000, *(value for _, value in marks)], dtype=float)
    theirs = empyrical.max_drawdown(numpy.diff(values) / values[:-1])
    assert found.percent == pytest.approx(-100 * theirs, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 10, 29, 30, 31, 60, 119, 1_000, 7_499])
def test_students_t_is_the_librarys(freedom: int) -> None:
    assert student_t(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=2e-7)


@given(values=st.lists(st.floats(-5, 5), min_size=2, max_size=60))
def test_the_interval_of_a_mean_is_the_librarys(values: list[float]) -> None:
    found = mean_interval(len(values), sum(values), sum(value * value for value in values))
    assert found is not None
    error = stats.sem(values)
    if error > 1e-6:
        low, high = stats.t.interval(0.95, len(values) - 1, numpy.mean(values), error)
        assert found == pytest.approx((low, high), rel=1e-5, abs=1e-6)


@given(count=st.integers(1, 400), share=st.floats(0, 1))
def test_the_interval_of_a_share_is_the_librarys(count: int, share: float) -> None:
    wins = round(count * share)
    found = wilson_interval(wins, count)
    assert found is not None
    theirs = stats.binomtest(wins, count).proportion_ci(0.95, method="wilson")
    assert found == pytest.approx((theirs.low, theirs.high), abs=1e-4)
