"""A market feed of ours at a broker on loopback, with everything it hands on kept."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import config
from engine.feeds.upstox.clock import LiveClock
from engine.feeds.upstox.market_feed import FeedState, MarketFeed
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import Frame
from engine.market.clock import Instant
from engine.market.update import MarketUpdate
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.token import Token
from tests.fake_upstox import RunningFake
from tests.fake_upstox.shapes import Json
from tests.upstox.sockets import QUICK, running, until
from tests.upstox.stand import client_of


@dataclass
class Stand:
    """What a feed told, in order. ``passed`` seconds are added to its monotonic clock."""

    frames: list[tuple[bytes, Frame, Instant]] = field(default_factory=list)
    states: list[FeedState] = field(default_factory=list)
    passed: float = 0.0
    keep: bool = True
    on_updates: Callable[[tuple[MarketUpdate, ...]], object] = lambda _: None

    def took(self, raw: bytes, frame: Frame, arrival: Instant) -> None:
        if self.keep:
            self.frames.append((raw, frame, arrival))
        self.on_updates(frame.updates)

    @property
    def updates(self) -> list[MarketUpdate]:
        return [update for _, frame, _ in self.frames for update in frame.updates]

    @property
    def kinds(self) -> list[str]:
        return [frame.kind for _, frame, _ in self.frames]

    @property
    def problems(self) -> list[str]:
        return [state.problem for state in self.states if not state.connected]

    def feed(
        self,
        authorize: Callable[[], object],
        settings: config.FeedSettings = QUICK,
        *,
        clock: LiveClock | None = None,
        ticks: Mapping[str, int] | None = None,
        token: Callable[[], object] | None = None,
    ) -> MarketFeed:
        time = asyncio.get_running_loop().time
        return MarketFeed(
            authorize,  # type: ignore[arg-type]
            settings,
            clock or LiveClock("feed"),
            PacketDecoder(ticks),
            on_frame=self.took,
            on_state=self.states.append,
            token=token,
            chance=lambda: 0.0,
            monotonic=lambda: time() + self.passed,
        )


def signed_in(fake: RunningFake, token: Callable[[], Token | None] | None = None) -> UpstoxClient:
    """Return a client of a fake."""
    own = Token(fake.access_token)
    return client_of(fake.api_url, read=5.0, token=token or (lambda: own))


@asynccontextmanager
async def following(
    fake: RunningFake,
    *keys: str,
    stand: Stand,
    settings: config.FeedSettings = QUICK,
    clock: LiveClock | None = None,
) -> AsyncIterator[MarketFeed]:
    """Follow instruments at a fake until the block ends; their first states have come as it begins."""
    client = signed_in(fake)

    async def authorize() -> str:
        return await asyncio.to_thread(client.market_feed_authorize)

    feed = stand.feed(authorize, settings, clock=clock)
    feed.subscribe(keys)
    async with running(feed.run, feed.close):
        await until(lambda: feed.counts.updates >= len(keys) and feed.state.connected, "the first states")
        yield feed
    client.close()


async def tell(fake: RunningFake, path: str, **body: Json) -> Json:
    """Ask a fake's control endpoint without holding the loop up."""
    return await asyncio.to_thread(fake.control, "POST", path, body)


async def look(fake: RunningFake) -> Json:
    """Return a fake's state."""
    return await asyncio.to_thread(fake.control, "GET", "state")


async def plant(fake: RunningFake, fault: str, **facts: Json) -> None:
    """Plant a fault at the market stream."""
    await asyncio.to_thread(lambda: fake.plant(fault, stream="market", **facts))
