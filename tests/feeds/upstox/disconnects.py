"""A day with its lines cut at random: ``python -m tests.feeds.upstox.disconnects --count 200``.

Both sockets are cut by force, again and again, while the market goes on. What the broken day placed at a price must be
what the unbroken one placed, but for the volume that each new connection's snapshot marks as unseen; and its recording
must replay to the same figures. Ends with 1 when anything differs.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import config
from engine.auction.state.auctions import Auctions
from engine.brokers.upstox.portfolio_stream import PortfolioStream
from engine.feeds.recordings.frames_feed import open_frame_recordings
from engine.feeds.recordings.frames_format import Broken, Connected, RecordingHeader
from engine.feeds.recordings.recorder import Recorder
from engine.feeds.upstox.clock import LiveClock
from engine.feeds.upstox.market_feed import FeedState, MarketFeed
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import Frame
from engine.market.clock import MINUTE, Instant
from engine.market.instrument import Instrument
from engine.market.session import trading_day
from engine.market.update import MarketUpdate
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.rate_limits import CallBudget
from engine.upstox.rest.records import BrokerOrderRow
from engine.upstox.rest.token import Token
from tests.fake_upstox import FakeSettings
from tests.fake_upstox.market_day import open_market_day
from tests.fake_upstox.shapes import Json
from tests.feeds.upstox.apart import fake_apart, instruments_of, recorded_day, say
from tests.upstox.sockets import QUICK, until
from tests.upstox.stand import client_of

_LONGEST_STEP = 59.0
"""Seconds: what the fake lets pass at once and still tells its streams."""
_ORDER_EVERY = 4
_DAY_IN_MINUTES = 60

Profile = Mapping[int, int]
Window = tuple[int, int]
"""Day volume before and after what nobody saw."""


class Fake(Protocol):
    """A fake broker, wherever it runs."""

    @property
    def api_url(self) -> str: ...

    @property
    def access_token(self) -> str: ...

    def control(self, method: str, path: str, body: dict[str, Json] | None = None) -> Json: ...


@dataclass
class Day:
    """What one client saw of a day."""

    market: Auctions
    recorder: Recorder | None = None
    arrival: Instant = 0
    steps: dict[str, list[MarketUpdate]] = field(default_factory=dict)
    """Packets of each instrument that brought volume, in order."""
    windows: dict[str, list[Window]] = field(default_factory=dict)
    volume: Counter[str] = field(default_factory=Counter)
    orders: list[BrokerOrderRow] = field(default_factory=list)

    def take(self, raw: bytes, frame: Frame, arrival: Instant) -> None:
        self.arrival = arrival
        if self.recorder is not None:
            self.recorder.frame(raw, arrival)
        for update in frame.updates:
            self.see(update)

    def see(self, update: MarketUpdate) -> None:
        key = update.instrument
        before = self.volume[key]
        if update.volume > before:
            if update.snapshot and key in self.steps:
                self.windows.setdefault(key, []).append((before, update.volume))
            self.steps.setdefault(key, []).append(update)
            self.volume[key] = update.volume
        self.market.apply(update)

    def note(self, state: FeedState) -> None:
        if self.recorder is not None:
            event = Connected() if state.connected else Broken(state.problem)
            self.recorder.note(event, self.arrival)

    def profile(self, key: str) -> Profile:
        return dict(self.market.auction(key).profile.ticks)


@dataclass
class Lines:
    """Both sockets of one client."""

    feed: MarketFeed
    stream: PortfolioStream
    running: Sequence[asyncio.Future[None]]
    client: UpstoxClient

    @property
    def up(self) -> bool:
        return self.feed.state.connected and self.stream.state.up

    async def close(self) -> None:
        await self.feed.close()
        self.stream.close()
        await asyncio.gather(*self.running)
        self.client.close()


def lines_to(fake: Fake, day: Day, instruments: Mapping[str, Instrument], chance: random.Random) -> Lines:
    """Open both sockets at a fake for a day."""
    token = Token(fake.access_token)
    # A day in a few minutes: the budget of calls is that of a whole day.
    budget = CallBudget(monotonic=lambda: _DAY_IN_MINUTES * time.monotonic())
    client = client_of(fake.api_url, read=10.0, token=lambda: token, budget=budget)

    async def authorize() -> str:
        return await asyncio.to_thread(client.market_feed_authorize)

    decoder = PacketDecoder({key: instrument.tick for key, instrument in instruments.items()})
    feed = MarketFeed(
        authorize,
        QUICK,
        LiveClock("feed"),
        decoder,
        on_frame=day.take,
        on_state=day.note,
        chance=chance.random,
    )
    feed.subscribe(instruments)
    stream = PortfolioStream(
        client.portfolio_feed_authorize,
        QUICK,
        on_orders=day.orders.extend,
        on_state=lambda _: None,
        chance=chance.random,
    )
    running = [asyncio.ensure_future(feed.run()), asyncio.ensure_future(stream.run())]
    return Lines(feed, stream, running, client)


def market_of(instruments: Mapping[str, Instrument], header: RecordingHeader) -> Auctions:
    """Return fresh studies of a day."""
    settings = config.Settings()
    return Auctions(instruments, trading_day(header.day, settings.session), settings)


async def unbroken(fake: Fake, instruments: Mapping[str, Instrument], header: RecordingHeader) -> Day:
    """See a day to its end with nothing done to the lines."""
    day = Day(market_of(instruments, header))
    lines = lines_to(fake, day, instruments, random.Random(0))
    await until(lambda: lines.up and len(day.volume) == len(instruments), "the first states")
    await _ask(fake, "clock", speed="max")
    await _until_quiet(fake, lines)
    await lines.close()
    return day


async def broken(
    fake: Fake,
    instruments: Mapping[str, Instrument],
    header: RecordingHeader,
    path: Path,
    *,
    seconds: float,
    count: int,
    seed: int,
) -> tuple[Day, Lines]:
    """See a day of so many seconds while both lines are cut ``count`` times, somewhere in it."""
    chance = random.Random(seed)
    day = Day(market_of(instruments, header), Recorder(path, header))
    lines = lines_to(fake, day, instruments, chance)
    await until(lambda: lines.up and len(day.volume) == len(instruments), "the first states")
    cuts = sorted(chance.uniform(0.0, seconds) for _ in range(count))
    passed = 0.0
    for number, cut in enumerate(cuts, 1):
        passed += await _advance(fake, cut - passed)
        await _cut(fake, chance)
        # The market goes on while nobody listens.
        passed += await _advance(fake, min(chance.choice((0.3, 2.0, 8.0, 45.0)), seconds - passed))
        await until(lambda wanted=number + 1: _again(lines, wanted), f"connection {number + 1}")  # type: ignore[misc]
        if number % _ORDER_EVERY == 0:
            await _order(fake, day, next(iter(instruments)))
    passed += await _advance(fake, seconds + 120 - passed)
    await _until_quiet(fake, lines)
    await lines.close()
    assert day.recorder is not None
    day.recorder.close("the day is over", day.arrival)
    return day, lines


def _again(lines: Lines, wanted: int) -> bool:
    return lines.up and lines.feed.connections >= wanted and lines.stream.connections >= wanted


async def _cut(fake: Fake, chance: random.Random) -> None:
    for stream in ("market", "portfolio"):
        times = chance.randrange(3)
        if times:
            await _ask(fake, "faults", fault="refuse-connection", stream=stream, times=times)
    for stream in ("market", "portfolio"):
        await _ask(fake, "disconnect", stream=stream)


async def _order(fake: Fake, day: Day, key: str) -> None:
    """Trade from another platform: the new order line must tell it."""
    before = len(day.orders)
    terms = {
        "instrument_token": key,
        "quantity": 1,
        "product": "I",
        "order_type": "LIMIT",
        "price": 1.0,
        "transaction_type": "BUY",
    }
    await _ask(fake, "orders", **terms)
    await until(lambda: len(day.orders) > before, "an order update after a cut")


async def _advance(fake: Fake, seconds: float) -> float:
    left = max(0.0, seconds)
    while left > 0:
        step = min(left, _LONGEST_STEP)
        await _ask(fake, "clock", advance_seconds=step)
        left -= step
    return max(0.0, seconds)


async def _until_quiet(fake: Fake, lines: Lines) -> None:
    """Return once the tape has ended and everything sent has come."""
    began = time.monotonic()
    while not (await asyncio.to_thread(fake.control, "GET", "state"))["tape_ended"]:
        if time.monotonic() - began > 600:
            raise TimeoutError("expected the tape to end in ten minutes, got none")
        await asyncio.sleep(0.1)
    seen = -1
    while seen != lines.feed.counts.frames:
        seen = lines.feed.counts.frames
        await asyncio.sleep(0.3)


async def _ask(fake: Fake, path: str, **body: Json) -> Json:
    return await asyncio.to_thread(fake.control, "POST", path, body)


def expected_profile(day: Day, key: str, windows: Sequence[Window], tick: int) -> tuple[Profile, int]:
    """Return what an unbroken day placed outside some windows of its volume, and what lies inside of them."""
    placed = Counter(day.profile(key))
    hidden = 0
    auction = day.market.auction(key)
    before = None
    for update in day.steps[key]:
        if before is not None and any(first < update.volume <= last for first, last in windows):
            step = update.volume - before
            hidden += step
            if auction.session_open <= update.trade_time < auction.session_close:
                placed[update.last // tick] -= step
        before = update.volume
    return {price: volume for price, volume in placed.items() if volume}, hidden


def differences(
    whole: Day, cut: Day, instruments: Mapping[str, Instrument], recording: Path
) -> tuple[list[str], int, int]:
    """Return how a broken day differs from the whole one outside its marked gaps, and unseen and whole volume."""
    found: list[str] = []
    unseen = total = 0
    replayed = Auctions(instruments, cut.market.day, cut.market.settings)
    feed = open_frame_recordings([recording], instruments=instruments)
    for update in iter(feed.read, None):
        if isinstance(update, MarketUpdate):
            replayed.apply(update)
    for key, instrument in instruments.items():
        windows = cut.windows.get(key, [])
        wanted, hidden = expected_profile(whole, key, windows, instrument.tick)
        marked = cut.market.continuity(key).unseen_volume
        unseen, total = unseen + hidden, total + whole.market.continuity(key).volume
        if cut.profile(key) != wanted:
            found.append(f"{key}: the profile differs outside the gaps")
        if marked != hidden:
            found.append(f"{key}: {hidden} units were hidden by gaps, {marked} are marked")
        if whole.volume[key] != cut.volume[key]:
            found.append(f"{key}: expected a day volume of {whole.volume[key]}, got {cut.volume[key]}")
        if dict(replayed.auction(key).profile.ticks) != cut.profile(key):
            found.append(f"{key}: the recording replays to another profile")
    return found, unseen, total


async def campaign(files: Sequence[Path], folder: Path, count: int, seed: int) -> int:
    """Play a day twice and compare."""
    opened = open_market_day(FakeSettings(recordings=tuple(files)))
    items = list(opened.tape)
    keys = list(dict.fromkeys(item.key for item in items))
    instruments = instruments_of(opened, keys)
    header = RecordingHeader(opened.day, "feed", opened.first, tuple(instruments.values()))
    seconds = (items[-1].at - opened.first) / 1_000_000
    began = time.monotonic()
    played = ("--recording", *map(str, files), "--speed", "0")
    with fake_apart(*played) as fake:
        whole = await unbroken(fake, instruments, header)
    with fake_apart(*played) as fake:
        path = folder / "day.frames"
        cut, lines = await broken(fake, instruments, header, path, seconds=seconds, count=count, seed=seed)
    found, unseen, total = differences(whole, cut, instruments, path)
    gaps = sum(map(len, cut.windows.values()))
    share = 100 * unseen / max(1, total)
    say(
        f"{len(keys)} instruments, {len(items):,} packets, {seconds * 1e6 / MINUTE:.0f} minutes; seed {seed}",
        f"  {count} cuts of both lines; connections: market {lines.feed.connections}, "
        f"orders {lines.stream.connections}",
        f"  {gaps} gaps with volume in them: {unseen:,} of {total:,} units ({share:.1f} %) marked as unseen",
        f"  {len(cut.orders)} order updates; {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}",
        *found,
    )
    return len(found)


def main() -> int:
    """Run what the command line asks for."""
    small = os.environ.get("SCALE") == "small"
    parser = argparse.ArgumentParser(prog="python -m tests.feeds.upstox.disconnects")
    parser.add_argument("--count", type=int, default=20 if small else 200)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        differing = asyncio.run(campaign(recorded_day(folder), folder, wanted.count, wanted.seed))
    say("equal outside the marked gaps" if not differing else "NOT EQUAL")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
