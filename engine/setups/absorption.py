"""Absorption at an edge: a fade or failed auction where aggressors were taken without result (setup 8 of the house).

A filter, never alone: it repeats the signal of its parent under its own name when the order flow confirms it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from engine.auction.values.context import Context
from engine.auction.values.levels import Absorption
from engine.market.clock import MINUTE, isoformat
from engine.market.figures import grouped, rupees, signed_units
from engine.market.price import rupees_of
from engine.setups.common import NOT_READY, Occasion, Rule, known
from engine.setups.failed_auction import FailedAuction
from engine.setups.signal import Refusal, Signal
from engine.setups.value_area_fade import ValueAreaFade
from engine.setups.view import SidedView

RECENT: Final = 60 * MINUTE
"""An absorption older than this belongs to another visit of the edge."""


class AbsorptionAtEdge(Rule):
    """Confirms the value area fade and the failed auction by absorption."""

    name = "absorption at an edge"
    setting = "absorption"
    waits_for = "a fade or failed auction whose extreme was absorbed"

    def __init__(self, instrument_key: str, *, estimated_range: bool = True) -> None:
        """Watch one instrument through parents of its own."""
        super().__init__(instrument_key, estimated_range=estimated_range)
        self._parents: tuple[Rule, ...] = (
            ValueAreaFade(instrument_key, estimated_range=estimated_range),
            FailedAuction(instrument_key, estimated_range=estimated_range),
        )

    def needs(self, context: Context) -> Mapping[str, object | None]:
        """Name the inputs: without a delta nothing is known of aggressors; the parents need their own."""
        return {"delta under all rules": context.delta, "row size": context.row}

    def judge(self, view: SidedView) -> tuple[Occasion, ...]:
        """Return nothing: the parents judge."""
        _ = view
        return ()

    def evaluate(self, context: Context) -> Signal | Refusal | None:
        """Repeat a parent's signal when absorption confirms it, refuse it when not; a parent's refusal is its own."""
        said = super().evaluate(context)
        signals = [one for parent in self._parents if isinstance(one := parent.evaluate(context), Signal)]
        if not signals:
            return said
        parent = signals[0]
        delta = context.delta
        if self.missing(context) or delta is None:
            reason = f"not known: {', '.join(self.missing(context))}"
            return self.refuse(context, parent.side, NOT_READY, reason, parent.evidence)
        found = _absorption(SidedView(context, parent.side), parent)
        evidence = parent.evidence | {
            "parent": parent.setup,
            "delta_rule": delta.rule,
            "delta": delta.value,
            "delta_low": delta.low,
            "delta_high": delta.high,
            "absorbed_at": None if found is None else rupees_of(found.price),
            "absorbed_volume": None if found is None else found.volume,
            "absorbed_time": None if found is None else isoformat(found.time),
        }
        if delta.sign == 0:
            reason = (
                f"the delta lies between {signed_units(delta.low)} and {signed_units(delta.high)}: no sign"
            )
            return self.refuse(context, parent.side, "DELTA_NO_SIGN", reason, evidence)
        if found is None:
            reason = "no absorption at the extreme of the probe"
            return self.refuse(context, parent.side, "NO_ABSORPTION", reason, evidence)
        return replace(
            parent,
            setup=self.name,
            version=self.version,
            premise=f"{parent.premise}; {grouped(found.volume)} absorbed at {rupees(found.price)}",
            evidence=evidence,
        )

    def broken(self, context: Context, signal: Signal) -> str:
        """Break as the parent does."""
        parent = next((one for one in self._parents if one.name == signal.evidence.get("parent")), None)
        return "" if parent is None else parent.broken(context, signal)


def _absorption(view: SidedView, parent: Signal) -> Absorption | None:
    """Return the newest absorption of the other side between the probe's extreme and the edge, a row around."""
    context, row = view.context, known(view.context.row)
    edge = view.at(parent.price if parent.edge is None else parent.edge)
    # The parent's stop lies one row beyond the extreme of the probe.
    lowest = view.at(parent.stop_reference)
    for found in reversed(context.absorptions):
        near, far = view.near(found.price, row), view.far(found.price, row)
        at_edge = far >= lowest and near <= edge + row
        if at_edge and found.side == parent.side.opposite and found.time >= context.time - RECENT:
            return found
    return None
