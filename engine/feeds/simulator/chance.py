"""Chance in whole numbers: the same names give the same draws on every machine and numpy version.

Only the raw words of a bit generator are used (numpy keeps those stable for ever) and all arithmetic is integer,
so no float library, vector unit or summation order can bend a simulated day.
"""

from hashlib import sha256
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
"""A column of whole numbers."""
Words = npt.NDArray[np.uint64]

SIGMA: Final = 1_000
"""One standard deviation of ``Chance.normals``."""

_LANE: Final = np.uint64(0xFFFF)
_LANES: Final = tuple(np.uint64(shift) for shift in (0, 16, 32, 48))
_LANE_SUM_MEAN: Final = 131_070
_LANE_SUM_SIGMA: Final = 37_837


def word_of(*names: object) -> int:
    """Return 128 bits that belong to these names alone."""
    return int.from_bytes(sha256("|".join(map(str, names)).encode()).digest()[:16], "big")


class Chance:
    """A stream of draws of its own for one purpose."""

    def __init__(self, *names: object) -> None:
        self._bits = np.random.PCG64(word_of(*names))

    def words(self, count: int) -> Words:
        """Return ``count`` words of 64 fair bits."""
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64)

    def below(self, bound: int, count: int) -> Ints:
        """Return ``count`` even draws from 0 to ``bound`` - 1; ``bound`` is at most 2**31."""
        return ((self.words(count) >> np.uint64(33)).astype(np.int64) * bound) >> 31

    def between(self, low: int, high: int) -> int:
        """Return one even draw from ``low`` to ``high``, both included."""
        return low + int(self.below(high - low + 1, 1)[0])

    def normals(self, count: int) -> Ints:
        """Return ``count`` bell-shaped draws, mean 0, in thousandths of a standard deviation, within 3.5 of them."""
        words = self.words(count)
        total = sum(((words >> shift) & _LANE).astype(np.int64) for shift in _LANES)
        return (np.asarray(total, dtype=np.int64) - _LANE_SUM_MEAN) * SIGMA // _LANE_SUM_SIGMA


def scatter(salt: int, *columns: Ints) -> Ints:
    """Return an even 31-bit number per row that depends on the columns alone (splitmix64 finaliser)."""
    state = np.full(columns[0].shape, salt & 0xFFFF_FFFF_FFFF_FFFF, dtype=np.uint64)
    for column in columns:
        state = state + column.astype(np.uint64) * np.uint64(0x9E37_79B9_7F4A_7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
        state = state ^ (state >> np.uint64(31))
    return (state >> np.uint64(33)).astype(np.int64)
