"""The performance object of the outside contract: rupees, sample sizes, null where undefined."""

from collections.abc import Mapping, Sequence
from datetime import date

from engine.market.price import Paise
from engine.performance.drawdown import EquityMark, max_drawdown
from engine.performance.evidence import EvidenceTerms, Source
from engine.performance.figures import drawdown_of, figures_of, rounded
from engine.performance.groups import grouped
from engine.performance.metrics import PROOF_DAYS, summarise
from engine.performance.ratios import SHARPE_CONVENTION
from engine.performance.records import PROOF_COUNT, setup_record
from engine.performance.trade import ClosedTrade


def performance_report(
    trades: Sequence[ClosedTrade],
    accounts: Mapping[date, Paise],
    equity: Sequence[EquityMark] = (),
    terms: EvidenceTerms | None = None,
    risk_free_pct: float = 0.0,
) -> dict[str, object]:
    """Return every figure over all trades, per day, week, month and setup, ready for JSON; money in rupees.

    ``terms`` are what all of the trades were made under, and named with the figures.
    ``accounts`` maps each day to its opening account in paise; ``equity`` are (time, account at the marks).
    Raise ValueError for a trade on a day without an account.
    """
    start = accounts[min(accounts)] if accounts else 0
    return {
        **figures_of(summarise(trades, accounts, risk_free_pct)),
        **drawdown_of("max_drawdown_marked", max_drawdown(start, equity)),
        "sharpe_convention": SHARPE_CONVENTION,
        "basis": _basis(trades, terms),
        "by_day": {
            name: figures_of(part) for name, part in grouped(trades, accounts, "day", risk_free_pct).items()
        },
        "by_week": {
            name: figures_of(part) for name, part in grouped(trades, accounts, "week", risk_free_pct).items()
        },
        "by_month": {
            name: figures_of(part) for name, part in grouped(trades, accounts, "month", risk_free_pct).items()
        },
        "by_setup": {
            name: figures_of(part) for name, part in grouped(trades, accounts, "setup", risk_free_pct).items()
        },
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
                "mean_net_r": rounded(record.mean_net_r),
                "mean_net_r_error": rounded(record.error_r),
                "break_even": rounded(record.break_even),
                "verdict": record.verdict.value,
                "text": record.describe(),
            }
        )
    return found
