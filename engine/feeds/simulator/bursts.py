"""How lively each minute is: calm and busy spells follow one another, and now and then everything happens at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.feeds.simulator.chance import Chance, Ints

USUAL: Final = 1_000
"""What an ordinary minute moves and trades, in the units of ``Bursts``."""

_SPELLS: Final = np.asarray((530, 600, 690, 780, 880, 1_000, 1_150, 1_310, 1_490), dtype=np.int64)
"""Moves from the calmest spell to the busiest."""
_SPELL_STEPS: Final = np.asarray((-1, -1, 0, 0, 0, 0, 1, 1), dtype=np.int64)
_CLOCK: Final = (1_650, 1_350, 1_180, 1_080, 1_000, 960, 920, 890, 860, 840, 820, 810)
"""Moves by quarter hour from the open; the last one stands for the rest of the day, …"""
_EVENING: Final = (900, 980, 1_060)
"""… and these for the last three quarters of an hour before half past three."""
_EVENING_QUARTER: Final = 22

_STOCK_SHOCKS: Final = np.asarray((*(820,) * 44, *(1_700,) * 4, *(3_800,) * 2), dtype=np.int64)
_INDEX_SHOCKS: Final = np.asarray((*(900,) * 44, *(1_400,) * 4, *(2_300,) * 2), dtype=np.int64)
"""What one minute's news does to its moves, drawn evenly."""
_STOCK_CROWDS: Final = np.asarray((*(700,) * 72, *(1_500,) * 6, *(8_500,) * 2), dtype=np.int64)
_INDEX_CROWDS: Final = np.asarray((*(750,) * 72, *(1_800,) * 5, *(6_000,) * 3), dtype=np.int64)
"""What one minute's crowd does to its volume beside the news, drawn evenly."""


@dataclass(frozen=True, slots=True)
class Bursts:
    """Per minute from the open, in thousandths of the usual: how far prices move and how much is traded."""

    moves: Ints
    trading: Ints


def even(minutes: int) -> Bursts:
    """Return a day without bursts."""
    usual = np.full(minutes, USUAL, dtype=np.int64)
    return Bursts(usual, usual)


def draw_bursts(minutes: int, chance: Chance, *, index: bool, days: int = 1) -> Bursts:
    """Return the bursts of ``days`` in a row; ``index`` is calmer than a single stock, whose news moves it alone."""
    count = minutes * days
    start = chance.between(0, len(_SPELLS) - 1)
    places = start + np.cumsum(_SPELL_STEPS[chance.below(len(_SPELL_STEPS), count)])
    last = len(_SPELLS) - 1
    spells = _SPELLS[last - np.abs(places % (2 * last) - last)]
    shocks = _INDEX_SHOCKS if index else _STOCK_SHOCKS
    crowds = _INDEX_CROWDS if index else _STOCK_CROWDS
    news = shocks[chance.below(len(shocks), count)]
    crowd = crowds[chance.below(len(crowds), count)]
    moves = np.tile(_clock(minutes), days) * spells // USUAL * news // USUAL
    return Bursts(moves, spells * news // USUAL * crowd // USUAL)


def _clock(minutes: int) -> Ints:
    quarters = np.arange(minutes, dtype=np.int64) // 15
    early = np.asarray(_CLOCK, dtype=np.int64)[np.minimum(quarters, len(_CLOCK) - 1)]
    late = np.asarray(_EVENING, dtype=np.int64)[np.clip(quarters - _EVENING_QUARTER, 0, len(_EVENING) - 1)]
    return np.where(quarters >= _EVENING_QUARTER, late, early)
