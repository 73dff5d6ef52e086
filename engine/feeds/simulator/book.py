"""Quotes and five levels of depth around the path: each price keeps its size for a while, as a real book does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.feeds.simulator.cast import Member
from engine.feeds.simulator.chance import Ints, scatter, word_of
from engine.feeds.simulator.path import MILLITICKS
from engine.feeds.simulator.script import OPEN_SECOND
from engine.feeds.simulator.written_days import Press

DEPTH: Final = 5
_QUOTE_MS: Final = 1_400
"""How long market makers leave their quotes while trades move on: why trades print outside them."""
_SPREAD_MS: Final = 4_000
_SIZE_MS: Final = 5_000

_GAPS: Final = np.asarray((1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4), dtype=np.int64)
"""Ticks from one level to the next."""
_SIZES: Final = np.asarray(
    (2, 5, 9, 14, 20, 28, 36, 45, 54, 64, 74, 85, 96, 108, 120, 135, 150, 170, 195, 225, 260, 310, 380, 500),
    dtype=np.int64,
)
"""Level sizes, percent of the typical one."""


@dataclass(frozen=True, slots=True)
class SimulatedDepth:
    """One row per moment: five bids and five asks, best first. Prices in ticks, sizes in units."""

    bids: Ints
    bid_sizes: Ints
    asks: Ints
    ask_sizes: Ints

    def of(self, rows: npt.NDArray[np.bool_] | Ints) -> "SimulatedDepth":
        """Return the chosen moments."""
        return SimulatedDepth(self.bids[rows], self.bid_sizes[rows], self.asks[rows], self.ask_sizes[rows])


class Quoter:
    """The market makers of one instrument: a spread around the path, a function of the time alone."""

    def __init__(self, member: Member, path: Ints, seed: int, presses: Sequence[Press] = ()) -> None:
        self._path = path
        self._opening = member.opening
        self._average_range = member.average_range
        self._presses = presses
        self._spreads = np.asarray(member.spreads, dtype=np.int64)
        self._lot = member.instrument.lot
        self._typical = member.typical_depth // member.instrument.lot
        self._salt = word_of("quotes", seed, member.instrument.key)

    def touch(self, times: Ints, *, steady: bool = True) -> tuple[Ints, Ints]:
        """Return best bid and ask in ticks at milliseconds of the day; ``steady`` quotes lag behind the path."""
        spread = self._spreads[scatter(self._salt, times // _SPREAD_MS) % len(self._spreads)]
        seen = times // _QUOTE_MS * _QUOTE_MS if steady else times
        bid = (self._middle(seen) - spread * (MILLITICKS // 2)) // MILLITICKS
        for one in self._presses:
            wall = self.wall(one)
            bid = np.where(self.pressed(one, times), wall - spread if one.sign > 0 else wall, bid)
        return bid, bid + spread

    def wall(self, press: Press) -> int:
        """Return the tick that one side presses into."""
        return self._opening + press.level * self._average_range // 1_000

    @property
    def presses(self) -> Sequence[Press]:
        """When one side presses into a wall."""
        return self._presses

    def pressed(self, press: Press, times: Ints) -> npt.NDArray[np.bool_]:
        """Say of milliseconds of the day whether a press is on."""
        return (times >= press.start * 1_000) & (times < press.end * 1_000)

    def depth(self, times: Ints) -> SimulatedDepth:
        """Return five levels of both sides at milliseconds of the day."""
        bid, ask = self.touch(times)
        bids, asks = self._levels(bid, -1), self._levels(ask, 1)
        return SimulatedDepth(bids, self._sizes(bids, times, 1), asks, self._sizes(asks, times, 2))

    def totals(self, times: Ints) -> tuple[Ints, Ints]:
        """Return the quantity waiting to buy and to sell in the whole book, units."""
        era = times // 3_000
        base = self._typical * 180
        buy = base + scatter(self._salt + 3, era) % base
        sell = base + scatter(self._salt + 4, era) % base
        return buy * self._lot, sell * self._lot

    def _middle(self, times: Ints) -> Ints:
        since = np.maximum(times - OPEN_SECOND * 1_000, 0)
        second, part = since // 1_000, since % 1_000
        here = self._path[second]
        return np.asarray(here + (self._path[second + 1] - here) * part // 1_000, dtype=np.int64)

    def _levels(self, best: Ints, direction: int) -> Ints:
        column = best[:, np.newaxis] + np.zeros(DEPTH, dtype=np.int64)
        index = np.arange(DEPTH, dtype=np.int64) + np.zeros_like(column)
        gaps = _GAPS[scatter(self._salt + 5 + direction, column, index) % len(_GAPS)]
        gaps[:, 0] = 0
        return column + direction * np.cumsum(gaps, axis=1)

    def _sizes(self, prices: Ints, times: Ints, side: int) -> Ints:
        era = (times[:, np.newaxis] + prices * 977) // _SIZE_MS
        draw = scatter(self._salt + 8 + side, prices, era)
        lots = _SIZES[draw % len(_SIZES)] * self._typical // 100
        return np.maximum(1, lots) * self._lot
