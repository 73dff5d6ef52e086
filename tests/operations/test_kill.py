"""The kill: everything closed in the exchange's own book, latched on disk, cleared by a person only."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from cockpit.session import GuardedKill
from cockpit.state.flatten_guard import FlattenGuard
from engine.contract.commands import ArmManual, ExitPosition, ManualOrder, Outcome, PauseReplay, Rearm, Side
from engine.contract.views import ScreenView
from engine.link import KillSender, LatchSign, UnixLink, new_kill_id
from engine.operations.desk import open_desk
from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.operations.outside import Engine, Outside, is_flat, positions, say, wait_until
from tests.operations.terminal import KILL, terminal
from tests.recordings import EQ_A, EQ_B


def with_two_positions(
    place: Outside, recordings: Sequence[Path], *, paused: bool, words: Sequence[str] = ()
) -> Engine:
    """Start a replay at 10× that holds a short in one instrument and a long in the other."""
    engine = place.start(World.REPLAY, "--speed", "10", "--start", "10:20", *words, *recordings)
    engine.enter(EQ_A, Side.SELL)
    engine.enter(EQ_B, Side.BUY)
    if paused:
        # In a market that stands still nothing is entered.
        engine.do(PauseReplay("pause", paused=True))
    held = positions(engine.book())
    assert held[EQ_A] < 0 < held[EQ_B]
    return engine


def refused(engine: Engine) -> str:
    """Try to enter, and return why that is not done."""
    arm, order = ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder(f"again-{uuid4()}", EQ_A, Side.BUY)
    _, answer = engine.ask(arm, order)
    assert answer.outcome is Outcome.REFUSED
    return answer.text


@pytest.mark.parametrize("paused", [False, True], ids=["at 10 times", "paused"])
def test_the_kill_line_closes_everything_and_its_latch_outlives_the_engine(
    here: Outside, recordings: tuple[Path, Path], *, paused: bool
) -> None:
    engine = with_two_positions(here, recordings, paused=paused)
    answer = engine.press()
    assert answer is not None
    assert answer.latch in (LatchSign.IN_MEMORY, LatchSign.DURABLE)
    durable = wait_until(lambda: engine.latch() is not None, "the latch on disk")
    flat = wait_until(lambda: is_flat(engine.book()), "the exchange's own book to be flat")
    proven = engine.wait_latch(LatchFileState.FLAT)
    say(f"key to latch file {durable * 1e3:.1f} ms, to flat {flat:.2f} s more, to proof {proven:.2f} s more")
    assert engine.book().fills[-1].quality in ("BOOK", "STANDING", "STALE")
    assert "latch" in refused(engine).lower()

    engine.kill_process()
    again = here.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
    assert again.view().latch is not None
    again.wait_latch(LatchFileState.FLAT)
    wait_until(lambda: is_flat(again.book()), "the last reading of the book")
    assert "latch" in refused(again).lower()

    wrong = here.run("rearm", typed="rearm\n")
    assert (wrong.returncode, again.latch() is None) == (1, False)
    assert "expected the word REARM" in wrong.stderr
    right = here.run("rearm", typed="REARM\n")
    assert (right.returncode, again.latch()) == (0, None), right
    wait_until(lambda: again.view().latch is None, "the core to hear of it")
    if paused:
        again.do(PauseReplay("on", paused=False))
    again.enter(EQ_B, Side.SELL)


def test_a_latch_stays_while_positions_are_open(here: Outside, recordings: tuple[Path, Path]) -> None:
    slowly = ("--set", "paper.latency_ms=1000")
    engine = with_two_positions(here, recordings, paused=True, words=slowly)
    engine.press()
    [answer] = engine.ask(Rearm("too soon", "a test"))
    engine.stop_process()
    assert (answer.outcome, "open" in answer.text) == (Outcome.REFUSED, True)
    engine.kill_process()
    assert positions(engine.book()), "closed too soon: this proves nothing"

    refusal = here.run("rearm", typed="REARM\n")
    assert (refusal.returncode, "open" in refusal.stdout) == (1, True)
    assert engine.latch() is not None
    closed = here.run("flatten")
    assert (closed.returncode, is_flat(engine.book())) == (0, True), closed
    assert here.run("rearm", typed="REARM\n").returncode == 0
    assert engine.latch() is None
    assert here.run("rearm", typed="REARM\n").stdout == "no world is latched\n"


@pytest.mark.parametrize("paused", [False, True], ids=["at 10 times", "paused"])
def test_the_key_on_a_screen_kills(here: Outside, recordings: tuple[Path, Path], *, paused: bool) -> None:
    engine = with_two_positions(here, recordings, paused=paused)
    with terminal(here, "replay", *recordings) as screen:
        screen.wait_text("KILL 2")
        screen.type(KILL)
        latched = wait_until(lambda: engine.latch() is not None, "the latch on disk")
        flat = wait_until(lambda: is_flat(engine.book()), "the exchange's own book to be flat")
        say(f"key typed to latch file {latched * 1e3:.0f} ms, to flat {flat:.2f} s more")
        engine.wait_latch(LatchFileState.FLAT)
        screen.wait_text("FLAT")
    record = engine.latch()
    assert record is not None
    assert record.by.startswith("a screen")


def test_demo_and_replay_know_nothing_of_each_other(here: Outside, recordings: tuple[Path, Path]) -> None:
    replay = with_two_positions(here, recordings, paused=True)
    demo = here.start(World.DEMO)
    key = demo.view().watchlist[1].key  # the first one is in its opening trade already
    demo.enter(key)
    demo.press()
    demo.wait_latch(LatchFileState.FLAT)
    assert replay.latch() is None
    assert positions(replay.book()).keys() == {EQ_A, EQ_B}
    assert not positions(demo.book())
    assert here.run("rearm", "--world", "demo", typed="REARM\n").returncode == 0
    demo.enter(key)
    assert here.run("flatten", "--world", "replay").returncode == 0
    assert is_flat(replay.book())
    assert demo.latch() is None
    assert positions(demo.book()).keys() == {key}


def test_a_kill_key_without_an_engine_starts_the_guard_that_closes_everything(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    engine = here.start(World.REPLAY, "--start", "10:20", *recordings)
    engine.enter(EQ_A)
    engine.kill_process()
    desk = open_desk(here.home.root, [])
    directory = here.world(World.REPLAY)
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        started.append(desk.start_flatten(directory))
        return started[-1]

    guarded = GuardedKill(KillSender(directory), start)
    assert guarded.guard() is None
    assert guarded.kill(new_kill_id()) is None
    assert guarded.kill(new_kill_id()) is None, "the second path of the same press"
    engine.wait_latch(LatchFileState.FLAT)
    assert is_flat(engine.book())
    assert len(started) == 1
    started[0].wait(60)
    assert guarded.guard() is FlattenGuard.FLAT


def test_a_guard_that_ends_without_a_flat_book_never_reads_flat(here: Outside) -> None:
    directory = here.world(World.REPLAY)

    def fail() -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(["sh", "-c", "exit 1"])
        process.wait(60)
        return process

    guarded = GuardedKill(KillSender(directory), fail)
    guarded.kill(new_kill_id())
    assert guarded.guard() is FlattenGuard.OPEN


def test_a_bad_setting_does_not_stop_a_kill_from_the_shell(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    engine = here.start(World.REPLAY, "--start", "10:20", *recordings)
    engine.enter(EQ_A)
    (here.home.root / "cockpit.toml").write_text("x = [", "utf-8")
    done = here.run("flatten", "--world", "replay")
    assert done.returncode == 0, done.stderr
    assert "going on without the settings" in done.stderr
    wait_until(lambda: is_flat(engine.book()), "the flat book on disk")


def test_manual_entry_is_off_after_a_death_and_after_a_kill(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    words = ("--start", "10:20", *recordings)
    engine = here.start(World.REPLAY, *words)

    async def until(line: UnixLink, *, armed: bool) -> None:
        async for news in line:
            if isinstance(news, ScreenView) and news.header.manual_armed is armed:
                return

    async def die(line: UnixLink) -> None:
        await line.send(ArmManual("armed", armed=True))
        await until(line, armed=True)
        engine.kill_process()

    async def kill(line: UnixLink) -> None:
        await line.send(ArmManual("again", armed=True))
        await until(line, armed=True)
        engine.press()
        await until(line, armed=False)

    engine.attached(die)
    engine = here.start(World.REPLAY, *words)
    assert not engine.view().header.manual_armed
    engine.attached(kill)
    engine.wait_latch(LatchFileState.FLAT)


def test_status_gives_the_running_positions_own_entry_price(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    engine = here.start(World.REPLAY, "--start", "10:20", *recordings)
    engine.enter(EQ_A, Side.SELL)
    engine.do(ExitPosition("out", EQ_A))
    wait_until(lambda: is_flat(engine.book()), "the first trade to end")
    engine.enter(EQ_A)
    wait_until(lambda: bool(engine.view().positions), "the position on the screen")
    shown = engine.view().positions[0]
    told = here.status(World.REPLAY)["positions"][0]
    assert told["average_price"] == pytest.approx(shown.average / 100, abs=0.011)
