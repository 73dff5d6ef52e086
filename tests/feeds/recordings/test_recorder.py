import os
import signal
import subprocess
import sys
import textwrap
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.feeds.recordings.frame_records import frames_of, records_of
from engine.feeds.recordings.frames_feed import open_frame_recordings, survey_frames
from engine.feeds.recordings.frames_format import (
    EVENT,
    FRAME,
    MAGIC,
    Broken,
    Connected,
    RecordingEnded,
    RecordingHeader,
    RecordReader,
    RecordWriter,
    event_of,
    header_of,
)
from engine.feeds.recordings.json_file import RecordingError
from engine.feeds.recordings.recorder import Recorder
from engine.market.clock import SECOND, Instant, instant_at
from tests.feeds.frames import header
from tests.recordings import OPT_A

DAY = date(2025, 12, 15)
TEN: Instant = instant_at(DAY, time(10, 0))


def recorded(path: Path, frames: list[tuple[Instant, bytes]], *, close: bool = True) -> Recorder:
    recorder = Recorder(path, header())
    for arrival, raw in frames:
        recorder.frame(raw, arrival)
    if close:
        recorder.close("session over", TEN)
    return recorder


instants = st.integers(-(2**40), 2**40).map(lambda step: TEN + step)


@given(st.lists(st.tuples(instants, st.binary(max_size=60)), max_size=30), st.data())
def test_records_come_back_as_they_went_whatever_pieces_they_are_read_in(
    frames: list[tuple[Instant, bytes]], data: st.DataObject
) -> None:
    writer, reader = RecordWriter(), RecordReader()
    wire = writer.header(header()) + b"".join(writer.frame(raw, arrival) for arrival, raw in frames)
    wire += writer.event(Broken("reset by peer"), TEN)
    found = []
    while wire:
        cut = data.draw(st.integers(1, len(wire)))
        found += reader.feed(wire[:cut])
        wire = wire[cut:]
    assert header_of(found[0][2]) == header()
    assert found[1:-1] == [(FRAME, arrival, raw) for arrival, raw in frames]
    assert (found[-1][:2], event_of(found[-1][2])) == ((EVENT, TEN), Broken("reset by peer"))
    assert not reader.torn


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(instants, st.binary(max_size=3_000)), max_size=30))
def test_every_byte_and_arrival_is_restored_exactly(
    tmp_path: Path, frames: list[tuple[Instant, bytes]]
) -> None:
    path = tmp_path / "day.frames"
    path.unlink(missing_ok=True)
    recorder = recorded(path, frames)
    assert list(frames_of(path)) == frames
    assert (recorder.failure, recorder.figures.lost, recorder.figures.frames) == (None, 0, len(frames))
    assert recorder.figures.bytes_out == path.stat().st_size


def test_events_keep_their_place_among_the_frames(tmp_path: Path) -> None:
    path = tmp_path / "day.frames"
    recorder = Recorder(path, header())
    recorder.note(Connected(), TEN)
    recorder.frame(b"one", TEN)
    recorder.note(Broken("no pong"), TEN + SECOND)
    recorder.frame(b"two", TEN + 2 * SECOND)
    recorder.close("stopped", TEN + 3 * SECOND)
    kinds = [
        payload if kind == FRAME else event_of(payload)
        for kind, _, payload in records_of(path)
        if kind in (FRAME, EVENT)
    ]
    assert kinds == [Connected(), b"one", Broken("no pong"), b"two", RecordingEnded("stopped")]
    assert survey_frames(path).ended == "stopped"


def test_a_recording_is_private_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "day.frames"
    recorded(path, [(TEN, b"x")])
    before = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    second = recorded(path, [(TEN, b"y"), (TEN, b"z")])
    assert second.failure is not None
    assert "File exists" in second.failure
    assert second.figures.lost == 4
    assert path.read_bytes() == before


def test_what_was_flushed_can_be_read_while_recording_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "day.frames"
    recorder = Recorder(path, header(), flush_seconds=3_600)
    frames = []
    for number in range(50):
        frames.append((TEN + number, os.urandom(200)))
        recorder.frame(frames[-1][1], frames[-1][0])
        assert recorder.flush()
        assert list(frames_of(path)) == frames
    assert survey_frames(path).ended is None
    recorder.close("done", TEN)


@pytest.mark.parametrize("cut", [30, 100, 5_000])
def test_a_torn_tail_costs_only_itself(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "day.frames"
    recorder = Recorder(path, header(), flush_seconds=3_600)
    frames = [(TEN + number, bytes([number % 251]) * 40 + os.urandom(60)) for number in range(400)]
    for arrival, raw in frames:
        recorder.frame(raw, arrival)
        recorder.flush()
    recorder.close("done", TEN)
    path.write_bytes(path.read_bytes()[:-cut])
    found = list(frames_of(path))
    assert found == frames[: len(found)]
    assert len(found) >= len(frames) - cut // 60 - 2
    assert open_frame_recordings([path]).truncated == ("day.frames",)


def test_bytes_that_are_no_recording_after_a_torn_end_are_survived(tmp_path: Path) -> None:
    path = tmp_path / "day.frames"
    recorder = recorded(path, [(TEN, b"a" * 50)], close=False)
    recorder.flush()
    with path.open("ab") as file:
        file.write(bytes(9_000))
    recorder.close("done", TEN)
    assert list(frames_of(path)) == [(TEN, b"a" * 50)]


def run_script(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    source = "from tests.feeds.recordings.test_recorder import *\n" + textwrap.dedent(script)
    return subprocess.run(
        [sys.executable, "-c", source, *arguments], capture_output=True, text=True, check=False
    )


def test_after_kill_nine_everything_flushed_is_there(tmp_path: Path) -> None:
    path = tmp_path / "day.frames"
    done = run_script(
        """
        recorder = Recorder(Path(sys.argv[1]), header(), flush_seconds=3_600)
        for number in range(300):
            recorder.frame(b"%d" % number * 30, TEN + number)
        assert recorder.flush()
        recorder.frame(b"too late", TEN)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        str(path),
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list(frames_of(path)) == [(TEN + number, b"%d" % number * 30) for number in range(300)]


def test_after_kill_nine_what_is_older_than_a_moment_is_there_though_nobody_flushed(tmp_path: Path) -> None:
    path = tmp_path / "day.frames"
    done = run_script(
        """
        recorder = Recorder(Path(sys.argv[1]), header(), flush_seconds=0.05)
        recorder.frame(b"kept" * 20, TEN)
        size = Path(sys.argv[1]).stat().st_size
        while Path(sys.argv[1]).stat().st_size == size:
            pass
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        str(path),
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list(frames_of(path)) == [(TEN, b"kept" * 20)]


def test_a_full_disk_ends_the_recording_with_its_reason_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "day.frames"
    done = run_script(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        recorder = Recorder(Path(sys.argv[1]), header(), flush_seconds=3_600)
        kept = 0
        for number in range(400):
            recorder.frame(os.urandom(200), TEN + number)
            kept += recorder.flush()
        print(kept, recorder.figures.lost, recorder.failure)
        recorder.close("done", TEN)
        """,
        str(path),
    )
    assert done.returncode == 0, done.stderr
    kept, lost, reason = done.stdout.split(maxsplit=2)
    assert 80 <= int(kept) <= 100
    assert int(lost) == 400 - int(kept)
    assert reason.startswith("day.frames: expected room to record in, got: File too large")
    assert len(list(frames_of(path))) == int(kept)


def test_a_folder_that_is_not_there_is_named_and_survived(tmp_path: Path) -> None:
    recorder = recorded(tmp_path / "nowhere" / "day.frames", [(TEN, b"x")])
    assert recorder.failure is not None
    assert "No such file" in recorder.failure
    assert not recorder.flush()


def test_a_frame_after_the_end_is_counted_as_lost(tmp_path: Path) -> None:
    recorder = recorded(tmp_path / "day.frames", [(TEN, b"x")])
    recorder.frame(b"y", TEN)
    recorder.close("again", TEN)
    assert recorder.figures.lost == 1
    assert list(frames_of(tmp_path / "day.frames")) == [(TEN, b"x")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (MAGIC, "cut off before"),
        (MAGIC + b"no zstandard at all", "cut off before"),
        (b"\x1f\x8b", "something else"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused_by_name(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    path = tmp_path / "bad.frames"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=expected) as caught:
        open_frame_recordings([path])
    assert "bad.frames" in str(caught.value)


def test_a_recording_of_a_later_version_is_refused_with_both_versions(tmp_path: Path) -> None:
    path = tmp_path / "new.frames"
    newer = RecordingHeader(
        **{name: getattr(header(), name) for name in header().__struct_fields__} | {"version": 9}
    )
    Recorder(path, newer).close("done", TEN)
    with pytest.raises(RecordingError, match="version 1, got version 9"):
        open_frame_recordings([path])


def test_a_recording_of_our_own_knows_the_contract_of_its_option(tmp_path: Path) -> None:
    path = tmp_path / "one.frames"
    recorded(path, [(TEN, b"")])
    option = open_frame_recordings([path]).instruments[OPT_A]
    assert (option.underlying, option.expiry) == ("NSE_INDEX|Nifty 50", date(2025, 12, 30))
