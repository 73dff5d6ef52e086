"""Which prices an instrument can have: one broken packet must not stretch its profile over a million rows."""

from typing import Final

from engine.market.price import Paise
from engine.market.update import Bar

WILDEST_RATIO: Final = 20
WILDEST_STEP: Final[Paise] = 1_000_00
"""A price above the previous close times the ratio plus the step is a broken packet, even for an option."""


class Plausible:
    """Judges prices by the previous close, and by the last price while that is not known. Prices in paise."""

    __slots__ = ("_ceiling", "close")

    def __init__(self) -> None:
        self.close: Paise | None = None
        """Previous close; None while nobody has named it."""
        self._ceiling: Paise = 0

    def know(self, close: Paise) -> None:
        """Take the previous close; 0 is none."""
        if close and close != self.close:
            self.close = close
            self._ceiling = WILDEST_RATIO * close + WILDEST_STEP

    def price(self, price: Paise, last: Paise | None) -> bool:
        """Say whether a price may be real; ``last`` is the one before it."""
        if self._ceiling:
            return 0 < price <= self._ceiling
        return price > 0 and (last is None or price <= WILDEST_RATIO * last + WILDEST_STEP)

    def bar(self, bar: Bar, last: Paise | None) -> bool:
        """Say whether a bar may be real."""
        return 0 < bar.low <= bar.high and self.price(bar.high, last)
