"""An engine begun before its screen has loaded: one a world all the same, waited for once, and ended if unwanted."""

import fcntl
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.host.early_start import EarlyStart, begin_early
from engine.host.launch import spawn_engine, wait_for_early
from engine.host.liveness import EngineProcessError, EngineState, engine_state, kill_engine, read_identity
from engine.world.directories import Home, World, WorldDirectory, open_private
from tests.link.samples import wait_until
from tests.places import child_argv


def begun(directory: WorldDirectory, *arguments: str) -> EarlyStart | None:
    return begin_early(Home(directory.path.parent), directory.world, child_argv(directory, *arguments))


def is_start_free(directory: WorldDirectory) -> bool:
    """Say whether another screen may start an engine."""
    descriptor = open_private(directory.start_lock)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def test_an_engine_begun_early_is_the_one_that_is_waited_for(directory: WorldDirectory) -> None:
    early = begun(directory)
    assert early is not None
    assert not is_start_free(directory)
    pid = wait_for_early(early)
    identity = read_identity(directory)
    assert identity is not None
    assert pid == identity.pid == early.child.pid
    assert is_start_free(directory)
    assert spawn_engine(child_argv(directory), directory) == pid
    assert os.getsid(pid) == pid, "it must outlive the terminal of its screen"
    early.give_up()
    assert engine_state(directory) is EngineState.RUNNING, "one that was waited for is nobody's to end"


def test_none_is_begun_early_beside_one_that_runs_or_hangs(
    directory: WorldDirectory, start_child: Callable[..., int]
) -> None:
    pid = start_child("serve")
    assert begun(directory) is None
    os.kill(pid, signal.SIGSTOP)
    assert begun(directory) is None
    assert is_start_free(directory)
    kill_engine(directory)


def test_none_is_begun_early_while_another_screen_starts_one(directory: WorldDirectory) -> None:
    first = begun(directory)
    assert first is not None
    assert begun(directory) is None
    assert wait_for_early(first) == first.child.pid


def test_none_is_begun_early_in_a_place_that_cannot_be_used(tmp_path: Path) -> None:
    place = tmp_path / "home"
    place.write_text("no directory")
    assert begin_early(Home(place), World.DEMO, ["/nowhere/cockpit"]) is None


def test_a_program_that_is_not_there_is_left_to_the_ordinary_way(directory: WorldDirectory) -> None:
    assert begin_early(Home(directory.path.parent), World.DEMO, ["/nowhere/cockpit"]) is None
    assert is_start_free(directory)


def test_one_that_is_not_wanted_any_more_is_ended(directory: WorldDirectory) -> None:
    early = begun(directory)
    assert early is not None
    early.give_up()
    assert early.child.returncode is not None
    assert is_start_free(directory)
    wait_until(lambda: engine_state(directory) is EngineState.NONE)


def test_one_that_fails_to_start_is_quoted(directory: WorldDirectory) -> None:
    early = begun(directory, "fail")
    assert early is not None
    with pytest.raises(EngineProcessError, match=r"exit code 2(.|\n)*no such recording"):
        wait_for_early(early)
    assert is_start_free(directory)
