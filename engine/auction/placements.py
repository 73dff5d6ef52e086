"""Three honest answers to where a batch traded: how far POC and value area rest on the one we chose.

A packet names the price of its last trade only. The rest of its volume may lie there, at the price before it, or
anywhere between; a level on which the three disagree is not known better than that.
"""

from dataclasses import dataclass
from typing import Final

from engine.auction.value_area import Rows
from engine.auction.volume_profile import VolumeProfile

SCALE: Final = 1 << 20
"""Parts of one unit of volume, so that an even spread stays whole numbers and loses nothing."""


@dataclass(frozen=True, slots=True)
class _Batch:
    tick: int
    previous: int
    volume: int


class SpreadRows:
    """Volume spread evenly over the ticks between two prices, held as rows of one height; O(1) per batch."""

    __slots__ = ("_height", "_points", "_steps", "_waiting")

    def __init__(self) -> None:
        self._height: int | None = None
        self._waiting: list[_Batch] = []
        self._points: dict[int, int] = {}
        self._steps: dict[int, int] = {}

    def follow(self, height: int) -> None:
        """Fix the row height in ticks, once; what came before is spread now."""
        if self._height is None:
            self._height = height
            for batch in self._waiting:
                self._spread(batch.tick, batch.previous, batch.volume, height)
            self._waiting.clear()

    def add(self, tick: int, previous: int, volume: int) -> None:
        """Spread volume from the previous price's tick to this one's, both included."""
        if self._height is None:
            self._waiting.append(_Batch(tick, previous, volume))
        else:
            self._spread(tick, previous, volume, self._height)

    def view(self) -> Rows | None:
        """Return the rows in parts of ``SCALE``; None while empty or without a height."""
        if not self._points:
            return None
        low = min(self._points)
        counts = [0] * (max(self._points) - low + 1)
        for row, parts in self._points.items():
            counts[row - low] = parts
        level = 0
        steps = self._steps
        for index in range(len(counts)):
            level += steps.get(low + index, 0)
            counts[index] += level
        return Rows(low, counts)

    def _spread(self, tick: int, previous: int, volume: int, height: int) -> None:
        points = self._points
        row = tick // height
        if tick == previous:
            points[row] = points.get(row, 0) + volume * SCALE
            return
        first, last = (tick, previous) if tick < previous else (previous, tick)
        each, rest = divmod(volume * SCALE, last - first + 1)
        bottom, top = first // height, last // height
        points[row] = points.get(row, 0) + rest
        if bottom == top:
            points[bottom] = points.get(bottom, 0) + each * (last - first + 1)
            return
        points[bottom] = points.get(bottom, 0) + each * ((bottom + 1) * height - first)
        points[top] = points.get(top, 0) + each * (last - top * height + 1)
        if top - bottom > 1:
            steps = self._steps
            steps[bottom + 1] = steps.get(bottom + 1, 0) + each * height
            steps[top] = steps.get(top, 0) - each * height


class Placements:
    """The profile with each batch's remainder at the price before it, and with it spread between the two."""

    __slots__ = ("before", "between")

    def __init__(self) -> None:
        self.before = VolumeProfile()
        self.between = SpreadRows()

    def follow(self, height: int) -> None:
        """Keep rows of this many ticks from now on."""
        self.before.follow(height)
        self.between.follow(height)

    def add_sure(self, tick: int, volume: int) -> None:
        """Count volume whose price is known."""
        self.before.add(tick, volume)
        self.between.add(tick, tick, volume)

    def add(self, tick: int, previous: int, volume: int, last_quantity: int) -> None:
        """Count one packet's volume: the last trade at its own tick, the remainder by each rule."""
        if tick == previous:
            self.before.add(tick, volume)
            self.between.add(tick, tick, volume)
            return
        sure = min(last_quantity, volume)
        if sure:
            self.before.add(tick, sure)
            self.between.add(tick, tick, sure)
        if volume > sure:
            self.before.add(previous, volume - sure)
            self.between.add(tick, previous, volume - sure)
