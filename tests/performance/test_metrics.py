from datetime import timedelta
from math import sqrt
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.performance.groups import grouped
from engine.performance.measured import measured
from engine.performance.metrics import (
    by_period,
    daily_returns,
    day_results,
    expectancy,
    profit_factor,
    summarise,
    trade_equity,
    win_rate,
)
from engine.performance.ratios import sharpe_ratio
from tests.performance.builders import ACCOUNT, MONDAY, make_trade

TUESDAY, NEXT_MONDAY, JANUARY = (MONDAY + timedelta(days=days) for days in (1, 7, 17))
ACCOUNTS = dict.fromkeys((MONDAY, TUESDAY, NEXT_MONDAY, JANUARY), ACCOUNT)
nets = st.lists(st.integers(-1_000_000, 1_000_000), max_size=40)


def test_hand_checked_figures_of_five_trades() -> None:
    trades = [make_trade(net) for net in (3_000, -1_000, 2_000, -500, 0)]
    assert win_rate(trades) == 0.4
    assert profit_factor(trades) == pytest.approx(5_000 / 1_500)
    assert expectancy(trades) == pytest.approx(0.7)


def test_without_trades_everything_is_undefined() -> None:
    summary = summarise([], {})
    assert (summary.trades, summary.net, summary.sharpe_days) == (0, 0, 0)
    for figure in (
        summary.win_rate,
        summary.win_rate_interval,
        summary.profit_factor,
        summary.expectancy_r,
        summary.average_win,
        summary.average_loss,
        summary.sharpe,
        summary.max_drawdown,
    ):
        assert figure is None


def test_without_a_loss_the_profit_factor_has_no_bound() -> None:
    assert profit_factor([make_trade(5), make_trade(0)]) is None
    assert profit_factor([make_trade(-5)]) == 0


def test_sharpe_of_a_hand_checked_week() -> None:
    returns = [0.01, -0.01, 0.0, 0.02, 0.0]
    assert sharpe_ratio(returns) == pytest.approx(mean(returns) / stdev(returns) * sqrt(252))
    assert sharpe_ratio([0.01, -0.01, 0.03]) == pytest.approx(0.01 / 0.02 * 15.874507866)


@pytest.mark.parametrize("returns", [[], [0.02], [0.01, 0.01, 0.01], [0.0, 0.0]])
def test_sharpe_is_undefined_below_two_days_and_without_deviation(returns: list[float]) -> None:
    assert sharpe_ratio(returns) is None


@given(returns=st.lists(st.integers(-500, 500), min_size=2, max_size=50), scale=st.integers(1, 9))
def test_sharpe_ignores_scale_and_changes_sign_with_the_results(returns: list[int], scale: int) -> None:
    plain = sharpe_ratio([value / 10_000 for value in returns])
    scaled = sharpe_ratio([-value * scale / 10_000 for value in returns])
    if plain is None:
        assert scaled is None
    else:
        assert scaled == pytest.approx(-plain)


def test_a_day_without_a_trade_counts_with_nought() -> None:
    results = day_results([make_trade(1_000_000)], {TUESDAY: ACCOUNT, MONDAY: ACCOUNT // 2})
    assert list(results) == [MONDAY, TUESDAY]
    assert daily_returns(results) == [0.02, 0.0]


def test_a_traded_day_without_an_account_is_an_error() -> None:
    with pytest.raises(ValueError, match="opening account for 2025-12-15, got none"):
        day_results([make_trade(1)], {TUESDAY: ACCOUNT})


def test_the_equity_of_trades_runs_in_the_order_of_their_ends() -> None:
    trades = [make_trade(-300, clock="12:00"), make_trade(500, clock="10:30")]
    assert [account for _, account in trade_equity(1_000, trades)] == [1_500, 1_200]


@given(results=nets)
def test_parts_add_up_to_the_whole(results: list[int]) -> None:
    days = list(ACCOUNTS)
    trades = [
        make_trade(net, day=days[number % 4], setup="manual" if number % 3 else "failed auction")
        for number, net in enumerate(results)
    ]
    whole = summarise(trades, ACCOUNTS)
    assert whole.net == sum(results)
    assert whole.gross - whole.charges == whole.net
    for parts in (
        by_period([measured(one) for one in trades], ACCOUNTS, "day"),
        by_period([measured(one) for one in trades], ACCOUNTS, "week"),
        by_period([measured(one) for one in trades], ACCOUNTS, "month"),
        grouped(trades, ACCOUNTS, "setup"),
    ):
        assert sum(part.net for part in parts.values()) == whole.net
        assert sum(part.trades for part in parts.values()) == whole.trades
        assert sum(part.wins for part in parts.values()) == whole.wins


def test_periods_are_named_by_date_iso_week_and_month() -> None:
    assert next(iter(by_period([], ACCOUNTS, "day"))) == "2025-12-15"
    assert list(by_period([], ACCOUNTS, "week")) == ["2025-W51", "2025-W52", "2026-W01"]
    assert list(by_period([], ACCOUNTS, "month")) == ["2025-12", "2026-01"]
    assert list(by_period([], ACCOUNTS, "year")) == ["2025", "2026"]
    with pytest.raises(ValueError, match="expected one of day, week, month, year, got 'decade'"):
        by_period([], ACCOUNTS, "decade")


def test_a_setup_is_measured_on_all_days_of_the_engine() -> None:
    summary = grouped([make_trade(1_000_000)], ACCOUNTS, "setup")["failed auction"]
    assert (summary.days, summary.sharpe_days) == (1, 4)
    assert summary.sharpe == pytest.approx(0.5 * sqrt(252))
