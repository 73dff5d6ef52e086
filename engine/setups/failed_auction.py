"""The failed auction: price takes an edge, finds nobody there and comes back inside (setup 4 of the house)."""

from collections.abc import Mapping
from typing import Final

from engine.auction.values.context import Context
from engine.market.clock import Instant, isoformat
from engine.market.figures import rupees
from engine.market.price import Paise, rupees_of
from engine.setups.common import (
    Against,
    Occasion,
    Rule,
    first,
    first_that_pays,
    known,
    ready_prior,
    rows_of,
    share,
    when,
)
from engine.setups.common import whole_or_tpo as todays_profile
from engine.setups.probe import (
    End,
    Excursion,
    ProbedEdge,
    bracket_number,
    closed_since,
    decided_probe,
    hole_against,
)
from engine.setups.signal import Evidence, Signal
from engine.setups.view import SidedView, balance_of

MAX_PROBE: Final = 10
"""Farthest a probe may go beyond the edge, percent of the average daily range."""

WINDOW_BRACKETS: Final = 2
"""The bracket of the probe and the next one: by then price must have closed back inside."""


class FailedAuction(Rule):
    """Watches the edges of the initial balance, of the prior day and of the multi-day balance."""

    name = "failed auction"
    version = 2
    setting = "failed_auction"
    waits_for = "an edge taken by a row and a 5-minute close back inside within two brackets"

    def needs(self, context: Context) -> Mapping[str, object | None]:
        """Name the inputs; the edges of earlier days are used where they are ready, and missed silently else."""
        return {
            "initial balance": balance_of(context),
            "row size": context.row,
            "5-minute bars": context.five_minutes or None,
            "average daily range": self.span(context),
        }

    def judge(self, view: SidedView) -> tuple[Occasion, ...]:
        """Return every edge whose probe the newest bar decided."""
        context = view.context
        row, span = known(context.row), known(self.span(context))

        def window(began: Instant, bar: Instant) -> bool:
            return bracket_number(context, bar) - bracket_number(context, began) < WINDOW_BRACKETS

        found = []
        for edge in _edges(view, row):
            probe = decided_probe(view, edge, row, MAX_PROBE * span // 100, window, accept=True)
            if probe is not None:
                found.append(_occasion(view, probe, row, span))
        return tuple(found)

    def broken(self, context: Context, signal: Signal) -> str:
        """Break when a bracket that ended after the signal closed beyond the edge."""
        view, edge = SidedView(context, signal.side), signal.edge
        if edge is None:
            return ""
        closes = [bracket.close for bracket in closed_since(context, signal.time)]
        if any(close is not None and view.at(close) < view.at(edge) for close in closes):
            return f"a bracket closed beyond {rupees(edge)}: accepted"
        return ""


def _edges(view: SidedView, row: Paise) -> list[ProbedEdge]:
    low, high = known(view.balance)
    prior = ready_prior(view.context)
    found = []
    if prior is not None:
        edges = sorted((view.at(prior.low), view.at(prior.high)))
        found.append(ProbedEdge(f"prior-day {_end_name(view)}", edges[0], edges[1]))
        if prior.balance_low is not None and prior.balance_high is not None:
            edges = sorted((view.at(prior.balance_low), view.at(prior.balance_high)))
            found.append(ProbedEdge(f"balance {_end_name(view)}", edges[0], edges[1]))
    found.append(ProbedEdge(f"IB {_end_name(view)}", low, high))
    return [edge for edge in found if edge.opposite - edge.level >= 2 * row]


def _end_name(view: SidedView) -> str:
    return "low" if view.sign > 0 else "high"


def _occasion(view: SidedView, probe: Excursion, row: Paise, span: Paise) -> Occasion:
    edge = probe.edge
    stop = probe.extreme - row
    targets = [(view.floor((edge.level + edge.opposite) // 2), f"{edge.name.rsplit(' ', 1)[0]} middle")]
    profile = todays_profile(view.context)
    if profile is not None:
        reading, kind = profile
        poc = view.value(reading).poc
        if poc < edge.opposite:
            targets.append((poc, f"{kind} POC"))
    last = probe.bars[-1].close if view.context.last is None else view.context.last
    target_1, source = first_that_pays(targets, view.at(last), stop) or max(targets)
    against = first(
        _ended(probe, span),
        when(view.context.day_type.name == "TREND", "TREND_DAY", "a trend day does not fail at its edges"),
        lambda: hole_against(view, probe),
    )
    close = view.close(probe.bars[-1])
    return Occasion(
        since=probe.since,
        premise=(
            f"{edge.name} {rupees(view.price(edge.level))} taken by {rows_of(probe.reach // row)},"
            f" closed back inside at {rupees(view.price(close))}"
        ),
        edge=edge.level,
        floor=edge.level,
        stop=stop,
        target_1=target_1,
        target_2=edge.opposite,
        against=against,
        evidence=_evidence(view, probe, row, span) | {"target_1": source},
        track=edge.name,
    )


def _ended(probe: Excursion, span: Paise) -> Against | None:
    match probe.end:
        case End.PROBE_TOO_FAR:
            reached = probe.reach / span
            return (
                probe.end,
                f"probe went {reached:.2f} of the average range beyond (limit {MAX_PROBE / 100:g})",
            )
        case End.ACCEPTED:
            return probe.end, f"two brackets in a row closed beyond the {probe.edge.name}: accepted"
        case End.WINDOW_CLOSED:
            return probe.end, f"no 5-minute close back inside within {WINDOW_BRACKETS} brackets"
        case End.RETURNED:
            return None


def _evidence(view: SidedView, probe: Excursion, row: Paise, span: Paise) -> Evidence:
    context, edge = view.context, probe.edge
    profile, average, prior = todays_profile(context), context.average_range, ready_prior(context)
    newest = probe.bars[-1]
    later = bracket_number(context, newest.start) - bracket_number(context, probe.since)
    return {
        "levels": _levels(context),
        "edge": edge.name,
        "edge_price": view.rupees(edge.level),
        "other_edge": view.rupees(edge.opposite),
        "extreme": view.rupees(probe.extreme),
        "probe_rows": probe.reach // row,
        "row": rupees_of(row),
        "average_range": rupees_of(span),
        "average_range_quality": None if average is None else average.quality.value,
        "average_range_days": None if average is None else average.days,
        "probe_share_of_range": share(probe.reach, span),
        "probe_from": isoformat(probe.since),
        "brackets_later": later,
        "close": rupees_of(newest.close),
        "close_rows_inside": (view.close(newest) - edge.level) // row,
        "day_type": context.day_type.name,
        "poc": None if profile is None else rupees_of(profile[0].poc),
        "poc_source": None if profile is None else f"{profile[1]} POC",
        "prior_quality": None if prior is None else prior.quality.value,
        "quality": context.quality.value,
    }


def _levels(context: Context) -> str:
    prior = ready_prior(context)
    if prior is None:
        return "initial balance only: no prior-day or balance edges are known"
    if prior.balance_low is None:
        return "initial balance and prior day: the prior day belongs to no multi-day balance"
    return f"initial balance, prior day and balance of {prior.balance_days} days"
