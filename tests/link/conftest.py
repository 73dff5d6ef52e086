"""One server, two ways to it."""

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from engine.host.launch import spawn_engine
from engine.host.liveness import EngineProcessError, kill_engine
from engine.link import Link, LinkServer, MemoryLink, connect
from engine.link.hub import Handler
from engine.world.directories import Home, World, WorldDirectory
from tests.link.samples import Opener


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


@pytest.fixture(params=["unix", "memory"])
def transport(request: pytest.FixtureRequest) -> str:
    """Both transports, for the contract they share."""
    return str(request.param)


@pytest.fixture
async def attach(transport: str, directory: WorldDirectory) -> AsyncIterator[Opener]:
    """Attach a screen to a handler: ``await attach(handler, "name", version=...)``; one server a handler."""
    servers: dict[int, LinkServer] = {}
    links: list[Link] = []

    async def open_link(handler: Handler, screen: str = "screen", version: str = "0.1.0") -> Link:
        server = servers.get(id(handler))
        if server is None:
            server = servers[id(handler)] = LinkServer(
                handler, world=World.DEMO, frames_per_second=100, sign_of_life=3_600
            )
            if transport == "unix":
                await server.serve(directory)
        link: Link
        if transport == "unix":
            link = await connect(directory, screen, version=version)
        else:
            link = MemoryLink(server, screen, version=version)
        links.append(link)
        return link

    open_link.servers = servers  # type: ignore[attr-defined]
    yield open_link
    for link in links:
        await link.close()
    for server in servers.values():
        await server.close()


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
