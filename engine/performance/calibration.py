"""What a paper result would be if its fired stops had slipped as those of live fills do: beside it, never for it."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from engine.market.figures import decimal
from engine.market.instrument import InstrumentClass
from engine.market.price import Paise
from engine.orders.trade import StopSlip
from engine.performance.slippage import LEAST_FILLS
from engine.performance.trade import ClosedTrade


class LiveSlippage(msgspec.Struct, frozen=True):
    """What the fired stops of a class slipped by in live, in sum. Paise."""

    kind: InstrumentClass
    fills: int
    slip: Paise
    worth: Paise
    """What they were worth at their triggers."""

    @property
    def measured(self) -> bool:
        """Whether there are enough of them to go by."""
        return self.fills >= LEAST_FILLS and self.worth > 0

    def expected(self, worth: Paise) -> Paise:
        """Return what a stop worth so much at its trigger slips by on average, paise, rounded to the worse side."""
        return -(-self.slip * worth // self.worth)


class Calibrated(msgspec.Struct, frozen=True):
    """A result with its fired stops filled as live ones are."""

    net: Paise
    stops: int
    """Fired stops that were filled anew; those of a class with too few live fills stay as paper filled them."""
    kept: int
    """How many those are."""


def live_slippage(slips: Iterable[StopSlip]) -> tuple[LiveSlippage, ...]:
    """Return what the fired stops of live trades slipped by, one for each class."""
    by_class: dict[InstrumentClass, list[StopSlip]] = {}
    for one in slips:
        by_class.setdefault(one.kind, []).append(one)
    return tuple(
        LiveSlippage(kind, len(known), sum(one.slip for one in known), sum(one.worth for one in known))
        for kind, known in sorted(by_class.items())
    )


def calibrated(trades: Iterable[ClosedTrade], live: Iterable[LiveSlippage]) -> Calibrated | None:
    """Return the net result of paper trades with their stops filled as live ones; None where no class has enough.

    Only what a fired stop slipped by is known of live fills; entries and targets stay as paper filled them.
    """
    known = {one.kind: one for one in live if one.measured}
    if not known:
        return None
    net = stops = kept = 0
    for trade in trades:
        net += trade.net
        slip = trade.stop_slip
        if slip is None:
            continue
        measured = known.get(slip.kind)
        if measured is None:
            kept += 1
        else:
            net += slip.slip - measured.expected(slip.worth)
            stops += 1
    return Calibrated(net, stops, kept)


def describe(found: Calibrated | None, live: Sequence[LiveSlippage]) -> str:
    """Return what a calibrated result stands on, or why there is none yet."""
    if found is None:
        most = max(live, key=lambda one: one.fills, default=None)
        so_far = "none so far" if most is None else f"{most.fills} of {most.kind.value} so far"
        return f"no figure before {LEAST_FILLS} stops of a class have fired in live ({so_far})"
    by = ", ".join(
        f"{one.kind.value} {_percent(one)} by {one.fills} live fills" for one in live if one.measured
    )
    stops = "1 fired stop" if found.stops == 1 else f"{found.stops} fired stops"
    words = f"the same with {stops} filled as in live: {by}"
    if not found.kept:
        return words
    return f"{words}; {found.kept} of classes with fewer than {LEAST_FILLS} stay as paper filled them"


def _percent(one: LiveSlippage) -> str:
    return f"{decimal(100 * float(Fraction(one.slip, one.worth)), 3, plus=True)} %"
