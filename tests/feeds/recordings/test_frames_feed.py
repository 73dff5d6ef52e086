import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

import config
from engine.feeds.feed import PulledFeed
from engine.feeds.recordings.frames_feed import RecordedFrames, open_frame_recordings
from engine.feeds.recordings.frames_format import (
    Backfilled,
    Banded,
    Broken,
    Connected,
    InstrumentsAdded,
    ListsTaken,
    RecordingHeader,
    SessionEvent,
    event_of,
)
from engine.feeds.recordings.json_feed import open_recordings
from engine.feeds.recordings.json_file import RecordingError
from engine.feeds.recordings.recorder import Recorder
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import updates_from_frame
from engine.feeds.wire.quirks import DecodeError, Quirk, Reason
from engine.host.headless import replay
from engine.instruments.eligibility import NOT_LISTED, Barred
from engine.market.circuits import Circuits
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.seed import InstrumentSeed, MissedMinutes
from engine.market.update import Bar, MarketUpdate
from engine.runtime.plan import MarketChoice, RunMode, open_feed
from tests.feeds.frames import INITIAL, INSTRUMENTS, frame_of, frames_by_second, header, market_info_of
from tests.recordings import (
    DAY,
    EQ_A,
    OPT_A,
    made_packets,
    recorded_packet,
    scripted_packets,
    write_recording,
)

Step = tuple[Instant, bytes | SessionEvent]
MADE = frames_by_second(
    made_packets(EQ_A, seed=3, count=300),
    made_packets(OPT_A, seed=4, count=300, lot=35, tick=0.05, price=500),
)
TEN = MADE[0][0]


def record(path: Path, steps: Iterable[Step], first: RecordingHeader | None = None) -> Path:
    recorder = Recorder(path, first or header())
    last: Instant = 0
    for arrival, item in steps:
        last = arrival
        if isinstance(item, bytes):
            recorder.frame(item, arrival)
        else:
            recorder.note(item, arrival)
    recorder.close("session over", last)
    assert recorder.failure is None
    return path


def drain(feed: PulledFeed) -> list[MarketUpdate]:
    updates = []
    while (update := feed.read()) is not None:
        if isinstance(update, MarketUpdate):
            updates.append(update)
    return updates


def live(steps: Iterable[Step]) -> tuple[list[MarketUpdate], PacketDecoder]:
    """Return what an engine that received the frames would have seen."""
    decoder = PacketDecoder({key: instrument.tick for key, instrument in INSTRUMENTS.items()})
    seen: list[MarketUpdate] = []
    for arrival, item in steps:
        if isinstance(item, Connected):
            decoder.break_off()
        if isinstance(item, bytes):
            try:
                seen += updates_from_frame(item, arrival, decoder).updates
            except DecodeError:
                continue
    return seen, decoder


def test_a_recording_plays_the_updates_that_the_live_feed_gave(tmp_path: Path) -> None:
    steps: list[Step] = [
        (TEN - SECOND, Connected()),
        (TEN - SECOND, market_info_of({"NSE_EQ": 2}, TEN)),
        *MADE,
    ]
    steps[40:40] = [(steps[39][0], b"\xff\xff"), (steps[39][0], b"")]
    steps[90:90] = [(steps[89][0], Broken("reset")), (steps[89][0], Connected())]
    feed = open_frame_recordings([record(tmp_path / "day.frames", steps)])
    expected, decoder = live(steps)
    assert drain(feed) == expected
    assert sum(update.snapshot for update in expected) == 2
    assert (feed.rejected, feed.reasons, feed.quirks) == (decoder.rejected, decoder.reasons, decoder.quirks)
    assert feed.reasons == {Reason.BROKEN_FRAME: 1}
    assert feed.quirks[Quirk.EMPTY_FRAME] == 1
    assert (feed.day, feed.truncated, feed.last_arrival) == (DAY, (), MADE[-1][0])
    assert feed.read() is None


def test_instruments_prior_and_seeds_are_the_ones_the_session_had(tmp_path: Path) -> None:
    seed = InstrumentSeed(
        EQ_A,
        TEN,
        "CANDLES",
        {106_900: 40, 107_000: 2},
        (Bar(TEN, 1, 3, 1, 2, 42),),
        Bar(TEN, 1, 3, 1, 2, 42),
        42,
        9,
        1,
    )
    first = RecordingHeader(
        DAY, "feed", TEN - MINUTE, (INSTRUMENTS[EQ_A],), run="r1", seeds=(seed,), settings="ab12"
    )
    added = (TEN, InstrumentsAdded((INSTRUMENTS[OPT_A],)))
    feed = open_frame_recordings([record(tmp_path / "a.frames", [added, *MADE], first)])
    assert (feed.seeds, feed.begins) == ((seed,), TEN - MINUTE)
    assert list(feed.instruments.items()) == list(INSTRUMENTS.items())
    assert feed.files[0].header == first


def test_backfilled_minutes_come_out_where_they_came_in(tmp_path: Path) -> None:
    arrival = MADE[9][0]
    late = MissedMinutes(EQ_A, arrival, (Bar(TEN - MINUTE, 100, 110, 90, 105, 5_000),))
    steps: list[Step] = [*MADE[:10], (arrival, Backfilled(late)), *MADE[10:20]]
    feed = open_frame_recordings([record(tmp_path / "a.frames", steps)])
    before = len(live(MADE[:10])[0])
    assert all(isinstance(feed.read(), MarketUpdate) for _ in range(before))
    assert feed.read() == late
    assert isinstance(feed.read(), MarketUpdate)


def test_the_past_of_an_added_instrument_comes_out_where_it_came_in(tmp_path: Path) -> None:
    arrival = MADE[9][0]
    bar = Bar(TEN - MINUTE, 100, 110, 90, 105, 42)
    seed = InstrumentSeed(OPT_A, TEN, "CANDLES", {100: 42}, (bar,), bar, 42, 9, 1, arrival=arrival)
    steps: list[Step] = [
        *MADE[:10],
        (arrival, InstrumentsAdded((INSTRUMENTS[OPT_A],), seeds=(seed,))),
        *MADE[10:20],
    ]
    feed = open_frame_recordings([record(tmp_path / "a.frames", steps)])
    before = len(live(MADE[:10])[0])
    assert feed.seeds == ()
    assert all(isinstance(feed.read(), MarketUpdate) for _ in range(before))
    assert feed.read() == seed
    assert isinstance(feed.read(), MarketUpdate)


def test_what_the_days_lists_bar_comes_out_where_it_came_in(tmp_path: Path) -> None:
    arrival = MADE[9][0]
    barred = Barred(arrival, {OPT_A: NOT_LISTED})
    steps: list[Step] = [*MADE[:10], (arrival, ListsTaken(barred)), *MADE[10:20]]
    feed = open_frame_recordings([record(tmp_path / "a.frames", steps)])
    before = len(live(MADE[:10])[0])
    assert all(isinstance(feed.read(), MarketUpdate) for _ in range(before))
    assert feed.read() == barred
    assert isinstance(feed.read(), MarketUpdate)


def test_circuit_limits_come_out_where_they_came_in(tmp_path: Path) -> None:
    arrival = MADE[9][0]
    circuits = Circuits(arrival, {OPT_A: (5, 90_000)})
    steps: list[Step] = [*MADE[:10], (arrival, Banded(circuits)), *MADE[10:20]]
    feed = open_frame_recordings([record(tmp_path / "a.frames", steps)])
    before = len(live(MADE[:10])[0])
    assert all(isinstance(feed.read(), MarketUpdate) for _ in range(before))
    assert feed.read() == circuits
    assert isinstance(feed.read(), MarketUpdate)


def test_an_added_instrument_of_an_older_recording_has_no_past() -> None:
    new = InstrumentsAdded((INSTRUMENTS[OPT_A],))
    written: dict[str, Any] = json.loads(msgspec.json.encode(new))
    del written["seeds"]
    assert event_of(json.dumps(written).encode()) == new


def test_a_seed_of_an_older_recording_is_of_the_sessions_beginning() -> None:
    bar = Bar(TEN, 1, 3, 1, 2, 42)
    seed = InstrumentSeed(EQ_A, TEN, "CANDLES", {1: 42}, (bar,), bar, 42, 9, 1)
    written: dict[str, Any] = json.loads(msgspec.json.encode(seed))
    del written["arrival"]
    assert msgspec.json.decode(json.dumps(written), type=InstrumentSeed) == seed


def test_the_files_of_one_day_play_as_one_and_each_life_decodes_for_itself(tmp_path: Path) -> None:
    first, second = MADE[:100], MADE[100:]
    snapshot = [
        (second[0][0], frame_of([recorded_packet(EQ_A, arrival=second[0][0])], second[0][0], INITIAL))
    ]
    later = replace_begins(second[0][0])
    paths = [record(tmp_path / "b.frames", [*snapshot, *second], later), record(tmp_path / "a.frames", first)]
    feed = open_frame_recordings(paths)
    assert drain(feed) == live(first)[0] + live([*snapshot, *second])[0]
    assert [file.name for file in feed.files] == ["a.frames", "b.frames"]
    assert feed.identity == open_frame_recordings(paths[::-1]).identity


def replace_begins(begins: Instant) -> RecordingHeader:
    return RecordingHeader(DAY, "wall", begins, tuple(INSTRUMENTS.values()))


def test_two_engines_recordings_of_the_same_hours_merge_by_arrival(tmp_path: Path) -> None:
    stock = frames_by_second(made_packets(EQ_A, seed=3, count=200))
    option = frames_by_second(made_packets(OPT_A, seed=4, count=200, lot=35, tick=0.05, price=500))
    feed = open_frame_recordings(
        [record(tmp_path / "a.frames", stock), record(tmp_path / "b.frames", option)]
    )
    updates = drain(feed)
    assert [update.arrival for update in updates] == sorted(update.arrival for update in updates)
    assert sorted(updates, key=lambda update: update.instrument) == live(stock)[0] + live(option)[0]


def test_recordings_of_different_days_the_same_twice_and_empty_ones_are_refused(tmp_path: Path) -> None:
    one = record(tmp_path / "a.frames", MADE[:3])
    copy = tmp_path / "copy.frames"
    copy.write_bytes(one.read_bytes())
    other = record(tmp_path / "b.frames", MADE[:4], header(day=date(2025, 12, 16)))
    empty = record(tmp_path / "c.frames", [])
    with pytest.raises(RecordingError, match="same content"):
        open_frame_recordings([one, copy])
    with pytest.raises(RecordingError, match=r"one day.*2025-12-15.*2025-12-16"):
        open_frame_recordings([one, other])
    with pytest.raises(RecordingError, match="at least one frame"):
        open_frame_recordings([empty])
    with pytest.raises(RecordingError, match="at least one recording"):
        open_frame_recordings([])


def test_the_masters_instruments_win_over_the_recorded_ones(tmp_path: Path) -> None:
    path = record(tmp_path / "a.frames", MADE[:20])
    finer = replace(INSTRUMENTS[EQ_A], tick=5)
    feed = open_frame_recordings([path], instruments={EQ_A: finer})
    assert feed.instruments[EQ_A] == finer
    assert feed.identity != open_frame_recordings([path]).identity


def test_a_replay_opens_either_kind_by_its_content(tmp_path: Path) -> None:
    frames = record(tmp_path / "whatever.gz", MADE[:20])
    plain = write_recording(tmp_path / "day.frames", made_packets(EQ_A, count=20))
    for path, kind in ((frames, RecordedFrames), (plain, type(open_recordings([plain])))):
        assert isinstance(
            open_feed(MarketChoice(RunMode.REPLAY, (str(path),)), config.SimulatorSettings()), kind
        )
    with pytest.raises(RecordingError, match="of our own"):
        open_feed(MarketChoice(RunMode.REPLAY, (str(frames), str(plain))), config.SimulatorSettings())


def test_a_day_of_frames_decides_exactly_as_the_same_packets_in_json(tmp_path: Path) -> None:
    packets = scripted_packets(EQ_A, step=4 * SECOND)
    plain = write_recording(tmp_path / "day.json.gz", packets)
    arrivals = [update.arrival for update in drain(open_recordings([plain]))]
    instruments = open_recordings([plain]).instruments.values()
    steps: list[Step] = [
        (arrival, frame_of([packet], arrival)) for arrival, packet in zip(arrivals, packets, strict=True)
    ]
    frames = record(tmp_path / "day.frames", steps, header(instruments))
    reports: list[dict[str, Any]] = []
    for path in (plain, frames):
        report: Any = replay(MarketChoice(RunMode.REPLAY, (str(path),)), config.Settings(), None)
        del report["engine"]
        # A tag may name the files it came of; what it stands for may not differ.
        reports.append(json.loads(re.sub(r"251215\w*-0", "251215-0", json.dumps(report))))
    assert reports[0]["signals"]
    assert reports[0]["orders"]
    assert reports[0] == reports[1]
