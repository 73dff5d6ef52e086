"""Three honest answers to where a batch traded: how far POC and value area rest on the one we chose.

A packet names the price of its last trade only. The rest of its volume may lie there, at the price before it, or
anywhere between; a level on which the three disagree is not known better than that. Only what the answers move away
from the profile is kept: a batch that did not move the price is the same under each.
"""

from typing import Final

from engine.auction.profile.value_area import Rows

SCALE: Final = 1 << 20
"""Parts of one unit of volume, so that an even spread stays whole numbers and loses nothing."""


class Placements:
    """What differs from the profile with each batch's remainder at the price before, or spread between the two."""

    __slots__ = ("_before", "_height", "_points", "_steps", "_waiting")

    def __init__(self) -> None:
        self._height: int | None = None
        self._waiting: list[tuple[int, int, int]] = []
        self._before: dict[int, int] = {}
        self._points: dict[int, int] = {}
        self._steps: dict[int, int] = {}

    def follow(self, height: int) -> None:
        """Fix the row height in ticks, once; what came before is placed now."""
        if self._height is None:
            self._height = height
            for tick, previous, volume in self._waiting:
                self._place(tick, previous, volume, height)
            self._waiting.clear()

    def add(self, tick: int, previous: int, volume: int) -> None:
        """Count what a batch holds besides its last trade; ``tick`` is its price, ``previous`` another one's. O(1)."""
        if self._height is None:
            self._waiting.append((tick, previous, volume))
        else:
            self._place(tick, previous, volume, self._height)

    def before(self, rows: Rows) -> Rows:
        """Return a profile of the followed height with every remainder at the price before it."""
        return _changed(rows, 1, self._before, {})

    def between(self, rows: Rows) -> Rows:
        """Return a profile of the followed height, in parts of ``SCALE``, with every remainder spread evenly."""
        return _changed(rows, SCALE, self._points, self._steps)

    def _place(self, tick: int, previous: int, volume: int, height: int) -> None:
        row, row_before = tick // height, previous // height
        if row == row_before:
            return
        before, points = self._before, self._points
        before[row] = before.get(row, 0) - volume
        before[row_before] = before.get(row_before, 0) + volume
        first, last = (tick, previous) if tick < previous else (previous, tick)
        each, rest = divmod(volume * SCALE, last - first + 1)
        bottom, top = first // height, last // height
        points[row] = points.get(row, 0) + rest - volume * SCALE
        points[bottom] = points.get(bottom, 0) + each * ((bottom + 1) * height - first)
        points[top] = points.get(top, 0) + each * (last - top * height + 1)
        if top - bottom > 1:
            steps = self._steps
            steps[bottom + 1] = steps.get(bottom + 1, 0) + each * height
            steps[top] = steps.get(top, 0) - each * height


def _changed(rows: Rows, scale: int, points: dict[int, int], steps: dict[int, int]) -> Rows:
    """Return rows in parts of ``scale`` with the changes made; no empty row at either end."""
    places = (rows.low, rows.low + len(rows.counts) - 1, *points)
    low = min(places)
    counts = [0] * (max(places) - low + 1)
    begin = rows.low - low
    counts[begin : begin + len(rows.counts)] = [count * scale for count in rows.counts]
    for row, parts in points.items():
        counts[row - low] += parts
    if steps:
        level = 0
        for index in range(len(counts)):
            level += steps.get(low + index, 0)
            counts[index] += level
    last = len(counts) - 1
    while not counts[last]:
        last -= 1
    first = 0
    while not counts[first]:
        first += 1
    return Rows(low + first, counts[first : last + 1])
