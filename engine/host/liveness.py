"""The engine as a process: at most one a world, found, started, proven alive, and ended only when proven the same.

A lock alone proves nothing, for a stopped process keeps it. So the loop beats; the kill's own line answers for
the beat from memory, and a file holds it for the time when nothing answers.
"""

import fcntl
import os
import struct
import tempfile
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from engine.link.kill_frame import HUNG_AFTER
from engine.link.kill_sender import KillSender
from engine.link.protocol import PROTOCOL
from engine.system.plain_file import OversizeError, plain_descriptor, read_plain
from engine.system.process_identity import EngineProcessError, kill_process, process_start, tells_starts
from engine.system.version import VERSION
from engine.world.directories import World, WorldDirectory, open_private, write_private
from engine.world.engine_register import RegisteredEngine, lock_of

__all__ = [
    "BEAT_INTERVAL",
    "EngineIdentity",
    "EngineLock",
    "EngineProcessError",
    "EngineState",
    "Heartbeat",
    "ended_uncleanly",
    "engine_state",
    "is_engine_known",
    "kill_engine",
    "process_start",
    "read_identity",
    "take_over",
]

BEAT_INTERVAL: Final = 0.5

POLL_SECONDS: Final = 0.01
PROBE_SECONDS: Final = 0.25
_BEAT: Final = struct.Struct("<q")
_LONGEST_NOTE: Final = 16 * 1024


class EngineState(StrEnum):
    """Whether a world's engine lives."""

    RUNNING = "running"
    HUNG = "hung"
    NONE = "none"


class EngineIdentity(msgspec.Struct, frozen=True):
    """Which process the engine is. ``started`` names the process's start, so that a recycled pid is recognised."""

    pid: int
    started: str
    world: World
    protocol: int
    version: str


class Heartbeat:
    """The loop's sign of life: the loop notes it in memory, a thread publishes it, the disk never holds the loop."""

    def __init__(self, path: Path) -> None:
        self._last = time.monotonic_ns()
        self._descriptor = open_private(path)
        self._ended = threading.Event()
        self._publish()
        self._thread = threading.Thread(target=self._publish_until_ended, name="heartbeat", daemon=True)
        self._thread.start()

    def beat(self) -> None:
        """Note that the loop lives; call it at least every BEAT_INTERVAL seconds, also while recovering."""
        self._last = time.monotonic_ns()

    @property
    def age(self) -> float:
        """The seconds since the last beat."""
        return (time.monotonic_ns() - self._last) / 1e9

    def close(self) -> None:
        """End the publishing."""
        self._ended.set()
        self._thread.join(BEAT_INTERVAL)
        if not self._thread.is_alive():
            os.close(self._descriptor)

    def _publish(self) -> None:
        os.pwrite(self._descriptor, _BEAT.pack(self._last), 0)

    def _publish_until_ended(self) -> None:
        while not self._ended.wait(BEAT_INTERVAL):
            try:
                self._publish()
            except OSError:
                # A full disk must not look like a hung loop to the line that answers from memory.
                continue


class EngineLock:
    """The one place in a world from which orders may leave: held by its engine, or by who closes in its stead."""

    def __init__(self, directory: WorldDirectory, descriptor: int) -> None:
        self._directory = directory
        self._descriptor = descriptor
        self._heartbeat: Heartbeat | None = None

    @classmethod
    def acquire(
        cls, directory: WorldDirectory, patience: float = 0.25, *, to_close: bool = False
    ) -> Self | None:
        """Return the lock, or None when another process keeps it for ``patience`` seconds.

        The patience outlasts those who only look whether the lock is held. ``to_close`` is for who only closes: a disk
        that takes nothing holds no closing up, a lock there is held as it lies, and one that is not there by nobody.
        """
        descriptor = _open_to_close(directory) if to_close else _open_to_run(directory)
        deadline = time.monotonic() + patience
        while not try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(POLL_SECONDS)
        return cls(directory, descriptor)

    @property
    def place(self) -> Path:
        """The directory of the world that the lock is of."""
        return self._directory.path

    @property
    def mark(self) -> tuple[int, int]:
        """Device and inode of the lock that is held."""
        status = os.fstat(self._descriptor)
        return status.st_dev, status.st_ino

    @property
    def stands(self) -> bool:
        """Whether the lock that is held is still the one in the world's place."""
        return lock_of(self._directory) == self.mark

    def become_engine(self) -> Heartbeat:
        """Say in the world that this process is its engine from now on; return the heartbeat its loop must keep."""
        self._heartbeat = Heartbeat(self._directory.heartbeat)
        started = process_start(os.getpid())
        if started is None:
            raise EngineProcessError("expected to find this process's own start time, got none")
        identity = EngineIdentity(os.getpid(), started, self._directory.world, PROTOCOL, VERSION)
        write_private(self._directory.identity, msgspec.json.encode(identity))
        return self._heartbeat

    def entry(self, account: str, *, live: bool) -> RegisteredEngine:
        """Return what the user's register is told of this process as the world's engine."""
        home = os.fspath(self._directory.path.parent)
        started = process_start(os.getpid()) or ""
        return RegisteredEngine(os.getpid(), started, self._directory.world, home, self.mark, account, live)

    def release(self, *, clean: bool = True) -> None:
        """Give the lock back. An engine's clean end takes its identity away: what is left tells of an unclean one.

        Who closed in an engine's stead leaves its identity, so that the run can still be resumed.
        """
        if self._heartbeat is not None:
            self._heartbeat.close()
            self._heartbeat = None
            if clean and self.stands:
                self._directory.identity.unlink(missing_ok=True)
                self._directory.heartbeat.unlink(missing_ok=True)
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release(clean=kind is None)


def read_identity(directory: WorldDirectory) -> EngineIdentity | None:
    """Return which process says it is, or last was, the world's engine; None when unsaid or unreadable."""
    try:
        return msgspec.json.decode(read_plain(directory.identity, _LONGEST_NOTE), type=EngineIdentity)
    except (OSError, ValueError):
        return None


def ended_uncleanly(directory: WorldDirectory) -> bool:
    """Say whether the world's last engine is gone without having taken its leave."""
    return directory.identity.exists() and not is_locked(directory)


def is_engine_known(directory: WorldDirectory) -> bool:
    """Say whether the process that wrote itself down as the world's engine still lives.

    Where the system tells no start times, the process that listens on the kill line must be that one.
    """
    identity = read_identity(directory)
    if identity is None:
        return False
    if tells_starts():
        return process_start(identity.pid) == identity.started
    return _listener(directory) == identity.pid


def engine_state(directory: WorldDirectory) -> EngineState:
    """Return whether the world's engine runs, hangs (its loop is silent for HUNG_AFTER seconds), or is not there.

    A lock held by a process that has not yet said who it is counts as running: it is starting, or closing.
    """
    if not is_locked(directory):
        return EngineState.NONE
    sender = KillSender(directory, patience=PROBE_SECONDS)
    try:
        answer = sender.status()
    finally:
        sender.close()
    if answer is not None:
        return EngineState.HUNG if answer.hung else EngineState.RUNNING
    if not is_engine_known(directory):
        return EngineState.RUNNING if is_locked(directory) else EngineState.NONE
    age = _published_age(directory)
    if age is None or age < HUNG_AFTER:
        return EngineState.RUNNING if is_locked(directory) else EngineState.NONE
    return EngineState.HUNG


def kill_engine(directory: WorldDirectory, patience: float = 5.0) -> None:
    """End the world's engine by SIGKILL, only if pid and start time are those it wrote down; wait until it is gone.

    Does nothing when no engine holds the lock. Raises EngineProcessError when the holder cannot be proven to be
    the engine, or does not go away within ``patience`` seconds.
    """
    if not is_locked(directory):
        return
    identity = read_identity(directory)
    if identity is None:
        raise EngineProcessError(
            f"{directory.identity}: expected the engine's pid and start time, got nothing readable; "
            f"find who holds {directory.lock} (fuser, lsof) and end it"
        )
    if tells_starts():
        kill_process(identity.pid, identity.started)
    elif _listener(directory) == identity.pid:
        kill_process(identity.pid, None)
    if not wait_for(lambda: not is_locked(directory), patience):
        raise EngineProcessError(
            f"expected the lock {directory.lock} to be free after process {identity.pid} was killed, "
            "got it still held; find who holds it (fuser, lsof) and end it"
        )


def take_over(directory: WorldDirectory, patience: float = 5.0, *, unheard: bool = False) -> EngineLock:
    """Return the world's lock, for closing its positions, after ending an engine whose loop is silent.

    ``unheard`` also ends one that lives where its kill line has answered nobody for long enough: its loop may be well,
    and still no kill reaches it. Raises EngineProcessError when the engine's loop answers (then the kill's own line is
    the way), or when the silent one cannot be proven to be the engine.
    """
    state = engine_state(directory)
    if state is EngineState.HUNG or (unheard and state is EngineState.RUNNING and is_engine_known(directory)):
        kill_engine(directory, patience)
    lock = EngineLock.acquire(directory, to_close=True)
    if lock is None:
        raise EngineProcessError(
            f"expected a silent or absent engine in {directory.path}, got its lock held: an engine begins or ends just "
            "now, or another `cockpit flatten` closes; call `cockpit flatten` again in a moment"
        )
    return lock


def _open_to_run(directory: WorldDirectory) -> int:
    directory.create()
    return open_private(directory.lock)


def _open_to_close(directory: WorldDirectory) -> int:
    try:
        return _open_to_run(directory)
    except OSError:
        try:
            return plain_descriptor(directory.lock, os.O_RDONLY)
        except OSError:
            return _lock_of_nobody()


def _lock_of_nobody() -> int:
    """Return the descriptor of a file without a name; a system whose disks take nothing has room in its memory."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("cockpit-lock")
    descriptor, name = tempfile.mkstemp(prefix="cockpit-")
    Path(name).unlink()
    return descriptor


def try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(directory: WorldDirectory) -> bool:
    try:
        descriptor = plain_descriptor(directory.lock, os.O_RDONLY)
    except OSError:
        # What is no plain file is nobody's lock; an engine's that was put away is in the user's register.
        if directory.lock.is_file():
            raise
        return False
    try:
        return not try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _listener(directory: WorldDirectory) -> int | None:
    """Return the process that listens on the world's kill line, as the system says; it need not answer."""
    sender = KillSender(directory, patience=PROBE_SECONDS)
    try:
        return sender.listener()
    finally:
        sender.close()


def _published_age(directory: WorldDirectory) -> float | None:
    try:
        content = read_plain(directory.heartbeat, _BEAT.size)
        return (time.monotonic_ns() - int(_BEAT.unpack(content)[0])) / 1e9
    except (OSError, OversizeError, struct.error):
        return None


def wait_for(condition: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
