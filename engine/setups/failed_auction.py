"""The failed auction: price takes an edge, finds nobody there and comes back inside (setup 4 of the house).

Short at a failed high, long at a failed low, exact mirrors. The judgement of a 5-minute bar depends only on that
bar, the ones before it and the levels of the same context, so nothing needs to be remembered but what was said.
"""

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from engine.auction.context import Context, Hole, Quality
from engine.market.clock import MINUTE, SECOND, Instant, isoformat
from engine.market.price import Paise, rupees_of, tick_down, tick_up
from engine.market.update import Bar
from engine.setups.signal import Evidence, Refusal, Side, Signal

FIVE_MINUTES = 5 * MINUTE
MAX_PROBE = Fraction(1, 10)
"""Farthest a probe may go beyond the edge, in average daily ranges."""

WINDOW_BRACKETS = 2
"""The bracket of the probe and the next one: by then price must have closed back inside."""

QUIET = 10 * MINUTE
LONG_HOLE = 30 * SECOND
MAX_DELAY = MINUTE
"""A 5-minute close that became known later than this is history, not a trigger."""

MIN_REWARD = Fraction(6, 5)
"""Gross reward to the first target, in risks, that makes the nearer target good enough."""

LEVELS = "initial balance only: no prior-day or balance edges are known"


@dataclass(frozen=True, slots=True)
class _Edge:
    """A level that may be taken and lost; ``side`` is the side of the trade when that fails."""

    name: str
    side: Side
    price: Paise
    opposite: Paise

    def beyond(self, price: Paise) -> Paise:
        """Return how far a price lies outside the edge; negative inside."""
        return (self.price - price) * self.side.sign

    def extreme(self, bar: Bar) -> Paise:
        """Return the bar's farthest price on the outer side."""
        return bar.low if self.side is Side.BUY else bar.high


class _End(StrEnum):
    """What an excursion beyond an edge came to, by its bars alone."""

    RETURNED = "RETURNED"
    PROBE_TOO_FAR = "PROBE_TOO_FAR"
    ACCEPTED = "ACCEPTED"
    WINDOW_CLOSED = "WINDOW_CLOSED"


class FailedAuction:
    """Watches both edges of the initial balance of one instrument."""

    name = "failed auction"
    version = 1

    def __init__(self, instrument_key: str, *, estimated_range: bool = True) -> None:
        """Watch one instrument; ``estimated_range`` False (live) takes an estimated average range for unknown."""
        self.instrument_key = instrument_key
        self._estimated_range = estimated_range
        self._seen: Instant | None = None
        self._decided: set[tuple[Side, Instant]] = set()

    def missing(self, context: Context) -> tuple[str, ...]:
        """Return the inputs that are not ready, by name; empty when the setup can judge."""
        found = []
        balance = context.initial_balance
        if balance is None or not balance.complete:
            found.append("initial balance")
        if context.row is None:
            found.append("row size")
        if not context.five_minutes:
            found.append("5-minute bars")
        if context.average_range is None or (
            context.average_range.quality is Quality.ESTIMATED and not self._estimated_range
        ):
            found.append("average daily range")
        return tuple(found)

    def evaluate(self, context: Context) -> Signal | Refusal | None:
        """Judge the newest completed 5-minute bar; None when it decides nothing or was judged before.

        One probe gets one decision. A probe that was decided by an older bar (before a late start) is never
        spoken of. Raise ValueError for a context of another instrument.
        """
        if context.instrument.key != self.instrument_key:
            raise ValueError(f"expected a context of {self.instrument_key}, got {context.instrument.key}")
        bars, balance, row = context.five_minutes, context.initial_balance, context.row
        if not bars or bars[-1].start == self._seen:
            return None
        self._seen = bars[-1].start
        if balance is None or not balance.complete or row is None or balance.high - balance.low < 2 * row:
            return None
        found = [
            decision
            for edge in (
                _Edge("IB high", Side.SELL, balance.high, balance.low),
                _Edge("IB low", Side.BUY, balance.low, balance.high),
            )
            if (decision := self._judge(context, edge, row)) is not None
        ]
        if len(found) == 2:
            return self._both(context, found)
        return found[0] if found else None

    def _judge(self, context: Context, edge: _Edge, row: Paise) -> Signal | Refusal | None:
        probe = _newest_probe(context.five_minutes, edge, row)
        if not probe or (edge.side, probe[0].start) in self._decided:
            return None
        ends = [_end(context, edge, row, probe[: count + 1]) for count in range(len(probe))]
        if ends[-1] is None or any(end is not None for end in ends[:-1]):
            return None
        self._decided.add((edge.side, probe[0].start))
        extreme = _extreme(context, edge, probe)
        evidence = _evidence(context, edge, row, probe, extreme)
        refusal = _refusal(context, edge, ends[-1], probe, extreme, estimated_range=self._estimated_range)
        last = context.last
        if refusal is not None or last is None:
            code, reason = refusal or ("NOT_READY", "no last price")
            return self._refuse(context, edge.side, code, reason, evidence)
        stop = extreme - edge.side.sign * row
        target = _first_target(context, edge, last, stop)
        if target is None:
            return self._refuse(
                context,
                edge.side,
                "NO_TARGET",
                f"price {rupees_of(last):.2f} has already passed the middle of the balance",
                evidence,
            )
        source, target_1 = target
        evidence |= {"target_1": source}
        return Signal(
            time=context.time,
            instrument=self.instrument_key,
            setup=self.name,
            version=self.version,
            side=edge.side,
            price=last,
            stop_reference=stop,
            target_1=target_1,
            target_2=edge.opposite,
            premise=(
                f"{edge.name} {rupees_of(edge.price):.2f} taken by {edge.beyond(extreme) // row} rows,"
                f" closed back inside at {rupees_of(probe[-1].close):.2f}"
            ),
            evidence=evidence,
        )

    def _refuse(
        self, context: Context, side: Side | None, code: str, reason: str, evidence: Evidence
    ) -> Refusal:
        return Refusal(
            context.time, self.instrument_key, self.name, self.version, side, code, reason, evidence
        )

    def _both(self, context: Context, found: list[Signal | Refusal]) -> Signal | Refusal:
        refusals = [decision for decision in found if isinstance(decision, Refusal)]
        if len(refusals) == 1:
            return next(decision for decision in found if isinstance(decision, Signal))
        evidence: Evidence = {}
        for decision in found:
            evidence |= {f"{decision.side} {name}": value for name, value in decision.evidence.items()}
        if refusals:
            reason = "; ".join(f"{refusal.side}: {refusal.code}, {refusal.reason}" for refusal in refusals)
            return self._refuse(context, None, refusals[0].code, reason, evidence)
        return self._refuse(
            context, None, "BOTH_EDGES", "one 5-minute bar failed at both edges: no direction", evidence
        )


def _newest_probe(bars: tuple[Bar, ...], edge: _Edge, row: Paise) -> tuple[Bar, ...]:
    """Return the bars of the excursion that the newest bar belongs to, empty when there is none.

    It starts with the first bar that takes the edge by a row and ends with the one closing a row inside.
    """
    first: int | None = None
    for number, bar in enumerate(bars):
        if first is None and edge.beyond(edge.extreme(bar)) >= row:
            first = number
        if first is not None and edge.beyond(bar.close) <= -row:
            if number == len(bars) - 1:
                return bars[first:]
            first = None
    return () if first is None else bars[first:]


def _end(context: Context, edge: _Edge, row: Paise, bars: tuple[Bar, ...]) -> _End | None:
    """Return what the excursion has come to with its newest bar, None while it is open."""
    newest = bars[-1]
    span = context.average_range
    if span is not None:
        reach = max(edge.beyond(edge.extreme(bar)) for bar in bars)
        if reach > MAX_PROBE * span.value:
            return _End.PROBE_TOO_FAR
    first = _bracket_number(context, bars[0].start)
    number = _bracket_number(context, newest.start)
    inside_window = number - first < WINDOW_BRACKETS
    if inside_window and edge.beyond(newest.close) <= -row:
        return _End.RETURNED
    closes = [
        bracket.close
        for bracket, end in zip(context.brackets[first:], _bracket_ends(context)[first:], strict=True)
        if end <= newest.start + FIVE_MINUTES
    ]
    if any(
        one is not None and two is not None and min(edge.beyond(one), edge.beyond(two)) > 0
        for one, two in pairwise(closes)
    ):
        return _End.ACCEPTED
    return None if inside_window else _End.WINDOW_CLOSED


def _bracket_ends(context: Context) -> list[Instant]:
    starts = [bracket.start for bracket in context.brackets]
    length = min((after - before for before, after in pairwise(starts)), default=0)
    # A single bracket has no known length; it is the first of the day and no balance is complete in it.
    return [*starts[1:], *(start + length for start in starts[-1:])]


def _bracket_number(context: Context, start: Instant) -> int:
    return max(0, bisect_right([bracket.start for bracket in context.brackets], start) - 1)


def _extreme(context: Context, edge: _Edge, probe: tuple[Bar, ...]) -> Paise:
    """Return the farthest price of the excursion, later completed minutes and an unplaced day extreme included."""
    later = [bar for bar in context.minutes if bar.start >= probe[-1].start + FIVE_MINUTES]
    prices = [edge.extreme(bar) for bar in (*probe, *later)]
    unplaced = _unplaced_extreme(context, edge)
    if unplaced is not None:
        prices.append(unplaced)
    return max(prices, key=edge.beyond)


def _unplaced_extreme(context: Context, edge: _Edge) -> Paise | None:
    """Return the day's extreme when no bar shows it: it was made in a hole or in the minute still open."""
    day = context.low if edge.side is Side.BUY else context.high
    if day is None or edge.beyond(day) <= 0:
        return None
    known = [edge.extreme(bar) for bar in (*context.five_minutes, *context.minutes)]
    return day if edge.beyond(day) > max(map(edge.beyond, known), default=0) else None


def _made_in_hole(context: Context, edge: _Edge, probe: tuple[Bar, ...], extreme: Paise) -> bool:
    begin, end = probe[0].start, probe[-1].start + FIVE_MINUTES
    if _unplaced_extreme(context, edge) is not None:
        return any(_overlaps(hole, begin, context.time) for hole in context.holes)
    minutes = [bar for bar in context.minutes if begin <= bar.start < end and edge.extreme(bar) == extreme]
    spans = [(bar.start, bar.start + MINUTE) for bar in minutes] or [
        (bar.start, bar.start + FIVE_MINUTES) for bar in probe if edge.extreme(bar) == extreme
    ]
    return any(_overlaps(hole, *span) for hole in context.holes for span in spans)


def _overlaps(hole: Hole, start: Instant, end: Instant) -> bool:
    return hole.start < end and hole.end > start


def _refusal(
    context: Context,
    edge: _Edge,
    end: _End | None,
    probe: tuple[Bar, ...],
    extreme: Paise,
    *,
    estimated_range: bool,
) -> tuple[str, str] | None:
    """Return code and sentence of the first reason against the trade."""
    span = context.average_range
    if span is None or (span.quality is Quality.ESTIMATED and not estimated_range):
        return "NOT_READY", "the average daily range is not known from earlier days"
    if end is _End.PROBE_TOO_FAR:
        share = edge.beyond(extreme) / span.value
        return end, f"probe went {share:.2f} of the average range beyond (limit {float(MAX_PROBE):g})"
    if end is _End.ACCEPTED:
        return end, f"two brackets in a row closed beyond the {edge.name}: accepted"
    if end is _End.WINDOW_CLOSED:
        return end, f"no 5-minute close back inside within {WINDOW_BRACKETS} brackets"
    if context.day_type.name == "TREND":
        return "TREND_DAY", "a trend day does not fail at its edges"
    if context.quality is Quality.STALE:
        return "STALE_FEED", "the feed is stale"
    if _made_in_hole(context, edge, probe, extreme):
        return "EXTREME_IN_HOLE", "the extreme was made while the feed was silent"
    for hole in context.holes:
        if hole.end - hole.start > LONG_HOLE and hole.end > context.time - QUIET:
            seconds = (hole.end - hole.start) // SECOND
            return "HOLE_RECENT", f"a hole of {seconds} s lies within the last 10 minutes"
    delay = context.time - probe[-1].start - FIVE_MINUTES
    if delay > MAX_DELAY:
        return "BAR_LATE", f"the close became known {delay // SECOND} s later (limit {MAX_DELAY // SECOND} s)"
    if context.last is not None and edge.beyond(context.last) >= 0:
        return "NOT_INSIDE", f"price {rupees_of(context.last):.2f} is beyond the {edge.name} again"
    return None


def _first_target(context: Context, edge: _Edge, price: Paise, stop: Paise) -> tuple[str, Paise] | None:
    """Return the nearer of balance middle and POC that pays for the risk, else the farther; None when passed.

    Each is taken at the side where price comes first, so that the two directions are mirrors.
    """
    tick = context.instrument.tick
    middle = edge.price + edge.opposite
    buying = edge.side is Side.BUY
    found = [("IB middle", tick_down(middle // 2, tick) if buying else tick_up(-(-middle // 2), tick))]
    poc = _point_of_control(context)
    if poc is not None:
        source, lower_edge, row = poc
        found.append((source, lower_edge if buying else lower_edge + row - tick))
    sign = edge.side.sign
    ahead = sorted(
        (pair for pair in found if price * sign < pair[1] * sign < edge.opposite * sign),
        key=lambda pair: pair[1] * sign,
    )
    enough = MIN_REWARD * abs(price - stop)
    return next((pair for pair in ahead if abs(pair[1] - price) >= enough), ahead[-1] if ahead else None)


def _point_of_control(context: Context) -> tuple[str, Paise, Paise] | None:
    """Return name, lower edge and row of the POC; after a late start the volume profile is partial, TPO is not."""
    whole = context.partial_since is None
    profile = context.volume_profile if whole else context.tpo_profile
    if profile is None:
        return None
    return "volume POC" if whole else "TPO POC", profile.poc, profile.row


def _evidence(context: Context, edge: _Edge, row: Paise, probe: tuple[Bar, ...], extreme: Paise) -> Evidence:
    reach, span = edge.beyond(extreme), context.average_range
    brackets = _bracket_number(context, probe[-1].start) - _bracket_number(context, probe[0].start)
    poc = _point_of_control(context)
    return {
        "levels": LEVELS,
        "edge": edge.name,
        "edge_price": rupees_of(edge.price),
        "other_edge": rupees_of(edge.opposite),
        "extreme": rupees_of(extreme),
        "probe_rows": reach // row,
        "row": rupees_of(row),
        "average_range": None if span is None else rupees_of(span.value),
        "average_range_quality": None if span is None else span.quality.value,
        "average_range_days": None if span is None else span.days,
        "probe_share_of_range": None if span is None else round(reach / span.value, 4),
        "probe_from": isoformat(probe[0].start),
        "brackets_later": brackets,
        "close": rupees_of(probe[-1].close),
        "close_rows_inside": -edge.beyond(probe[-1].close) // row,
        "day_type": context.day_type.name,
        "poc": None if poc is None else rupees_of(poc[1]),
        "poc_source": None if poc is None else poc[0],
        "quality": context.quality.value,
    }
