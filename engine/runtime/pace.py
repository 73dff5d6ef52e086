"""The virtual monotonic clock of a market that is played: as fast as asked, pausable, injected wall time.

While the market is held the clock goes on at the wall's own pace, so that latencies and timeouts, a kill's above
all, run on against the standing book.
"""

from collections.abc import Callable
from typing import Protocol

from engine.contract.replay_speeds import UNPACED
from engine.market.clock import SECOND, Instant

MonotonicClock = Callable[[], float]
"""Seconds of a clock that never steps back."""


class Pace(Protocol):
    """The relation between the wall and a run's clock."""

    @property
    def speed(self) -> int:
        """The multiple of real time; 0 is as fast as possible."""
        ...

    @property
    def is_unpaced(self) -> bool:
        """Whether it was asked to wait for nothing."""
        ...

    @property
    def held(self) -> bool:
        """Whether the market stands still."""
        ...

    def target(self, reached: Instant) -> Instant | None:
        """Return how far virtual time may have gone by now; None means there is no bound."""
        ...

    def reach(self, reached: Instant) -> Instant:
        """Return the instant at which something from outside happens now."""
        ...

    def seconds_until(self, due: Instant, reached: Instant) -> float:
        """Return wall seconds until the clock reaches ``due``; 0 when it is there or unpaced."""
        ...

    def change_speed(self, speed: int, reached: Instant) -> None:
        """Play on at another speed from where virtual time stands."""
        ...

    def hold(self, now: Instant) -> None:
        """Hold the market at ``now``. Holding twice is holding once."""
        ...

    def release(self, now: Instant) -> int:
        """Let the market go on at ``now``; return how long it stood, virtual microseconds."""
        ...

    def held_for(self, now: Instant) -> int:
        """Return how long the market has been held at ``now``, virtual microseconds."""
        ...

    def slip(self, due: Instant | None, reached: Instant, most_behind: float) -> None:
        """Forget wall time that a busy or stopped machine has lost, beyond ``most_behind`` seconds."""
        ...


class PlayedPace:
    """The pace of a market that is played: it can be held, hurried and slowed."""

    def __init__(self, monotonic: MonotonicClock, now: Instant, *, speed: int) -> None:
        self._monotonic = monotonic
        self._speed = speed
        self._held_since: Instant | None = None
        self._anchor_wall = monotonic()
        self._anchor_now = now

    @property
    def speed(self) -> int:
        """The multiple of real time; 0 is as fast as possible."""
        return self._speed

    @property
    def is_unpaced(self) -> bool:
        """Whether it was asked to wait for nothing."""
        return self._speed == UNPACED

    @property
    def held(self) -> bool:
        """Whether the market stands still."""
        return self._held_since is not None

    def target(self, reached: Instant) -> Instant | None:
        """Return how far virtual time may have gone by now; None means there is no bound."""
        if self._rate == UNPACED:
            return None
        elapsed = self._monotonic() - self._anchor_wall
        return max(reached, self._anchor_now + int(elapsed * self._rate * SECOND))

    def reach(self, reached: Instant) -> Instant:
        """Return the instant at which something from outside happens now."""
        target = self.target(reached)
        return reached if target is None else target

    def seconds_until(self, due: Instant, reached: Instant) -> float:
        """Return wall seconds until virtual time reaches ``due``; 0 when it is there or unpaced."""
        target = self.target(reached)
        if target is None or due <= target:
            return 0.0
        return (due - target) / (SECOND * self._rate)

    def change_speed(self, speed: int, reached: Instant) -> None:
        """Play on at another speed from where virtual time stands."""
        self._anchor(self.reach(reached))
        self._speed = speed

    def hold(self, now: Instant) -> None:
        """Hold the market at ``now``. Holding twice is holding once."""
        if self._held_since is None:
            self._held_since = now
            self._anchor(now)

    def release(self, now: Instant) -> int:
        """Let the market go on at ``now``; return how long it stood, virtual microseconds."""
        stood = self.held_for(now)
        if self._held_since is not None:
            self._held_since = None
            self._anchor(now)
        return stood

    def held_for(self, now: Instant) -> int:
        """Return how long the market has been held at ``now``, virtual microseconds."""
        return 0 if self._held_since is None else max(0, now - self._held_since)

    def slip(self, due: Instant | None, reached: Instant, most_behind: float) -> None:
        """Forget wall time that a busy or stopped machine has lost, beyond ``most_behind`` seconds.

        Lost is what lies behind the next thing ``due``: a market that is merely quiet loses nothing.
        """
        target = self.target(reached)
        if due is not None and target is not None and target - due > most_behind * SECOND * self._rate:
            self._anchor(max(reached, due))

    @property
    def _rate(self) -> int:
        return 1 if self.held else self._speed

    def _anchor(self, now: Instant) -> None:
        self._anchor_wall = self._monotonic()
        self._anchor_now = now


class LivePace:
    """The pace of a market that happens now: time is what the run's clock says, and nothing holds or hurries it."""

    def __init__(self, clock: Callable[[], Instant]) -> None:
        self._clock = clock

    @property
    def speed(self) -> int:
        """Always 1: a market that happens now has one speed."""
        return 1

    @property
    def is_unpaced(self) -> bool:
        """Never true: a market that happens now is waited for."""
        return False

    @property
    def held(self) -> bool:
        """Never true: nobody holds the market."""
        return False

    def target(self, reached: Instant) -> Instant:
        """Return the clock's time, never earlier than what was reached."""
        return max(reached, self._clock())

    def reach(self, reached: Instant) -> Instant:
        """Return the same: what comes from outside happens at the clock's time."""
        return self.target(reached)

    def seconds_until(self, due: Instant, reached: Instant) -> float:
        """Return seconds until the clock reads ``due``; a clock that jumps forward wakes the loop by its frame."""
        return max(0, due - max(reached, self._clock())) / SECOND

    def change_speed(self, speed: int, reached: Instant) -> None:
        """Do nothing: core refuses it."""

    def hold(self, now: Instant) -> None:
        """Do nothing: core refuses it."""

    def release(self, now: Instant) -> int:  # noqa: ARG002 - the market never stood
        """Return 0: the market never stood."""
        return 0

    def held_for(self, now: Instant) -> int:  # noqa: ARG002 - the market never stood
        """Return 0: the market never stood."""
        return 0

    def slip(self, due: Instant | None, reached: Instant, most_behind: float) -> None:
        """Forget nothing: what is late here is late at the exchange too."""
