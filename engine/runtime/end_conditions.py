"""When an engine ends by itself: a demo or a replay nobody watches, an account's engine after its day."""

from collections.abc import Callable
from typing import Protocol

from engine.market.clock import Instant


class Ending(Protocol):
    """Decides when a run is over."""

    @property
    def needs_attendance(self) -> bool:
        """Whether the core is told when nobody watches: paper and live pause entries then."""
        ...

    def attended(self, screens: int) -> None:
        """Note how many screens are attached."""
        ...

    def reason(self, *, flat: bool, now: Instant) -> str:
        """Return why the engine ends now; empty while it goes on."""
        ...


class EndsWhenIdle:
    """A demo's or a replay's engine: it ends when flat and alone for some seconds."""

    needs_attendance = False

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._screens = 0
        self._alone_since = monotonic()

    def attended(self, screens: int) -> None:
        """Note how many screens are attached."""
        self._screens = screens
        self._alone_since = self._monotonic()

    def reason(self, *, flat: bool, now: Instant) -> str:  # noqa: ARG002 - idleness is counted on the wall's clock
        """Return why the engine ends now; empty while somebody watches or something is open."""
        if self._screens or not flat:
            return ""
        alone = self._monotonic() - self._alone_since
        return "flat, and no screen was attached" if alone >= self._seconds else ""
