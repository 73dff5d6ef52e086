"""The kill latch: set in memory first, durable right after, cleared only by a person.

The file is written beside, fsynced, renamed, and its directory fsynced, by a thread of its own: a disk that does
not answer delays the file, never the kill. A full disk has no room for a second file: then the first is written over.
A file that cannot be read counts as a set latch.
"""

import errno
import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Final

import msgspec

from engine.market.clock import Instant
from engine.system.errors import CockpitError, ErrorKind

DISK_PATIENCE: Final = 0.010
"""Seconds a kill waits for the disk before it goes on with the latch in memory."""

_RETRY_SECONDS: Final = 0.1
_LONGEST_FILE: Final = 64 * 1024
_FILE_BYTES: Final = 2_048
"""Every record is padded to so much, so that a later one finds room where the first stands."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class LatchFileState(StrEnum):
    """How far a kill has come."""

    KILLING = "KILLING"
    STUCK = "STUCK"
    FLAT = "FLAT"


class LatchRecord(msgspec.Struct, frozen=True):
    """What the latch file says: the state now, and who set it, when and why."""

    state: LatchFileState
    since: Instant
    by: str
    reason: str
    command: str
    """Id of the command that set it."""
    detail: str = ""
    """What holds it up, for a person; empty while nothing does."""


@dataclass(frozen=True, slots=True)
class LatchTimes:
    """When the steps of the kill on record were reached, microseconds of a monotonic clock; None where not."""

    latched: int | None = None
    durable: int | None = None
    first_order: int | None = None
    flat: int | None = None


class LatchProof(IntEnum):
    """What a latch says to whoever sent one command: FLAT is the answer to that command alone."""

    CLEAR = 0
    KILLING = 1
    STUCK = 2
    FLAT = 3
    """Proven by reads of the broker that began after the command."""
    FLAT_BEFORE = 4
    """Proven, but not since the command."""


class LatchError(CockpitError, OSError):
    """The latch could not be cleared; it stays set."""

    kind = ErrorKind.REFUSED


def wall_clock() -> Instant:
    """Return the wall clock in microseconds since the epoch."""
    return time.time_ns() // 1_000


def _monotonic() -> int:
    return time.monotonic_ns() // 1_000


def read_latch(path: Path) -> LatchRecord | None:
    """Return what a latch file says, None when there is none.

    Any process may ask. A torn, unreadable or foreign file counts as set, and the reason says so. A file that was
    written but not yet renamed when its writer died counts too: that kill was asked for.
    """
    for candidate in (path, _beside(path)):
        try:
            descriptor = os.open(candidate, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except OSError as error:
            return _unreadable(candidate, error.strerror or str(error), wall_clock())
        changed = wall_clock()
        try:
            status = os.fstat(descriptor)
            changed = status.st_mtime_ns // 1_000
            if stat.S_ISDIR(status.st_mode):
                return _unreadable(candidate, "it is a directory", changed, "remove it, then `cockpit rearm`")
            if not stat.S_ISREG(status.st_mode):
                return _unreadable(candidate, "it is no plain file", changed)
            return msgspec.json.decode(os.read(descriptor, _LONGEST_FILE), type=LatchRecord)
        except OSError as error:
            return _unreadable(candidate, error.strerror or str(error), changed)
        except msgspec.DecodeError as error:
            return _unreadable(candidate, str(error), changed)
        finally:
            os.close(descriptor)
    return None


class LatchFile:
    """One process's latch on one file. Every method may be called from any thread.

    Two locks: the memory's is never held while the disk works, so that a kill waits for nothing; the disk's keeps
    the writer and a rearm apart.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], Instant] = wall_clock,
        monotonic: Callable[[], int] = _monotonic,
    ) -> None:
        self._path = path
        self._clock = clock
        self._monotonic = monotonic
        self._times = LatchTimes()
        self._changed = threading.Condition()
        self._disk = threading.Lock()
        self._record = read_latch(path)
        self._answered: frozenset[str] = frozenset()
        self._requests = 0
        self._wanted = 0
        self._durable = 0
        self._problem: str | None = None
        self._closing = False
        self._writer = threading.Thread(target=self._write_until_closed, name="latch", daemon=True)
        self._writer.start()

    @property
    def record(self) -> LatchRecord | None:
        """The latch as this process knows it; None when it is not set."""
        return self._record

    @property
    def is_set(self) -> bool:
        """Whether the latch is set: a plain read, fit for the moment before each write."""
        return self._record is not None

    @property
    def times(self) -> LatchTimes:
        """When the steps of the kill on record were reached; nothing for one of an earlier process."""
        return self._times

    @property
    def problem(self) -> str | None:
        """Why the file is behind the memory, None when nothing failed."""
        return self._problem

    def set(self, command: str, by: str, reason: str, *, patience: float = DISK_PATIENCE) -> bool:
        """Set the latch and return whether it is durable after at most ``patience`` seconds.

        A latch that is already set keeps its record: killing twice is killing once. Only where the account was flat
        does another command begin anew: nobody may read the old word for its answer.
        """
        with self._changed:
            self._requests += 1
            known = self._record
            if known is None or (known.state is LatchFileState.FLAT and known.command != command):
                self._times = LatchTimes(self._monotonic())
                self._record = LatchRecord(LatchFileState.KILLING, self._clock(), by, reason, command)
                self._answered = frozenset()
                self._ask_for_write()
        return self.wait_durable(patience)

    def mark(self, state: LatchFileState, detail: str = "", answers: Sequence[str] | None = None) -> None:
        """Note how far the kill has come and what holds it up; raise ValueError when it is not set. Never waits.

        ``answers`` are the commands that the state answers, None for the one that set it. A FLAT that does not answer
        the command on record came too late for it and is left out.
        """
        with self._changed:
            if self._record is None:
                raise ValueError(f"expected a set latch to mark {state}, got none")
            answered = frozenset((self._record.command,) if answers is None else answers)
            if state is LatchFileState.FLAT and self._record.command not in answered:
                return
            self._answered = answered if state is LatchFileState.FLAT else frozenset()
            if state is LatchFileState.FLAT and self._times.flat is None:
                self._times = replace(self._times, flat=self._monotonic())
            if (self._record.state, self._record.detail) != (state, detail):
                self._record = msgspec.structs.replace(self._record, state=state, detail=detail)
                self._ask_for_write()

    def note_order(self) -> None:
        """Note that an order of the kill was handed to the exchange: the first counts. Never waits."""
        if self._times.first_order is None and self.is_set:
            with self._changed:
                self._times = replace(self._times, first_order=self._monotonic())

    def proof_for(self, command: str) -> LatchProof:
        """Return what the latch in memory says to whoever sent a command."""
        with self._changed:
            record, answered = self._record, self._answered
        if record is None:
            return LatchProof.CLEAR
        if record.state is not LatchFileState.FLAT:
            return LatchProof.STUCK if record.state is LatchFileState.STUCK else LatchProof.KILLING
        return LatchProof.FLAT if command in answered else LatchProof.FLAT_BEFORE

    def rearm(self, patience: float = 2.0) -> None:
        """Clear the latch, in memory only after the file is durably gone.

        The caller has checked that a person asked, that the broker says flat and that no limit forbids it. Waits
        for the disk. Raises LatchError, and the latch stays set, when the file cannot be removed, when the disk
        does not answer within ``patience`` seconds, or when somebody killed again meanwhile.
        """
        if not self._disk.acquire(timeout=patience):
            raise LatchError(f"{self._path}: expected the disk to answer, got nothing; the latch stays set")
        try:
            requests = self._requests
            _remove(self._path)
            with self._changed:
                if requests != self._requests:
                    self._ask_for_write()
                    raise LatchError(
                        f"{self._path}: expected no new kill while clearing, got one; it stays set"
                    )
                self._record = None
                self._times = LatchTimes()
                self._answered = frozenset()
                self._problem = None
                self._wanted += 1
                self._note_durable(self._wanted)
        finally:
            self._disk.release()

    def wait_durable(self, seconds: float) -> bool:
        """Return whether the file equals the memory, after waiting at most ``seconds`` for it."""
        with self._changed:
            return self._changed.wait_for(lambda: self._durable == self._wanted, seconds)

    def close(self, patience: float = 1.0) -> bool:
        """End the writer after a last wait for the disk; return whether the file equals the memory."""
        durable = self.wait_durable(patience)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if durable:
            self._writer.join()
        return durable

    def _ask_for_write(self) -> None:
        self._wanted += 1
        self._changed.notify_all()

    def _note_durable(self, version: int) -> None:
        self._durable = version
        if self._times.latched is not None and self._times.durable is None:
            self._times = replace(self._times, durable=self._monotonic())
        self._changed.notify_all()

    def _write_until_closed(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._durable != self._wanted)
                if self._closing:
                    return
            problem = self._write_newest()
            with self._changed:
                self._problem = problem
                if problem is not None:
                    self._changed.wait_for(lambda: self._closing, _RETRY_SECONDS)

    def _write_newest(self) -> str | None:
        with self._disk:
            version, record = self._wanted, self._record
            if record is not None:
                try:
                    _write(self._path, msgspec.json.encode(record))
                except OSError as error:
                    return (
                        f"{error.filename or self._path}: the latch is set but not on disk yet: {error.strerror}; "
                        "trying again"
                    )
            with self._changed:
                self._note_durable(version)
        return None


def _write(path: Path, record: bytes) -> None:
    content = record.ljust(_FILE_BYTES)
    try:
        _replace(path, content)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _write_over(path, content)


def _replace(path: Path, content: bytes) -> None:
    beside = _beside(path)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    beside.replace(path)
    _sync_directory(path.parent)


def _write_over(path: Path, content: bytes) -> None:
    """Write where the latch stands already; half of it would read as a set latch."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if os.pwrite(descriptor, content, 0) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.ftruncate(descriptor, len(content))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    try:
        _beside(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        if path.parent.exists():
            _sync_directory(path.parent)
    except OSError as error:
        raise LatchError(
            f"{path}: expected to remove the latch, got: {error.strerror}; it stays set"
        ) from error


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".new")


def _unreadable(
    path: Path, problem: str, since: Instant, way_out: str = "cockpit rearm clears it"
) -> LatchRecord:
    return LatchRecord(
        LatchFileState.KILLING,
        since,
        "an unreadable latch file",
        f"{path} cannot be read ({problem}), so the latch counts as set; {way_out}",
        "",
    )


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
