"""The feed under load, through real sockets: ``python -m tests.feeds.upstox.load``.

First a whole day of 50 instruments, as fast as both sides can, decoded and recorded: nothing may be lost, and memory
must not grow with what passes through. Then a burst of 5,000 updates a second, given to the studies as well.
``SCALE=small`` plays twenty minutes and two seconds. Ends with 1 when anything was lost or memory grew.
"""

import asyncio
import math
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import config
from engine.auction.state.auctions import Auctions
from engine.feeds.recordings.frames_format import RecordingHeader
from engine.feeds.recordings.recorder import Recorder
from engine.feeds.upstox.clock import LiveClock
from engine.feeds.upstox.market_feed import FeedState, MarketFeed
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import Frame
from engine.market.clock import MINUTE, Instant
from engine.market.instrument import Instrument
from engine.market.session import trading_day
from engine.upstox.rest.token import Token
from tests.fake_upstox import FakeSettings
from tests.fake_upstox.market_day import MarketDay, open_market_day
from tests.feeds.upstox.apart import FakeApart, fake_apart, instruments_of, recorded_day, resident_bytes, say
from tests.upstox.sockets import until
from tests.upstox.stand import client_of

_LOOK = 0.005
"""Seconds between two looks at how late the loop comes."""
_SILENCE = 20.0
"""Seconds without any update after which what has not come is lost."""
_FLAT_BYTES = 12 << 20
"""Growth from the middle of the day to its end that the prices seen, kept for their look-up, account for."""


@dataclass
class Consumer:
    """What the engine does with each frame, and what it came to."""

    market: Auctions | None
    recorder: Recorder
    live: Counter[str] = field(default_factory=Counter)
    first_volume: dict[str, int] = field(default_factory=dict)
    volume: dict[str, int] = field(default_factory=dict)

    def take(self, raw: bytes, frame: Frame, arrival: Instant) -> None:
        self.recorder.frame(raw, arrival)
        for update in frame.updates:
            key = update.instrument
            if self.market is not None:
                self.market.apply(update)
            self.volume[key] = max(update.volume, self.volume.get(key, 0))
            if frame.kind == "live_feed":
                self.live[key] += 1
            else:
                self.first_volume.setdefault(key, update.volume)


class Lag:
    """Looks every few milliseconds how late the loop comes."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._task = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + _LOOK
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            now = loop.time()
            self.late.append(now - due)
            due = now + _LOOK

    def stop(self) -> None:
        self._task.cancel()

    def said(self) -> str:
        ranked = sorted(self.late)
        p99 = ranked[math.ceil(len(ranked) * 0.99) - 1]
        return f"loop late p99 {1_000 * p99:.1f} ms, most {1_000 * ranked[-1]:.1f} ms"


@contextmanager
def consumer_of(
    day: MarketDay, instruments: dict[str, Instrument], path: Path, *, studied: bool
) -> Iterator[Consumer]:
    """Return a recorder of a day, and its studies if wanted; the recorder is closed at the end."""
    settings = config.Settings()
    header = RecordingHeader(day.day, "feed", day.first, tuple(instruments.values()))
    recorder = Recorder(path, header)
    try:
        market = Auctions(instruments, trading_day(day.day, settings.session), settings) if studied else None
        yield Consumer(market, recorder)
    finally:
        recorder.close("the load ended", day.first)


def feed_of(fake: FakeApart, consumer: Consumer, instruments: dict[str, Instrument]) -> MarketFeed:
    """Return a feed at a fake, subscribed to everything."""
    token = Token(fake.access_token)
    client = client_of(fake.api_url, read=10.0, token=lambda: token)

    async def authorize() -> str:
        return await asyncio.to_thread(client.market_feed_authorize)

    feed = MarketFeed(
        authorize,
        config.FeedSettings(),
        LiveClock("feed"),
        PacketDecoder({key: instrument.tick for key, instrument in instruments.items()}),
        on_frame=consumer.take,
        on_state=_told,
    )
    feed.subscribe(instruments)
    return feed


def _told(state: FeedState) -> None:
    if state.problem not in ("", "closed"):
        say(f"  lost the connection: {state.problem}")


async def play_day(folder: Path, files: Sequence[Path], count: int, minutes: int) -> bool:
    """Play a day as fast as both sides can; say what came and whether all of it did."""
    day = open_market_day(FakeSettings(recordings=tuple(files), instruments=count))
    ends, last = day.first + minutes * MINUTE, day.first
    expected: Counter[str] = Counter()
    for item in takewhile(lambda item: item.at < ends, day.tape):
        expected[item.key] += 1
        last = item.at
    instruments = instruments_of(day, list(expected))
    played = ("--recording", *map(str, files), "--instruments", str(count), "--speed", "0")
    with (
        fake_apart(*played) as fake,
        consumer_of(day, instruments, folder / "day.frames", studied=False) as consumer,
    ):
        feed = feed_of(fake, consumer, instruments)
        running = asyncio.ensure_future(feed.run())
        await until(lambda: len(consumer.first_volume) == count, "the first states")
        lag, began, started_with = Lag(), time.monotonic(), resident_bytes()
        memory = [started_with]
        await asyncio.to_thread(fake.control, "POST", "clock", {"speed": "max"})
        while not all(consumer.live[key] >= wanted for key, wanted in expected.items()):
            await asyncio.sleep(0.25)
            memory.append(resident_bytes())
            if feed.silence > _SILENCE:
                break
        seconds = time.monotonic() - began
        lag.stop()
        await feed.close()
        await running
        consumer.recorder.flush()
        size = consumer.recorder.figures.bytes_out
    lost = sum(max(0, wanted - consumer.live[key]) for key, wanted in expected.items())
    total, counts = sum(expected.values()), feed.counts
    middle = memory[len(memory) // 2]
    growth = memory[-1] - middle
    refused = sum(feed._decoder.rejected.values())
    say(
        f"{count} instruments, {(last - day.first) / MINUTE:.0f} minutes in {seconds:.0f} s: {total:,} packets sent, "
        f"{lost} lost, "
        f"{refused} refused, {counts.broken} broken frames, {feed.connections} connection(s)",
        f"  {counts.updates / seconds:,.0f} updates/s in {counts.frames:,} frames; {lag.said()}",
        f"  memory {started_with >> 20} MB at the start, {middle >> 20} MB in the middle, {memory[-1] >> 20} MB at the "
        f"end; recording {size / 1e6:.1f} MB",
    )
    return not lost and not counts.broken and feed.connections == 1 and growth < _FLAT_BYTES


async def burst(folder: Path, files: Sequence[Path], count: int, rate: int, seconds: int) -> bool:
    """Send a burst; say what came, how late, and whether all of it did."""
    day = open_market_day(FakeSettings(recordings=tuple(files), instruments=count))
    keys = list(
        {item.key: None for item in takewhile(lambda item: item.at < day.first + 5 * MINUTE, day.tape)}
    )
    instruments = instruments_of(day, keys)
    played = ("--recording", *map(str, files), "--instruments", str(count), "--speed", "0")
    with (
        fake_apart(*played) as fake,
        consumer_of(day, instruments, folder / "burst.frames", studied=True) as consumer,
    ):
        feed = feed_of(fake, consumer, instruments)
        running = asyncio.ensure_future(feed.run())
        await until(lambda: len(consumer.first_volume) == len(keys), "the first states")
        await asyncio.to_thread(fake.control, "POST", "clock", {"advance_seconds": 1})
        await asyncio.to_thread(fake.control, "POST", "clock", {"speed": 1})
        await asyncio.sleep(0.5)
        before = Counter(consumer.live)
        lag, memory = Lag(), [resident_bytes()]
        await asyncio.to_thread(fake.control, "POST", "burst", {"rate": rate, "seconds": seconds})
        began = time.monotonic()
        while (consumer.live - before).total() < rate * seconds:
            await asyncio.sleep(0.25)
            memory.append(resident_bytes())
            if time.monotonic() - began > 3 * seconds + _SILENCE:
                break
        spent = time.monotonic() - began
        lag.stop()
        await feed.close()
        await running
    came = (consumer.live - before).total()
    delays = [feed.delay.quantile(share) or 0 for share in (0.5, 0.99)]
    say(
        f"burst of {rate:,} updates/s for {seconds} s: {came:,} came of at least {rate * seconds:,} in {spent:.1f} s",
        f"  delay p50 {delays[0] / 1_000:.0f} ms, p99 {delays[1] / 1_000:.0f} ms; {lag.said()}",
        f"  memory {memory[0] >> 20} MB before, {max(memory) >> 20} MB most, {memory[-1] >> 20} MB after",
    )
    return came >= rate * seconds and feed.connections == 1 and not feed.counts.broken


def main() -> int:
    """Run both, or a quick look at both."""
    small = os.environ.get("SCALE") == "small"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = recorded_day(folder)
        good = asyncio.run(play_day(folder, files, 50, 20 if small else 24 * 60))
        good &= asyncio.run(burst(folder, files, 50, 5_000, 2 if small else 10))
    say("nothing lost" if good else "NOT GOOD")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
