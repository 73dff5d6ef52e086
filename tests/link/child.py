"""An engine in a process of its own, small enough for tests: ``python -m tests.link.child HOME [behaviour]``.

Behaviours: ``serve`` (ends on a stop command), ``block`` (its loop spins for ever on the command "block"),
``late`` (takes the lock and never answers), ``fail`` (ends at once).
"""

import asyncio
import contextlib
import sys
from pathlib import Path

from engine.contract.commands import Command, CommandResult, Outcome, PauseEntries, StopEngine
from engine.contract.views import ScreenView
from engine.host.launch import ignore_hangup
from engine.host.liveness import BEAT_INTERVAL, EngineLock, Heartbeat
from engine.link import KillLine, KillReceiver, KillRequest, LinkServer, ScreenIdentity
from engine.world.directories import Home, World, WorldDirectory
from engine.world.latch_file import LatchFile
from tests.link.samples import make_view


class SmallEngine:
    """Shows one picture, counts kills in a file, spins on request."""

    def __init__(self, directory: WorldDirectory) -> None:
        self.directory = directory
        self.over = asyncio.Event()
        self.kills = 0

    async def on_command(self, command: Command, screen: ScreenIdentity) -> CommandResult:
        if isinstance(command, StopEngine):
            self.over.set()
        if isinstance(command, PauseEntries):
            (self.directory.path / "blocked").touch()
            while True:
                pass
        return CommandResult(command.id, Outcome.ACCEPTED, screen.name)

    def view_for(self, instrument: str | None) -> ScreenView | None:
        return None if instrument == "nothing" else make_view(1)

    def attached(self, screen: ScreenIdentity, screens: int) -> None:
        (self.directory.path / f"attached-{screens}").write_text(screen.name)

    def detached(self, screen: ScreenIdentity, screens: int) -> None:
        (self.directory.path / f"detached-{screens}").write_text(screen.name)

    def note_kill(self, request: KillRequest) -> None:
        self.kills += 1
        (self.directory.path / f"kill-{self.kills}").write_text(request.command)


async def _beat(heartbeat: Heartbeat) -> None:
    while True:
        heartbeat.beat()
        await asyncio.sleep(BEAT_INTERVAL)


async def serve(directory: WorldDirectory, heartbeat: Heartbeat, version: str) -> None:
    loop = asyncio.get_running_loop()
    engine = SmallEngine(directory)
    latch = LatchFile(directory.latch)
    receiver = KillReceiver(
        latch,
        lambda request: void(loop.call_soon_threadsafe(engine.note_kill, request)),
        lambda: heartbeat.age,
    )
    line = KillLine(directory, receiver)
    server = LinkServer(engine, world=directory.world, version=version)
    await server.serve(directory)
    beating = asyncio.create_task(_beat(heartbeat))
    await engine.over.wait()
    beating.cancel()
    await server.close()
    line.close()
    latch.close()


def void(_: object) -> None:
    """Drop a value."""


def main(home: str, behaviour: str = "serve", version: str = "0.1.0") -> int:
    ignore_hangup()
    directory = Home(Path(home)).world(World.DEMO)
    directory.create()
    with (directory.path / "starts").open("a") as starts:
        starts.write("start\n")
    if behaviour == "fail":
        sys.stderr.write("no such recording: day.json.gz\n")
        return 2
    lock = EngineLock.acquire(directory)
    if lock is None:
        return 3
    with lock:
        heartbeat = lock.become_engine()
        (directory.path / "started").touch()
        with contextlib.suppress(KeyboardInterrupt):
            if behaviour == "late":
                while True:
                    pass
            asyncio.run(serve(directory, heartbeat, version))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
