"""A market that is happening: what was recorded of it before, then what arrives, in arrival order.

A live run is played like a replay whose end is not written yet. Whoever receives frames puts their updates in;
the playback takes them out. Between two updates there is simply nothing to read.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType

from engine.auction.values.levels import PriorLevels
from engine.feeds.day_feed import DayFeed
from engine.feeds.feed import FeedItem, PulledFeed
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.seed import InstrumentSeed


class LiveTape(DayFeed):
    """Owns the updates that arrived and were not played yet; belongs to one thread.

    ``past`` is what an earlier life of the same run recorded: it is read first.
    """

    def __init__(
        self,
        identity: str,
        day: date,
        instruments: Mapping[str, Instrument],
        *,
        begins: Instant,
        seeds: Iterable[InstrumentSeed] = (),
        prior: Mapping[str, PriorLevels] = MappingProxyType({}),
        rejected: Mapping[str, int] = MappingProxyType({}),
        past: PulledFeed | None = None,
    ) -> None:
        self._identity = identity
        self._day = day
        self._instruments: dict[str, Instrument] = dict(instruments)
        self._seeds = tuple(seeds)
        self._prior = dict(prior)
        self._rejected = rejected
        self._past = past
        self._arrived: deque[FeedItem] = deque()
        self._begins = begins
        self.ends: Instant | None = None
        """Where the clock stood as the session was declared over; nothing arrives after that."""

    @property
    def identity(self) -> str:
        """The name of the run's recording: the same name means the same updates, as far as they go."""
        return self._identity

    @property
    def run(self) -> str:
        """The run that follows this market."""
        return self._identity

    @property
    def begins(self) -> Instant:
        """Where the run's clock stood as the run began."""
        return self._begins

    @property
    def rejected(self) -> Mapping[str, int]:
        """How many packets per instrument could not be read so far."""
        return self._rejected

    @property
    def truncated(self) -> tuple[str, ...]:
        """Nothing: a market that is happening has no missing end."""
        return ()

    @property
    def last_arrival(self) -> Instant | None:
        """Always None: nobody knows when the market will say its last word."""
        return None

    @property
    def ended(self) -> bool:
        """Whether everything was read and nothing more will come."""
        return self.finished and not self._arrived and self._past is None

    @property
    def finished(self) -> bool:
        """Whether nothing more will arrive: the session is over."""
        return self.ends is not None

    def follow(self, instrument: Instrument) -> None:
        """Note that one more instrument is followed."""
        self._instruments.setdefault(instrument.key, instrument)

    def arrive(self, items: Iterable[FeedItem]) -> None:
        """Take in the updates of a frame just received, or a backfill; what comes after the end is left out."""
        if self.ends is None:
            self._arrived.extend(items)

    def finish(self, now: Instant) -> None:
        """Say that the market has ended: after what already arrived comes nothing more."""
        self.ends = now if self.ends is None else self.ends

    def read(self) -> FeedItem | None:
        """Return the next item; None when nothing has arrived, which is an end only once ``ended`` says so."""
        if self._past is not None:
            item = self._past.read()
            if item is not None:
                return item
            self._past = None
        return self._arrived.popleft() if self._arrived else None
