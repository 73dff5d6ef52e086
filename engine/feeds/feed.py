"""What the engine asks of a market that it pulls: a recording or the simulator."""

from collections.abc import Mapping
from datetime import date
from typing import Protocol, runtime_checkable

from engine.auction.values.levels import PriorLevels
from engine.instruments.eligibility import Barred
from engine.market.circuits import Circuits
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.seed import InstrumentSeed, MissedMinutes
from engine.market.update import MarketUpdate

FeedItem = MarketUpdate | MissedMinutes | InstrumentSeed | Barred | Circuits
"""What comes out of a market; in a recorded or live one also what was had elsewhere: minutes, the past of a name that
was added, what the day's lists bar, circuit limits.
"""


class PulledFeed(Protocol):
    """A market in arrival order; the same sources give the same updates at the same cursor, always."""

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """What is traded, in watchlist order."""
        ...

    @property
    def day(self) -> date:
        """The trading date."""
        ...

    @property
    def identity(self) -> str:
        """A digest of the sources: the same identity means the same updates."""
        ...

    @property
    def seeds(self) -> tuple[InstrumentSeed, ...]:
        """The session's past before the first update; empty when there is none."""
        ...

    @property
    def prior(self) -> Mapping[str, PriorLevels]:
        """What earlier sessions left, by instrument, where the feed itself knows it."""
        ...

    @property
    def rejected(self) -> Mapping[str, int]:
        """How many packets per instrument could not be read ("" collects those without one)."""
        ...

    @property
    def truncated(self) -> tuple[str, ...]:
        """The names of sources that ended before their end."""
        ...

    @property
    def last_arrival(self) -> int | None:
        """The arrival of the final update if known."""
        ...

    def read(self) -> FeedItem | None:
        """Return the next update, or what was had elsewhere, or None at the end."""
        ...


@runtime_checkable
class Remarkable(Protocol):
    """A market whose sources want a word before they are trusted."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the sources, a sentence each."""
        ...


def notes_of(feed: PulledFeed) -> tuple[str, ...]:
    """Return what a person should know of a market's sources; nothing of most."""
    return feed.notes if isinstance(feed, Remarkable) else ()


@runtime_checkable
class AnchoredFeed(Protocol):
    """A market that happened, or happens, before our eyes: the run's clock stood somewhere when it began."""

    @property
    def begins(self) -> Instant:
        """Where the run's clock stood as the run began."""
        ...

    @property
    def run(self) -> str:
        """Which run it was or is; empty where a recording does not tell."""
        ...

    @property
    def ends(self) -> Instant | None:
        """Where it stood as the market was declared over; None while it is not, or was cut off."""
        ...
