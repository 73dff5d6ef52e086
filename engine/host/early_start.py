"""An engine begun before its screen has loaded anything: the two starts go on side by side.

Loads nothing that is heavy: what it would load is what it does not want to wait for.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.system.plain_file import plain_descriptor
from engine.world.directories import Home, World, WorldDirectory, open_private


def engine_command(home: Home, world: World, *, speed: int | None = None) -> list[str]:
    """Return the command line that starts a home's engine for a world, before further options and files."""
    place = ["--home", os.fspath(home.root), "--world", world.value]
    pace = [] if speed is None else ["--speed", "max" if speed == 0 else str(speed)]
    return [sys.executable, "-m", "cockpit", "engine", *place, *pace]


def start_detached(
    argv: Sequence[str],
    directory: WorldDirectory,
    environment: Mapping[str, str],
    *,
    leash: bool = False,
) -> subprocess.Popen[bytes]:
    """Start an engine in a session of its own that writes to its world's log; raises OSError.

    With a ``leash`` its standard input is a pipe that this process alone holds open.
    """
    log = plain_descriptor(directory.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE if leash else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            close_fds=True,
            env={**os.environ, **environment},
        )
    finally:
        os.close(log)


@dataclass(slots=True)
class EarlyStart:
    """An engine on its way, and the start lock of its world: who begins it goes on to wait for it, or ends it."""

    directory: WorldDirectory
    lock: int
    child: subprocess.Popen[bytes]
    logged: int
    """Where the log stood before it, bytes."""

    is_claimed: bool = False
    """Whether somebody waits for it, or has: it goes on starting, whatever becomes of them."""

    def release(self) -> None:
        """Let others start engines: whatever came of this one is known."""
        os.close(self.lock)

    def give_up(self) -> None:
        """End an engine that nobody has claimed: it is not wanted any more."""
        if not self.is_claimed:
            self.is_claimed = True
            self.child.terminate()
            self.child.wait()
            self.release()


def begin_early(home: Home, world: World, argv: Sequence[str]) -> EarlyStart | None:
    """Start a world's engine where nobody else starts one and none runs; None leaves all of it to the ordinary way.

    What is wrong with a place is said there, too.
    """
    directory = home.world(world)
    with contextlib.suppress(OSError):
        home.create()
        directory.create()
        lock = open_private(directory.start_lock)
        child = None
        try:
            if _is_taken(lock) or not _is_free(directory):
                return None
            logged = directory.log.stat().st_size if directory.log.exists() else 0
            child = start_detached(argv, directory, {})
            return EarlyStart(directory, lock, child, logged)
        finally:
            if child is None:
                os.close(lock)
    return None


def _is_free(directory: WorldDirectory) -> bool:
    """Say whether no engine holds the world; one that closes in its stead holds it as well."""
    if not directory.lock.exists():
        return True
    descriptor = open_private(directory.lock)
    try:
        return not _is_taken(descriptor)
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
