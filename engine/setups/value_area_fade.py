"""The value area fade: price leaves value, is not followed and closes back inside (setup 1 of the house)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.auction.values.context import Context
from engine.auction.values.levels import Acceptance
from engine.market.clock import MINUTE, Instant, isoformat
from engine.market.figures import rupees
from engine.market.price import Paise, rupees_of
from engine.setups.common import (
    NOT_READY,
    Against,
    Occasion,
    Rule,
    first,
    known,
    prior_weakness,
    ready_prior,
    rows_of,
    share,
    when,
    whole_or_tpo,
)
from engine.setups.probe import End, Excursion, ProbedEdge, decided_probe
from engine.setups.signal import Signal
from engine.setups.view import FIVE_MINUTES, SidedView, Value, balance_of, clock_of

MAX_PROBE: Final = 15
"""Farthest a probe may go beyond value, percent of the average daily range."""

WINDOW: Final = 30 * MINUTE
DEVELOPED: Final = 11 * 60 + 15
"""Wall-clock minute from which today's own value area counts."""

BALANCE_SHARE: Final = 50
"""Smallest part of the day's range that the initial balance holds, percent."""

ONE_WAY: Final = 3
"""Brackets one-timeframing away from value that forbid a fade."""

MIGRATION: Final = 3
"""Rows the POC moved out that forbid a fade beyond an extended balance."""


@dataclass(frozen=True, slots=True)
class _Area:
    """The value area that is faded: the prior day's, or today's own."""

    source: str
    value: Value
    accepted: Acceptance | None
    weak: str


class ValueAreaFade(Rule):
    """Buys a failed leave below value, sells one above it."""

    name = "value area fade"
    setting = "value_area_fade"
    waits_for = "a leave of value by a row that closes back inside within 30 minutes"

    def needs(self, context: Context) -> Mapping[str, object | None]:
        """Name the inputs: which value area counts is not known without the prior one."""
        return {
            "initial balance": balance_of(context),
            "row size": context.row,
            "average daily range": self.span(context),
            "prior value area": ready_prior(context),
            "opening price": context.open,
            "value area": whole_or_tpo(context),
            "day range": None if context.high is None or context.low is None else (context.low, context.high),
        }

    def judge(self, view: SidedView) -> tuple[Occasion, ...]:
        """Return the probe below value that the newest bar decided."""
        context = view.context
        row, span, area = known(context.row), known(self.span(context)), _area(view)
        if area is None or area.value.high - area.value.low < 2 * row:
            return ()
        edge = ProbedEdge(f"{area.source} {view.named('VAL')}", area.value.low, area.value.high)

        def window(began: Instant, bar: Instant) -> bool:
            return bar + FIVE_MINUTES - began <= WINDOW

        probe = decided_probe(view, edge, row, MAX_PROBE * span // 100, window, accept=False)
        return () if probe is None else (self._occasion(view, probe, area, row, span),)

    def broken(self, context: Context, signal: Signal) -> str:
        """Break when price was accepted outside the value area."""
        view = SidedView(context, signal.side)
        prior = str(signal.evidence.get("edge", "")).startswith("prior")
        accepted = view.acceptance("PVAL" if prior else "VAL") is Acceptance.ACCEPTED
        return f"price was accepted beyond {view.named('VAL')}" if accepted else ""

    def _occasion(self, view: SidedView, probe: Excursion, area: _Area, row: Paise, span: Paise) -> Occasion:
        context, newest, edge = view.context, probe.bars[-1], probe.edge
        low, high = known(view.balance)
        day = known(context.high) - known(context.low)
        return Occasion(
            since=probe.since,
            premise=(
                f"{edge.name} {rupees(view.price(edge.level))} taken by {rows_of(probe.reach // row)},"
                f" closed back in value at {rupees(newest.close)}"
            ),
            edge=edge.level,
            floor=edge.level,
            stop=probe.extreme - row,
            target_1=area.value.poc,
            target_2=area.value.high,
            against=first(_ended(probe, span), *_market(view, (high - low, day)), *_away(view, area)),
            evidence={
                "edge": edge.name,
                "edge_price": view.rupees(edge.level),
                "other_edge": view.rupees(edge.opposite),
                "poc": view.rupees(area.value.poc),
                "extreme": view.rupees(probe.extreme),
                "probe_rows": probe.reach // row,
                "probe_share_of_range": share(probe.reach, span),
                "probe_from": isoformat(probe.since),
                "row": rupees_of(row),
                "average_range": rupees_of(span),
                "close": rupees_of(newest.close),
                "shape": context.shape,
                "balance_share": share(high - low, day),
                "day_type": context.day_type.name,
                "one_timeframing": context.one_timeframing,
                "poc_migration": context.poc_migration,
                "acceptance": None if area.accepted is None else area.accepted.value,
                "value_weak": area.weak,
                "quality": context.quality.value,
            },
        )


def _area(view: SidedView) -> _Area | None:
    """Return the prior value area when the day opened inside it, else today's own once it has developed."""
    context = view.context
    prior = known(ready_prior(context))
    before = view.prior_value(prior)
    if before.holds(view.at(known(context.open))):
        return _Area("prior", before, view.acceptance("PVAL"), prior_weakness(prior))
    if clock_of(context.five_minutes[-1].start + FIVE_MINUTES) < DEVELOPED:
        return None
    profile, kind = known(whole_or_tpo(context))
    return _Area(f"developing {kind}", view.value(profile), view.acceptance("VAL"), context.value_weak)


def _ended(probe: Excursion, span: Paise) -> Against | None:
    if probe.end is End.PROBE_TOO_FAR:
        reached = probe.reach / span
        return probe.end, f"probe went {reached:.2f} of the average range beyond (limit {MAX_PROBE / 100:g})"
    if probe.end is End.WINDOW_CLOSED:
        return probe.end, f"no 5-minute close back in value within {WINDOW // MINUTE} minutes"
    return None


def _market(view: SidedView, ranges: tuple[Paise, Paise]) -> tuple[Against | None, ...]:
    context = view.context
    balance, day = ranges
    return (
        when(context.day_type.name == "TREND", "TREND_DAY", "a trend day leaves value behind"),
        when(
            context.shape != "D",
            "SHAPE",
            f"the profile's shape is {context.shape or 'none of the four'}, not D",
        ),
        when(
            100 * balance < BALANCE_SHARE * day,
            "BALANCE_NARROW",
            f"the initial balance is {share(balance, day)} of the range (needs {BALANCE_SHARE / 100:g})",
        ),
    )


def _away(view: SidedView, area: _Area) -> tuple[Against | None, ...]:
    migration = view.context.poc_migration
    away = None if migration is None else -migration * view.sign
    run = view.one_timeframing
    return (
        when(bool(area.weak), "VALUE_WEAK", f"the value area says little: {area.weak}"),
        when(run <= -ONE_WAY, "ONE_TIMEFRAMING", f"{-run} brackets one-timeframing against the trade"),
        when(view.extended_behind and away is None, NOT_READY, "the migration of the POC is not known"),
        when(
            view.extended_behind and away is not None and away >= MIGRATION,
            "VALUE_MOVING",
            f"the balance is extended and the POC moved {away} rows that way",
        ),
        when(area.accepted is None, NOT_READY, f"acceptance at the {area.source} edge is not known"),
        when(area.accepted is Acceptance.ACCEPTED, "ACCEPTED", f"accepted beyond the {area.source} edge"),
    )
