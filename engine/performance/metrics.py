"""Win rate, profit factor, Sharpe ratio, drawdown and expectancy; None wherever a figure is not defined.

Money goes in as whole paise and is summed exactly; ratios are floats for readers and decide nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from math import fsum
from operator import attrgetter
from typing import Final

from engine.market.price import Paise
from engine.performance.drawdown import Drawdown, EquityMark, max_drawdown, payments_between
from engine.performance.exposure import exposure
from engine.performance.interval import mean_interval, sharpe_error, standard_error, wilson_interval
from engine.performance.measured import Finished, Measured, in_order, measured
from engine.performance.ratios import TRADING_DAYS, sharpe_ratio, sortino_ratio
from engine.performance.records import PROOF_COUNT
from engine.performance.resampling import LEAST_DAYS, day_sums, drawn_interval
from engine.performance.streaks import Streaks, streaks_of
from engine.performance.trade import ClosedTrade

PROOF_DAYS: Final = 60
"""Below this many days a daily Sharpe ratio claims nothing."""


def win_rate(trades: Sequence[Finished]) -> float | None:
    """Return the share of trades with a net result above zero, 0 to 1."""
    return sum(trade.net > 0 for trade in trades) / len(trades) if trades else None


def profit_factor(trades: Iterable[Finished]) -> float | None:
    """Return net wins over net losses; None without a loss, where it has no bound."""
    nets = [trade.net for trade in trades]
    lost = -sum(net for net in nets if net < 0)
    return sum(net for net in nets if net > 0) / lost if lost else None


def expectancy(trades: Iterable[Finished]) -> float | None:
    """Return the mean net result in R of the trades whose risk is known."""
    return _mean([result for trade in trades if (result := trade.r) is not None])


def trade_equity(start: Paise, trades: Sequence[Finished]) -> list[EquityMark]:
    """Return the account after each closed trade, nothing paid in or out, in the order of their ends (ties by id)."""
    ordered = in_order(trades)
    accounts = accumulate([trade.net for trade in ordered], initial=start)
    next(accounts)
    return [(trade.exit_time, account) for trade, account in zip(ordered, accounts, strict=True)]


def day_results(
    trades: Iterable[Finished], accounts: Mapping[date, Paise]
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
    """Days with a trade."""
    first_day: date | None
    last_day: date | None
    """Of all days the trades could have been made on."""
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
    expectancy_interval: tuple[float, float] | None
    """95 % interval of the expectancy, R: by whole days drawn again where ``drawn``, else by Student's t."""
    measured: int
    """Trades whose result in R is known."""
    average_win: float | None
    average_loss: float | None
    payoff: float | None
    """Average win over average loss, both above zero."""
    losses: int
    sharpe: float | None
    sharpe_error: float | None
    sortino: float | None
    sharpe_days: int
    max_drawdown: Drawdown | None
    """On closed trades."""
    exposure: float | None
    """Share of the days' market hours with a trade open, 0 to 1."""
    turnover: Paise
    """Bought and sold."""
    charges_share: float | None
    """Charges of all trades over what the winning ones made before charges."""
    slippage: Paise | None
    """What the entries cost beyond their signals' prices; None where none is known."""
    slippage_r: float | None
    """Its mean in R, of the trades with both."""
    slipped: int
    """Trades whose signal's price is known."""
    slipped_r: int
    mae_r: float | None
    mae_interval: tuple[float, float] | None
    mfe_r: float | None
    mfe_interval: tuple[float, float] | None
    marked: int
    """Trades whose excursions in R are known."""
    streaks: Streaks | None
    drawn: bool = False
    """Whether the intervals of means come of whole days drawn again."""

    @property
    def proven(self) -> bool:
        """Whether there are trades enough for their figures to claim anything."""
        return self.trades >= PROOF_COUNT

    @property
    def sharpe_proven(self) -> bool:
        """Whether there are days enough for the Sharpe ratio to claim anything."""
        return self.sharpe_days >= PROOF_DAYS


def summarise(
    trades: Sequence[ClosedTrade], accounts: Mapping[date, Paise], risk_free_pct: float = 0.0
) -> Summary:
    """Return the figures of some trades; ``accounts`` names the opening account of every day they stand for.

    ``risk_free_pct`` is percent a year. Raise ValueError for a trade on a day without an account.
    """
    return summary_of([measured(trade) for trade in trades], accounts, risk_free_pct)


def summary_of(
    trades: Sequence[Measured],
    accounts: Mapping[date, Paise],
    risk_free_pct: float = 0.0,
    *,
    by_days: bool = False,
) -> Summary:
    """Return the same of trades that are measured already.

    ``by_days`` has intervals of means drawn from whole days where there are enough of them: such results are skewed,
    and the trades of a day hang together.
    """
    trades = in_order(trades)
    results = day_results(trades, accounts)
    returns = daily_returns(results)
    start = next(iter(results.values()))[1] if results else 0
    nets = [trade.net for trade in trades]
    wins, losses = [net for net in nets if net > 0], [net for net in nets if net < 0]
    in_r = [trade.r for trade in trades if trade.r is not None]
    adverse = [trade.mae_r for trade in trades if trade.mae_r is not None]
    favourable = [trade.mfe_r for trade in trades if trade.mfe_r is not None]
    slipped = [trade.slippage for trade in trades if trade.slippage is not None]
    slipped_r = [trade.slippage_r for trade in trades if trade.slippage_r is not None]
    charges = sum([trade.charges for trade in trades])
    gross = [trade.gross for trade in trades]
    made = sum([one for one in gross if one > 0])
    in_days = day_sums(trades, _r) if by_days else []
    drawn = len(in_days) >= LEAST_DAYS
    sharpe = sharpe_ratio(returns, risk_free_pct)
    average_win, average_loss = _mean(wins), _mean(losses)
    return Summary(
        trades=len(trades),
        days=len({trade.day for trade in trades}),
        first_day=min(results, default=None),
        last_day=max(results, default=None),
        wins=len(wins),
        win_rate=len(wins) / len(trades) if trades else None,
        win_rate_interval=wilson_interval(len(wins), len(trades)),
        gross=sum(gross),
        charges=charges,
        net=sum(nets),
        profit_factor=-sum(wins) / sum(losses) if losses else None,
        expectancy_r=_mean(in_r),
        expectancy_error=standard_error(*_sums(in_r)),
        expectancy_interval=drawn_interval(in_days) if drawn else mean_interval(*_sums(in_r)),
        measured=len(in_r),
        average_win=average_win,
        average_loss=average_loss,
        payoff=None if average_win is None or average_loss is None else average_win / -average_loss,
        losses=len(losses),
        sharpe=sharpe,
        sharpe_error=sharpe_error(sharpe, len(returns), TRADING_DAYS),
        sortino=sortino_ratio(returns, risk_free_pct),
        sharpe_days=len(returns),
        max_drawdown=max_drawdown(start, trade_equity(start, trades), payments_between(results)),
        exposure=exposure(trades, results),
        turnover=sum([trade.turnover for trade in trades]),
        charges_share=charges / made if made else None,
        slippage=sum(slipped) if slipped else None,
        slippage_r=_mean(slipped_r),
        slipped=len(slipped),
        slipped_r=len(slipped_r),
        mae_r=_mean(adverse),
        mae_interval=_excursion_interval(trades, _adverse, adverse, by_days=drawn),
        mfe_r=_mean(favourable),
        mfe_interval=_excursion_interval(trades, _favourable, favourable, by_days=drawn),
        marked=len(adverse),
        streaks=streaks_of(nets),
        drawn=drawn,
    )


def _excursion_interval(
    trades: Sequence[Measured],
    value: Callable[[Measured], float | None],
    known: Sequence[float],
    *,
    by_days: bool,
) -> tuple[float, float] | None:
    days = day_sums(trades, value) if by_days else []
    return drawn_interval(days) if len(days) >= LEAST_DAYS else mean_interval(*_sums(known))


_r: Final[Callable[[Measured], float | None]] = attrgetter("r")
_adverse: Final[Callable[[Measured], float | None]] = attrgetter("mae_r")
_favourable: Final[Callable[[Measured], float | None]] = attrgetter("mfe_r")


def _mean(values: Sequence[float]) -> float | None:
    return fsum(values) / len(values) if values else None


def _sums(values: Sequence[float]) -> tuple[int, float, float]:
    return len(values), fsum(values), fsum([value * value for value in values])


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def _year(day: date) -> str:
    return f"{day.year:04d}"


PERIODS: Final[Mapping[str, Callable[[date], str]]] = {
    "day": date.isoformat,
    "week": _week,
    "month": _month,
    "year": _year,
}


def by_period(
    trades: Iterable[Measured], accounts: Mapping[date, Paise], period: str, risk_free_pct: float = 0.0
) -> dict[str, Summary]:
    """Return figures per ``day``, ISO ``week``, ``month`` or ``year``, oldest first; days without a trade count too."""
    name = PERIODS.get(period)
    if name is None:
        raise ValueError(f"expected one of {', '.join(PERIODS)}, got {period!r}")
    names = {day: name(day) for day in sorted(accounts)}
    days: dict[str, dict[date, Paise]] = {}
    for day, group in names.items():
        days.setdefault(group, {})[day] = accounts[day]
    own: dict[str, list[Measured]] = {group: [] for group in days}
    for trade in trades:
        if trade.day not in names:
            raise ValueError(f"expected an opening account for {trade.day.isoformat()}, got none")
        own[names[trade.day]].append(trade)
    return {group: summary_of(own[group], days[group], risk_free_pct) for group in days}
