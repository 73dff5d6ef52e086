"""The initial balance extension: a narrow first hour breaks with volume behind it (setup 3 of the house)."""

from collections.abc import Mapping
from typing import Final

from engine.auction.state.named_levels import MULTIPLES
from engine.auction.values.context import Context
from engine.auction.values.levels import PriorLevels
from engine.market.clock import Instant, isoformat
from engine.market.figures import grouped, rupees
from engine.market.price import Paise, rupees_of
from engine.setups.common import (
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
from engine.setups.probe import OPENING
from engine.setups.signal import Signal
from engine.setups.view import FIVE_MINUTES, Level, SidedView, balance_of, clock_of

NARROW: Final = 50
"""The initial balance must be narrower than this, percent of the average daily range."""

FULL: Final = 100
"""From here on the range of the day is spent."""

VOLUME: Final = 130
"""Volume of the breaking bar, percent of the average of its time slot."""

INSIDE_ROWS: Final = 2
"""A 5-minute close this far back inside ends the break."""


class InitialBalanceExtension(Rule):
    """Buys a break of the initial balance high, sells one of the low.

    The stop lies at the middle of the balance, so 1.5 times the balance never pays 1.2 times the risk of an entry
    beyond its edge: the first target is the nearest multiple that pays.
    """

    name = "initial balance extension"
    setting = "initial_balance_extension"
    waits_for = "a 5-minute close a row beyond a narrow initial balance with volume"

    def needs(self, context: Context) -> Mapping[str, object | None]:
        """Name the inputs: without the usual volume of the time slot nothing says that the break has volume."""
        bars = context.five_minutes
        return {
            "initial balance": balance_of(context),
            "row size": context.row,
            "average daily range": self.span(context),
            "VWAP": context.vwap,
            "slot volumes": slot_volume(ready_prior(context), bars[-1].start) if bars else None,
        }

    def judge(self, view: SidedView) -> tuple[Occasion, ...]:
        """Return the first close beyond the edge since price last closed back inside."""
        row, (low, high) = known(view.context.row), known(view.balance)
        began = self._began(view, high, row)
        if high <= low or began is None or began != len(view.closes) - 1:
            return ()
        return (self._occasion(view, row, low, high),)

    def broken(self, context: Context, signal: Signal) -> str:
        """Break when a 5-minute bar after the signal closed two rows back inside."""
        view, edge, row = SidedView(context, signal.side), signal.edge, context.row
        if edge is None or row is None:
            return ""
        back = view.at(edge) - INSIDE_ROWS * row
        for bar in context.five_minutes:
            if bar.start + FIVE_MINUTES > signal.time and view.close(bar) <= back:
                return f"a 5-minute bar closed back inside, beyond {rupees(view.price(back))}"
        return ""

    def _began(self, view: SidedView, edge: Level, row: Paise) -> int | None:
        out, back = edge + row, edge - INSIDE_ROWS * row
        first_beyond: int | None = None
        for number, close in enumerate(view.closes):
            if close <= back:
                first_beyond = None
            elif close > out and first_beyond is None:
                first_beyond = number
        return first_beyond

    def _occasion(self, view: SidedView, row: Paise, low: Level, high: Level) -> Occasion:
        context = view.context
        span, vwap, bar = known(self.span(context)), known(context.vwap), context.five_minutes[-1]
        usual = known(slot_volume(ready_prior(context), bar.start))
        balance, close = high - low, view.close(bar)
        stop = view.floor((low + high) // 2)
        ladder = [(view.floor(low + halves * balance // 2), name) for name, halves in MULTIPLES]
        last = view.at(bar.close if context.last is None else context.last)
        target_1, source = first_that_pays(ladder[:2], last, stop) or ladder[1]
        target_2 = next((level for level, _ in ladder[1:] if level > target_1), ladder[-1][0])
        edge_name = view.named("IBH")
        return Occasion(
            since=bar.start,
            premise=(
                f"closed {rows_of((close - high) // row)} beyond {edge_name} {rupees(view.price(high))}"
                f" with {bar.volume / usual:.1f} times the usual volume"
                if usual
                else f"closed beyond {edge_name} {rupees(view.price(high))}"
            ),
            edge=high,
            floor=high,
            stop=stop,
            target_1=target_1,
            target_2=target_2,
            against=first(
                when(
                    100 * balance >= FULL * span,
                    "BALANCE_FULL",
                    f"the initial balance is {share(balance, span)} of the average range: the day is spent",
                ),
                when(
                    100 * balance >= NARROW * span,
                    "BALANCE_WIDE",
                    f"the initial balance is {share(balance, span)} of the average range (limit {NARROW / 100:g})",
                ),
                when(view.extended_behind, "OTHER_SIDE_EXTENDED", "the other side is already extended"),
                when(
                    100 * bar.volume < VOLUME * usual,
                    "VOLUME_LOW",
                    f"volume {grouped(bar.volume)} against {grouped(usual)} usual (needs {VOLUME / 100:g} times)",
                ),
                when(
                    close <= view.at(vwap),
                    "VWAP_BEYOND",
                    f"the close is not beyond VWAP {rupees(vwap)}",
                ),
            ),
            evidence={
                "edge": edge_name,
                "edge_price": view.rupees(high),
                "other_edge": view.rupees(low),
                "close": rupees_of(bar.close),
                "row": rupees_of(row),
                "balance": rupees_of(balance),
                "balance_share_of_range": share(balance, span),
                "average_range": rupees_of(span),
                "volume": bar.volume,
                "usual_volume": usual,
                "volume_ratio": share(bar.volume, usual),
                "vwap": rupees_of(vwap),
                "other_side_extended": str(view.extended_behind),
                "bar_from": isoformat(bar.start),
                "target_1": f"{source} initial balance",
                "quality": context.quality.value,
            },
        )


def slot_volume(prior: PriorLevels | None, start: Instant) -> int | None:
    """Return the usual volume of the 5-minute slot that begins at ``start``, units; None when it is not known."""
    slot = (clock_of(start) - OPENING) // 5
    if prior is None or not 0 <= slot < len(prior.slot_volumes):
        return None
    return prior.slot_volumes[slot]
