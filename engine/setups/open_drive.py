"""The open drive: one way at once, away from value, never back through the opening range (setup 5 of the house)."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from engine.auction.values.context import Context, Quality
from engine.market.clock import Instant, isoformat
from engine.market.figures import rupees
from engine.market.price import Paise, rupees_of
from engine.setups.common import NOT_READY, Occasion, Rule, first, known, ready_prior, share, when
from engine.setups.probe import OPENING, bracket_number
from engine.setups.signal import Refusal, Signal
from engine.setups.view import FIVE_MINUTES, Level, SidedView, clock_of

DRIVE: Final = 25
"""Smallest drive from the open, percent of the average daily range."""

THROUGH_OPEN: Final = 5
"""Farthest price may have gone through the open on the other side, percent of the average daily range."""

RETRACE: Final = 35
"""Farthest it may come back, percent of the drive."""

MAX_GAP: Final = 100
"""A gap beyond the prior range above this, percent of the average daily range, forbids the setup."""

SEEN_UNTIL: Final = OPENING + 15
"""Wall-clock minute by which the drive must be seen."""


@dataclass(frozen=True, slots=True)
class _Drive:
    """What the opening shows, as levels of the side it drives to."""

    open: Level
    range_low: Level
    range_high: Level
    best: Level
    worst: Level
    retrace: int
    """Farthest way back from a new best, paise."""

    @property
    def length(self) -> int:
        return self.best - self.open


class OpenDrive(Rule):
    """Joins the drive when the first bar holds beyond the opening range."""

    name = "open drive"
    version = 2
    setting = "open_drive"
    waits_for = "a drive from the open that holds beyond the opening range by 09:30"
    ready_by = OPENING + 10

    def needs(self, context: Context) -> Mapping[str, object | None]:
        """Name the inputs: prior value and the average range must be known before the day begins."""
        return {
            "opening range": context.opening_range,
            "opening price": context.open,
            "row size": context.row,
            "average daily range": self.span(context),
            "prior value area": ready_prior(context),
        }

    def span(self, context: Context) -> Paise | None:
        """Return the average daily range of stored days; one estimated from today's only once its half hour is over."""
        found = context.average_range
        whole = clock_of(context.time) >= OPENING + 30
        if found is None or (found.quality is Quality.ESTIMATED and not whole):
            return None
        return super().span(context)

    def evaluate(self, context: Context) -> Signal | Refusal | None:
        """Judge as every setup does; a record that began late is named as such, once."""
        if context.partial_since is None or context.instrument.key != self.instrument_key:
            return super().evaluate(context)
        beat = self.beat(context)
        if beat is None or self._memory.said_missing:
            return None
        self._memory.said_missing = True
        reason = f"the record began at {isoformat(context.partial_since)[11:19]}: the opening was not seen"
        return self.refuse(
            context, None, "LATE_START", reason, {"partial_since": isoformat(context.partial_since)}
        )

    def judge(self, view: SidedView) -> tuple[Occasion, ...]:
        """Return the drive when the newest bar is the first to hold, or the last that might have."""
        bars = view.context.five_minutes
        end = clock_of(bars[-1].start + FIVE_MINUTES)
        if clock_of(bars[0].start) != OPENING or len(bars) < 2 or end > SEEN_UNTIL:
            return ()
        if view.context.atr is None and end < SEEN_UNTIL:
            # Nothing can be sized yet: the next bar is asked instead of losing the drive.
            return ()
        drive, span = _drive(view), known(self.span(view.context))
        held = view.lows[-1] > drive.range_high
        if 100 * drive.length < DRIVE * span or not (held or end == SEEN_UNTIL):
            return ()
        return (self._occasion(view, drive, span, held=held),)

    def broken(self, context: Context, signal: Signal) -> str:
        """Break as soon as a bracket takes out the worst price of the one before, the signal's own first."""
        view = SidedView(context, signal.side)
        since = context.brackets[bracket_number(context, signal.time) :]
        worsts = [min(view.at(bracket.low), view.at(bracket.high)) for bracket in since]
        for (earlier, worst), bracket in zip(pairwise(worsts), since[1:], strict=False):
            if worst < earlier:
                return f"one-timeframing ended: {bracket.letter} went beyond {rupees(view.price(earlier))}"
        return ""

    def _occasion(self, view: SidedView, drive: _Drive, span: int, *, held: bool) -> Occasion:
        context, prior = view.context, known(ready_prior(view.context))
        value = view.prior_value(prior)
        bar = context.five_minutes[-1]
        gap = 0 if context.gap is None else context.gap.size
        close, row = view.close(bar), known(context.row)
        return Occasion(
            since=context.five_minutes[0].start,
            premise=(
                f"drove {share(drive.length, span)} of the average range from the open,"
                f" first bar held beyond the opening range at {rupees(bar.close)}"
            ),
            edge=drive.range_high,
            floor=drive.range_high,
            stop=drive.range_low,
            target_1=view.floor(drive.worst + span),
            target_2=view.floor(drive.worst + span * 3 // 2),
            against=first(
                when(
                    100 * (drive.open - drive.worst) > THROUGH_OPEN * span,
                    "THROUGH_OPEN",
                    f"price went {share(drive.open - drive.worst, span)} of the range through the open",
                ),
                when(
                    any(view.close(one) < drive.range_low for one in context.five_minutes[1:]),
                    "RANGE_CROSSED",
                    "price crossed back through the opening range",
                ),
                when(
                    100 * drive.retrace > RETRACE * drive.length,
                    "RETRACE",
                    f"came back {share(drive.retrace, drive.length)} of the drive (limit {RETRACE / 100:g})",
                ),
                when(
                    value.holds(drive.open) or value.holds(close),
                    "INSIDE_VALUE",
                    "the drive is inside the prior value area",
                ),
                when(
                    100 * gap > MAX_GAP * span,
                    "GAP_TOO_LARGE",
                    f"the gap is {share(gap, span)} of the average range (limit {MAX_GAP / 100:g})",
                ),
                when(
                    drive.range_high - drive.range_low < row, NOT_READY, "the opening range is under one row"
                ),
                when(
                    not held and any(low > drive.range_high for low in view.lows[1:-1]),
                    NOT_READY,
                    "a 5-minute bar held beyond the opening range before the ATR was ready; the next did not",
                ),
                when(not held, "NO_HOLD", "no 5-minute bar held beyond the opening range by 09:30"),
            ),
            evidence={
                "open": view.rupees(drive.open),
                "opening_range_low": rupees_of(known(context.opening_range)[0]),
                "opening_range_high": rupees_of(known(context.opening_range)[1]),
                "drive": rupees_of(drive.length),
                "drive_share_of_range": share(drive.length, span),
                "through_open_share": share(drive.open - drive.worst, span),
                "retrace_share": share(drive.retrace, drive.length),
                "gap_share": share(gap, span),
                "value_low": rupees_of(prior.val),
                "value_high": rupees_of(prior.vah),
                "average_range": rupees_of(span),
                "close": rupees_of(bar.close),
                "row": rupees_of(row),
                "open_type": context.open_type.name,
                "target_1": "the day's extreme plus one average range; the trail decides",
                "quality": context.quality.value,
            },
        )


def _drive(view: SidedView) -> _Drive:
    context = view.context
    low, high = sorted(map(view.at, known(context.opening_range)))
    opening = view.at(known(context.open))
    best, retrace = opening, 0
    for minute in context.minutes:
        # Inside one minute the order is unknown: only a best price of an earlier one is come back from.
        retrace = max(retrace, best - view.low(minute))
        best = max(best, view.high(minute))
    retrace = max(retrace, best - view.closes[-1])
    worst = min(opening, *view.lows)
    return _Drive(opening, low, high, best, worst, retrace)


def first_entry(opening: Instant) -> Instant:
    """Return the first instant the setup may enter, given the session's open: the only one before 09:30."""
    return opening + FIVE_MINUTES
