"""The broker's market stream: subscribed, stamped and decoded as it comes, on a socket that is opened for ever.

Frames are taken in the order of their arrival; a big one is read in slices, and what came after it waits for it. A
connection lives as long as its pings are answered: silence of the data is told, it ends nothing.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import msgspec

import config
from engine.feeds.upstox.clock import LiveClock
from engine.feeds.upstox.delay import DelayMeter
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import Frame, Message, read_in_slices, response_of, sent_of
from engine.feeds.wire.quirks import DecodeError
from engine.market.clock import Instant
from engine.upstox.stream import LineState, Stream

MODE: Final = "full"
MOST_KEYS: Final = 2_000
"""Instruments one connection may follow in this mode (the broker's limit, 2026)."""
LARGEST_FRAME: Final = 8 * 1024 * 1024
"""Bytes; less than a recording can keep of one frame."""

SLICE: Final = 64
"""Packets read before the loop may do something else: about a millisecond."""
_LONGEST_TURN: Final = 0.002
"""Seconds of frames that are all here already, handling included, before the loop may do something else."""

QUIET_SECONDS: Final = 20.0
"""Without any data for so long, while a followed segment trades, a feed is told to be quiet."""
MUTE_SECONDS: Final = 5.0
"""An instrument that has not sent its first state so long after its subscription is told."""
_TOLD: Final = 3
_TRADING: Final = "NORMAL_OPEN"


@dataclass(frozen=True, slots=True)
class FeedState:
    """Where the feed stands. ``problem`` says why it is not connected, empty while it is."""

    connected: bool
    problem: str = ""


@dataclass(slots=True)
class FeedCounts:
    """What came over the feed: every message is in exactly one of these."""

    frames: int = 0
    """Read and handed on."""
    broken: int = 0
    """No protobuf; the decoder has them under its reasons too."""
    empty: int = 0
    text: int = 0
    """Text frames: the broker sends none."""
    untimed: int = 0
    """Came before the feed, which is the clock, told the time."""
    updates: int = 0
    """Packets inside the frames that were read."""


class MarketFeed:
    """Owns the market stream of one session. Everything runs on one loop; only ``authorize`` may use threads."""

    def __init__(
        self,
        authorize: Callable[[], Awaitable[str]],
        settings: config.FeedSettings,
        clock: LiveClock,
        decoder: PacketDecoder,
        *,
        on_frame: Callable[[bytes, Frame, Instant], None],
        on_state: Callable[[FeedState], None],
        token: Callable[[], object] | None = None,
        chance: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the session's clock and decoder; with ``token``, a refused sign-in waits for a new one."""
        self._batch = settings.batch
        self._clock = clock
        self._decoder = decoder
        self._on_frame = on_frame
        self._on_state = on_state
        self._monotonic = monotonic
        self._stream = Stream(
            authorize,
            settings,
            largest=LARGEST_FRAME,
            on_message=self.take,
            on_state=self._state_changed,
            greeting=self._greeting,
            token=token,
            chance=chance,
            monotonic=monotonic,
        )
        self._keys: dict[str, None] = {}
        self._unheard: dict[str, float] = {}
        self._heard_at: float = monotonic()
        self._since_pause = 0
        self._paused_at: float = self._heard_at
        self.pending: Instant | None = None
        """Arrival of a big frame that is being read: nothing later has happened yet."""
        self.segments: dict[str, str] = {}
        self.closing_auction: dict[str, tuple[str, Instant]] = {}
        """By segment, how far its closing auction is and since when."""
        """Segment to market status as last told."""
        self.counts = FeedCounts()
        self.delay = DelayMeter()
        """How much later than the fastest frame the live ones came, each frame once."""

    @property
    def state(self) -> FeedState:
        """Where the feed stands."""
        return _shown(self._stream.state)

    @property
    def connections(self) -> int:
        """How often it was opened."""
        return self._stream.connections

    @property
    def keys(self) -> tuple[str, ...]:
        """What is followed, in the order it was asked for."""
        return tuple(self._keys)

    @property
    def silence(self) -> float:
        """The seconds since the last data, or since the connection was opened."""
        return self._monotonic() - self._heard_at

    @property
    def quiet(self) -> str:
        """What a connected feed withholds: data while the market trades, or instruments; empty for nothing."""
        if not self._stream.state.up or not self._keys:
            return ""
        now = self._monotonic()
        mute = [key for key, since in self._unheard.items() if now - since > MUTE_SECONDS]
        if len(mute) < len(self._keys):
            silence = self.silence
            if silence > QUIET_SECONDS and self._trading:
                return f"connected, but no data for {silence:.0f} s while the market is open"
        if not mute:
            return ""
        more = "" if len(mute) <= _TOLD else f" and {len(mute) - _TOLD} more"
        return f"connected, but nothing heard of {', '.join(mute[:_TOLD])}{more}"

    async def run(self) -> None:
        """Keep the feed open until it is closed."""
        await self._stream.run()

    async def close(self) -> None:
        """End the feed; returns when its socket is gone."""
        self._stream.close()
        await self._stream.finished()

    def subscribe(self, keys: Iterable[str]) -> None:
        """Follow instruments, on this connection and all later ones; raise ValueError above the broker's limit."""
        fresh = [key for key in dict.fromkeys(keys) if key not in self._keys]
        if len(self._keys) + len(fresh) > MOST_KEYS:
            raise ValueError(
                f"expected at most {MOST_KEYS} instruments, got {len(self._keys) + len(fresh)}; follow fewer"
            )
        self._keys.update(dict.fromkeys(fresh))
        if self._stream.state.up:
            self._expect(fresh)
            for message in self._messages("sub", fresh):
                self._stream.send(message)

    def unsubscribe(self, keys: Iterable[str]) -> None:
        """Follow instruments no more; those that were not followed change nothing."""
        gone = [key for key in dict.fromkeys(keys) if key in self._keys]
        for key in gone:
            del self._keys[key]
            self._unheard.pop(key, None)
        for message in self._messages("unsub", gone):
            self._stream.send(message)

    @property
    def _trading(self) -> bool:
        return any(self.segments.get(key.partition("|")[0]) == _TRADING for key in self._keys)

    def _greeting(self) -> Iterable[bytes]:
        """Begin a connection: whatever the first packets call themselves, they continue nothing."""
        self._decoder.break_off()
        self._heard_at = self._monotonic()
        self._expect(self._keys)
        return self._messages("sub", tuple(self._keys))

    def _expect(self, keys: Iterable[str]) -> None:
        now = self._monotonic()
        self._unheard.update((key, now) for key in keys)

    def _messages(self, method: str, keys: Sequence[str]) -> list[bytes]:
        """Return control messages: JSON that the broker takes in binary frames only, and answers nothing to."""
        found = []
        for begin in range(0, len(keys), self._batch):
            data: dict[str, object] = {"instrumentKeys": keys[begin : begin + self._batch]}
            if method == "sub":
                data = {"mode": MODE, **data}
            found.append(msgspec.json.encode({"guid": str(uuid4()), "method": method, "data": data}))
        return found

    def _state_changed(self, state: LineState) -> None:
        self._on_state(_shown(state))

    async def take(self, message: str | bytes) -> None:
        """Take in one message of the stream: count it, stamp it, decode it, hand it on."""
        if isinstance(message, str):
            self.counts.text += 1
            return
        if not message:
            self.counts.empty += 1
            return
        try:
            response = response_of(message, self._decoder)
        except DecodeError:
            self.counts.broken += 1
            return
        sent = sent_of(response)
        believed = sent is not None and self._observe(sent)
        if not self._clock.running:
            self.counts.untimed += 1
            return
        arrival = self._clock.now()
        frame = await self._read(response, arrival)
        self.counts.frames += 1
        self._note(frame)
        if believed and sent is not None and frame.kind == "live_feed":
            delay = self._clock.since_sent(sent)
            if delay is not None:
                self.delay.add(delay)
        self._on_frame(message, frame, arrival)
        # Small frames that are all here already would be read without a pause otherwise.
        self._since_pause += len(frame.updates) + 1
        if self._since_pause > SLICE or self._monotonic() - self._paused_at > _LONGEST_TURN:
            await asyncio.sleep(0)
            self._since_pause, self._paused_at = 0, self._monotonic()

    async def _read(self, response: Message, arrival: Instant) -> Frame:
        """Return what a frame says, letting the loop go on between its slices."""
        reading = read_in_slices(response, arrival, self._decoder, SLICE)
        self.pending = arrival
        try:
            while True:
                try:
                    next(reading)
                except StopIteration as end:
                    frame: Frame = end.value
                    return frame
                await asyncio.sleep(0)
        finally:
            self.pending = None

    def _observe(self, sent: Instant) -> bool:
        """Let the clock see a server's time; say whether it believed it."""
        before = self._clock.implausible
        self._clock.observe(sent)
        return self._clock.implausible == before

    def _note(self, frame: Frame) -> None:
        if frame.segments:
            self.segments.update(frame.segments)
        self.closing_auction.update(frame.closing_auction)
        if frame.updates:
            self.counts.updates += len(frame.updates)
            self._heard_at = self._monotonic()
            if self._unheard:
                for update in frame.updates:
                    self._unheard.pop(update.instrument, None)


def _shown(state: LineState) -> FeedState:
    return FeedState(state.up, state.problem)
