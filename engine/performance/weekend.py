"""What a weekend asks of a record, beyond its figures: where it stands against its own chance, and what carries it."""

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import shake_256
from math import fsum
from statistics import median
from struct import unpack
from typing import Final

from engine.market.price import Paise, rupees_of
from engine.performance.figures import figures_of, rounded
from engine.performance.groups import grouped_measured, name_in
from engine.performance.measured import Measured
from engine.performance.metrics import day_results, summary_of
from engine.performance.resampling import LEAST_DAYS
from engine.performance.suggestions import Pair

_ORDERS: Final = 500
"""Records made again of its own days, to see how deep such days fall."""
_SEED: Final = b"cockpit: falls of days drawn again"


def weekend_values(
    pairs: Sequence[Pair], accounts: Mapping[date, Paise], risk_free_pct: float = 0.0
) -> dict[str, object]:
    """Return the weekend's list over a whole record, ready for JSON; money in rupees, null where undefined."""
    figures = [one for _, one in pairs]
    return {
        "setup_by_day_type": _crossed(pairs),
        "half_hours": {
            name: figures_of(part)
            for name, part in grouped_measured(pairs, accounts, "half-hour", risk_free_pct).items()
        },
        "winners_mae_r": _winners_mae(figures),
        "mfe_captured": _captured(pairs),
        "drawdown": _drawdown(figures, accounts),
        "without_largest": _without_largest(figures, accounts),
    }


def _crossed(pairs: Sequence[Pair]) -> list[dict[str, object]]:
    cells: dict[tuple[str, str], list[Measured]] = {}
    for trade, figures in pairs:
        cells.setdefault((trade.setup, name_in("day-type", trade)), []).append(figures)
    found: list[dict[str, object]] = []
    for (setup, kind), own in sorted(cells.items()):
        results = [one.r for one in own if one.r is not None]
        found.append(
            {
                "setup": setup,
                "day_type": kind,
                "n": len(own),
                "net": rupees_of(sum(one.net for one in own)),
                "mean_r": rounded(_mean(results)),
                "r_n": len(results),
            }
        )
    return found


def _winners_mae(figures: Sequence[Measured]) -> dict[str, object]:
    """Return how far winners went against us before they won, R: half of them no further, nine in ten no further."""
    known = sorted(one.mae_r for one in figures if one.net > 0 and one.mae_r is not None)
    if not known:
        return {"median": None, "ninth_decile": None, "n": 0}
    return {
        "median": rounded(median(known)),
        "ninth_decile": rounded(known[-(-9 * len(known) // 10) - 1]),
        "n": len(known),
    }


def _captured(pairs: Sequence[Pair]) -> dict[str, object]:
    """Return which share of the way that winners went was kept before charges, 0 to 1."""
    kept = reached = 0.0
    count = 0
    for trade, figures in pairs:
        risk = trade.initial_risk
        if figures.net > 0 and figures.mfe_r and risk is not None:
            kept += figures.gross / risk
            reached += figures.mfe_r
            count += 1
    return {"share": rounded(kept / reached) if reached else None, "n": count}


def _drawdown(figures: Sequence[Measured], accounts: Mapping[date, Paise]) -> dict[str, object]:
    """Return the fall that stands now, the worst one, and those of the record's own days in other orders; by days.

    Expected is the median of 500 records made again of its own days, and nineteen in twenty of them fall no deeper
    than the last figure; undefined below ten days.
    """
    nets = [net for net, _ in day_results(figures, accounts).values()]
    now, worst = _falls(nets)
    about: dict[str, object] = {
        "now": rupees_of(now),
        "worst": rupees_of(worst),
        "expected": None,
        "seldom_deeper": None,
        "days": len(nets),
    }
    if len(nets) < LEAST_DAYS:
        return about
    count = len(nets)
    picks = unpack(f"<{_ORDERS * count}I", shake_256(_SEED).digest(4 * _ORDERS * count))
    falls = sorted(
        _falls([nets[pick % count] for pick in picks[begin : begin + count]])[1]
        for begin in range(0, len(picks), count)
    )
    return about | {
        "expected": rupees_of(falls[_ORDERS // 2 - 1]),
        "seldom_deeper": rupees_of(falls[_ORDERS * 19 // 20 - 1]),
    }


def _falls(nets: Sequence[Paise]) -> tuple[Paise, Paise]:
    """Return how far the sum stands under its highest in the end, and how far it ever did; it begins at nought."""
    total = peak = worst = 0
    for net in nets:
        total += net
        if total > peak:
            peak = total
        elif peak - total > worst:
            worst = peak - total
    return peak - total, worst


def _without_largest(figures: Sequence[Measured], accounts: Mapping[date, Paise]) -> dict[str, object] | None:
    """Return what is left of a record without the trade that made the most R; None where no trade's R is known."""
    known = [one for one in figures if one.r is not None]
    if not known:
        return None
    largest = max(known, key=lambda one: one.r or 0.0)
    rest = summary_of([one for one in figures if one is not largest], accounts, by_days=True)
    low, high = rest.expectancy_interval or (None, None)
    return {
        "id": largest.id,
        "r": rounded(largest.r),
        "net": rupees_of(rest.net),
        "expectancy_r": rounded(rest.expectancy_r),
        "expectancy_low": rounded(low),
        "expectancy_high": rounded(high),
        "profit_factor": rounded(rest.profit_factor),
        "n": rest.measured,
    }


def _mean(values: Sequence[float]) -> float | None:
    return fsum(values) / len(values) if values else None
