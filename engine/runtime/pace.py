"""The virtual monotonic clock of a market that is played: as fast as asked, pausable, injected wall time.

``now`` is arrival time plus the time spent paused. While the market is held the clock goes on at the wall's own
pace, so that latencies and timeouts, a kill's above all, run on against the standing book.
"""

from collections.abc import Callable

from engine.market.clock import Instant

MonotonicClock = Callable[[], float]
"""Seconds of a clock that never steps back."""

UNPACED = 0
"""Speed that waits for nothing."""


class Pace:
    """Owns the relation between the wall and the virtual clock."""

    def __init__(self, monotonic: MonotonicClock, now: Instant, *, speed: int, pause_offset: int = 0) -> None:
        self._monotonic = monotonic
        self._speed = speed
        self._held_since: Instant | None = None
        self._anchor_wall = monotonic()
        self._anchor_now = now
        self.pause_offset = pause_offset
        """Virtual microseconds that the market has been held in all: added to each arrival."""

    @property
    def speed(self) -> int:
        """Return the multiple of real time; 0 is as fast as possible."""
        return self._speed

    @property
    def held(self) -> bool:
        """Say whether the market stands still."""
        return self._held_since is not None

    def target(self, reached: Instant) -> Instant | None:
        """Return how far virtual time may have gone by now; None means there is no bound."""
        if self._speed == UNPACED and not self.held:
            self._anchor(reached)
            return None
        rate = 1 if self.held else self._speed
        elapsed = self._monotonic() - self._anchor_wall
        return max(reached, self._anchor_now + int(elapsed * rate * 1_000_000))

    def seconds_until(self, due: Instant, reached: Instant) -> float:
        """Return wall seconds until virtual time reaches ``due``; 0 when it is there or unpaced."""
        target = self.target(reached)
        if target is None or due <= target:
            return 0.0
        return (due - target) / (1_000_000 * (1 if self.held else self._speed))

    def change_speed(self, speed: int, reached: Instant) -> Instant:
        """Play on at another speed from where virtual time stands; return that instant."""
        now = self._settle(reached)
        self._speed = speed
        return now

    def hold(self, reached: Instant) -> Instant:
        """Hold the market; return the instant it stands at."""
        now = self._settle(reached)
        if self._held_since is None:
            self._held_since = now
        return now

    def release(self, reached: Instant) -> Instant:
        """Let the market go on; the time it stood is added to the offset of every later update."""
        now = self._settle(reached)
        if self._held_since is not None:
            self.pause_offset += now - self._held_since
            self._held_since = None
        return now

    def offset_if_released(self, reached: Instant) -> int:
        """Return the pause offset as it would be if the market went on now: what a stopped run must resume with."""
        held = 0 if self._held_since is None else max(0, (self.target(reached) or reached) - self._held_since)
        return self.pause_offset + held

    def slip(self, reached: Instant, most_behind: int) -> None:
        """Forget time that a busy or stopped machine has lost, beyond ``most_behind`` virtual microseconds."""
        target = self.target(reached)
        if target is not None and target - reached > most_behind:
            self._anchor(reached)

    def _settle(self, reached: Instant) -> Instant:
        target = self.target(reached)
        now = reached if target is None else target
        self._anchor(now)
        return now

    def _anchor(self, now: Instant) -> None:
        self._anchor_wall = self._monotonic()
        self._anchor_now = now
