"""Status, flatten and rearm from a shell: with an engine, beside a hung one, with none."""

import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from engine.contract.commands import PauseReplay, Side
from engine.host.liveness import EngineState
from engine.market.figures import signed_units
from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.operations.outside import (
    REPOSITORY,
    Engine,
    Outside,
    clean_environment,
    is_flat,
    positions,
    say,
    wait_until,
)
from tests.operations.status_shape import checked
from tests.recordings import EQ_A


@pytest.fixture
def short_of_a(here: Outside, recordings: tuple[Path, Path]) -> Engine:
    """A paused replay that is short one instrument."""
    engine = here.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
    engine.enter(EQ_A, Side.SELL)
    engine.do(PauseReplay("pause", paused=True))
    return engine


def test_status_says_where_a_running_engine_stands(here: Outside, short_of_a: Engine) -> None:
    held = positions(short_of_a.book())[EQ_A]
    status = checked(here.status(World.REPLAY))
    assert (status["world"], status["engine"], status["book"]["state"]) == ("replay", "running", "OPEN")
    [position] = status["positions"]
    assert (position["quantity"], position["stop"]["state"]) == (held, "HELD")
    assert [order["status"] for order in status["orders"]] == ["trigger pending"]
    assert status["latch"] is None
    plainly = here.run("status")
    assert f"{signed_units(held)} {EQ_A}" in plainly.stdout


def test_flatten_asks_a_running_engine_and_ends_with_0_once_the_broker_said_flat(
    here: Outside, short_of_a: Engine
) -> None:
    began = time.monotonic()
    done = here.run("flatten")
    say(f"cockpit flatten with an engine: {time.monotonic() - began:.2f} s in all")
    assert (done.returncode, done.stdout.startswith("replay: FLAT")) == (0, True)
    assert not positions(short_of_a.book())
    wait_until(lambda: is_flat(short_of_a.book()), "the last reading of the book")
    status = checked(here.status(World.REPLAY))
    assert (status["engine"], status["book"]["state"]) == ("running", "FLAT")
    assert (status["latch"]["state"], status["latch"]["by"].startswith("a shell")) == ("FLAT", True)
    assert here.run("flatten").returncode == 0


def test_flatten_takes_over_from_a_hung_engine(here: Outside, short_of_a: Engine) -> None:
    held = positions(short_of_a.book())
    pid = short_of_a.pid
    short_of_a.stop_process()
    wait_until(lambda: short_of_a.state is EngineState.HUNG, "the engine to count as hung")
    status = checked(here.status(World.REPLAY))
    assert (status["engine"], status["book"]["state"]) == ("hung", "OPEN")
    refused = here.run("rearm", typed="REARM\n")
    assert refused.stdout == "no world is latched\n"
    assert positions(short_of_a.book()) == held

    began = time.monotonic()
    done = here.run("flatten")
    say(f"cockpit flatten beside a hung engine: {time.monotonic() - began:.2f} s in all")
    assert (done.returncode, done.stdout.startswith("replay: FLAT")) == (0, True), done
    assert not short_of_a.is_alive
    assert pid == short_of_a.pid
    assert is_flat(short_of_a.book())
    assert {fill.quality for fill in short_of_a.book().fills[1:]} == {"STALE"}
    status = checked(here.status(World.REPLAY))
    assert (status["engine"], status["book"]["state"]) == ("none", "FLAT")


def test_flatten_with_no_engine_closes_against_the_stored_book_and_the_next_engine_knows(
    here: Outside, short_of_a: Engine, recordings: tuple[Path, Path]
) -> None:
    short_of_a.kill_process()
    status = checked(here.status(World.REPLAY))
    assert (status["engine"], status["book"]["state"], status["book"]["source"]) == ("none", "OPEN", "broker")
    began = time.monotonic()
    done = here.run("flatten")
    say(f"cockpit flatten with no engine: {time.monotonic() - began:.2f} s in all")
    assert done.returncode == 0, done
    assert is_flat(short_of_a.book())
    status = checked(here.status(World.REPLAY))
    assert (status["engine"], status["book"]["state"], status["latch"]["state"]) == ("none", "FLAT", "FLAT")

    again = here.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
    again.wait_latch(LatchFileState.FLAT)
    wait_until(lambda: not again.view().positions, "the engine to see that nothing is held")
    assert len(again.book().fills) == len(short_of_a.book().fills), "it traded while latched"
    assert here.run("rearm", typed="REARM\n").returncode == 0
    again.do(PauseReplay("go on", paused=False))
    again.play_to_the_end()
    fills = [fill for fill in again.book().fills if fill.instrument == EQ_A]
    assert sum(fill.side.sign * fill.quantity for fill in fills) == 0


def test_status_of_a_home_that_was_never_used_has_the_same_shape(here: Outside) -> None:
    assert checked(here.status(World.DEMO))["book"]["state"] == "UNKNOWN"
    assert here.run("flatten").returncode == 0
    assert here.run("rearm", typed="").returncode == 0
    assert not here.home.root.exists()


def test_status_is_unknown_when_the_broker_cannot_be_asked(here: Outside, short_of_a: Engine) -> None:
    short_of_a.kill_process()
    for name in ("exchange.sqlite", "exchange.sqlite-wal", "exchange.sqlite-shm"):
        (short_of_a.directory.path / name).unlink(missing_ok=True)
    assert checked(here.status(World.REPLAY))["book"]["state"] == "UNKNOWN"
    for words in (("flatten",), ("rearm",)):
        done = here.run(*words, typed="REARM\n")
        assert (done.returncode, "exchange.sqlite: expected" in done.stdout) == (1, True), done
    for name in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
        (short_of_a.directory.path / name).unlink(missing_ok=True)
    short_of_a.directory.ledger.write_bytes(b"no ledger" * 1_000)
    assert checked(here.status(World.REPLAY))["book"]["state"] == "UNKNOWN"


LOADED = """
import sys, cockpit.cli
try:
    code = cockpit.cli.main(sys.argv[1:])
except SystemExit as end:
    code = end.code
heavy = [name for name in ("textual", "rich", "upstox_client", "numpy", "websockets") if name in sys.modules]
print("LOADED", code, *heavy)
"""


def loaded(here: Outside, *words: str) -> str:
    """Run one command line in a fresh interpreter; return its exit code and the heavy libraries it loaded."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words, "--home", str(here.home.root)],
        input="",
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env=clean_environment(),
    )
    say(f"cockpit {' '.join(words)}: {time.monotonic() - began:.2f} s")
    return done.stdout.splitlines()[-1]


def test_the_version_is_told_at_once_with_the_python_and_reads_no_home(here: Outside) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    here.home.root.parent.mkdir(parents=True, exist_ok=True)
    here.home.root.write_text("no home")
    done = here.run("--version")
    python = ".".join(map(str, sys.version_info[:3]))
    assert (done.returncode, done.stdout) == (0, f"cockpit {project['version']}, Python {python}\n"), done
    assert loaded(here, "--version") == "LOADED 0"


def test_commands_without_a_screen_load_no_screen(here: Outside, short_of_a: Engine) -> None:
    short_of_a.kill_process()
    for words in ("--help", "status", "status --json", "flatten", "config --check"):
        assert loaded(here, *words.split()) == "LOADED 0", words
    assert loaded(here, "rearm") == "LOADED 1"


def test_a_screen_without_a_terminal_is_refused_before_anything_is_loaded(here: Outside) -> None:
    assert loaded(here) == "LOADED 2"
