"""A small share of the campaign, always the same; and proof that the campaign would notice."""

from pathlib import Path
from random import Random

import pytest

from engine.brokers.upstox import portfolio_stream
from engine.feeds.recordings.frames_feed import open_frame_recordings
from engine.feeds.recordings.recorder import Recorder
from engine.feeds.upstox.market_feed import MarketFeed
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import updates_from_frame
from engine.feeds.wire.quirks import DecodeError
from engine.market.update import MarketUpdate
from tests.feeds.frames import INSTRUMENTS, frames_by_second, header
from tests.fuzz import files
from tests.fuzz.bodies import broker_bodies
from tests.fuzz.files import fuzz_files
from tests.fuzz.tally import Tally
from tests.fuzz.targets import frame_mutant, fuzz_answers, fuzz_frames, fuzz_orders
from tests.recordings import EQ_A, made_packets


def well(tally: Tally, count: int) -> None:
    assert tally.crashes == []
    assert tally.all_counted
    assert tally.count == count
    assert tally.accepted > count // 20
    assert tally.rejected.total() > count // 20


def test_damaged_frames_are_each_read_or_counted() -> None:
    tally = fuzz_frames(900_001, 2_500, {})
    well(tally, 2_500)
    assert {"broken", "empty", "text"} <= tally.rejected.keys()
    assert sum(name.startswith("packet ") for name in tally.inside) >= 6


def test_damaged_order_updates_are_each_read_or_counted() -> None:
    well(fuzz_orders(900_002, 4_000, {}), 4_000)


def test_damaged_answers_give_a_value_or_say_why_not(tmp_path: Path) -> None:
    well(fuzz_answers(900_003, 1_500, broker_bodies(tmp_path)), 1_500)


def test_damaged_files_are_read_or_refused_by_name() -> None:
    tally = fuzz_files(900_005, 250, {})
    well(tally, 250)
    assert len(tally.rejected) == len(files.DOORS)


def test_a_file_that_crashes_or_takes_too_much_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "REFUSALS", (ZeroDivisionError,))
    assert fuzz_files(1, 50, {}).crashed > 10
    monkeypatch.undo()
    monkeypatch.setattr(files, "MOST_SECONDS", 0.0)
    greedy = fuzz_files(1, 20, {})
    assert greedy.crashed == 20
    assert "for one file" in greedy.crashes[0]


def test_damaged_frames_replay_as_they_were_read(tmp_path: Path) -> None:
    chance = Random(900_004)
    decoder = PacketDecoder({key: instrument.tick for key, instrument in INSTRUMENTS.items()})
    recorder = Recorder(tmp_path / "day.frames", header())
    live: list[MarketUpdate] = []
    arrival = frames_by_second(made_packets(EQ_A, count=1))[0][0]
    for number in range(1_500):
        raw = frame_mutant(chance)
        if isinstance(raw, str) or not raw:
            continue
        arrival += number
        recorder.frame(raw, arrival)
        try:
            live += updates_from_frame(raw, arrival, decoder).updates
        except DecodeError:
            continue
    recorder.close("enough", arrival)
    feed = open_frame_recordings([tmp_path / "day.frames"])
    assert list(iter(feed.read, None)) == live
    assert (feed.rejected, feed.reasons, feed.quirks) == (decoder.rejected, decoder.reasons, decoder.quirks)


def test_a_seed_is_the_same_mutants_again() -> None:
    assert fuzz_orders(7, 500, {}) == fuzz_orders(7, 500, {})
    assert fuzz_frames(7, 300, {}) == fuzz_frames(7, 300, {})


def test_a_crash_and_a_mutant_that_nobody_counts_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portfolio_stream, "text", lambda row, name: row[name].strip())
    careless = fuzz_orders(1, 300, {})
    assert careless.crashed > 10
    assert not careless.good
    assert any("orders seed 1 mutant" in text and "KeyError" in text for text in careless.crashes)
    take = MarketFeed.take

    async def forgetful(feed: MarketFeed, message: str | bytes) -> None:
        if isinstance(message, bytes):
            await take(feed, message)

    monkeypatch.setattr(MarketFeed, "take", forgetful)
    lossy = fuzz_frames(1, 1_000, {})
    assert lossy.crashed > 0
    assert not lossy.good
