"""The thin-zone continuation: price leaves a node, is accepted beyond a thin zone's edge and comes back to it once.

Setup 7 of the house. The retest itself fills the zone, so zones are remembered from the bars before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from engine.auction.values.context import Context
from engine.auction.values.levels import NodeKind
from engine.market.clock import Instant, datetime_of, isoformat, trading_date
from engine.market.figures import rupees
from engine.market.price import Paise, rupees_of
from engine.setups.common import NOT_READY, Occasion, Rule, first, known, ready_prior, share, when
from engine.setups.probe import bracket_ends
from engine.setups.signal import Refusal, Signal
from engine.setups.view import FIVE_MINUTES, Level, SidedView

MIN_ROWS: Final = 3
INSIDE_ROWS: Final = 2
"""The stop lies this far inside the node."""

BEYOND_SHARE: Final = 10
"""Volume beyond the edge that acceptance takes, percent of the day's."""

MAX_AGE: Final = 5
"""Days after which a POC of an earlier session is no reference."""

REMEMBERED: Final = 20
LOW_NODE: Final = "LVN"


@dataclass(frozen=True, slots=True)
class _Thin:
    """A thin zone as it was when last seen: its lowest and highest price, and what it is made of."""

    kind: str
    low: Paise
    high: Paise
    rows: int
    loose_share: float | None
    known: Instant
    """When it was first seen …"""
    seen: Instant
    """… and last."""


class SinglePrintContinuation(Rule):
    """Buys the retest from above of a thin zone's lower edge, sells the mirror of it."""

    name = "single-print continuation"
    setting = "single_print_continuation"
    waits_for = "the retest of a thin zone's edge after acceptance beyond it"

    def __init__(self, instrument_key: str, *, estimated_range: bool = True) -> None:
        """Watch one instrument."""
        super().__init__(instrument_key, estimated_range=estimated_range)
        self._thin: dict[tuple[str, Paise], _Thin] = {}

    def needs(self, context: Context) -> Mapping[str, object | None]:
        """Name the inputs: nodes and zones of a partial record are not the day's."""
        return {
            "row size": context.row,
            "whole record of the day": True if context.partial_since is None else None,
            "volume nodes": context.nodes or None,
            "brackets": context.brackets or None,
        }

    def evaluate(self, context: Context) -> Signal | Refusal | None:
        """Judge by the zones known before the newest bar, then remember the zones of now."""
        beat = self.beat(context)
        fresh = beat is not None and beat > self._memory.seen
        said = super().evaluate(context)
        if fresh and beat is not None and not self.missing(context):
            self._remember(context, beat)
        return said

    def judge(self, view: SidedView) -> tuple[Occasion, ...]:
        """Return the zones whose edge the newest bar came back to from beyond and held."""
        if len(view.closes) < 2:
            return ()
        row = known(view.context.row)
        began = view.context.five_minutes[-1].start
        found = []
        for thin in self._thin.values():
            if thin.seen < began:
                # It was filled before: nothing thin is left to come back to.
                continue
            edge = min(view.at(thin.low), view.at(thin.high))
            touched = view.lows[-1] <= edge + row and view.closes[-1] >= edge
            if not touched or view.lows[-2] <= edge + row:
                continue
            node = _node_below(view, edge, row)
            accepted = _accepted_since(view, edge)
            if accepted is not None and thin.kind == LOW_NODE and thin.known > _first_beyond(view, accepted):
                # Single prints are made by the move that leaves; a valley must have been there before it.
                continue
            if node is not None and accepted is not None:
                found.append(self._occasion(view, thin, edge, node, accepted))
        return tuple(found)

    def broken(self, context: Context, signal: Signal) -> str:
        """Break when a 5-minute bar after the signal closed two rows inside the node."""
        view, edge, row = SidedView(context, signal.side), signal.edge, context.row
        if edge is None or row is None:
            return ""
        back = view.at(edge) - INSIDE_ROWS * row
        for bar in context.five_minutes:
            if bar.start + FIVE_MINUTES > signal.time and view.close(bar) <= back:
                return f"a 5-minute bar closed inside the node, beyond {rupees(view.price(back))}"
        return ""

    def _remember(self, context: Context, beat: Instant) -> None:
        row, tick = known(context.row), context.instrument.tick
        for zone in context.zones:
            top = zone.high + row - tick
            self._see(_Thin("single prints", zone.low, top, zone.rows, zone.loose_share, beat, beat))
        for node in context.nodes:
            if node.kind is NodeKind.LOW:
                # A low-volume node is found in a mean of three rows: those are its zone.
                low, top = node.price - row, node.price + 2 * row - tick
                self._see(_Thin(LOW_NODE, low, top, 3, node.loose_share, beat, beat))
        while len(self._thin) > REMEMBERED:
            del self._thin[min(self._thin, key=lambda key: (self._thin[key].seen, key))]

    def _see(self, thin: _Thin) -> None:
        before = self._thin.get((thin.kind, thin.low))
        self._thin[(thin.kind, thin.low)] = thin if before is None else replace(thin, known=before.known)

    def _occasion(
        self, view: SidedView, thin: _Thin, edge: Level, node: Level, accepted: Instant
    ) -> Occasion:
        context, row = view.context, known(view.context.row)
        bar = context.five_minutes[-1]
        last = view.at(bar.close if context.last is None else context.last)
        ahead, old = _targets(view, max(last, view.at(thin.low), view.at(thin.high)), row)
        volume = _beyond(view, edge)
        total = sum(bar.volume for bar in context.five_minutes)
        target_1, source = ahead[0] if ahead else (last, "none")
        return Occasion(
            since=accepted,
            premise=(
                f"{thin.kind} {rupees(thin.low)}–{rupees(thin.high)} held at the retest of"
                f" {rupees(view.price(edge))}"
            ),
            edge=edge,
            floor=edge - row,
            stop=edge - INSIDE_ROWS * row,
            target_1=target_1,
            target_2=ahead[1][0] if len(ahead) > 1 else target_1,
            against=first(
                when(
                    thin.rows < MIN_ROWS,
                    "ZONE_THIN",
                    f"the zone has {thin.rows} rows (needs {MIN_ROWS})",
                ),
                when(thin.loose_share is None, NOT_READY, "how the zone's volume was placed is not known"),
                when(
                    thin.loose_share is not None and thin.loose_share >= 1,
                    "ZONE_LOOSE",
                    "the zone holds only volume placed WIDE or UNPLACED",
                ),
                when(
                    100 * volume < BEYOND_SHARE * total,
                    "NOT_ACCEPTED",
                    f"{share(volume, total)} of the volume beyond the edge (needs {BEYOND_SHARE / 100:g})",
                ),
                when(
                    not ahead and old,
                    "REFERENCE_OLD",
                    f"the only target is a POC older than {MAX_AGE} days",
                ),
                when(not ahead, "NO_TARGET", "no node and no naked POC lies ahead"),
            ),
            evidence={
                "zone": thin.kind,
                "zone_low": rupees_of(thin.low),
                "zone_high": rupees_of(thin.high),
                "zone_rows": thin.rows,
                "loose_share": thin.loose_share,
                "zone_seen": isoformat(thin.seen),
                "edge_price": view.rupees(edge),
                "node": view.rupees(node),
                "accepted_at": f"{datetime_of(accepted):%H:%M}",
                "volume_beyond_share": share(volume, total),
                "close": rupees_of(bar.close),
                "row": rupees_of(row),
                "target_1": source,
                "quality": context.quality.value,
            },
            track=f"{thin.kind} {thin.low}",
        )


def _node_below(view: SidedView, edge: Level, row: Paise) -> Level | None:
    """Return the nearest high-volume node behind the edge; None when a low one lies between or there is none."""
    behind = [
        (view.near(node.price, row), node.kind)
        for node in view.context.nodes
        if view.far(node.price, row) < edge
    ]
    if not behind:
        return None
    level, kind = max(behind)
    return level if kind is NodeKind.HIGH else None


def _accepted_since(view: SidedView, edge: Level) -> Instant | None:
    """Return the end of the second of two brackets in a row that closed beyond the edge; None without acceptance.

    Only brackets that were over before the newest bar began count, and the run must last until then.
    """
    context = view.context
    began = context.five_minutes[-1].start
    run, accepted = 0, None
    for bracket, end in zip(context.brackets, bracket_ends(context), strict=True):
        if end > began:
            break
        run = run + 1 if bracket.close is not None and view.at(bracket.close) > edge else 0
        accepted = end if run == 2 else accepted if run else None
    return accepted


def _first_beyond(view: SidedView, accepted: Instant) -> Instant:
    """Return when the first of the two accepting brackets ended."""
    brackets = view.context.brackets
    return accepted - (bracket_ends(view.context)[0] - brackets[0].start)


def _beyond(view: SidedView, edge: Level) -> int:
    """Return the volume of the 5-minute bars that lie wholly beyond the edge: at least so much traded there."""
    bars = view.context.five_minutes
    return sum(bar.volume for bar, low in zip(bars, view.lows, strict=True) if low >= edge)


def _targets(view: SidedView, beyond: Level, row: Paise) -> tuple[list[tuple[Level, str]], bool]:
    """Return the targets ahead, nearest first, and whether a POC was left out because it is old."""
    context = view.context
    found = [
        (view.near(node.price, row), f"HVN {rupees(node.price)}")
        for node in context.nodes
        if node.kind is NodeKind.HIGH
    ]
    old = False
    prior = ready_prior(context)
    today = trading_date(context.time)
    for day, price in context.naked_pocs if prior is not None else ():
        level = view.near(price, row if prior is None else prior.row)
        if (today - day).days <= MAX_AGE:
            found.append((level, f"naked POC of {day.isoformat()}"))
        else:
            old = old or level > beyond
    return sorted(pair for pair in found if pair[0] > beyond), old
