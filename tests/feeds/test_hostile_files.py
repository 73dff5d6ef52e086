"""Files made to take all time and memory there is: refused in one sentence, or read inside bounds."""

import os
from pathlib import Path

import pytest

from engine.feeds.recordings.frame_records import is_cut_short, is_frame_recording
from engine.feeds.recordings.frames_feed import survey_frames
from engine.feeds.recordings.frames_format import HEADER, RecordReader, RecordWriter
from engine.feeds.recordings.json_file import RecordingError, survey
from engine.instruments.master import MasterError, read_master
from engine.market.calendar import CalendarError, load_calendar
from engine.operations.errors import DeskError
from engine.operations.market_choice import WorldChoice, check_files
from tests.feeds.frames import header
from tests.feeds.hostile import FRAMES, MASTERS, RECORDINGS, Outcome, frame_file, gzipped, run_bounded
from tests.rows import sampled

_PLAYED = ("escaped quotes", "deep nesting", "a frame of the year 148,000")
"""One odd packet beside a good one costs itself, not the day."""
_SAMPLE = (
    *_PLAYED,
    *("packets without end", "an endless string", "20,000 instruments", "prices of 1e300"),
    *("frames of nothing", "a header nested too deeply", "a header of nothing known"),
    *("commas", "numbers of 1e300"),
)
"""What the suite plays; the campaign plays all."""


def inside_bounds(outcome: Outcome, code: int) -> None:
    assert outcome.code == code, outcome
    assert "Traceback" not in outcome.said
    assert outcome.seconds < 40, outcome
    assert outcome.megabytes < 700, outcome
    if code:
        assert outcome.said.count("\n") == 1, outcome
        assert "expected" in outcome.said, outcome
        assert len(outcome.said) < 500, outcome


@pytest.mark.parametrize("kind", sampled(RECORDINGS, _SAMPLE.__contains__))
def test_a_recording_takes_bounded_time_and_memory(kind: str, tmp_path: Path) -> None:
    path = gzipped(tmp_path / "day.json.gz", RECORDINGS[kind]())
    outcome = run_bounded(["replay", os.fspath(path), "--headless"], tmp_path)
    inside_bounds(outcome, 0 if kind in _PLAYED else 2)
    if kind not in _PLAYED:
        assert "day.json.gz" in outcome.said


@pytest.mark.parametrize("kind", sampled(FRAMES, _SAMPLE.__contains__))
def test_a_recording_of_our_own_takes_bounded_time_and_memory(kind: str, tmp_path: Path) -> None:
    path = frame_file(tmp_path / "day.frames", FRAMES[kind]())
    outcome = run_bounded(["replay", os.fspath(path), "--headless"], tmp_path)
    inside_bounds(outcome, 0 if kind in _PLAYED else 2)
    if kind not in _PLAYED:
        assert "day.frames" in outcome.said


@pytest.mark.parametrize("kind", sampled(MASTERS, _SAMPLE.__contains__))
def test_an_instrument_list_takes_bounded_time_and_memory(kind: str, tmp_path: Path) -> None:
    day = gzipped(tmp_path / "day.json.gz", RECORDINGS["deep nesting"]())
    path = gzipped(tmp_path / "list.json.gz", MASTERS[kind]())
    outcome = run_bounded(
        ["replay", os.fspath(day), "--headless", "--instruments", os.fspath(path)], tmp_path
    )
    inside_bounds(outcome, 2)
    assert "list.json.gz" in outcome.said


def test_a_pipe_in_place_of_a_file_is_refused_and_waited_for_by_nobody(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(RecordingError, match="no plain file"):
        survey(pipe)
    for read in (is_frame_recording, is_cut_short, survey_frames):
        with pytest.raises(RecordingError, match="no plain file"):
            read(pipe)
    with pytest.raises(MasterError, match="no plain file"):
        read_master(pipe)
    with pytest.raises(DeskError, match="pipe"):
        check_files(WorldChoice("replay", (pipe,)))
    os.mkfifo(tmp_path / "calendar.toml")
    with pytest.raises(CalendarError, match="no plain file"):
        load_calendar(tmp_path)


@pytest.mark.parametrize("text", ["x = " + "9" * 5_000, "x = " + "[" * 100_000, "x = 1\n" * 100_000])
def test_a_calendar_of_any_content_is_refused_by_name(text: str, tmp_path: Path) -> None:
    (tmp_path / "calendar.toml").write_text(text)
    with pytest.raises(CalendarError, match=r"calendar.toml: expected"):
        load_calendar(tmp_path)


def test_a_record_comes_out_whole_in_whatever_pieces_it_comes() -> None:
    writer = RecordWriter()
    text = writer.header(header()) + writer.frame(b"x" * 5_000, 7) + writer.frame(b"", 8)
    for size in (1, 7, 8, 9, 4_000, len(text)):
        reader = RecordReader()
        pieces = (text[at : at + size] for at in range(0, len(text), size))
        records = [record for piece in pieces for record in reader.feed(piece)]
        assert [(kind, len(payload)) for kind, _, payload in records][1:] == [(1, 5_000), (1, 0)]
        assert records[0][0] == HEADER
        assert not reader.torn
