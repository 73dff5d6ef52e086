"""What the exchange says of its sessions while a run goes: halts, and the closing auction's reference prices."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from engine.core import AuctionReferences, Halted
from engine.feeds.wire.frames import Frame
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.session import TradingDay
from engine.runtime.live.announced_halts import OPEN_EVERYWHERE, SEGMENTS, AnnouncedHalt, halt_of
from engine.upstox.rest.outcome import CallFailed

ASKED_EVERY: Final = 5.0
"""Seconds between two questions to the broker whether its exchange trades, while no feed would tell."""


class Announcer(Protocol):
    """The feed, as far as it announces."""

    segments: dict[str, str]
    closing_auction: dict[str, tuple[str, Instant]]


class Sessions:
    """Tells a core what changed. Where the feed is lost, its last word stands, and nobody would tell of its end."""

    def __init__(
        self,
        feed: Announcer,
        instruments: Callable[[], Mapping[str, Instrument]],
        day: TradingDay,
        now: Callable[[], Instant],
        tell: Callable[[Halted | AuctionReferences], None],
    ) -> None:
        self._feed = feed
        self._instruments = instruments
        self._day = day
        self._now = now
        self._tell = tell
        self._told: tuple[AnnouncedHalt, bool] | None = None
        """What the core was last told, and whether the feed was there; None before: an earlier life may differ."""
        self._references: dict[str, int] = {}

    def take(self, frame: Frame) -> None:
        """Take in one frame of the feed."""
        if frame.segments or frame.closing_auction:
            self.look()
        if frame.indications:
            self._refer(frame)

    def look(self) -> None:
        """Compare what the feed said last with the schedule."""
        if not self._feed.segments:
            return
        before = OPEN_EVERYWHERE if self._told is None else self._told[0]
        halt = halt_of(
            self._feed.segments,
            self._instruments().values(),
            self._day,
            self._now(),
            self._feed.closing_auction,
            before=before,
        )
        self._say(halt, heard=True)

    def lost(self) -> None:
        """Note that the feed is gone: a halt that stands is heard of no more."""
        if self._told is not None and self._told[0].reason:
            self._say(self._told[0], heard=False)

    def asked(self, status: str) -> None:
        """Take the broker's own word while the feed is away: of a halt that it tells of nobody announces the end."""
        before = OPEN_EVERYWHERE if self._told is None else self._told[0]
        segments = dict.fromkeys(SEGMENTS, status)
        halt = halt_of(segments, self._instruments().values(), self._day, self._now(), before=before)
        self._say(halt, heard=False)

    def _say(self, halt: AnnouncedHalt, *, heard: bool) -> None:
        if (halt, heard) != self._told:
            self._told = (halt, heard)
            self._tell(Halted(halt.reason, halt.kinds, heard))

    def _refer(self, frame: Frame) -> None:
        """Hand on the reference prices of the closing auction, each once."""
        instruments, now, fresh = self._instruments(), self._now(), {}
        for key, indication in frame.indications.items():
            instrument, price = instruments.get(key), indication.reference_price
            if instrument is None or price is None or now < self._day.close(instrument.kind):
                continue
            if self._references.get(key) != price:
                fresh[key] = self._references[key] = price
        if fresh:
            self._tell(AuctionReferences(fresh))


async def ask_while_deaf(sessions: Sessions, deaf: Callable[[], bool], ask: Callable[[], str]) -> None:
    """Ask the broker again and again, as long as something is held and no feed tells of halts. Runs for ever."""
    while True:
        await asyncio.sleep(ASKED_EVERY)
        if not deaf():
            continue
        try:
            status = await asyncio.to_thread(ask)
        except CallFailed:
            continue
        if deaf():
            sessions.asked(status)
