"""A disk that takes nothing more: nothing new is entered, everything held can be left, and everybody is told."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.contract.commands import ArmManual, CommandResult, ExitPosition, ManualOrder, Side
from engine.contract.views import ScreenView, Severity
from engine.link import LatchSign
from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.disks import fill_from, small_disk
from tests.operations.outside import Engine, Outside, is_flat, outside, positions, say, wait_until
from tests.operations.terminal import terminal
from tests.recordings import EQ_A, EQ_B

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sets another process's limits")
_ROOM = 4_096
"""Bytes a file may still have: enough for a heartbeat, too little for any database."""


@contextmanager
def full_disk(engine: Engine) -> Iterator[None]:
    """Let no file of the engine grow."""
    before = resource.prlimit(engine.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (_ROOM, before[1]))
    try:
        yield
    finally:
        resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, before)


def alarms(view: ScreenView) -> list[str]:
    """Return what a screen shows in red."""
    return [line.text for line in view.events if line.severity is Severity.ALARM]


def test_nothing_is_entered_on_a_full_disk_and_what_is_held_can_be_left(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    engine = here.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
    engine.enter(EQ_A, Side.SELL)
    with full_disk(engine), terminal(here, "replay", *recordings) as screen:
        wait_until(lambda: alarms(engine.view()), "an alarm")
        say(f"alarm: {alarms(engine.view())}")
        screen.wait_text("cannot be")
        engine.ask(ArmManual("arm", armed=True), ManualOrder("new", EQ_B, Side.BUY))
        wait_until(lambda: any(row.instrument == EQ_B for row in engine.view().orders), "the order's row")
        wait_until(lambda: "nothing was sent" in said(engine.view()), "the refusal to be told")
        assert {row.instrument for row in engine.view().positions} == {EQ_A}
        [answer] = engine.ask(ExitPosition("leave", EQ_A))
        assert isinstance(answer, CommandResult)
        took = wait_until(lambda: not engine.view().positions, "the position to be closed", 10.0)
        say(f"left on a full disk after {took:.2f} s")
    wait_until(lambda: is_flat(engine.book()), "the exchange's file to catch up")
    wait_until(lambda: not any(".sqlite" in text for text in alarms(engine.view())), "the alarm's end")
    assert [fill.instrument for fill in engine.book().fills].count(EQ_B) == 0
    assert len(engine.facts("trade")) == 1


def said(view: ScreenView) -> str:
    """Return everything a screen can show of orders and events."""
    return " ".join([*(line.text for line in view.events), *(row.message for row in view.orders)])


def test_a_kill_on_a_full_disk_waits_for_nothing_and_is_on_disk_once_there_is_room(
    recordings: tuple[Path, Path], tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", "size=4m") as disk, outside(disk / "home") as place:
        engine = place.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
        engine.enter(EQ_A, Side.SELL)
        engine.enter(EQ_B, Side.BUY)
        filler = disk / "filler"
        fill_from(filler)
        answer = engine.press()
        assert answer is not None
        assert answer.latch is LatchSign.IN_MEMORY
        took = wait_until(lambda: not engine.view().positions, "the positions to be closed", 10.0)
        say(f"killed on a full disk, flat on the screen after {took:.2f} s")
        assert any("not on disk yet" in text for text in alarms(engine.view()))
        filler.unlink()
        engine.wait_latch(LatchFileState.FLAT)
        wait_until(lambda: is_flat(engine.book()), "the exchange's file to catch up")
        assert not positions(engine.book())
        engine.kill_process()


def test_a_home_on_a_full_disk_is_named_at_once(recordings: tuple[Path, Path], tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=4m") as disk:
        filler = disk / "filler"
        fill_from(filler)
        place = Outside(disk / "home")
        with terminal(place, "replay", *recordings, columns=300) as screen:
            assert screen.wait_end() == 2
        assert "Traceback" not in screen.text
        assert str(disk) in screen.text
        done = place.run("flatten")
        assert "Traceback" not in done.stderr
