"""What a day of 50 instruments takes on the disk: ``python -m tests.feeds.recording_size``.

The recorded sessions, at their real pace, stand for 50 instruments: each copy has prices, quantities and times of its
own, so that no copy can be told in terms of another. Every packet is a frame of its own, the dearest way to be sent,
and the recording is flushed every second of the market. ``SCALE=small`` takes an hour. Ends with 1 above the budget.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from pathlib import Path

import msgspec

from engine.feeds.recordings.frames_feed import survey_frames
from engine.feeds.recordings.frames_format import Connected, RecordingHeader
from engine.feeds.recordings.json_file import Unreadable, packets
from engine.feeds.recordings.recorder import Recorder
from engine.feeds.wire.frames import feed_messages
from engine.feeds.wire.packet import (
    ArrivalClock,
    FullFeed,
    MarketCandles,
    MarketLevel,
    RecordedPacket,
    TradableFeed,
)
from engine.market.clock import MILLISECOND, MINUTE, SECOND, Instant
from tests.fake_upstox import FakeSettings
from tests.fake_upstox.market_day import open_market_day
from tests.fake_upstox.wire import FeedEncoder, feed_frame
from tests.feeds.upstox.apart import instruments_of, recorded_day, say

INSTRUMENTS = 50
BUDGET = 60e6
_SESSION = 375 * MINUTE
"""From the open to the close; recordings that begin late are taken for so much longer."""


@dataclass(frozen=True)
class Likeness:
    """One instrument that trades like a recorded one, at other prices and quantities, a while apart."""

    key: str
    source: Path
    factor: float
    lot: float
    tick: float
    behind: Instant

    def of(self, feed: TradableFeed, shift: Instant) -> TradableFeed:
        """Return a packet's content as this instrument's own."""
        milliseconds = shift // MILLISECOND
        ltpc = msgspec.structs.replace(
            feed.ltpc,
            ltp=self._price(feed.ltpc.ltp),
            cp=self._price(feed.ltpc.cp),
            ltt=feed.ltpc.ltt + milliseconds,
            ltq=self._size(feed.ltpc.ltq),
        )
        levels = tuple(
            msgspec.structs.replace(
                level,
                bidP=self._price(level.bidP),
                askP=self._price(level.askP),
                bidQ=self._size(level.bidQ),
                askQ=self._size(level.askQ),
            )
            for level in feed.marketLevel.bidAskQuote
        )
        candles = tuple(
            msgspec.structs.replace(
                candle,
                open=self._price(candle.open),
                high=self._price(candle.high),
                low=self._price(candle.low),
                close=self._price(candle.close),
                vol=self._size(candle.vol),
                ts=candle.ts + (milliseconds // 60_000 * 60_000 if candle.interval == "I1" else 0),
            )
            for candle in feed.marketOHLC.ohlc
        )
        return msgspec.structs.replace(
            feed,
            ltpc=ltpc,
            marketLevel=MarketLevel(levels),
            marketOHLC=MarketCandles(candles),
            atp=self._price(feed.atp),
            vtt=self._size(feed.vtt),
            tbq=float(self._size(int(feed.tbq))),
            tsq=float(self._size(int(feed.tsq))),
        )

    def _price(self, rupees: float) -> float:
        return round(round(rupees * self.factor / self.tick) * self.tick, 2)

    def _size(self, units: int) -> int:
        return round(units * self.lot)


def likenesses(files: Sequence[Path], count: int) -> list[Likeness]:
    """Return so many instruments over the recorded ones."""
    chance = random.Random(50)
    found = []
    for number in range(count):
        source = files[number % len(files)]
        derivative = "NSE_FO" in source.name
        found.append(
            Likeness(
                f"NSE_FO|{60_001 + number}" if derivative else f"NSE_EQ|INE9{number:03d}A01010",
                source,
                chance.uniform(0.4, 2.5),
                chance.uniform(0.3, 4.0),
                0.05 if derivative else 0.1,
                number // len(files) * 11 * MINUTE + chance.randrange(5 * MINUTE),
            )
        )
    return found


def packets_of(
    one: Likeness, begins: Instant, span: Instant
) -> Iterator[tuple[Instant, str, RecordedPacket]]:
    """Yield the packets of one instrument in order of arrival; what would come after the end comes first."""
    clock = ArrivalClock()
    early: list[tuple[Instant, str, RecordedPacket]] = []
    late: list[tuple[Instant, str, RecordedPacket]] = []
    for packet in packets(one.source):
        if isinstance(packet, Unreadable) or packet.fullFeed is None or packet.fullFeed.marketFF is None:
            continue
        arrival = clock.read(packet.insertion_time)
        at = arrival + one.behind
        wrapped = at >= begins + span
        at -= span if wrapped else 0
        content = FullFeed(marketFF=one.of(packet.fullFeed.marketFF, at - arrival))
        row = (at, one.key, msgspec.structs.replace(packet, fullFeed=content, instrumentKey=one.key))
        (early if wrapped else late).append(row)
    yield from sorted((*early, *late), key=lambda row: row[0])


def measure(files: Sequence[Path], folder: Path, minutes: int | None) -> float:
    """Record a day, or its first minutes; say what it took and return the bytes a whole session would take."""
    day = open_market_day(FakeSettings(recordings=tuple(files)))
    arrivals = [(item.at, item.key) for item in day.tape]
    begins, span = day.first - 6 * SECOND, arrivals[-1][0] - day.first + SECOND
    ends = begins + (span if minutes is None else minutes * MINUTE)
    path = folder / "size.frames"
    header = RecordingHeader(day.day, "wall", begins, tuple(instruments_of(day, day.moving).values()))
    recorder = Recorder(path, header, flush_seconds=3_600)
    recorder.note(Connected(), begins)
    flushed, count, spent = begins, 0, 0.0
    encoder, messages = FeedEncoder(), feed_messages()
    streams = [packets_of(one, begins, span) for one in likenesses(files, INSTRUMENTS)]
    for at, key, packet in merge(*streams, key=lambda row: row[0]):
        if at >= ends:
            break
        sent = feed_frame("live_feed", {key: encoder.feed(packet, "full")}, at)
        # In the order of its fields, as the broker's own encoder writes them.
        raw = bytes(messages.FeedResponse.FromString(sent).SerializeToString())
        began = time.perf_counter()
        recorder.frame(raw, at)
        if at - flushed >= SECOND:
            recorder.flush()
            flushed = at
        spent += time.perf_counter() - began
        count += 1
    recorder.close("measured", ends)
    figures, size = recorder.figures, path.stat().st_size
    whole = size * _SESSION / (ends - begins)
    kept = survey_frames(path).frames
    say(
        f"{INSTRUMENTS} instruments, {count:,} frames in {(ends - begins) / MINUTE:.0f} minutes: "
        f"{figures.bytes_in / 1e6:,.0f} MB became {size / 1e6:.1f} MB, {size / max(1, count):.0f} bytes a frame",
        f"  a session of {_SESSION // MINUTE} minutes: {whole / 1e6:.1f} MB (budget {BUDGET / 1e6:.0f}); "
        f"{kept:,} frames read back; recording took {1e6 * spent / max(1, count):.1f} µs a frame",
    )
    return whole if kept == count and not figures.lost else float("inf")


def main() -> int:
    """Measure."""
    small = os.environ.get("SCALE") == "small"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = measure(recorded_day(folder), folder, 60 if small else None)
    say("within the budget" if size <= BUDGET else "ABOVE THE BUDGET")
    return 0 if size <= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
