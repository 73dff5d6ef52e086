"""How late things come: quantiles of a whole day in a few hundred counters."""

import math
from typing import Final

from engine.market.clock import MILLISECOND

_STEP: Final = 1.05
"""Width of a bucket: a quantile is exact to five percent."""
_LONGEST: Final = 3_600 * 1_000 * MILLISECOND
_STEPS_PER_FOLD: Final = 1 / math.log(_STEP)
_BUCKETS: Final = int(math.log(_LONGEST / MILLISECOND) * _STEPS_PER_FOLD) + 3


class DelayMeter:
    """Counts delays (microseconds) in growing buckets from a millisecond to an hour; memory never grows."""

    __slots__ = ("_counts", "count", "largest")

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.count = 0
        self.largest = 0

    def add(self, delay: int) -> None:
        """Count one delay; below a millisecond, and below zero, all are alike."""
        if delay < MILLISECOND:
            bucket = 0
        else:
            bucket = min(int(math.log(delay / MILLISECOND) * _STEPS_PER_FOLD) + 1, _BUCKETS - 1)
        self._counts[bucket] += 1
        self.count += 1
        self.largest = max(self.largest, delay)

    def quantile(self, share: float) -> int | None:
        """Return an upper bound, at most 5 % above, of the delay that ``share`` of all stay within; None for none."""
        if not self.count:
            return None
        wanted = math.ceil(share * self.count)
        seen = 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if seen >= wanted:
                return min(round(MILLISECOND * _STEP**bucket), max(self.largest, 0))
        return self.largest
