"""The living engines of this user, found without their homes: each keeps an entry in the user's runtime directory.

An entry lives as long as its engine holds the entry's lock, whatever became of its home. Beside it lies a second
address of the engine's kill line.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

import msgspec

from engine.system.plain_file import read_plain
from engine.world.directories import (
    LONGEST_SOCKET_PATH,
    World,
    WorldDirectory,
    temporary_folder,
    write_private,
)

_FOLDER: Final = "cockpit-engines"
_SUFFIX: Final = ".engine"
_LONGEST_ENTRY: Final = 16 * 1024
_MOST_ENTRIES: Final = 256
_NAME_SIGNS: Final = 16
_LONGEST_PID: Final = 4_194_304
_REFUSED: Final = ".refused"


class RegisteredEngine(msgspec.Struct, frozen=True):
    """Which engine it is, and where its world stood when it began."""

    pid: int
    started: str
    world: World
    home: str
    lock: tuple[int, int]
    """Device and inode of its world's lock."""
    account: str = ""
    """A name of the broker's account that it trades; empty where it knows none."""
    live: bool = False
    """Whether its orders are real."""


class RefusedStart(msgspec.Struct, frozen=True):
    """A start that gave way to a living engine of the same home or account."""

    pid: int
    home: str


def lock_of(directory: WorldDirectory) -> tuple[int, int] | None:
    """Return device and inode of the lock that stands in a world's place; None where none does."""
    try:
        status = directory.lock.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Registration:
    """One engine's entry: held from its start to its end, and put back where somebody took it away."""

    def __init__(self, entry: RegisteredEngine) -> None:
        self.entry = entry
        self._descriptor: int | None = None
        self._path: Path | None = None
        self.keep()

    @property
    def kill_socket(self) -> Path | None:
        """The second address of the kill line; None where no runtime directory can be had."""
        return None if self._path is None else self._path.with_suffix(".sock")

    def keep(self) -> None:
        """Put the entry where it belongs unless it stands there. Any failure leaves the engine without one."""
        if self._stands():
            return
        self._let_go()
        for folder in _folders():
            with suppress(OSError):
                self._write(folder)
                return

    def refused_start(self) -> RefusedStart | None:
        """Return which start gave way to this engine since it was last asked; None where none did."""
        if self._path is None:
            return None
        note = self._path.with_suffix(_REFUSED)
        try:
            content = read_plain(note, _LONGEST_ENTRY)
            note.unlink()
            return msgspec.json.decode(content, type=RefusedStart)
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """Take the entry away."""
        if self._path is not None and self._stands():
            with suppress(OSError):
                self._path.unlink()
        self._let_go()

    def _stands(self) -> bool:
        if self._path is None or self._descriptor is None:
            return False
        try:
            return os.path.samestat(self._path.lstat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def _write(self, folder: Path) -> None:
        _make_private(folder)
        entry = self.entry
        name = sha256(f"{entry.account or entry.home}\n{entry.world.value}".encode()).hexdigest()[
            :_NAME_SIGNS
        ]
        path = folder / f"{name}-{entry.pid}{_SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _fill(descriptor, entry)
        except OSError:
            os.close(descriptor)
            raise
        self._path, self._descriptor = path, descriptor

    def _let_go(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._path = self._descriptor = None


class Living(msgspec.Struct, frozen=True):
    """A living engine's entry and the second address of its kill line."""

    entry: RegisteredEngine
    kill_socket: Path

    @classmethod
    def all(cls) -> tuple[Self, ...]:
        """Return every living engine of this user; entries of dead ones are taken away."""
        found = []
        for folder in _folders():
            for path in _entries(folder):
                entry = _read_living(path)
                if entry is not None:
                    found.append(cls(entry, path.with_suffix(".sock")))
        return tuple(found)

    def tell_refused(self, home: Path) -> None:
        """Let the engine know that this process gave way to it; where no note can be left it is not told."""
        told = RefusedStart(os.getpid(), os.fspath(home))
        with suppress(OSError):
            write_private(self.kill_socket.with_suffix(_REFUSED), msgspec.json.encode(told))

    def place_now(self) -> WorldDirectory | None:
        """Return where the lock that the engine holds lies now; None where it is gone, or the system does not tell."""
        with suppress(OSError):
            for held in Path(f"/proc/{self.entry.pid}/fd").iterdir():
                with suppress(OSError):
                    status = held.stat()
                    if (status.st_dev, status.st_ino) == self.entry.lock:
                        found = WorldDirectory(self.entry.world, held.readlink().parent)
                        return found if lock_of(found) == self.entry.lock else None
        return None

    @classmethod
    def at(cls, directory: WorldDirectory) -> Self | None:
        """Return the engine that holds the lock in a world's place; None where none is known to."""
        lock = lock_of(directory)
        return next((one for one in cls.all() if one.entry.lock == lock), None) if lock else None

    @classmethod
    def astray(cls, directory: WorldDirectory, account: str = "") -> tuple[Self, ...]:
        """Return engines of a world's home, or of its account, that do not hold the lock in its place.

        Paper counts like live: two books of one account would tell two stories of one day.
        """
        lock, home = lock_of(directory), os.fspath(directory.path.parent)
        return tuple(
            one
            for one in cls.all()
            if one.entry.world is directory.world
            and one.entry.lock != lock
            and (one.entry.home == home or (account and one.entry.account == account))
        )


def _folders() -> Iterator[Path]:
    """Yield where entries may stand, the first choice first: an own runtime directory shuts the others out."""
    chosen = os.environ.get("XDG_RUNTIME_DIR", "")
    usual = Path(f"/run/user/{os.getuid()}")
    if chosen and Path(chosen) != usual and _is_ours(Path(chosen)) and _serves(Path(chosen)):
        yield Path(chosen) / _FOLDER
        return
    if _is_ours(usual):
        yield usual / _FOLDER
    temporary = temporary_folder()
    if temporary:
        yield Path(temporary) / f"{_FOLDER}-{os.getuid()}"


def _is_ours(folder: Path) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _serves(folder: Path) -> bool:
    """Say whether entries can be written to a runtime directory, and a socket's address there is short enough."""
    longest = folder / _FOLDER / f"{'0' * _NAME_SIGNS}-{_LONGEST_PID}.sock"
    return os.access(folder, os.W_OK | os.X_OK) and len(os.fsencode(longest)) <= LONGEST_SOCKET_PATH


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder}: expected a private directory of our own")


def _entries(folder: Path) -> list[Path]:
    try:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            return []
        return sorted(folder.glob(f"*{_SUFFIX}"))[:_MOST_ENTRIES]
    except OSError:
        return []


def _read_living(path: Path) -> RegisteredEngine | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return msgspec.json.decode(os.read(descriptor, _LONGEST_ENTRY), type=RegisteredEngine)
        # Nobody holds it: its engine is dead.
        for suffix in (".sock", _REFUSED):
            path.with_suffix(suffix).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    except (OSError, msgspec.DecodeError):
        return None
    finally:
        os.close(descriptor)
    return None


def _fill(descriptor: int, entry: RegisteredEngine) -> None:
    content = msgspec.json.encode(entry)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, content, 0)
