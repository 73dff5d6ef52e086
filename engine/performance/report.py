"""The performance object of the outside contract: rupees, sample sizes, null where undefined."""

from collections.abc import Mapping, Sequence
from datetime import date

from engine.market.clock import Instant, isoformat
from engine.market.price import Paise, rupees_of
from engine.performance.metrics import (
    SHARPE_CONVENTION,
    Drawdown,
    EquityMark,
    Summary,
    by_period,
    by_setup,
    max_drawdown,
    summarise,
)
from engine.performance.records import setup_record
from engine.performance.trade import ClosedTrade


def performance_report(
    trades: Sequence[ClosedTrade],
    accounts: Mapping[date, Paise],
    equity: Sequence[EquityMark] = (),
) -> dict[str, object]:
    """Return every figure over all trades, per day, week, month and setup, ready for JSON; money in rupees.

    ``accounts`` maps each day to its opening account in paise; ``equity`` are (time, account at the marks).
    Raise ValueError for a trade on a day without an account.
    """
    start = accounts[min(accounts)] if accounts else 0
    return {
        **_figures(summarise(trades, accounts)),
        **_drawdown("max_drawdown_marked", max_drawdown(start, equity)),
        "sharpe_convention": SHARPE_CONVENTION,
        "by_day": {name: _figures(part) for name, part in by_period(trades, accounts, "day").items()},
        "by_week": {name: _figures(part) for name, part in by_period(trades, accounts, "week").items()},
        "by_month": {name: _figures(part) for name, part in by_period(trades, accounts, "month").items()},
        "by_setup": {name: _figures(part) for name, part in by_setup(trades, accounts).items()},
        "records": _records(trades),
    }


def _figures(summary: Summary) -> dict[str, object]:
    interval = summary.win_rate_interval
    return {
        "trades": summary.trades,
        "days": summary.days,
        "wins": summary.wins,
        "win_rate": _ratio(summary.win_rate),
        "win_rate_low": None if interval is None else _ratio(interval[0]),
        "win_rate_high": None if interval is None else _ratio(interval[1]),
        "gross": rupees_of(summary.gross),
        "charges": rupees_of(summary.charges),
        "net": rupees_of(summary.net),
        "profit_factor": _ratio(summary.profit_factor),
        "expectancy_r": _ratio(summary.expectancy_r),
        "average_win": None if summary.average_win is None else round(summary.average_win / 100, 2),
        "average_loss": None if summary.average_loss is None else round(summary.average_loss / 100, 2),
        "sharpe": _ratio(summary.sharpe),
        "sharpe_days": summary.sharpe_days,
        **_drawdown("max_drawdown", summary.max_drawdown),
    }


def _records(trades: Sequence[ClosedTrade]) -> list[dict[str, object]]:
    rules = sorted({(trade.setup, trade.version) for trade in trades})
    found: list[dict[str, object]] = []
    for setup, version in rules:
        record = setup_record(trades, setup, version)
        found.append(
            {
                "setup": setup,
                "version": version,
                "n": record.n,
                "days": record.days,
                "wins": record.wins,
                "mean_net_r": _ratio(record.mean_net_r),
                "break_even": _ratio(record.break_even),
                "verdict": record.verdict.value,
                "text": record.describe(),
            }
        )
    return found


def _drawdown(name: str, drawdown: Drawdown | None) -> dict[str, object]:
    if drawdown is None:
        return dict.fromkeys((name, f"{name}_pct", f"{name}_from", f"{name}_to"))
    return {
        name: rupees_of(drawdown.amount),
        f"{name}_pct": _ratio(drawdown.percent),
        f"{name}_from": _time(drawdown.peak_time),
        f"{name}_to": _time(drawdown.trough_time),
    }


def _ratio(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else isoformat(instant)
