"""Recordings of our own from the shell: they replay like any other, and never beside the other kind."""

import json
from pathlib import Path

import pytest

from engine.feeds.recordings.recorder import Recorder
from engine.operations.desk import DeskError, WorldChoice, open_desk
from engine.world.directories import World
from tests.feeds.frames import frames_by_second, header
from tests.operations.outside import Outside
from tests.recordings import EQ_A, OPT_A, made_packets, write_recording

FRAMES = frames_by_second(
    made_packets(EQ_A, seed=5, count=240),
    made_packets(OPT_A, seed=6, count=240, lot=35, tick=0.05, price=500),
)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A recording of our own that was closed on purpose."""
    path = tmp_path / "day.frames"
    recorder = Recorder(path, header())
    for arrival, raw in FRAMES:
        recorder.frame(raw, arrival)
    recorder.close("session over", FRAMES[-1][0])
    return path


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A gzip recording."""
    return write_recording(tmp_path / "day.json.gz", made_packets(EQ_A, count=50), indent=None)


def test_a_recording_of_our_own_replays_from_the_shell(here: Outside, kept: Path) -> None:
    done = here.run("replay", kept, "--headless", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["instruments"].keys() == {EQ_A, OPT_A}
    assert report["engine"]["updates"] == 480
    assert "truncated" not in report["instruments"][EQ_A]["quality"]


def test_one_that_was_cut_off_runs_as_far_as_it_goes_and_says_so(here: Outside, kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[:-200])
    done = here.run("replay", kept, "--headless", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert 0 < report["engine"]["updates"] < 480
    assert "truncated" in json.dumps(report["instruments"][EQ_A]["quality"])


def test_the_two_kinds_of_recordings_are_not_played_together(here: Outside, kept: Path, plain: Path) -> None:
    done = here.run("replay", plain, kept, "--headless", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{plain}: expected a recording of our own like day.frames" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_screen_is_not_started_for_what_is_no_recording(tmp_path: Path, kept: Path, plain: Path) -> None:
    desk = open_desk(tmp_path / "home", ())
    for good in ((kept,), (plain,)):
        desk.check_choice(WorldChoice(World.REPLAY.value, good))
    other = tmp_path / "other.frames"
    other.write_bytes(b"\x89CKPTREX")
    for bad in ((other,), (kept, other), (kept, plain), (plain, kept)):
        with pytest.raises(DeskError, match="expected a recording"):
            desk.check_choice(WorldChoice(World.REPLAY.value, bad))
