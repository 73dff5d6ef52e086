"""The one way through, one step at a time: feed, exchange, core and back, in an order that never varies.

Nothing here waits or reads a clock. The same feed, the same journal of commands and the same settings give the
same steps, which is what makes a run that was killed finish like one that was not.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from engine.commands import Command
from engine.core import Attended, Core, Effect, FeedEnded, Latched, Rearmed, Resumed, Studying, Wake
from engine.feeds.feed import PulledFeed
from engine.ledger.records import Entry
from engine.market.clock import Instant
from engine.market.update import MarketUpdate
from engine.orders.messages import BrokerEvent, Request

Outside = Command | BrokerEvent | Latched | Rearmed | Attended | Resumed
"""Inputs of the core that do not come from the feed and cannot be had a second time."""


class Exchange(Protocol):
    """A broker on the virtual clock."""

    def submit(self, request: Request, now: Instant) -> None:
        """Take a request in; its answer comes with a later event."""
        ...

    def next_due(self) -> Instant | None:
        """Return when something in flight arrives next."""
        ...

    def advance(self, now: Instant) -> list[BrokerEvent]:
        """Let everything due by ``now`` happen."""
        ...

    def on_update(self, update: MarketUpdate, now: Instant) -> list[BrokerEvent]:
        """Match the book against a market update."""
        ...


JournalSink = Callable[[Entry], None]

_encoder = msgspec.msgpack.Encoder()
_outside_decoder = msgspec.msgpack.Decoder(Outside)
_offset_decoder = msgspec.msgpack.Decoder(int)


class Playback:
    """Owns where a run stands: updates delivered, virtual time, pause offset and journal sequence."""

    def __init__(
        self, core: Core, exchange: Exchange, feed: PulledFeed, *, now: Instant, journal: JournalSink
    ) -> None:
        self.core = core
        self.exchange = exchange
        self.feed = feed
        self.now = now
        self.updates = 0
        self.sequence = 0
        self.pause_offset = 0
        self.held = False
        self.ended = False
        self._journal = journal
        self._peeked: MarketUpdate | None = None

    def study_until(self, instant: Instant, *, again: bool, beat: Callable[[], None] = lambda: None) -> None:
        """Feed everything that arrived before ``instant`` to the studies alone: no signal of it is traded.

        ``again`` leaves the exchange as it is: it has seen these updates in an earlier life.
        """
        self.core.handle(Studying(on=True), self.now)
        while (update := self._peek()) is not None and update.arrival < instant:
            self._take()
            self.now = max(self.now, update.arrival)
            self.core.handle(update, self.now)
            if not again:
                self.exchange.on_update(update, self.now)
            if self.updates % 512 == 0:
                beat()
        self.core.handle(Studying(on=False), self.now)

    def divert(self, journal: JournalSink) -> None:
        """Journal to another sink from now on."""
        self._journal = journal

    def next_due(self) -> Instant | None:
        """Return when the next step is due; None when nothing is left to happen by itself."""
        dues = [
            due
            for due in (self._feed_due(), self.exchange.next_due(), self.core.next_wake())
            if due is not None
        ]
        return max(min(dues), self.now) if dues else None

    def step(self) -> list[Effect]:
        """Do the earliest thing due: exchange before timers before the market. Return what the core wants done."""
        feed_due, exchange_due, wake_due = self._feed_due(), self.exchange.next_due(), self.core.next_wake()
        due = min(due for due in (feed_due, exchange_due, wake_due) if due is not None)
        self.now = max(self.now, due)
        if exchange_due == due:
            return self.tell_all(self.exchange.advance(self.now))
        if wake_due == due:
            self._note("wake", b"")
            return self.core.handle(Wake(), self.now)
        return self._deliver()

    def tell(self, event: Outside, now: Instant | None = None) -> list[Effect]:
        """Give the core an input from outside, journaled first."""
        self.now = self.now if now is None else max(self.now, now)
        self._note("outside", _encoder.encode(event))
        return self.core.handle(event, self.now)

    def tell_all(self, events: Iterable[BrokerEvent]) -> list[Effect]:
        """Give the core what the exchange says, in its order."""
        effects: list[Effect] = []
        for event in events:
            effects += self.tell(event)
        return effects

    def shift(self, pause_offset: int, now: Instant) -> None:
        """Let the market go on after a pause: every later update is due that much later."""
        self.now = max(self.now, now)
        self.pause_offset = pause_offset
        self.held = False
        self._note("offset", _encoder.encode(pause_offset))

    def hold(self, now: Instant) -> None:
        """Hold the market; timers and the exchange go on."""
        self.now = max(self.now, now)
        self.held = True

    def re_execute(
        self,
        entries: Iterable[Entry],
        *,
        updates: int,
        sequence: int,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """Bring a fresh core to where a killed run stood, from the same feed and its journal; wants nothing done.

        Entries beyond ``sequence`` are not applied: the exchange never saw what came of them.
        """
        pending = [entry for entry in entries if self.sequence < entry.sequence <= sequence]
        position = 0
        while True:
            while position < len(pending) and pending[position].cursor <= self.updates:
                self._repeat(pending[position])
                position += 1
            if self.updates >= updates:
                break
            update = self._take()
            if update is None:
                if not self.ended:
                    self.ended = True
                    self.core.handle(FeedEnded(), self.now)
                break
            self.now = max(self.now, update.arrival + self.pause_offset)
            self.core.handle(update, self.now)
            if self.updates % 512 == 0:
                beat()

    def _repeat(self, entry: Entry) -> None:
        self.sequence = entry.sequence
        self.now = max(self.now, entry.now)
        match entry.kind:
            case "wake":
                self.core.handle(Wake(), self.now)
            case "offset":
                self.pause_offset = _offset_decoder.decode(entry.payload)
            case _:
                self.core.handle(_outside_decoder.decode(entry.payload), self.now)

    def _deliver(self) -> list[Effect]:
        update = self._take()
        if update is None:
            self.ended = True
            return self.core.handle(FeedEnded(), self.now)
        answers = self.exchange.on_update(update, self.now)
        effects = self.core.handle(update, self.now)
        return effects + self.tell_all(answers) if answers else effects

    def _feed_due(self) -> Instant | None:
        if self.held or self.ended:
            return None
        update = self._peek()
        return self.now if update is None else update.arrival + self.pause_offset

    def _peek(self) -> MarketUpdate | None:
        if self._peeked is None:
            self._peeked = self.feed.read()
        return self._peeked

    def _take(self) -> MarketUpdate | None:
        update = self._peek()
        self._peeked = None
        if update is not None:
            self.updates += 1
        return update

    def _note(self, kind: str, payload: bytes) -> None:
        self.sequence += 1
        self._journal(Entry(self.sequence, self.updates, self.now, kind, payload))
