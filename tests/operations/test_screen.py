"""The screen in a real terminal: lost, stalled, doubled, too small, or none at all."""

import os
import time
from pathlib import Path

import pytest

from cockpit.screens.dialogs import STOP_WORD
from engine.contract.commands import Outcome, PauseReplay, Side, StopEngine
from engine.host.liveness import EngineState
from engine.link import KillSender, UnixLink
from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.operations.outside import Engine, Outside, clean_environment, is_flat, positions, say, wait_until
from tests.operations.terminal import KILL, terminal
from tests.recordings import EQ_A, EQ_B


def screens(engine: Engine) -> int:
    """Return how many screens are attached, this look not counted."""

    async def look(line: UnixLink) -> int:
        return line.welcome.screens - 1

    return engine.attached(look)


def oldest_beat(sender: KillSender, seconds: float) -> float:
    """Return the greatest age of the loop's last beat seen in a while, seconds."""
    ages: list[float] = []
    until = time.monotonic() + seconds

    def watched() -> bool:
        answer = sender.status()
        assert answer is not None, "the kill line is silent"
        ages.append(answer.loop_age)
        return time.monotonic() > until

    wait_until(watched, "the end of the watch")
    return max(ages)


def test_a_lost_terminal_leaves_the_engine_with_its_position_and_a_new_screen_shows_it(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    with terminal(here, "replay", "--start", "10:20", *recordings) as screen:
        screen.wait_text("INE027H01010")
        engine = here.engine(World.REPLAY)
        pid = engine.pid
        held = engine.enter(EQ_A, Side.SELL)
        screen.wait_text("HELD")
        screen.hang_up()
        assert screen.wait_end() != 0
    assert (engine.is_alive, engine.pid) == (True, pid)
    assert positions(engine.book()) == held
    before = engine.book().cursor.updates
    engine.wait_updates(before + 2)
    with terminal(here) as again:
        again.wait_text("HELD")
        assert f"{abs(held[EQ_A]):,}" in again.text
        assert engine.pid == pid


def test_a_terminal_that_does_not_read_delays_neither_the_engine_nor_the_kill(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    with terminal(here, "replay", "--speed", "10", "--start", "10:20", *recordings) as screen:
        screen.wait_text("INE027H01010")
        engine = here.engine(World.REPLAY)
        engine.enter(EQ_A, Side.SELL)
        engine.enter(EQ_B, Side.BUY)
        screen.wait_text("KILL 2")
        sender = KillSender(engine.directory, patience=1.0)
        before = oldest_beat(sender, 1.0)
        with screen.unread():
            during = oldest_beat(sender, 3.0)
            screen.type(KILL)
            latched = wait_until(lambda: engine.latch() is not None, "the latch", 5.0)
            flat = wait_until(lambda: is_flat(engine.book()), "the book to be flat")
        sender.close()
        say(
            f"oldest beat {before * 1e3:.0f} ms while it read, {during * 1e3:.0f} ms in the stall, "
            f"key to latch {latched * 1e3:.0f} ms, "
            f"to flat {flat:.2f} s more"
        )
        assert during < 1.0
        engine.wait_latch(LatchFileState.FLAT)
        screen.wait_text("FLAT")


def test_two_ordinary_demos_at_once_share_one_engine(here: Outside) -> None:
    with terminal(here, "demo") as first, terminal(here, "demo") as second:
        first.wait_text("AROVEN")
        second.wait_text("AROVEN")
        engine = here.engine(World.DEMO)
        wait_until(lambda: screens(engine) == 2, "both screens")
        assert "already runs" not in engine.directory.log.read_text()


def test_two_screens_share_an_engine_and_only_the_last_may_stop_it(here: Outside) -> None:
    words = ("demo", "--set", "setups.failed_auction=off")
    with terminal(here, *words) as first, terminal(here, *words) as second:
        first.wait_text("AROVEN")
        second.wait_text("AROVEN")
        engine = here.engine(World.DEMO)
        pid = engine.pid
        [answer] = engine.ask(StopEngine("two are attached"))
        assert (answer.outcome, "other screen" in answer.text) == (Outcome.REFUSED, True)
        first.type(b"S")
        first.wait_text("End the engine?")
        first.type(STOP_WORD.encode() + b"\r")
        first.wait_text("expected no other screen")
        second.type(b"q")
        assert second.wait_end() == 0
        wait_until(lambda: screens(engine) == 1, "the second screen to be gone")
        assert (engine.is_alive, engine.pid) == (True, pid)
        first.forget()
        first.type(b"S")
        first.wait_text("End the engine?")
        first.type(STOP_WORD.encode() + b"\r")
        wait_until(lambda: engine.state is EngineState.NONE, "the engine's end")
        assert not engine.directory.identity.exists()


def test_stopping_is_refused_while_a_position_is_open(here: Outside, recordings: tuple[Path, Path]) -> None:
    engine = here.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
    engine.enter(EQ_A, Side.SELL)
    engine.do(PauseReplay("pause", paused=True))
    [answer] = engine.ask(StopEngine("too soon"))
    assert (answer.outcome, "flatten first" in answer.text) == (Outcome.REFUSED, True)
    engine.press()
    engine.wait_latch(LatchFileState.FLAT)
    wait_until(lambda: is_flat(engine.book()), "the last reading of the book")

    def stopped() -> bool:
        [result] = engine.ask(StopEngine("now"))
        return result.outcome is Outcome.ACCEPTED

    wait_until(stopped, "the engine to take its leave")
    wait_until(lambda: engine.state is EngineState.NONE, "the engine's end")


def test_an_idle_flat_demo_ends_by_itself(here: Outside) -> None:
    engine = here.start(World.DEMO, "--set", "engine.idle_minutes=0.05", "--set", "setups.failed_auction=off")
    took = wait_until(lambda: engine.state is EngineState.NONE, "the idle engine's end")
    say(f"idle for 3 s, ended after {took:.1f} s")
    assert not engine.directory.identity.exists()


def test_a_small_terminal_gets_one_line_on_which_the_kill_works(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    with terminal(here, "replay", "--start", "10:20", *recordings, columns=60, rows=15) as screen:
        screen.wait_text("ctrl+k KILL")
        screen.wait_text("make the window at least 80×24")
        screen.type(KILL)
        engine = here.engine(World.REPLAY)
        engine.wait_latch(LatchFileState.FLAT)
        screen.type(b"q")
        assert screen.wait_end() == 0


@pytest.mark.parametrize("words", [("demo",), ()], ids=["demo", "bare"])
def test_without_a_terminal_it_says_what_else_there_is(here: Outside, words: tuple[str, ...]) -> None:
    done = here.run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "needs a terminal" in done.stderr
    assert "--headless" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_dumb_terminal_is_named(here: Outside) -> None:
    with terminal(here, "demo", environment=clean_environment(TERM="dumb")) as screen:
        assert screen.wait_end() == 2
        wait_until(lambda: "TERM='dumb'" in screen.text, "the reason")
    assert not here.world(World.DEMO).path.exists()


def test_a_demo_whose_settings_are_bad_names_them_and_leaves_no_engine(here: Outside) -> None:
    here.home.create()
    (here.home.root / "cockpit.toml").write_text("[risk]\nrisk_per_trade_pct = 7\n")
    with terminal(here, "demo") as screen:
        assert screen.wait_end() == 2
        wait_until(lambda: "risk.risk_per_trade_pct" in screen.text, "the reason")
    assert here.engine(World.DEMO).state is EngineState.NONE


def test_a_screen_killed_outright_leaves_the_engine_alone(here: Outside) -> None:
    with terminal(here, "demo") as screen:
        screen.wait_text("AROVEN")
        engine = here.engine(World.DEMO)
        os.kill(screen.process.pid, 9)
        screen.wait_end()
        wait_until(lambda: screens(engine) == 0, "the engine to notice")
        assert engine.is_alive
