"""What others are said to have closed of ours, until a read of the broker bears it out: what it denies is ours again.

The first word of it takes our stop down, for it could turn the position round. Until a second source agrees the trade
is not over, and nothing new begins in its instrument.
"""

from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant
from engine.market.price import Paise

DENIED_AFTER: Final = 2 * SECOND
"""A list asked for so long after the word of a fill, and that tells of less, denies it where the positions do, too."""

DOUBTED_FOR: Final = 10 * SECOND
"""So long lists are asked for again and again after a denial: where they were old after all, its stop must go."""

UNLISTED_FOR: Final = 10 * SECOND
"""The same where the list does not show the order at all: longer than the latest arrival tested."""

UNSHOWN_FOR: Final = 60 * SECOND
"""So long a position may be left out of the lists, with no order that tells why, before it is taken to be closed."""

BY_TOTALS: Final = ""
"""The order of what no order tells of."""


class Closing(msgspec.Struct, frozen=True):
    """Units of a trade that others are said to have closed."""

    trade: str
    name: str
    """The name that they were counted under."""
    order: str
    """The tag of the order that told of them; empty where only the day's totals did."""
    quantity: int
    value: Paise
    told_at: Instant


class UnprovenClosings:
    """Keeps them by instrument, oldest first."""

    def __init__(self) -> None:
        self._told: dict[str, list[Closing]] = {}
        self.denied_at: Instant | None = None
        """When the newest denial came; None before the first."""

    @property
    def instruments(self) -> tuple[str, ...]:
        """The instruments in which anything is unproven."""
        return tuple(self._told)

    def tell(self, instrument: str, closing: Closing) -> None:
        """Take in what others are said to have closed."""
        self._told.setdefault(instrument, []).append(closing)

    def of(self, instrument: str, trade: str) -> int:
        """Return the units of a trade whose closing is unproven."""
        return sum(one.quantity for one in self._told.get(instrument, ()) if one.trade == trade)

    def prove(self, instrument: str, asked: Instant, *, shown: bool) -> None:
        """Take in that a read which was asked for at an instant denies nothing that was told by then.

        ``shown`` says that it lists the position: a row that is left out bears out nothing that no order tells of.
        """
        kept = [
            one
            for one in self._told.get(instrument, ())
            if one.told_at + (0 if shown or one.order != BY_TOTALS else UNSHOWN_FOR) > asked
        ]
        self._keep(instrument, kept)

    def take(self, instrument: str, trade: str, units: int, order: str | None = None) -> tuple[Closing, ...]:
        """Take so many units off what is unproven, the newest first; return what they were told as.

        ``order`` takes only what that order told.
        """
        kept, taken = [], []
        for one in reversed(self._told.get(instrument, ())):
            meant = one.trade == trade and order in (None, one.order)
            less = min(one.quantity, units) if meant else 0
            units -= less
            if less:
                value = one.value * less // one.quantity
                taken.append(msgspec.structs.replace(one, quantity=less, value=value))
            if less < one.quantity:
                rest = one.quantity - less
                value = one.value - (one.value * less // one.quantity)
                kept.append(msgspec.structs.replace(one, quantity=rest, value=value))
        self._keep(instrument, kept[::-1])
        return tuple(taken)

    def _keep(self, instrument: str, closings: list[Closing]) -> None:
        if closings:
            self._told[instrument] = closings
        else:
            self._told.pop(instrument, None)
