"""The performance object of the outside contract: rupees, sample sizes, null where undefined."""

from collections.abc import Mapping, Sequence
from datetime import date

from engine.market.clock import Instant, isoformat
from engine.market.price import Paise, rupees_of
from engine.performance.drawdown import Drawdown, EquityMark, max_drawdown
from engine.performance.evidence import EvidenceTerms, Source
from engine.performance.metrics import (
    PROOF_DAYS,
    SHARPE_CONVENTION,
    Summary,
    by_period,
    by_setup,
    summarise,
)
from engine.performance.records import PROOF_COUNT, Verdict, setup_record
from engine.performance.trade import ClosedTrade


def performance_report(
    trades: Sequence[ClosedTrade],
    accounts: Mapping[date, Paise],
    equity: Sequence[EquityMark] = (),
    terms: EvidenceTerms | None = None,
) -> dict[str, object]:
    """Return every figure over all trades, per day, week, month and setup, ready for JSON; money in rupees.

    ``terms`` are what all of the trades were made under, and named with the figures.
    ``accounts`` maps each day to its opening account in paise; ``equity`` are (time, account at the marks).
    Raise ValueError for a trade on a day without an account.
    """
    start = accounts[min(accounts)] if accounts else 0
    return {
        **_figures(summarise(trades, accounts)),
        **_drawdown("max_drawdown_marked", max_drawdown(start, equity)),
        "sharpe_convention": SHARPE_CONVENTION,
        "basis": _basis(trades, terms),
        "by_day": {name: _figures(part) for name, part in by_period(trades, accounts, "day").items()},
        "by_week": {name: _figures(part) for name, part in by_period(trades, accounts, "week").items()},
        "by_month": {name: _figures(part) for name, part in by_period(trades, accounts, "month").items()},
        "by_setup": {name: _figures(part) for name, part in by_setup(trades, accounts).items()},
        "records": _records(trades),
    }


def _basis(trades: Sequence[ClosedTrade], terms: EvidenceTerms | None) -> dict[str, object] | None:
    """Return what the figures stand on: one market, one digest of settings, one version of the fill rules."""
    if terms is None:
        return None
    versions = {trade.setup: trade.version for trade in sorted(trades, key=lambda trade: trade.version)}
    return {
        "market": terms.market.value,
        "settings": terms.settings,
        "fill_rules": terms.fill_rules or None,
        "modes": sorted({trade.taken_by.value for trade in trades if trade.taken_by is not None}),
        "rules": {name: versions[name] for name in sorted(versions)},
        "evidence": terms.market is not Source.SIMULATED,
        "proof_trades": PROOF_COUNT,
        "proof_days": PROOF_DAYS,
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
        "expectancy_error": _ratio(summary.expectancy_error),
        "average_win": None if summary.average_win is None else round(summary.average_win / 100, 2),
        "average_loss": None if summary.average_loss is None else round(summary.average_loss / 100, 2),
        "sharpe": _ratio(summary.sharpe),
        "sharpe_error": _ratio(summary.sharpe_error),
        "sharpe_days": summary.sharpe_days,
        "verdict": None if summary.proven else Verdict.UNPROVEN.value,
        "sharpe_verdict": None if summary.sharpe_proven else Verdict.UNPROVEN.value,
        **_drawdown("max_drawdown", summary.max_drawdown),
    }


def _records(trades: Sequence[ClosedTrade]) -> list[dict[str, object]]:
    rules = {(trade.setup, trade.version, trade.taken_by) for trade in trades}
    found: list[dict[str, object]] = []
    for setup, version, mode in sorted(rules, key=lambda rule: (rule[0], rule[1], rule[2] or "")):
        own = [trade for trade in trades if trade.taken_by is mode]
        record = setup_record(own, setup, version, mode)
        found.append(
            {
                "setup": setup,
                "version": version,
                "mode": None if mode is None else mode.value,
                "n": record.n,
                "days": record.days,
                "wins": record.wins,
                "mean_net_r": _ratio(record.mean_net_r),
                "mean_net_r_error": _ratio(record.error_r),
                "break_even": _ratio(record.break_even),
                "verdict": record.verdict.value,
                "text": record.describe(),
            }
        )
    return found


def _drawdown(name: str, drawdown: Drawdown | None) -> dict[str, object]:
    names = (name, f"{name}_from", f"{name}_to", f"{name}_pct", f"{name}_pct_from", f"{name}_pct_to")
    if drawdown is None:
        return dict.fromkeys(names)
    values = (
        rupees_of(drawdown.amount),
        _time(drawdown.peak_time),
        _time(drawdown.trough_time),
        _ratio(drawdown.percent),
        _time(drawdown.percent_peak_time),
        _time(drawdown.percent_trough_time),
    )
    return dict(zip(names, values, strict=True))


def _ratio(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else isoformat(instant)
