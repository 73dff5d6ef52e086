"""What a broker can say of one story when it is over: its journal, the calls it got, and what was claimed meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fake_upstox.calls import Entry
from tests.fake_upstox.journal import Event

Holding = tuple[str, str]
"""An instrument's key and a product."""

WRITES = frozenset(
    {"place", "modify", "cancel", "multi_place", "multi_cancel", "exit_all", "gtt_place", "gtt_cancel"}
)


@dataclass(frozen=True)
class Said:
    """A claim that all is flat in scope, and where it was made."""

    at: float
    where: str


@dataclass(frozen=True)
class Evidence:
    """One story. Times are wall seconds on the broker's monotonic clock."""

    events: tuple[Event, ...]
    calls: tuple[Entry, ...]
    said_flat: tuple[Said, ...] = ()
    latched_at: float | None = None
    until: float = 0.0
    carried: Mapping[Holding, int] = field(default_factory=dict)
    """What others held before the day began."""
    products: frozenset[str] = frozenset({"I"})
    """Products in the kill's scope."""

    @property
    def writes(self) -> tuple[Entry, ...]:
        """Return the calls that change something, oldest first."""
        return tuple(entry for entry in self.calls if entry.name in WRITES)


def is_entry(event: Event) -> bool:
    """Say whether an order of ours opens: its tag says what it is for."""
    return event.ours and event.tag.endswith("-E")
