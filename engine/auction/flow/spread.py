"""Median best-quote spread of the last minutes, on the arrival clock."""

from collections import deque
from typing import Final

from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.price import Paise

WINDOW: Final = 5 * MINUTE


class SpreadWindow:
    """One spread per second of arrival, the newest of each: a repeated packet cannot weigh twice."""

    __slots__ = ("_newest", "_samples")

    def __init__(self) -> None:
        self._samples: deque[tuple[int, Paise]] = deque(maxlen=WINDOW // SECOND)
        self._newest = -1

    def add(self, arrival: Instant, spread: Paise) -> None:
        """Take the spread of a packet, paise."""
        second = arrival // SECOND
        if second == self._newest:
            self._samples[-1] = (second, spread)
        elif second > self._newest:
            self._samples.append((second, spread))
            self._newest = second

    def median(self) -> Paise | None:
        """Return the median over the window, paise, rounded up; None without a quote in it."""
        oldest = self._newest - WINDOW // SECOND
        spreads = sorted([spread for second, spread in self._samples if second > oldest])
        if not spreads:
            return None
        middle = len(spreads) // 2
        return spreads[middle] if len(spreads) % 2 else -(-(spreads[middle - 1] + spreads[middle]) // 2)
