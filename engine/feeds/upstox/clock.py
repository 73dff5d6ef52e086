"""The arrival axis of a live session: the wall's time, anchored once, or the time the feed itself says it is."""

import time
from collections.abc import Callable
from typing import Final, Literal

from engine.market.clock import SECOND, Instant

_PLAUSIBLE_OFFSET: Final = 3_600 * SECOND
"""A server's time further than this from a wall clock is no clock offset but a broken field."""
_PLAUSIBLE_JUMP: Final = 24 * 3_600 * SECOND
"""A feed's time further ahead than this is a broken field, whatever the speed it is played at."""


def wall_instant() -> Instant:
    """Return the machine's wall time."""
    return time.time_ns() // 1_000


def steady_seconds() -> float:
    """Return seconds of a clock that never steps back and counts a machine's sleep, where the system has one.

    A session that slept through the minute by which everything must be flat has to know it on waking.
    """
    counting_sleep = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if counting_sleep is None else time.clock_gettime(counting_sleep)


class LiveClock:
    """Gives every frame its arrival; never steps back.

    ``wall`` is the machine's time as it was at the start, advanced by the monotonic clock: a corrected wall clock
    moves nothing. ``feed`` is the newest server time of any frame, advanced by the monotonic clock: a recorded day
    can be served as live at any hour and any speed. It stands at 0 until the first frame.
    """

    def __init__(
        self,
        mode: Literal["wall", "feed"],
        *,
        wall: Callable[[], Instant] = wall_instant,
        monotonic: Callable[[], float] = steady_seconds,
    ) -> None:
        self.mode = mode
        self._monotonic = monotonic
        self._anchor = wall()
        self._anchored_at = monotonic()
        self._newest: Instant | None = None
        self._newest_at = 0.0
        self._told: Instant = 0
        self._offset: int | None = None
        self.implausible = 0
        """Server times that were ignored: no clock can be so far off."""

    @property
    def running(self) -> bool:
        """Whether the clock knows the time: in feed mode only from the first frame on."""
        return self.mode == "wall" or self._newest is not None

    @property
    def offset(self) -> int | None:
        """How far our wall clock runs ahead of the server's, microseconds, fastest frame so far; None before.

        Includes the shortest way from there to here. Meaningless in feed mode, where it tells nothing but the date.
        """
        return self._offset

    def now(self) -> Instant:
        """Return the time on the arrival axis."""
        if self.mode == "wall":
            value = self._wall_now()
        elif self._newest is None:
            value = 0
        else:
            value = self._newest + int((self._monotonic() - self._newest_at) * SECOND)
        self._told = max(self._told, value)
        return self._told

    def observe(self, sent: Instant) -> None:
        """Take the server time of a frame just received, before its arrival is asked for."""
        difference = self._wall_now() - sent
        if self.mode == "wall" and abs(difference) > _PLAUSIBLE_OFFSET:
            self.implausible += 1
            return
        if self._newest is not None and sent > self._newest + _PLAUSIBLE_JUMP:
            self.implausible += 1
            return
        if self._offset is None or difference < self._offset:
            self._offset = difference
        if self._newest is None or sent > self._newest:
            self._newest = sent
            self._newest_at = self._monotonic()

    def since_sent(self, sent: Instant) -> int | None:
        """Return how much longer a frame of that server time took than the fastest so far, microseconds, from 0."""
        return None if self._offset is None else max(0, self._wall_now() - sent - self._offset)

    def _wall_now(self) -> Instant:
        return self._anchor + int((self._monotonic() - self._anchored_at) * SECOND)
