"""The recording of one run over several lives: whatever a death left of a part, the next life reads what was played."""

from pathlib import Path

import pytest

import config
from engine.feeds.feed import FeedItem, PulledFeed
from engine.feeds.live_tape import LiveTape
from engine.feeds.recordings.frames_feed import open_frame_recordings
from engine.feeds.recordings.recorder import Recorder
from engine.market.clock import SECOND, Instant
from engine.runtime.live.recording_place import next_part, parts_of
from engine.runtime.live.run_tape import recorder_of, tape_of_plan
from engine.runtime.plan import MarketChoice, RunMode, RunPlan, plan_run
from engine.world.directories import Home
from tests.feeds.frames import INSTRUMENTS, frames_by_second
from tests.recordings import DAY, EQ_A, made_packets

FRAMES = frames_by_second(made_packets(EQ_A, seed=3, count=120))
BEGINS: Instant = FRAMES[0][0] - SECOND
RUN = "live-1"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home")
    found.create()
    return found


@pytest.fixture(scope="module")
def plan() -> RunPlan:
    tape = LiveTape(RUN, DAY, INSTRUMENTS, begins=BEGINS)
    return plan_run(RUN, MarketChoice(RunMode.LIVE), tape, config.Settings())


def life(
    home: Home, plan: RunPlan, frames: list[tuple[Instant, bytes]], *, cut: bool = True
) -> list[FeedItem]:
    """Bring a run back, record what arrives, and end; return everything its past held."""
    tape = tape_of_plan(plan, home, BEGINS, {})
    recorder = recorder_of(tape, home, config.Settings())
    assert recorder is not None
    for arrival, raw in frames:
        recorder.frame(raw, arrival)
    if cut:
        recorder.flush()
    else:
        recorder.close("the engine ended", frames[-1][0] if frames else BEGINS)
    return items_of(tape)


def items_of(feed: PulledFeed) -> list[FeedItem]:
    found = []
    while (item := feed.read()) is not None:
        found.append(item)
    return found


def test_lives_that_ended_before_their_first_frame_leave_the_recording_readable(
    home: Home, plan: RunPlan
) -> None:
    life(home, plan, FRAMES)
    first = life(home, plan, [])
    assert len(first) >= len(FRAMES)
    for _ in range(3):
        assert life(home, plan, []) == first


@pytest.mark.parametrize("held", [b"", b"\x89CKPT", "half of the header"])
def test_a_life_cut_off_before_its_header_was_written_leaves_the_others_readable(
    home: Home, plan: RunPlan, held: bytes | str
) -> None:
    life(home, plan, FRAMES)
    before = life(home, plan, [])
    torn = next_part(home, DAY, RUN)
    whole = parts_of(home, DAY, RUN)[-1].read_bytes()
    torn.write_bytes(held if isinstance(held, bytes) else whole[: len(whole) // 2])
    assert life(home, plan, []) == before


def test_a_part_that_is_damaged_is_not_passed_over(home: Home, plan: RunPlan) -> None:
    life(home, plan, FRAMES[:60], cut=False)
    life(home, plan, FRAMES[60:], cut=False)
    part = parts_of(home, DAY, RUN)[0]
    part.write_bytes(b"something else" + part.read_bytes()[14:])
    assert life(home, plan, []) == []


def test_a_run_may_have_more_than_ninety_nine_lives(home: Home, plan: RunPlan) -> None:
    for _ in range(100):
        next_part(home, DAY, RUN).touch()
    life(home, plan, FRAMES)
    assert len(life(home, plan, [])) >= len(FRAMES)
    names = [path.name for path in parts_of(home, DAY, RUN)]
    assert names[-3:] == ["live-1.100.frames", "live-1.101.frames", "live-1.102.frames"]


def test_a_part_that_somebody_removed_does_not_stop_the_next_one(home: Home) -> None:
    for _ in range(3):
        next_part(home, DAY, RUN).touch()
    parts_of(home, DAY, RUN)[1].unlink()
    assert next_part(home, DAY, RUN).name == "live-1.04.frames"


def test_lives_of_a_run_are_played_one_after_the_other_although_the_machines_clock_was_set_back(
    home: Home, plan: RunPlan
) -> None:
    """Another order than the one lived in would put the journal's inputs between other updates."""
    life(home, plan, FRAMES[:60])
    earlier = [(arrival - 45 * SECOND, raw) for arrival, raw in FRAMES[60:]]
    first = life(home, plan, earlier)
    both = life(home, plan, [])
    assert both[: len(first)] == first
    assert both[len(first)].arrival == earlier[0][0]


def test_the_end_of_a_replayed_run_is_its_last_lifes(home: Home, plan: RunPlan) -> None:
    for begin in range(0, 100, 10):
        life(home, plan, FRAMES[begin : begin + 10], cut=False)
    replayed = open_frame_recordings(parts_of(home, DAY, RUN))
    assert replayed.ends == FRAMES[99][0]


def test_recordings_that_cannot_be_kept_leave_the_run_unrecorded_and_say_so(
    home: Home, plan: RunPlan
) -> None:
    home.recordings.write_text("not a folder")
    tape = tape_of_plan(plan, home, BEGINS, {})
    recorder = recorder_of(tape, home, config.Settings())
    assert isinstance(recorder, Recorder)
    assert recorder.failure is not None
    assert "unrecorded" in recorder.failure
