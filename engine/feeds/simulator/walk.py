"""The price of the ordinary day: a walk that knows no way, so that no setup can earn by it before costs.

Every second's step is as likely up as down, whatever the price did before; only its size depends on the past. A small
part of the price comes and goes within a minute, as in a real market, where a minute takes back a little of the last.
What happens before a demo opens may be led, for nobody trades it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.feeds.simulator.bursts import USUAL, Bursts
from engine.feeds.simulator.chance import SIGMA, Chance, Ints
from engine.feeds.simulator.path import MILLITICKS, mean_reverting

MINUTE_SECONDS: Final = 60
_STEPS_A_RANGE: Final = 240
"""Steps of one second, as wide as a deviation, in the average daily range (source: range of a walk, 1.6 root n)."""
_FLICKER_SECONDS: Final = 60
_STOCK_FLICKER: Final = 6
_INDEX_FLICKER: Final = 1
"""Thousandths of the average range that the price comes and goes by: in a stock a fifth of what a minute moves."""
_TIRED: Final = ((2_000, 50), (1_600, 250), (1_200, 500))
"""From so far away from the open (thousandths of the average range) steps are so many thousandths of their size."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A day's price a second from the open on, in thousandths of a tick."""

    price: Ints
    flicker: Ints
    """What of the price comes and goes; the rest of it knows no way."""

    @property
    def fair(self) -> Ints:
        """The price without what comes and goes: nobody can expect it anywhere else than where it is."""
        return np.asarray(self.price - self.flicker, dtype=np.int64)


def draw_walk(average_range: int, bursts: Bursts, chance: Chance, *, index: bool = False) -> Walk:
    """Return a day's price relative to the open.

    ``average_range`` is in ticks. The first value is the open itself; the day is as long as ``bursts``. An ``index``
    takes less back of what a minute moved than a single stock.
    """
    minutes = len(bursts.moves)
    # Whole numbers are rounded down; an odd number of half steps has no such side.
    steps = (2 * chance.normals(minutes * MINUTE_SECONDS) + 1).reshape(minutes, MINUTE_SECONDS)
    unit = 2 * SIGMA * USUAL * _STEPS_A_RANGE // MILLITICKS
    scale = bursts.moves * average_range
    sums = steps.sum(axis=1).tolist()
    level, factors = 0, []
    for total, size in zip(sums, scale.tolist(), strict=True):
        factor = size * _strength(abs(level) // average_range) // 1_000
        factors.append(factor)
        level += total * factor // unit
    moves = steps * np.asarray(factors, dtype=np.int64)[:, np.newaxis]
    path = np.zeros(minutes * MINUTE_SECONDS + 1, dtype=np.int64)
    np.cumsum(moves.reshape(-1), out=path[1:])
    share = _INDEX_FLICKER if index else _STOCK_FLICKER
    flicker = mean_reverting(chance, len(path), _FLICKER_SECONDS, share * average_range)
    return Walk(np.asarray(path // unit + flicker - flicker[0], dtype=np.int64), flicker)


def _strength(away: int) -> int:
    return next((strength for limit, strength in _TIRED if away >= limit), 1_000)


@dataclass(frozen=True, slots=True)
class Balance:
    """What the first hour of a walk left: its edges and where it ended, thousandths of a tick."""

    low: int
    high: int
    last: int

    @property
    def upper(self) -> bool:
        """Whether the upper edge is the nearer one."""
        return self.high - self.last <= self.last - self.low


def balance_of(path: Ints, seconds: int) -> Balance:
    """Return the balance of a walk's first seconds."""
    hour = path[: seconds + 1]
    return Balance(int(hour.min()), int(hour.max()), int(hour[-1]))


def lead(path: Ints, pins: tuple[tuple[int, int], ...], calm: int = 2) -> Ints:
    """Return a walk led through pins (second from the open, value) and free again from the last one on.

    Between two pins the walk keeps its own steps, ``calm`` times smaller.
    """
    led = path.copy()
    start, level = pins[0][0], int(path[pins[0][0]])
    for second, value in pins[1:]:
        own = path[start : second + 1]
        along = np.arange(len(own), dtype=np.int64)
        length = second - start
        bridge = own - own[0] - along * int(own[-1] - own[0]) // length
        led[start : second + 1] = level + along * (value - level) // length + bridge // calm
        start, level = second, value
    led[start:] = path[start:] + (level - int(path[start]))
    return led
