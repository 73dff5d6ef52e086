"""How far fired stops slipped beyond their triggers: what a stop of their class is expected to slip by."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

import msgspec

from engine.market.instrument import InstrumentClass
from engine.market.price import Paise
from engine.orders.trade import StopSlip
from engine.risk.exact import ceiling

LEAST_FILLS: Final = 30
"""Fewer fired stops of a class say nothing of it."""

_SHARE: Final = Fraction(95, 100)


class ClassSlippage(msgspec.Struct, frozen=True):
    """The 95th percentile of a class: so many in a hundred of its fired stops slipped by no larger part."""

    kind: InstrumentClass
    fills: int
    slip: Paise
    worth: Paise
    """What the stop of that rank was worth at its trigger: ``slip`` is a part of it."""

    @property
    def share(self) -> Fraction:
        """The slip as a part of the trigger, never below nought."""
        return max(Fraction(0), Fraction(self.slip, self.worth))


def measured_slippage(slips: Iterable[StopSlip]) -> tuple[ClassSlippage, ...]:
    """Return the 95th percentile, by nearest rank, of each class with enough fired stops."""
    by_class: dict[InstrumentClass, list[StopSlip]] = {}
    for one in slips:
        by_class.setdefault(one.kind, []).append(one)
    found = []
    for kind, known in sorted(by_class.items()):
        if len(known) >= LEAST_FILLS:
            ranked = sorted(known, key=lambda one: Fraction(one.slip, one.worth))
            at = ranked[ceiling(_SHARE * len(ranked)) - 1]
            found.append(ClassSlippage(kind, len(known), at.slip, at.worth))
    return tuple(found)
