"""The 80 % rule: outside prior value, then inside it for two brackets (setup 2 of the house, off by default).

Outside is a session that opened there, or one that left: a bracket closed there.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from engine.auction.values.context import BracketReading, Context
from engine.market.clock import Instant, isoformat
from engine.market.figures import rupees
from engine.market.price import Paise, rupees_of
from engine.setups.common import (
    UNFIT_DAYS,
    Against,
    Occasion,
    Rule,
    first,
    known,
    prior_weakness,
    ready_prior,
    share,
    when,
)
from engine.setups.probe import OPENING, bracket_ends, closed_since
from engine.setups.signal import Signal
from engine.setups.view import SidedView, Value, clock_of

NARROW: Final = 30
WIDE: Final = 90
"""Width of the value area in percent of the average daily range: outside these nothing crosses it."""


class EightyPercent(Rule):
    """Trades towards the far edge once value was accepted again."""

    name = "80 % rule"
    version = 2
    setting = "eighty_percent"
    waits_for = "two brackets inside prior value after a time outside it"

    def needs(self, context: Context) -> Mapping[str, object | None]:
        """Name the inputs: all brackets since the open, and the prior value area."""
        starts = context.brackets[0].start if context.brackets else None
        return {
            "brackets since the open": starts if starts is not None and clock_of(starts) <= OPENING else None,
            "row size": context.row,
            "average daily range": self.span(context),
            "prior value area": ready_prior(context),
            "opening price": context.open,
        }

    def beat(self, context: Context) -> Instant | None:
        """Return the end of the newest bracket that is over."""
        if len(context.brackets) < 2:
            return None
        return max((end for end in bracket_ends(context) if end <= context.time), default=None)

    def judge(self, view: SidedView) -> tuple[Occasion, ...]:
        """Return the first two brackets inside since price was outside, when the newest one over is their second."""
        context = view.context
        value = view.prior_value(known(ready_prior(context)))
        ends = bracket_ends(context)
        over = [bracket for bracket, end in zip(context.brackets, ends, strict=True) if end <= context.time]
        pairs = list(pairwise(over))
        length = ends[0] - over[0].start
        if not pairs or not _inside(view, value, pairs[-1], length):
            return ()
        left = _newest_leaving(view, value, over[:-2])
        if left is None or any(_inside(view, value, pair, length) for pair in pairs[left + 1 : -1]):
            return ()
        return (self._occasion(view, value, pairs[-1], None if left < 0 else over[left]),)

    def broken(self, context: Context, signal: Signal) -> str:
        """Break when a bracket that ended after the signal closed outside value again."""
        view, edge = SidedView(context, signal.side), signal.edge
        if edge is None:
            return ""
        closes = [bracket.close for bracket in closed_since(context, signal.time)]
        if any(close is not None and view.at(close) < view.at(edge) for close in closes):
            return f"a bracket closed outside value again, beyond {rupees(edge)}"
        return ""

    def _occasion(
        self,
        view: SidedView,
        value: Value,
        pair: tuple[BracketReading, BracketReading],
        leaving: BracketReading | None,
    ) -> Occasion:
        context, (entering, second) = view.context, pair
        row, span, prior = known(context.row), known(self.span(context)), known(ready_prior(context))
        width = value.high - value.low
        extreme = min(view.at(entering.low), view.at(entering.high))
        outside = "opened outside" if leaving is None else f"bracket {leaving.letter} closed outside"
        return Occasion(
            since=entering.start,
            premise=(
                f"{outside} the prior value area, brackets {entering.letter} and {second.letter} traded"
                f" inside, {second.letter} closed inside at {rupees(known(second.close))}"
            ),
            edge=value.low,
            floor=value.low,
            stop=extreme - row,
            target_1=value.poc,
            target_2=value.high,
            against=first(
                when(
                    prior.day_type in UNFIT_DAYS,
                    "PRIOR_DAY_TYPE",
                    f"the prior day was a {prior.day_type} day: its value area says little",
                ),
                _weak(prior_weakness(prior)),
                _width(width, span),
            ),
            evidence={
                "opened": rupees_of(known(context.open)),
                "left_in_bracket": None if leaving is None else leaving.letter,
                "value_low": rupees_of(prior.val),
                "value_high": rupees_of(prior.vah),
                "poc": view.rupees(value.poc),
                "entering_bracket": entering.letter,
                "entering_extreme": view.rupees(extreme),
                "entering_from": isoformat(entering.start),
                "second_close": rupees_of(known(second.close)),
                "value_width": rupees_of(width),
                "value_share_of_range": share(width, span),
                "average_range": rupees_of(span),
                "prior_day": prior.day.isoformat(),
                "prior_day_type": prior.day_type,
                "prior_quality": prior.quality.value,
                "quality": context.quality.value,
            },
        )


def _newest_leaving(view: SidedView, value: Value, brackets: Sequence[BracketReading]) -> int | None:
    """Return the number of the newest bracket that closed outside; -1 for the open; None when neither was."""
    for number in range(len(brackets) - 1, -1, -1):
        close = brackets[number].close
        if close is not None and view.at(close) < value.low:
            return number
    return -1 if view.at(known(view.context.open)) < value.low else None


def _inside(view: SidedView, value: Value, pair: tuple[BracketReading, BracketReading], length: int) -> bool:
    """Say whether two brackets in a row traded inside value and the second closed there."""
    one, two = pair
    traded = all(
        max(view.at(bracket.low), view.at(bracket.high)) >= value.low
        and min(view.at(bracket.low), view.at(bracket.high)) <= value.high
        for bracket in pair
    )
    closed = two.close is not None and value.holds(view.at(two.close))
    return traded and closed and two.start - one.start == length


def _weak(why: str) -> Against | None:
    return when(bool(why), "VALUE_WEAK", why)


def _width(width: Paise, span: Paise) -> Against | None:
    if 100 * width < NARROW * span:
        return "VALUE_NARROW", f"the value area is {share(width, span)} of the range (needs {NARROW / 100:g})"
    if 100 * width > WIDE * span:
        return "VALUE_WIDE", f"the value area is {share(width, span)} of the range (limit {WIDE / 100:g})"
    return None
