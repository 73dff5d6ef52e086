"""The price behind the trades: one value a second, in thousandths of a tick, from pins and bounded chance."""

from itertools import pairwise
from typing import Final

import numpy as np

from engine.feeds.simulator.chance import SIGMA, Chance, Ints
from engine.feeds.simulator.script import BALANCE_END_SECOND, OPEN_SECOND, Pin, Story

MILLITICKS: Final = 1_000
"""Path units in one tick."""

_QUICK_SECONDS: Final = 8
_SLOW_SECONDS: Final = 40


def draw_path(
    story: Story, pins: tuple[Pin, ...], average_range: int, end: int, spread: int, chance: Chance
) -> Ints:
    """Return the path from 09:15:00 to ``end`` (a second of the day), one value a second, relative to the open.

    ``average_range`` and ``spread`` are ticks. Chance is a bridge between two pins plus a quick and a slow
    mean-reverting part; what would leave a leg's room is folded back into it.
    """
    seconds = end - OPEN_SECOND + 2
    noise = mean_reverting(chance, seconds, _QUICK_SECONDS, spread * 260) + mean_reverting(
        chance, seconds, _SLOW_SECONDS, 5 * average_range
    )
    path = np.zeros(seconds, dtype=np.int64)
    for start, finish in pairwise(pins):
        first, last = start.second - OPEN_SECOND, finish.second - OPEN_SECOND
        if first >= seconds:
            break
        leg = _leg(start, finish, last - first, average_range, chance) + _cut(noise, first, last)
        low = min(start.level, finish.level) - finish.slack
        high = max(start.level, finish.level) + finish.slack
        if finish.second <= BALANCE_END_SECOND:
            low, high = max(low, story.low), min(high, story.high)
        folded = _fold(leg, low * average_range, high * average_range)
        room = min(last + 1, seconds) - first
        path[first : first + room] = folded[:room]
    tail = pins[-1].second - OPEN_SECOND
    if tail < seconds:
        path[tail:] = path[tail - 1]
    return path


def _leg(start: Pin, finish: Pin, length: int, average_range: int, chance: Chance) -> Ints:
    steps = np.arange(length + 1, dtype=np.int64)
    straight = start.level * average_range + steps * (finish.level - start.level) * average_range // length
    walk = np.zeros(length + 1, dtype=np.int64)
    np.cumsum(chance.normals(length), out=walk[1:])
    bridge = walk - steps * int(walk[-1]) // length
    return np.asarray(straight + bridge * (finish.wobble * average_range) // (10 * SIGMA), dtype=np.int64)


def mean_reverting(chance: Chance, count: int, window: int, sigma: int) -> Ints:
    """Return noise that is forgotten after ``window`` values, ``sigma`` being its deviation."""
    total = np.cumsum(chance.normals(count + window))
    root = int(window**0.5 * 1_000)
    return np.asarray((total[window:] - total[:-window]) * sigma // (root * SIGMA // 1_000), dtype=np.int64)


def _cut(noise: Ints, first: int, last: int) -> Ints:
    part = np.zeros(last - first + 1, dtype=np.int64)
    available = noise[first : last + 1]
    part[: len(available)] = available
    return part


def _fold(values: Ints, low: int, high: int) -> Ints:
    span = high - low
    turned = (values - low) % (2 * span)
    return np.asarray(low + np.minimum(turned, 2 * span - turned), dtype=np.int64)
