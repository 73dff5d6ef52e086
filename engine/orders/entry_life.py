"""How long an entry may wait for its fill: from its sending, or in paper from the first book it could have met."""

from dataclasses import dataclass
from typing import Final, Protocol

from engine.market.clock import SECOND, Instant
from engine.orders.order import Order

AT_MOST: Final = 15 * SECOND
"""A paper entry whose instrument brings no reading ends all the same."""


class MarketTime(Protocol):
    """The market's own clock, which stands while a replay is held."""

    @property
    def held(self) -> bool:
        """Whether the market is held."""
        ...

    def arrival_time(self, now: Instant) -> Instant:
        """Return the feed's time at an instant of the timers' clock."""
        ...


@dataclass(slots=True)
class _Waiting:
    instrument: str
    arrives: Instant
    """When it is at the paper exchange, on the feed's clock."""
    sent: Instant
    read_at: Instant | None = None
    """The first reading after that."""


class EntryLife:
    """Judges when an unfilled entry is over: ``life`` microseconds after it was sent: it needs no book of ours."""

    def __init__(self, life: int) -> None:
        self._life = life

    def sent(self, order: Order, now: Instant) -> Instant | None:
        """Take in an entry that leaves; return when to look at it first, None while the market is held."""
        return self.ends(order, now)

    def read(self, instrument: str, arrival: Instant) -> bool:
        """Take in a reading of an instrument's book; return whether the life of an entry begins with it."""
        del instrument, arrival
        return False

    def ends(self, order: Order, now: Instant) -> Instant | None:
        """Return when an entry is over, on the timers' clock; None while the market is held."""
        del now
        return order.sent_at + self._life


class PaperEntryLife(EntryLife):
    """The same where orders meet the next book only: the life counts from the first reading after the latency.

    At most 15 s from the sending, both on the feed's clock: a paused replay stops them.
    """

    def __init__(self, life: int, latency: int, market: MarketTime) -> None:
        super().__init__(life)
        self._latency = latency
        self._market = market
        self._waiting: dict[str, _Waiting] = {}

    def sent(self, order: Order, now: Instant) -> Instant | None:
        """Take in an entry that leaves; return when to look at it first, None while the market is held."""
        sent = self._market.arrival_time(now)
        self._waiting[order.tag] = _Waiting(order.instrument, sent + self._latency, sent)
        return self.ends(order, now)

    def read(self, instrument: str, arrival: Instant) -> bool:
        """Take in a reading of an instrument's book; return whether the life of an entry begins with it."""
        begun = False
        for waiting in self._waiting.values():
            early = waiting.instrument != instrument or arrival < waiting.arrives
            if not early and waiting.read_at is None:
                waiting.read_at, begun = arrival, True
        return begun

    def ends(self, order: Order, now: Instant) -> Instant | None:
        """Return when an entry is over, on the timers' clock; None while the market is held."""
        waiting = self._waiting.get(order.tag)
        if waiting is None:
            return super().ends(order, now)
        if self._market.held:
            return None
        ends = waiting.sent + AT_MOST
        if waiting.read_at is not None:
            ends = min(ends, waiting.read_at + self._life)
        return now + ends - self._market.arrival_time(now)
