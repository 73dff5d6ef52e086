from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.performance.interval import wilson_interval
from engine.performance.records import SetupRecord, Verdict, setup_record
from tests.performance.builders import MONDAY, make_trade

RULE = "failed auction"


@pytest.mark.parametrize(
    ("wins", "count", "low", "high"),
    [
        (0, 10, 0, 0.278),
        (7, 10, 0.397, 0.892),
        (13, 20, 0.433, 0.819),
        (55, 100, 0.452, 0.644),
        (60, 100, 0.502, 0.691),
        (110, 200, 0.481, 0.617),
    ],
)
def test_the_wilson_interval_equals_published_values(wins: int, count: int, low: float, high: float) -> None:
    interval = wilson_interval(wins, count)
    assert interval is not None
    assert interval == pytest.approx((low, high), abs=0.0005)


@given(count=st.integers(1, 500), part=st.floats(0, 1))
def test_the_interval_holds_the_share_and_mirrors_with_it(count: int, part: float) -> None:
    wins = round(part * count)
    interval, mirrored = wilson_interval(wins, count), wilson_interval(count - wins, count)
    assert interval is not None
    assert mirrored is not None
    assert 0 <= interval[0] <= wins / count <= interval[1] <= 1
    assert mirrored == pytest.approx((1 - interval[1], 1 - interval[0]))


def test_no_trials_have_no_interval_and_impossible_wins_are_an_error() -> None:
    assert wilson_interval(0, 0) is None
    with pytest.raises(ValueError, match="expected 0 to 3 wins, got 4"):
        wilson_interval(4, 3)


def test_a_record_reads_as_the_card_shows_it() -> None:
    trades = [make_trade(500) for _ in range(19)] + [make_trade(-900) for _ in range(15)]
    record = setup_record(trades, RULE, 1)
    assert record.describe() == "n 34 UNPROVEN · 56% (39–71) · −0.12 R ± 0.12 · 19 won, 1 day · v1"
    assert (record.n, record.days, record.wins) == (34, 1, 19)
    assert record.mean_net_r == pytest.approx((19 * 0.5 - 15 * 0.9) / 34)


def test_an_empty_record_claims_nothing() -> None:
    record = setup_record([], RULE, 1)
    assert record.describe() == "n 0 UNPROVEN · v1"
    assert (record.win_rate, record.mean_net_r, record.break_even) == (None, None, None)


def test_another_setup_or_version_is_another_record() -> None:
    trades = [make_trade(1), make_trade(1, version=2), make_trade(1, setup="manual")]
    assert setup_record(trades, RULE, 1).n == setup_record(trades, RULE, 2).n == 1


def test_trades_of_one_day_count_as_one_day() -> None:
    trades = [make_trade(1), make_trade(2), make_trade(3, day=MONDAY + timedelta(days=1))]
    assert setup_record(trades, RULE, 1).days == 2


@pytest.mark.parametrize(
    ("n", "wins", "reward", "verdict"),
    [
        (99, 99, 2_000, Verdict.UNPROVEN),
        (100, 60, 1_000, Verdict.EDGE_SHOWN),
        (100, 59, 1_000, Verdict.NO_EDGE_SHOWN),
        (100, 45, 2_000, Verdict.EDGE_SHOWN),
        (100, 40, 2_000, Verdict.NO_EDGE_SHOWN),
        (100, 100, None, Verdict.UNPROVEN),
    ],
)
def test_the_verdict_compares_the_lower_bound_with_break_even(
    n: int, wins: int, reward: int | None, verdict: Verdict
) -> None:
    trades = [make_trade(1 if number < wins else -1, reward=reward) for number in range(n)]
    record = setup_record(trades, RULE, 1)
    assert record.verdict is verdict
    if reward is not None:
        assert record.break_even == pytest.approx(1 / (1 + reward / 1_000))


def test_a_bound_equal_to_break_even_shows_no_edge() -> None:
    interval = wilson_interval(60, 100)
    assert interval is not None
    even = SetupRecord(RULE, 1, n=100, days=9, wins=60, planned=1, planned_r=1 / interval[0] - 1)
    assert even.break_even == interval[0]
    assert even.verdict is Verdict.NO_EDGE_SHOWN
