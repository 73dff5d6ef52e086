"""Excursions beyond an edge and back: what the value area fade and the failed auction both begin with.

Seen from the side of the trade the edge is the lower one: a probe goes below it, and its failure is a close above.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from engine.auction.values.context import BracketReading, Context, Hole
from engine.market.clock import MINUTE, Instant
from engine.market.update import Bar
from engine.setups.common import Against
from engine.setups.view import FIVE_MINUTES, Level, SidedView, clock_of

OPENING = 9 * 60 + 15
"""Wall-clock minute of the session's first bar."""


class End(StrEnum):
    """What an excursion came to, by its bars alone."""

    RETURNED = "RETURNED"
    PROBE_TOO_FAR = "PROBE_TOO_FAR"
    ACCEPTED = "ACCEPTED"
    WINDOW_CLOSED = "WINDOW_CLOSED"


@dataclass(frozen=True, slots=True)
class ProbedEdge:
    """A level that may be taken and lost, and the far side of the balance it belongs to."""

    name: str
    level: Level
    opposite: Level


@dataclass(frozen=True, slots=True)
class Excursion:
    """An excursion that the newest bar decided."""

    edge: ProbedEdge
    bars: tuple[Bar, ...]
    end: End
    extreme: Level
    """The worst level of it, later completed minutes and an unplaced day extreme included."""

    @property
    def since(self) -> Instant:
        """When its first bar began."""
        return self.bars[0].start

    @property
    def reach(self) -> int:
        """How far it went beyond the edge, paise."""
        return self.edge.level - self.extreme


def decided_probe(
    view: SidedView,
    edge: ProbedEdge,
    row: int,
    limit: int,
    window: Callable[[Instant, Instant], bool],
    *,
    accept: bool,
) -> Excursion | None:
    """Return the excursion that the newest bar decided; None when there is none or it was decided before.

    ``limit`` is the farthest it may go, paise; ``window`` says of its first and a later bar's start whether the
    later one may still close back inside; with ``accept`` two brackets in a row that close beyond decide too.
    """
    first = _newest_excursion(view, edge, row)
    if first is None:
        return None
    bars = view.context.five_minutes[first:]
    worst = view.lows[first]
    for number, bar in enumerate(bars, first):
        worst = min(worst, view.lows[number])
        end = _end(view, edge, bars[0], bar, row, window, too_far=edge.level - worst > limit, accept=accept)
        if end is not None:
            if number + 1 < len(view.lows):
                return None
            return Excursion(edge, bars, end, _extreme(view, edge, bars))
    return None


def _newest_excursion(view: SidedView, edge: ProbedEdge, row: int) -> int | None:
    """Return the number of the bar that began the excursion which the newest bar belongs to.

    It begins with the first bar that takes the edge by a row, coming from inside, and ends with the one that
    closes a row inside.
    """
    lows, closes = view.lows, view.closes
    out, back = edge.level - row, edge.level + row
    first: int | None = None
    inside = _began_inside(view, edge)
    last = len(lows) - 1
    for number, low in enumerate(lows):
        if inside and first is None and low <= out:
            first = number
        if closes[number] >= back:
            if first is not None and number < last:
                first = None
            inside = True
    return first


def _began_inside(view: SidedView, edge: ProbedEdge) -> bool:
    """Say whether the session opened inside the edge and was seen from the first bar on."""
    bars, opening = view.context.five_minutes, view.context.open
    if opening is None or not bars:
        return False
    return view.at(opening) >= edge.level and clock_of(bars[0].start) <= OPENING


def _end(
    view: SidedView,
    edge: ProbedEdge,
    began: Bar,
    newest: Bar,
    row: int,
    window: Callable[[Instant, Instant], bool],
    *,
    too_far: bool,
    accept: bool,
) -> End | None:
    if too_far:
        return End.PROBE_TOO_FAR
    inside_window = window(began.start, newest.start)
    if inside_window and view.close(newest) >= edge.level + row:
        return End.RETURNED
    if accept and _two_closes_beyond(view, edge, began.start, newest.start + FIVE_MINUTES):
        return End.ACCEPTED
    return None if inside_window else End.WINDOW_CLOSED


def _two_closes_beyond(view: SidedView, edge: ProbedEdge, since: Instant, until: Instant) -> bool:
    context = view.context
    run = 0
    number = bracket_number(context, since)
    for bracket, end in zip(context.brackets[number:], bracket_ends(context)[number:], strict=True):
        if end > until:
            return False
        beyond = bracket.close is not None and view.at(bracket.close) < edge.level
        run = run + 1 if beyond else 0
        if run == 2:
            return True
    return False


def bracket_number(context: Context, instant: Instant) -> int:
    """Return the number of the bracket that an instant lies in."""
    return max(0, bisect_right(context.brackets, instant, key=lambda bracket: bracket.start) - 1)


def bracket_ends(context: Context) -> list[Instant]:
    """Return the end of each bracket; a single one has no known length and ends where it begins."""
    starts = [bracket.start for bracket in context.brackets]
    length = min((after - before for before, after in pairwise(starts)), default=0)
    return [start + length for start in starts]


def closed_since(context: Context, instant: Instant) -> list[BracketReading]:
    """Return the brackets that ended after an instant and are over."""
    pairs = zip(context.brackets, bracket_ends(context), strict=True)
    return [bracket for bracket, end in pairs if instant < end <= context.time]


def _extreme(view: SidedView, edge: ProbedEdge, bars: tuple[Bar, ...]) -> Level:
    ended = bars[-1].start + FIVE_MINUTES
    later = [view.low(bar) for bar in view.context.minutes[-10:] if bar.start >= ended]
    levels = [*map(view.low, bars), *later]
    unplaced = _unplaced_extreme(view, edge)
    return min(levels if unplaced is None else [*levels, unplaced])


def _unplaced_extreme(view: SidedView, edge: ProbedEdge) -> Level | None:
    """Return the day's extreme when no bar shows it: it was made in a hole or in the minute still open."""
    context = view.context
    day = context.low if view.sign > 0 else context.high
    if day is None or view.at(day) >= edge.level:
        return None
    seen = min([*view.lows, *(view.low(bar) for bar in context.minutes), edge.level])
    return view.at(day) if view.at(day) < seen else None


def hole_against(view: SidedView, probe: Excursion) -> Against | None:
    """Return the reason against a probe whose extreme was made while the feed was silent."""
    context = view.context
    begin, end = probe.since, probe.bars[-1].start + FIVE_MINUTES
    if _unplaced_extreme(view, probe.edge) is not None:
        spans = [(begin, context.time)]
    else:
        spans = [
            (bar.start, bar.start + MINUTE)
            for bar in context.minutes
            if begin <= bar.start < end and view.low(bar) == probe.extreme
        ] or [(bar.start, bar.start + FIVE_MINUTES) for bar in probe.bars if view.low(bar) == probe.extreme]
    if any(_overlaps(hole, *span) for hole in context.holes for span in spans):
        return "EXTREME_IN_HOLE", "the extreme was made while the feed was silent"
    return None


def _overlaps(hole: Hole, start: Instant, end: Instant) -> bool:
    return hole.start < end and hole.end > start
