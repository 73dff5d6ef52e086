"""Win rate, profit factor, Sharpe ratio, drawdown and expectancy; None wherever a figure is not defined.

Money goes in as whole paise and is summed exactly; ratios are floats for readers and decide nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import fsum, sqrt
from typing import Final

from engine.market.price import Paise
from engine.performance.drawdown import Drawdown, EquityMark, max_drawdown, payments_between
from engine.performance.interval import sharpe_error, standard_error, wilson_interval
from engine.performance.records import PROOF_COUNT
from engine.performance.trade import ClosedTrade

TRADING_DAYS: Final = 252
"""Days a year of the annualised Sharpe ratio: the usual convention (NSE itself has 245 to 248)."""

SHARPE_CONVENTION: Final = (
    "mean over sample deviation of daily net results on each day's opening account, risk-free rate 0,"
    f" annualised by the square root of {TRADING_DAYS}"
)
MIN_DAYS: Final = 2
PROOF_DAYS: Final = 60
"""Below this many days a daily Sharpe ratio claims nothing."""


def win_rate(trades: Sequence[ClosedTrade]) -> float | None:
    """Return the share of trades with a net result above zero, 0 to 1."""
    return sum(trade.won for trade in trades) / len(trades) if trades else None


def profit_factor(trades: Iterable[ClosedTrade]) -> float | None:
    """Return net wins over net losses; None without a loss, where it has no bound."""
    won = lost = 0
    for trade in trades:
        won += max(0, trade.net)
        lost += max(0, -trade.net)
    return won / lost if lost else None


def expectancy(trades: Iterable[ClosedTrade]) -> float | None:
    """Return the mean net result in R of the trades whose risk is known."""
    results = [trade.r for trade in trades if trade.r is not None]
    return fsum(results) / len(results) if results else None


def sharpe_ratio(returns: Sequence[float]) -> float | None:
    """Return the annualised Sharpe ratio of daily returns; None below two days or without deviation.

    The convention is stated in ``SHARPE_CONVENTION`` (source: Sharpe 1994, Journal of Portfolio Management 21).
    """
    count = len(returns)
    if count < MIN_DAYS or min(returns) == max(returns):
        return None
    mean = fsum(returns) / count
    deviation = sqrt(fsum((value - mean) ** 2 for value in returns) / (count - 1))
    return mean / deviation * sqrt(TRADING_DAYS) if deviation > 0 else None


def trade_equity(start: Paise, trades: Sequence[ClosedTrade]) -> list[EquityMark]:
    """Return the account after each closed trade, nothing paid in or out, in the order of their ends (ties by id)."""
    marks, account = [], start
    for trade in sorted(trades, key=lambda trade: (trade.exit_time, trade.id)):
        account += trade.net
        marks.append((trade.exit_time, account))
    return marks


def day_results(
    trades: Iterable[ClosedTrade], accounts: Mapping[date, Paise]
) -> dict[date, tuple[Paise, Paise]]:
    """Return (net result, opening account) in paise of every day the engine traded or could have, in order.

    A day in ``accounts`` without a trade counts with nought; raise ValueError for a traded day without account.
    """
    results = dict.fromkeys(accounts, 0)
    for trade in trades:
        if trade.day not in results:
            raise ValueError(f"expected an opening account for {trade.day.isoformat()}, got none")
        results[trade.day] += trade.net
    return {day: (results[day], accounts[day]) for day in sorted(results)}


def daily_returns(results: Mapping[date, tuple[Paise, Paise]]) -> list[float]:
    """Return each day's net result on its opening account."""
    return [net / account for net, account in results.values() if account > 0]


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one group of trades; money in paise, None where undefined."""

    trades: int
    days: int
    wins: int
    win_rate: float | None
    win_rate_interval: tuple[float, float] | None
    gross: Paise
    charges: Paise
    net: Paise
    profit_factor: float | None
    expectancy_r: float | None
    expectancy_error: float | None
    """Standard error of the expectancy, R."""
    average_win: float | None
    average_loss: float | None
    sharpe: float | None
    sharpe_error: float | None
    sharpe_days: int
    max_drawdown: Drawdown | None
    """On closed trades."""

    @property
    def proven(self) -> bool:
        """Say whether there are trades enough for their figures to claim anything."""
        return self.trades >= PROOF_COUNT

    @property
    def sharpe_proven(self) -> bool:
        """Say whether there are days enough for the Sharpe ratio to claim anything."""
        return self.sharpe_days >= PROOF_DAYS


def summarise(trades: Sequence[ClosedTrade], accounts: Mapping[date, Paise]) -> Summary:
    """Return the figures of some trades; ``accounts`` names the opening account of every day they stand for."""
    results = day_results(trades, accounts)
    returns = daily_returns(results)
    start = next(iter(results.values()))[1] if results else 0
    wins = [trade.net for trade in trades if trade.won]
    losses = [trade.net for trade in trades if trade.net < 0]
    measured = [trade.r for trade in trades if trade.r is not None]
    sharpe = sharpe_ratio(returns)
    return Summary(
        trades=len(trades),
        days=len({trade.day for trade in trades}),
        wins=len(wins),
        win_rate=win_rate(trades),
        win_rate_interval=wilson_interval(len(wins), len(trades)),
        gross=sum(trade.gross for trade in trades),
        charges=sum(trade.charges for trade in trades),
        net=sum(trade.net for trade in trades),
        profit_factor=profit_factor(trades),
        expectancy_r=expectancy(trades),
        expectancy_error=standard_error(len(measured), fsum(measured), fsum(one * one for one in measured)),
        average_win=sum(wins) / len(wins) if wins else None,
        average_loss=sum(losses) / len(losses) if losses else None,
        sharpe=sharpe,
        sharpe_error=sharpe_error(sharpe, len(returns), TRADING_DAYS),
        sharpe_days=len(returns),
        max_drawdown=max_drawdown(start, trade_equity(start, trades), payments_between(results)),
    )


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


PERIODS: Final[Mapping[str, Callable[[date], str]]] = {
    "day": date.isoformat,
    "week": _week,
    "month": _month,
}


def by_period(
    trades: Iterable[ClosedTrade], accounts: Mapping[date, Paise], period: str
) -> dict[str, Summary]:
    """Return figures per ``day``, ISO ``week`` or ``month``, oldest first; days without a trade count too."""
    name = PERIODS.get(period)
    if name is None:
        raise ValueError(f"expected one of {', '.join(PERIODS)}, got {period!r}")
    days: dict[str, dict[date, Paise]] = {}
    for day in sorted(accounts):
        days.setdefault(name(day), {})[day] = accounts[day]
    own: dict[str, list[ClosedTrade]] = {group: [] for group in days}
    for trade in trades:
        group = own.get(name(trade.day))
        if group is None:
            raise ValueError(f"expected an opening account for {trade.day.isoformat()}, got none")
        group.append(trade)
    return {group: summarise(own[group], days[group]) for group in days}


def by_setup(trades: Iterable[ClosedTrade], accounts: Mapping[date, Paise]) -> dict[str, Summary]:
    """Return figures per setup, by name; each is measured on all days, those without its trades included."""
    own: dict[str, list[ClosedTrade]] = {}
    for trade in trades:
        own.setdefault(trade.setup, []).append(trade)
    return {setup: summarise(own[setup], accounts) for setup in sorted(own)}
