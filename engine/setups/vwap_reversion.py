"""The VWAP reversion: two deviations away, at a level, on a day of balance (setup 6 of the house)."""

from collections.abc import Mapping
from typing import Final

from engine.auction.values.context import Context
from engine.auction.values.levels import Acceptance, NodeKind
from engine.market.clock import isoformat
from engine.market.figures import rupees
from engine.market.price import rupees_of
from engine.setups.common import (
    NOT_READY,
    Occasion,
    Rule,
    first,
    known,
    ready_prior,
    share,
    when,
    whole_or_tpo,
)
from engine.setups.signal import Signal
from engine.setups.view import Level, SidedView

BALANCE: Final = "BALANCE"
AWAY: Final = 2
STOP: Final = 3
"""Deviations from the VWAP where it triggers, and where the idea is wrong."""

SLOPE: Final = 5
"""The VWAP must move less than this an hour, percent of the average daily range."""

MINUTES: Final = 60
"""Deviations of less data than this say nothing."""


class VwapReversion(Rule):
    """Buys below the VWAP, sells above it."""

    name = "VWAP reversion"
    setting = "vwap_reversion"
    waits_for = "a close two deviations from the VWAP at a value edge or thin row"

    def needs(self, context: Context) -> Mapping[str, object | None]:
        """Name the inputs: whether the day balances is not known without the prior one."""
        return {
            "row size": context.row,
            "average daily range": self.span(context),
            "VWAP": context.vwap,
            "VWAP deviation": context.vwap_deviation or None,
            "VWAP slope": context.vwap_slope,
            "value area": whole_or_tpo(context),
            "prior value area": ready_prior(context),
        }

    def judge(self, view: SidedView) -> tuple[Occasion, ...]:
        """Return the first bar of a run beyond two deviations that closed at a level."""
        context, closes = view.context, view.closes
        vwap, deviation = view.at(known(context.vwap)), known(context.vwap_deviation)
        limit = vwap - AWAY * deviation
        if closes[-1] > limit:
            return ()
        began = len(closes) - 1
        while began and closes[began - 1] <= limit:
            began -= 1
        levels = [(close, _level_at(view, close)) for close in closes[began:]]
        if not levels[-1][1] or any(name for _, name in levels[:-1]):
            return ()
        return (self._occasion(view, began, levels[-1][1]),)

    def broken(self, context: Context, signal: Signal) -> str:
        """Break on a trend day, and when the range is extended behind the trade with acceptance."""
        view = SidedView(context, signal.side)
        if context.day_type.name == "TREND":
            return "the day became a TREND day"
        if view.extended_behind and view.acceptance("IBL") is Acceptance.ACCEPTED:
            return f"the range is extended and accepted beyond {view.named('IBL')}"
        return ""

    def _occasion(self, view: SidedView, began: int, level: str) -> Occasion:
        context = view.context
        span, vwap, deviation = (
            known(self.span(context)),
            view.at(known(context.vwap)),
            known(context.vwap_deviation),
        )
        bar, slope = context.five_minutes[-1], known(context.vwap_slope)
        close, accepted = view.close(bar), view.acceptance("IBL")
        stop, target = view.floor(vwap - STOP * deviation), view.floor(vwap)
        return Occasion(
            since=context.five_minutes[began].start,
            premise=f"{(vwap - close) / deviation:.1f} deviations from VWAP {rupees(view.price(vwap))} at {level}",
            edge=vwap,
            floor=stop,
            stop=stop,
            target_1=target,
            target_2=target,
            against=first(
                when(context.day_type.name == "TREND", "TREND_DAY", "a trend day does not come back"),
                when(
                    context.balance_state != BALANCE,
                    "NO_BALANCE",
                    f"the day is in {context.balance_state or 'neither balance nor imbalance'}",
                ),
                when(
                    100 * abs(slope) >= SLOPE * span,
                    "VWAP_SLOPE",
                    f"the VWAP moved {share(slope, span)} of the average range in an hour (limit {SLOPE / 100:g})",
                ),
                when(
                    context.deviation_minutes < MINUTES,
                    "DEVIATION_YOUNG",
                    f"the deviation stands on {context.deviation_minutes} minutes (needs {MINUTES})",
                ),
                when(
                    view.extended_behind and accepted is None,
                    NOT_READY,
                    f"acceptance beyond {view.named('IBL')} is not known",
                ),
                when(
                    view.extended_behind and accepted is Acceptance.ACCEPTED,
                    "ACCEPTED",
                    f"the range is extended and accepted beyond {view.named('IBL')}",
                ),
            ),
            evidence={
                "vwap": view.rupees(vwap),
                "deviation": rupees_of(deviation),
                "deviations_away": round((vwap - close) / deviation, 3),
                "deviation_minutes": context.deviation_minutes,
                "deviation_since": None
                if context.partial_since is None
                else isoformat(context.partial_since),
                "level": level,
                "close": rupees_of(bar.close),
                "vwap_slope": rupees_of(slope),
                "slope_share_of_range": share(slope, span),
                "balance_state": context.balance_state,
                "average_range": rupees_of(span),
                "day_type": context.day_type.name,
                "acceptance": None if accepted is None else accepted.value,
                "quality": context.quality.value,
            },
        )


def _level_at(view: SidedView, close: Level) -> str:
    """Return the name of the value area edge or low-volume node within a row of a close; empty when none is."""
    context, row = view.context, known(view.context.row)
    profile, kind = known(whole_or_tpo(context))
    if abs(close - view.value(profile).low) <= row:
        return f"{kind} {view.named('VAL')}"
    if context.partial_since is not None:
        return ""
    for node in context.nodes:
        if (
            node.kind is NodeKind.LOW
            and view.near(node.price, row) - row <= close <= view.far(node.price, row) + row
        ):
            return f"LVN {rupees(node.price)}"
    return ""
