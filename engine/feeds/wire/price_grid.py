"""Rupees of a feed to whole paise on an instrument's ticks."""

import math
from typing import Final

from engine.feeds.wire.quirks import Reason, UnusableError
from engine.market.price import MAX_PAISE, Paise

_PRICES_KEPT: Final = 1 << 16
_PAISA_NOISE: Final = 1e-3


class PriceGrid(dict[float, Paise]):
    """Rupees to paise on one tick grid (paise; None checks no ticks): a price seen before costs one look-up.

    Looking one up raises UnusableError for what is no price or lies off the grid.
    """

    __slots__ = ("_tick",)

    def __init__(self, tick: Paise | None) -> None:
        super().__init__()
        self._tick = tick

    def __missing__(self, rupees: float) -> Paise:
        scaled = rupees * 100
        if not math.isfinite(scaled) or scaled < 0 or scaled > MAX_PAISE:
            raise UnusableError(Reason.NOT_A_PRICE, f"expected a price in rupees, got {rupees!r}")
        paise = round(scaled)
        if rupees and not paise:
            raise UnusableError(Reason.NOT_A_PRICE, f"expected a price in rupees, got {rupees!r}")
        if self._tick is not None and (abs(scaled - paise) > _PAISA_NOISE or paise % self._tick):
            raise UnusableError(Reason.OFF_TICK, f"expected a multiple of {self._tick} paise, got {rupees!r}")
        if len(self) >= _PRICES_KEPT:
            self.clear()
        self[rupees] = paise
        return paise
