"""How a fake broker is started."""

from dataclasses import dataclass
from datetime import date, time
from pathlib import Path


@dataclass(frozen=True)
class FakeSettings:
    """Everything that is fixed for one run."""

    recordings: tuple[Path, ...] = ()
    """Recorded sessions to play; none plays the simulator."""
    speed: float = 1.0
    """Exchange seconds per second; 0 stands still until the control endpoint jumps, FASTEST lets the streams decide."""
    settle: float = 0.0
    """At FASTEST: wall seconds that a subscriber must have stayed before the tape moves."""
    scenario: str = "normal"
    day: date | None = None
    """Pretend that the tape was recorded on another date."""
    start: time | None = None
    """Begin at this time of the exchange's day; by default at the first packet."""
    wall: bool = False
    """Shift the tape so that its first packet comes at today's wall time."""
    instruments: int | None = None
    """Move this many instruments: the tape's packets under further keys."""
    capital: float = 1_000_000.0
    """Rupees."""
    script: str | None = None
    """A written day of the simulator."""
    seed: int = 1
    ping_seconds: float = 10.0
    redirect_uri: str | None = None
    notifier_url: str | None = None
    square_off: time | None = None
    """When the broker closes product-I positions by itself; None never."""
    rate_limits: bool = True
    port: int = 0
