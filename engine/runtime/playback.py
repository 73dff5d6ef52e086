"""The one way through, one step at a time: feed, exchange, core and back, in an order that never varies.

Nothing here waits or reads a clock. The same feed, the same journal of commands and the same settings give the
same steps, which is what makes a run that was killed finish like one that was not.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from engine.brokers.exchange import Exchange
from engine.contract.commands import Command
from engine.core import (
    Attended,
    AuctionReferences,
    Checked,
    Core,
    Effect,
    FeedEnded,
    Followed,
    Halted,
    Latched,
    Noted,
    Quoted,
    Rearmed,
    Record,
    Resumed,
    Studying,
    Unfollowed,
    Wake,
    Wished,
)
from engine.feeds.feed import AnchoredFeed, FeedItem, PulledFeed
from engine.feeds.live_tape import LiveTape
from engine.ledger.records import JournalEntry
from engine.market.clock import Instant
from engine.market.instrument import InstrumentClass
from engine.market.update import MarketUpdate
from engine.orders.messages import BrokerEvent, ReadBook
from engine.performance.drawdown import EquityMark
from engine.rollout.live_stages import LiveStages
from engine.system.errors import CockpitError, ErrorKind

Outside = (
    Command
    | BrokerEvent
    | Latched
    | Rearmed
    | Attended
    | Resumed
    | Studying
    | Noted
    | Checked
    | Halted
    | Wished
    | AuctionReferences
    | Quoted
    | Followed
    | Unfollowed
    | LiveStages
)
"""Inputs of the core that do not come from the feed and cannot be had a second time."""


def command_id(event: Outside) -> str:
    """Return by which id an input is answered; empty for one that is no command."""
    return event.id if isinstance(event, Command) else ""


_BEAT_EVERY = 512
"""Updates between two signs of life while the past is fed again."""


class PlaybackError(CockpitError):
    """The past cannot be executed again; the text says what was expected and what came."""

    kind = ErrorKind.DAMAGED


MARK: Final = "mark"
"""Kind of a journal entry that is no input: requests left right behind it."""

JournalSink = Callable[[JournalEntry], None]

_encoder = msgspec.msgpack.Encoder()
_outside_decoder = msgspec.msgpack.Decoder(Outside)
_offset_decoder = msgspec.msgpack.Decoder(int)


class Playback:
    """Owns where a run stands: updates delivered, virtual time, pause offset and journal sequence.

    ``now`` is arrival time plus the time the market has been held.
    """

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
        """Virtual microseconds that the market has been held in all: added to each arrival."""
        self.ended = False
        self.equity: list[EquityMark] = []
        """The account at each mark since the run began, earlier lives included."""
        self._journal = journal
        self._tape = feed if isinstance(feed, LiveTape) else None
        self._begun = feed if isinstance(feed, AnchoredFeed) else None
        self._peeked: FeedItem | None = None

    @property
    def held(self) -> bool:
        """Whether the market is held: the core decides it, as with every command."""
        return self.core.market_state.held

    @property
    def next_arrival(self) -> Instant | None:
        """When the next update arrives on the feed's own clock; None at its end."""
        update = self._peek()
        return None if update is None else update.arrival

    def study_until(
        self, instant: Instant, *, seen: int = 0, beat: Callable[[], None] = lambda: None
    ) -> list[Effect]:
        """Feed everything that arrived before ``instant`` to the studies alone: no signal of it is traded.

        ``seen`` is how many updates the exchange took in in an earlier life.
        """
        effects = self._heard(self.core.handle(Studying(on=True), self.now))
        while (ahead := self._peek()) is not None and ahead.arrival < instant:
            update = self._take() or ahead
            self.now = max(self.now, update.arrival)
            effects += self._heard(self.core.handle(update, self.now))
            if self.updates > seen and isinstance(update, MarketUpdate):
                self.exchange.on_update(update, self.now)
            if self.updates % _BEAT_EVERY == 0:
                beat()
        return effects + self._heard(self.core.handle(Studying(on=False), self.now))

    def divert(self, journal: JournalSink) -> None:
        """Journal to another sink from now on."""
        self._journal = journal

    def next_due(self) -> Instant | None:
        """Return when the next step is due; None when nothing is left to happen by itself."""
        other, feed = self._other_due(), self._feed_due()
        due = feed if other is None or (feed is not None and feed < other) else other
        return None if due is None else max(due, self.now)

    def play(self, target: Instant | None, most: int) -> list[Effect]:
        """Do what is due by ``target`` (None is no bound), at most ``most`` steps, until the core wants something.

        Of what is due at once the exchange comes before timers, and timers before the market.
        """
        for _ in range(most):
            other, feed = self._other_due(), self._feed_due()
            if other is not None and (feed is None or other <= feed):
                if target is not None and other > target:
                    break
                effects = self._run_other(other)
            elif feed is None or (target is not None and feed > target):
                break
            else:
                effects = self._deliver(feed)
            if effects:
                return effects
        return []

    def tell(self, event: Outside, now: Instant | None = None) -> list[Effect]:
        """Give the core an input from outside, journaled first."""
        if now is not None and now > self.now:
            self.now = now
        if isinstance(event, Followed):
            self.exchange.follow(event.instrument)
        if isinstance(event, Halted):
            self.exchange.announce_halt((event.kinds or tuple(InstrumentClass)) if event.reason else ())
        self._note("outside", _encoder.encode(event))
        return self._heard(self.core.handle(event, self.now))

    def tell_all(self, events: Iterable[BrokerEvent]) -> list[Effect]:
        """Give the core what the exchange says, in its order."""
        effects: list[Effect] = []
        for event in events:
            effects += self.tell(event)
        return effects

    def mark(self) -> None:
        """Journal where the run stands: behind a death it is brought back at least to here."""
        self._note(MARK, b"")

    def shift(self, pause_offset: int, now: Instant) -> None:
        """Let every later update be due that much after its arrival."""
        self.now = max(self.now, now)
        self.pause_offset = pause_offset
        self._note("offset", _encoder.encode(pause_offset))

    def re_execute(
        self,
        entries: Iterable[JournalEntry],
        *,
        updates: int,
        sequence: int,
        beat: Callable[[], None] = lambda: None,
    ) -> list[Effect]:
        """Bring a fresh core to where a killed run stood, from the same feed and its journal.

        Return what it wanted on the way, all of it done in the earlier life. Entries beyond ``sequence`` are not
        applied: the exchange never saw what came of them. Raises PlaybackError when feed or journal are not those of
        the run.
        """
        pending = [entry for entry in entries if self.sequence < entry.sequence <= sequence]
        if [entry.sequence for entry in pending] != list(range(self.sequence + 1, sequence + 1)):
            raise PlaybackError(
                f"expected the journal to hold every input up to {sequence}, got {len(pending)} of them"
            )
        effects: list[Effect] = []
        position = 0
        while True:
            while position < len(pending) and pending[position].cursor <= self.updates:
                effects += self._repeat(pending[position])
                position += 1
            if self.updates >= updates:
                break
            update = self._take()
            if update is None:
                raise PlaybackError(
                    f"expected a market of at least {updates} updates, got {self.updates} of them"
                )
            self.now = max(self.now, update.arrival + self.pause_offset)
            effects += self._heard(self.core.handle(update, self.now))
            if self.updates % _BEAT_EVERY == 0:
                beat()
        return effects

    def catch_up(self, now: Instant) -> list[Effect]:
        """Feed what a live run recorded beyond the cut to the studies and the exchange; time is ``now`` after it.

        No signal of it is traded: it is older than the death. What the core wanted is returned, to be done afterwards.
        """
        effects = self.tell(Studying(on=True))
        while (update := self._peek()) is not None:
            effects += self._deliver(max(update.arrival, self.now))
        self.now = max(self.now, now)
        return effects + self.tell(Studying(on=False))

    def resume(
        self,
        run: str,
        now: Instant,
        pause_offset: int,
        *,
        begins: bool = False,
        answered_at: Instant | None = None,
    ) -> list[Effect]:
        """Go on behind a death: the exchange's book is read before anything may leave. Return what the core wants.

        ``now`` and ``pause_offset`` are where the exchange says that time stood; ``begins`` is a new run on a book that
        stands. Time goes on to ``answered_at`` with the book, not before it: what looks unanswered for long may be
        answered there.
        """
        self.now = max(self.now, now)
        if pause_offset != self.pause_offset:
            self.shift(pause_offset, self.now)
        effects: list[Effect] = []
        wanted = self.tell(Resumed(run, begins))
        while wanted:
            effects += (effect for effect in wanted if not isinstance(effect, ReadBook))
            reads = [effect for effect in wanted if isinstance(effect, ReadBook)]
            books = [self.exchange.read_book(read.request, self.now) for read in reads]
            self.now = max(self.now, answered_at or self.now)
            wanted = self.tell_all(books)
        return effects

    def _repeat(self, entry: JournalEntry) -> list[Effect]:
        self.sequence = entry.sequence
        self.now = max(self.now, entry.now)
        match entry.kind:
            case "wake":
                return self._heard(self.core.handle(Wake(), self.now))
            case "offset":
                self.pause_offset = _offset_decoder.decode(entry.payload)
                return []
            case kind if kind == MARK:
                return []
            case "ended":
                self.ended = True
                return self._heard(self.core.handle(FeedEnded(), self.now))
            case _:
                return self._heard(self.core.handle(_outside_decoder.decode(entry.payload), self.now))

    def _run_other(self, due: Instant) -> list[Effect]:
        self.now = max(self.now, due)
        if self.exchange.next_due() == due:
            return self.tell_all(self.exchange.advance(self.now))
        self._note("wake", b"")
        return self._heard(self.core.handle(Wake(), self.now))

    def _deliver(self, due: Instant) -> list[Effect]:
        if due > self.now:
            self.now = due
        update = self._take()
        if update is None:
            self.ended = True
            self._note("ended", b"")
            return self._heard(self.core.handle(FeedEnded(), self.now))
        if not isinstance(update, MarketUpdate):
            return self._heard(self.core.handle(update, self.now))
        answers = self.exchange.on_update(update, self.now)
        effects = self.core.handle(update, self.now)
        if effects:
            self._heard(effects)
        return effects + self.tell_all(answers) if answers else effects

    def _other_due(self) -> Instant | None:
        exchange_due, wake_due = self.exchange.next_due(), self.core.next_wake()
        if exchange_due is None or (wake_due is not None and wake_due < exchange_due):
            return wake_due
        return exchange_due

    def _feed_due(self) -> Instant | None:
        if self.ended or self.held:
            return None
        update = self._peek()
        if update is None:
            if self._tape is not None and not self._tape.ended:
                return None
            ends = None if self._begun is None else self._begun.ends
            return self.now if ends is None else max(self.now, ends + self.pause_offset)
        return update.arrival + self.pause_offset

    def _peek(self) -> FeedItem | None:
        if self._peeked is None:
            self._peeked = self.feed.read()
        return self._peeked

    def _take(self) -> FeedItem | None:
        update = self._peek()
        self._peeked = None
        if update is not None:
            self.updates += 1
        return self.core.prints.judge(update) if isinstance(update, MarketUpdate) else update

    def _note(self, kind: str, payload: bytes) -> None:
        self.sequence += 1
        self._journal(JournalEntry(self.sequence, self.updates, self.now, kind, payload))

    def _heard(self, effects: list[Effect]) -> list[Effect]:
        for effect in effects:
            if isinstance(effect, Record) and effect.kind == "equity" and isinstance(effect.payload, dict):
                net = effect.payload["net"]
                if isinstance(net, int):
                    self.equity.append((effect.time, self.core.limits.account + net))
        return effects
