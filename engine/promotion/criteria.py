"""The lines of each gate, as written down: settings make them stricter, nothing makes them looser."""

from math import ceil
from typing import Final

from engine.contract.rollout_views import Criterion, CriterionState
from engine.ledger.kill_drills import DrillStanding
from engine.market.figures import decimal
from engine.performance.measured import measured
from engine.performance.metrics import Summary, by_period, summarise, summary_of
from engine.performance.resampling import METHOD, day_sums
from engine.promotion.bootstrap import RESAMPLES, lower_bound
from engine.promotion.evidence import GateEvidence, SlipSample
from engine.promotion.looks import LOOKS, error_of_each, look_at
from engine.promotion.order_criteria import good_order, sessions_of
from engine.promotion.rules import CriteriaSettings

MET: Final = CriterionState.MET
UNMET: Final = CriterionState.UNMET
NOT_RECORDED: Final = CriterionState.NOT_RECORDED
WEEKS: Final = 4
LEAST_SLIPS: Final = 30
"""Trades of each kind below which slippage is not compared."""


def paper_to_small(found: GateEvidence, drill: DrillStanding, rules: CriteriaSettings) -> list[Criterion]:
    """Return the lines between PAPER and SMALL: consistently profitable in paper, and in good order."""
    summary = summary_of([measured(one) for one in found.trades], found.accounts, by_days=True)
    return [
        _sessions(found, rules.sessions),
        _count("paper trades", len(found.trades), rules.paper_trades, len(found.sessions)),
        _expectancy(summary),
        _profit_factor(summary, 1.0, strictly=True),
        _weeks(found, rules.paper_weeks),
        *good_order(found, drill, rules),
    ]


def small_to_full(
    found: GateEvidence, drill: DrillStanding, paper: SlipSample, live: SlipSample, rules: CriteriaSettings
) -> list[Criterion]:
    """Return the lines between SMALL and FULL: an edge is proven, at looks fixed beforehand."""
    look = look_at(len(found.trades))
    looked = found.trades[: look.trades]
    summary = summarise(looked, found.accounts)
    return [
        _sessions(found, rules.sessions),
        _count("live trades", len(found.trades), LOOKS[0], len(found.sessions)),
        _edge(found, rules),
        _profit_factor(summary, rules.profit_factor, strictly=False),
        _drawdown(summarise(found.trades, found.accounts), rules.drawdown_pct),
        _slippage(paper, live, rules.slippage_r),
        *good_order(found, drill, rules),
    ]


def manual_gate(found: GateEvidence, drill: DrillStanding, rules: CriteriaSettings) -> list[Criterion]:
    """Return the lines of the trader's own orders: execution and discipline, no edge."""
    return [
        _sessions(found, rules.sessions),
        _count("trades of your own", len(found.trades), rules.manual_trades, len(found.sessions)),
        _measured_risk(found),
        _largest_loss(found, rules.manual_loss_r),
        *good_order(found, drill, rules),
    ]


def _sessions(found: GateEvidence, least: int) -> Criterion:
    known = found.sessions
    span = f", {known[0]:%d %b %Y} to {known[-1]:%d %b %Y}" if known else ""
    short = max(0, least - len(known))
    return Criterion(
        "sessions from noon or earlier to their end",
        f"at least {least}",
        f"{len(known)}{span}",
        UNMET if short else MET,
        f"{sessions_of(short)} more" if short else "",
        short,
    )


def _count(what: str, have: int, least: int, sessions: int) -> Criterion:
    short = max(0, least - have)
    pace = have / sessions if sessions else 0.0
    more = 0 if not short else ceil(short / pace) if pace else None
    a_session = f", {pace:.1f} a session" if sessions else ""
    return Criterion(
        what,
        f"at least {least}",
        f"{have}{a_session}",
        UNMET if short else MET,
        f"{short} more" if short else "",
        more,
    )


def _expectancy(summary: Summary) -> Criterion:
    mean, interval = summary.expectancy_r, summary.expectancy_interval
    asks = "above nought after charges, in R and in money"
    if mean is None:
        return Criterion("net expectancy", asks, "no trade with a known R", UNMET, "trades with a stop", None)
    way = METHOD if summary.drawn else "Student's t"
    within = "" if interval is None else f", 95 % interval {_r(interval[0])} to {_r(interval[1])} ({way})"
    good = mean > 0 and summary.net > 0
    return Criterion(
        "net expectancy",
        asks,
        f"{_r(mean)} a trade over {summary.measured}{within}",
        MET if good else UNMET,
        "" if good else "trades that earn more than they lose",
        0 if good else None,
    )


def _profit_factor(summary: Summary, least: float, *, strictly: bool) -> Criterion:
    factor = summary.profit_factor
    asks = f"above {least:.2f} after charges" if strictly else f"at least {least:.2f} after charges"
    if factor is None:
        good = summary.trades > 0 and summary.net > 0
        shown = "no losing trade" if good else "no trade"
    else:
        good = factor > least if strictly else factor >= least
        shown = f"{factor:.2f} over {summary.trades} trades"
    missing = "" if good else "wins that outweigh the losses further"
    return Criterion("profit factor", asks, shown, MET if good else UNMET, missing, 0 if good else None)


def _weeks(found: GateEvidence, least: int) -> Criterion:
    weeks = by_period([measured(one) for one in found.trades], found.accounts, "week")
    last = list(weeks.items())[-WEEKS:]
    good = [name for name, one in last if one.net > 0 and (one.expectancy_r or 0) > 0 and _above_one(one)]
    told = ", ".join(f"{name} {'+' if name in good else '−'}" for name, _ in last) or "no week"
    short = max(0, least - len(good))
    return Criterion(
        "profitable weeks",
        f"at least {least} of the last {WEEKS}, each with expectancy above nought and profit factor above 1",
        f"{len(good)} of {len(last)}: {told}",
        UNMET if short else MET,
        f"{short} more" if short else "",
        5 * short,
    )


def _above_one(week: Summary) -> bool:
    return week.trades > 0 and (week.profit_factor is None or week.profit_factor > 1)


def _edge(found: GateEvidence, rules: CriteriaSettings) -> Criterion:
    """Return whether the lower bound of the expectancy lies above nought at the newest look."""
    look, share = look_at(len(found.trades)), error_of_each(rules.edge_error_pct)
    asks = (
        f"lower bound above nought at a look after {', '.join(map(str, LOOKS))} trades; bootstrap of whole days, "
        f"{RESAMPLES:,} resamples, one-sided {rules.edge_error_pct:g} % spread evenly over the looks: "
        f"{decimal(100 * share, 2)} % each"
    )
    pace = len(found.trades) / len(found.sessions) if found.sessions else 0.0
    short = 0 if look.following is None else look.following - len(found.trades)
    ahead = None if look.following is None or not pace else ceil(short / pace)
    if not look.number:
        told, missing = f"{len(found.trades)} trades: no look yet", f"{short} trades to the first look"
        return Criterion("edge proven", asks, told, UNMET, missing, ahead)
    looked = found.trades[: look.trades]
    known = [trade.r for trade in looked if trade.r is not None]
    days = day_sums(looked, lambda trade: trade.r)
    bound = lower_bound(days, share)
    mean = sum(known) / len(known) if known else 0.0
    shown = f"look {look.number}, {len(known)} trades on {len(days)} days: {_r(mean)} a trade"
    if len(known) < look.trades or bound is None:
        return Criterion(
            "edge proven",
            asks,
            shown,
            NOT_RECORDED,
            f"{look.trades - len(known)} trades have no known R",
            None,
        )
    if bound > 0:
        return Criterion("edge proven", asks, f"{shown}, lower bound {_r(bound)}", MET)
    missing = (
        "it was not proven at any of its looks; it begins anew with other settings or a demotion"
        if look.following is None
        else f"not proven at look {look.number}; {short} trades to the next"
    )
    return Criterion("edge proven", asks, f"{shown}, lower bound {_r(bound)}", UNMET, missing, ahead)


def _drawdown(summary: Summary, most: float) -> Criterion:
    asks = f"at most {most:g} % of its peak, on closed trades"
    fall = summary.max_drawdown
    if fall is None:
        return Criterion("drawdown", asks, "no trade", UNMET, "trades", None)
    if fall.percent is None:
        return Criterion("drawdown", asks, "undefined on an account below nought", UNMET, "an account", None)
    good = fall.percent <= most
    return Criterion(
        "drawdown",
        asks,
        f"{fall.percent:.2f} %",
        MET if good else UNMET,
        "" if good else "a shallower fall",
        0 if good else None,
    )


def _slippage(paper: SlipSample, live: SlipSample, most: float) -> Criterion:
    asks = f"live fills at most {most:g} R a trade worse than paper, each over {LEAST_SLIPS} trades"
    told = f"paper {_mean(paper)}, live {_mean(live)}"
    short = max(0, LEAST_SLIPS - min(paper.trades, live.trades))
    if short or paper.mean is None or live.mean is None:
        return Criterion(
            "slippage, paper against live", asks, told, UNMET, f"{short} more with a signal's price", None
        )
    good = live.mean - paper.mean <= most
    return Criterion(
        "slippage, paper against live",
        asks,
        f"{told}: {_r(live.mean - paper.mean)} worse",
        MET if good else UNMET,
        "" if good else "fills nearer to paper's",
        0 if good else None,
    )


def _mean(sample: SlipSample) -> str:
    return f"{'–' if sample.mean is None else _r(sample.mean)} (n {sample.trades})"


def _measured_risk(found: GateEvidence) -> Criterion:
    missing = sum(trade.initial_risk is None for trade in found.trades)
    return Criterion(
        "stops of your own trades",
        "every one entered with a stop behind it",
        f"{len(found.trades) - missing} of {len(found.trades)}",
        UNMET if missing or not found.trades else MET,
        f"{missing} without" if missing else "" if found.trades else "trades",
        None if missing or not found.trades else 0,
    )


def _largest_loss(found: GateEvidence, most: float) -> Criterion:
    results = [trade.r for trade in found.trades if trade.r is not None]
    worst = min(results, default=None)
    good = worst is not None and worst >= -most
    return Criterion(
        "largest loss of your own",
        f"at most {most:g} R after charges",
        "no trade" if worst is None else f"worst {_r(worst)} of {len(results)}",
        MET if good else UNMET,
        "" if good else "losses that end at the stop",
        0 if good else None,
    )


def _r(value: float) -> str:
    return f"{decimal(value, 3, plus=True)} R"
