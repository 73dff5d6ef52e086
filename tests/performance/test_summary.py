"""Figures worked by hand, their edges, and groups whose sums are the whole's."""

from datetime import date, timedelta
from math import sqrt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.clock import MINUTE, Instant
from engine.market.side import Side
from engine.performance.exposure import exposure, market_hours
from engine.performance.figures import figures_of
from engine.performance.groups import GROUPINGS, UNKNOWN, grouped
from engine.performance.measured import measured
from engine.performance.metrics import Summary, summarise
from engine.performance.ratios import sortino_ratio
from engine.performance.streaks import Streaks, streaks
from engine.performance.trade import ClosedTrade
from tests.performance.builders import ACCOUNT, MONDAY, make_trade

TUESDAY = MONDAY + timedelta(days=1)
MUHURAT = date(2025, 10, 21)


def at(clock: str, net: int, **others: object) -> ClosedTrade:
    return msgspec.structs.replace(make_trade(net, clock=clock), **others)


def the_figures() -> Summary:
    # Bought 10 at 1,000.00 with R = 10.00. Best and worst are prices of one unit.
    trades = [
        at("10:00", 3_000, signal_price=99_990, best=100_400, worst=99_950),
        at("11:00", -1_100, signal_price=100_010, best=100_020, worst=99_890),
        at("12:00", 900),
    ]
    return summarise(trades, {MONDAY: ACCOUNT, TUESDAY: ACCOUNT})


def test_figures_worked_by_hand() -> None:
    found = the_figures()
    assert (found.average_win, found.average_loss) == (1_950, -1_100)
    assert found.payoff == pytest.approx(1_950 / 1_100)
    assert found.turnover == 3 * 1_000_000 + 1_003_100 + 999_000 + 1_001_000
    # 300 of charges, where winners had made 3,100 and 1,000.
    assert found.charges_share == pytest.approx(300 / 4_100)
    # Ten paise too dear, ten too cheap, ten units each.
    assert (found.slippage, found.slipped, found.slippage_r) == (0, 2, 0)
    # Held 10 minutes three times, on two days of 375 minutes.
    assert found.exposure == pytest.approx(30 / 750)
    assert found.streaks == Streaks(1, 1, 1)
    low, high = found.expectancy_interval or (0.0, 0.0)
    results = (3.0, -1.1, 0.9)
    mean = sum(results) / 3
    error = sqrt(sum((one - mean) ** 2 for one in results) / 2 / 3)
    assert (low, high) == pytest.approx((mean - 4.30265 * error, mean + 4.30265 * error), abs=1e-4)


def test_excursions_in_r_are_the_farthest_marks_or_what_it_was_left_at() -> None:
    found = the_figures()
    # +40.00 and, of the second, +2.00; it is left 9 to 10 rupees down, and its worst mark was -11.00.
    assert found.mfe_r == pytest.approx((4.0 + 0.2) / 2)
    assert found.marked == 2
    assert found.mae_r == pytest.approx((0.5 + 1.1) / 2)
    jumped = at("10:00", 4_900, best=100_100, worst=100_000)
    assert (jumped.mfe_r, jumped.mae_r) == (5.0, 0.0)
    short = msgspec.structs.replace(make_trade(900, side=Side.SELL), best=99_800, worst=100_050)
    assert (short.mfe_r, short.mae_r) == (2.0, 0.5)


def test_what_an_earlier_version_did_not_keep_is_undefined() -> None:
    trade = make_trade(500)
    assert (trade.mae_r, trade.mfe_r, trade.slippage) == (None, None, None)
    found = figures_of(summarise([trade], {MONDAY: ACCOUNT}))
    assert (found["mae_r"], found["mfe_r"], found["slippage"], found["slippage_r"]) == (None,) * 4
    samples = found["n"]
    assert isinstance(samples, dict)
    assert (samples["mae_r"], samples["slippage"], samples["win_rate"]) == (0, 0, 1)
    assert list(grouped([trade], {MONDAY: ACCOUNT}, "day-type")) == [UNKNOWN]


def test_without_a_trade_every_ratio_is_undefined_and_money_is_nought() -> None:
    found = figures_of(summarise([], {MONDAY: ACCOUNT}))
    nought = {"trades", "days", "wins", "losses", "gross", "charges", "net", "turnover", "exposure"}
    for name, value in found.items():
        if name in nought:
            assert value == 0, name
        elif name == "sharpe_days":
            assert value == 1
        elif name not in ("n", "verdict", "sharpe_verdict"):
            assert value is None, name


def test_without_a_loss_there_is_no_payoff_and_without_a_win_no_share_of_charges() -> None:
    won = summarise([make_trade(500)], {MONDAY: ACCOUNT})
    assert (won.payoff, won.average_loss) == (None, None)
    lost = summarise([make_trade(-500)], {MONDAY: ACCOUNT})
    assert (lost.payoff, lost.charges_share) == (None, None)


def test_sortino_of_a_hand_checked_week() -> None:
    # Mean 0.004; the one shortfall of 0.01 over five days: sqrt(0.0001 / 5).
    assert sortino_ratio([0.01, -0.01, 0.0, 0.02, 0.0]) == pytest.approx(0.004 / sqrt(0.0001 / 5) * sqrt(252))
    assert sortino_ratio([0.01, 0.02]) is None
    assert sortino_ratio([-0.01]) is None


def test_days_of_an_account_below_nought_give_no_return_and_no_percent() -> None:
    found = summarise([make_trade(-500), make_trade(200, day=TUESDAY)], {MONDAY: -1, TUESDAY: -501})
    assert (found.sharpe, found.sharpe_days) == (None, 0)
    assert found.max_drawdown is not None
    assert (found.max_drawdown.amount, found.max_drawdown.percent) == (500, None)
    assert found.net == -300


def test_a_deposit_is_neither_a_result_nor_a_recovery() -> None:
    trades = [make_trade(-10_000), make_trade(4_000, day=TUESDAY)]
    found = summarise(trades, {MONDAY: 1_000_000, TUESDAY: 5_000_000})
    assert found.net == -6_000
    assert found.max_drawdown is not None
    assert (found.max_drawdown.amount, found.max_drawdown.recovered_time) == (10_000, None)


def test_a_fall_that_is_made_good_tells_when_and_how_long_it_took() -> None:
    trades = [make_trade(-10_000), make_trade(10_000, day=TUESDAY)]
    days = dict.fromkeys((MONDAY, TUESDAY), 1_000_000)
    told = figures_of(summarise(trades, {MONDAY: 1_000_000, TUESDAY: 990_000}))
    assert (told["max_drawdown_recovered"], told["max_drawdown_days"]) == (
        "2025-12-16T11:00:00.000+05:30",
        1,
    )
    open_fall = figures_of(summarise(trades[:1], days))
    assert (open_fall["max_drawdown_recovered"], open_fall["max_drawdown_days"]) == (None, 1)


def test_runs_of_wins_and_losses_follow_the_order_of_the_ends_and_a_nought_ends_both() -> None:
    nets = [5, 6, 0, 7, -1, -2, -3, 4]
    trades = [at(f"{10 + number}:00", net) for number, net in enumerate(nets)]
    assert streaks(trades[::-1]) == Streaks(2, 3, 1)
    assert streaks(trades[:7]) == Streaks(2, 3, -3)
    assert streaks(trades[:3]) == Streaks(2, 0, 0)
    assert streaks([]) is None


def test_trades_that_overlap_are_exposed_once_and_a_special_session_has_its_own_hours() -> None:
    both = [at("11:00", 1), at("11:05", 2, instrument="NSE_EQ|B")]
    assert exposure(both, [MONDAY]) == pytest.approx(15 / 375)
    assert exposure([], [MONDAY]) == 0.0
    assert exposure([], []) is None
    begin, close = market_hours(MUHURAT)
    assert close - begin < 375 * MINUTE


def test_groups_bear_the_names_a_trader_knows() -> None:
    trade = msgspec.structs.replace(
        make_trade(100, clock="10:05"),
        exit_reason="premise: back in value",
        symbol="INFY",
        day_type="TREND",
        open_type="DRIVE",
        stop_term="ATR",
    )
    accounts = {MONDAY: ACCOUNT}
    names = {by: next(iter(grouped([trade], accounts, by))) for by in GROUPINGS}
    assert names == {
        "day": "2025-12-15",
        "week": "2025-W51",
        "month": "2025-12",
        "year": "2025",
        "setup": "failed auction",
        "instrument": "INFY",
        "hour": "09:00",
        "half-hour": "09:30",
        "day-type": "TREND",
        "open-type": "DRIVE",
        "weekday": "Monday",
        "side": "BUY",
        "exit-reason": "premise",
        "stop-term": "ATR",
    }
    with pytest.raises(ValueError, match="expected one of day, week"):
        grouped([trade], accounts, "moon")


def test_days_of_the_week_stand_in_their_own_order() -> None:
    week = [MONDAY + timedelta(days=days) for days in (4, 2, 0)]
    trades = [make_trade(1, day=day) for day in week]
    assert list(grouped(trades, dict.fromkeys(week, ACCOUNT), "weekday")) == ["Monday", "Wednesday", "Friday"]


traded = st.builds(
    lambda net, days, hour, setup, side: msgspec.structs.replace(
        make_trade(net, day=MONDAY + timedelta(days=days), clock=f"{hour}:30", setup=setup, side=side),
        id=f"{net} {days} {hour} {setup} {side}",
    ),
    st.integers(-1_000_000, 1_000_000),
    st.integers(0, 40),
    st.integers(10, 15),
    st.sampled_from(("failed auction", "open drive", "manual")),
    st.sampled_from(Side),
)


@given(trades=st.lists(traded, max_size=30), by=st.sampled_from(GROUPINGS))
def test_the_sums_of_the_groups_are_the_whole_to_the_paisa(trades: list[ClosedTrade], by: str) -> None:
    accounts = {MONDAY + timedelta(days=days): ACCOUNT + days for days in range(41)}
    whole = summarise(trades, accounts)
    parts = grouped(trades, accounts, by).values()
    for name in ("trades", "wins", "losses", "gross", "charges", "net", "turnover"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name


@given(trades=st.lists(traded, max_size=20))
def test_no_figure_is_anything_but_a_finite_number_or_undefined(trades: list[ClosedTrade]) -> None:
    accounts = {MONDAY + timedelta(days=days): 1_000 for days in range(41)}
    msgspec.json.encode(figures_of(summarise(trades, accounts)))
    for value in figures_of(summarise(trades, accounts)).values():
        assert not isinstance(value, float) or abs(value) < float("inf")


def test_a_trade_held_over_nothing_but_closed_hours_is_no_more_than_whole_exposure() -> None:
    begin, close = market_hours(MONDAY)
    long: tuple[Instant, Instant] = (begin - MINUTE, close + MINUTE)
    trade = msgspec.structs.replace(make_trade(1), entry_time=long[0], exit_time=long[1])
    assert exposure([trade], [MONDAY]) == 1.0


prices = st.one_of(st.none(), st.integers(90_000, 110_000))


@given(
    trade=traded,
    best=prices,
    worst=prices,
    spoken=st.sampled_from((0, 99_990, 100_010)),
    stop=st.sampled_from((0, 99_000, 101_000)),
)
def test_what_is_measured_of_a_trade_is_what_the_trade_says_of_itself(
    trade: ClosedTrade, best: int | None, worst: int | None, spoken: int, stop: int
) -> None:
    trade = msgspec.structs.replace(trade, best=best, worst=worst, signal_price=spoken, initial_stop=stop)
    found = measured(trade)
    for name in found.__struct_fields__:
        if name != "slippage_r":
            assert getattr(found, name) == getattr(trade, name), name
    risk, slippage = trade.initial_risk, trade.slippage
    assert found.slippage_r == (None if risk is None or slippage is None else slippage / risk)
