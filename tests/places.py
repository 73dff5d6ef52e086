"""Fixtures of worlds that an engine of its own process may live in."""

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.host.launch import spawn_engine
from engine.host.liveness import EngineProcessError, kill_engine
from engine.world.directories import Home, World, WorldDirectory


@pytest.fixture(autouse=True)
def runtime_directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short private directory for sockets of long homes, in place of the user's."""
    with tempfile.TemporaryDirectory(prefix="ck") as path:
        monkeypatch.setenv("XDG_RUNTIME_DIR", path)
        yield Path(path)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[WorldDirectory]:
    """A fresh demo world; an engine that a test leaves in it is ended."""
    directory = Home(tmp_path / "home").world(World.DEMO)
    directory.create()
    yield directory
    with contextlib.suppress(EngineProcessError):
        kill_engine(directory)


@pytest.fixture
def start_child(directory: WorldDirectory) -> Iterator[Callable[..., int]]:
    """Start an engine process in the fixture's world: ``start_child("serve", ...)`` returns its pid."""
    pids: list[int] = []

    def start(*arguments: str) -> int:
        pids.append(spawn_engine(child_argv(directory, *arguments), directory))
        return pids[-1]

    yield start
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def child_argv(directory: WorldDirectory, *arguments: str) -> list[str]:
    """Return the command line of the small engine."""
    return [sys.executable, "-m", "tests.link.child", str(directory.path.parent), *arguments]
