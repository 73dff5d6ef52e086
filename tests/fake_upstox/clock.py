"""The fake exchange's time: a market day that runs at a chosen speed, can be stopped and can jump ahead."""

import asyncio
import math
import time
from collections.abc import Callable

from engine.market.clock import SECOND, Instant

FASTEST = math.inf
"""The speed at which only those who listen hold the tape back."""


def speed_of(text: str) -> float:
    """Return the speed that a text names: exchange seconds per second, or max; raise ValueError."""
    return FASTEST if text == "max" else float(text)


class ExchangeClock:
    """Exchange time driven by a monotonic clock; at speed 0, and at FASTEST, it moves by jumps alone."""

    def __init__(
        self, origin: Instant, speed: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        _check(speed)
        self._origin = origin
        self._speed = speed
        self._monotonic = monotonic
        self._since = monotonic()
        self._changed = asyncio.Event()
        self.skew: Instant = 0
        """How far the times that the broker tells are off; what happens when is not touched by it."""

    @property
    def speed(self) -> float:
        """Return how many exchange seconds pass in one second."""
        return self._speed

    @property
    def is_fastest(self) -> bool:
        """Say whether the agenda moves the time, from one act to the next."""
        return self._speed == FASTEST

    def now(self) -> Instant:
        """Return the exchange's true time."""
        if self.is_fastest:
            return self._origin
        return self._origin + round((self._monotonic() - self._since) * self._speed * SECOND)

    def told(self) -> Instant:
        """Return the time that the broker tells, skew included."""
        return self.now() + self.skew

    def set_speed(self, speed: float) -> None:
        """Go on from here at another speed; 0 stops."""
        _check(speed)
        self._anchor(self.now())
        self._speed = speed

    def jump(self, to: Instant) -> None:
        """Set the time forward; raise ValueError for the past."""
        if to < self.now():
            raise ValueError("expected a time ahead of the exchange's, got one behind it")
        self._anchor(to)

    def _anchor(self, moment: Instant) -> None:
        self._origin = moment
        self._since = self._monotonic()
        self._changed.set()

    def wake(self) -> None:
        """Let whoever waits for a time look again."""
        self._changed.set()

    async def wait_until(self, moment: Instant | None) -> None:
        """Return at a time, or earlier when the clock or the agenda changed; None waits for a change only."""
        self._changed.clear()
        ahead = None if moment is None else moment - self.now()
        if ahead is not None and ahead <= 0:
            return
        seconds = (
            None if ahead is None or not self._speed or self.is_fastest else ahead / SECOND / self._speed
        )
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return


def _check(speed: float) -> None:
    if math.isnan(speed) or speed < 0:
        raise ValueError(f"expected a speed of 0 or more, or max, got {speed}")
