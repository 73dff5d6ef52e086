"""Where the cockpit keeps its things: one home, three worlds that never share a file, and short socket addresses."""

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Final

from engine.system.errors import CockpitError
from engine.system.plain_file import plain_descriptor, read_plain

HOME_VARIABLE: Final = "COCKPIT_HOME"
LONGEST_SOCKET_PATH: Final = 100
"""Bytes. Linux allows 107 and macOS 103, both without the closing zero."""

_DIRECTORY_MODE: Final = 0o700
_LONGEST_ADDRESS: Final = 4_096
_FILE_MODE: Final = 0o600


class HomeError(CockpitError, OSError):
    """A directory of the home cannot be used; the text says which, why, and what to do."""


class World(StrEnum):
    """A group of states that must never mix; paper and live share one."""

    ACCOUNT = "account"
    DEMO = "demo"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class WorldDirectory:
    """The files of one world. Making a value of this class touches no file."""

    world: World
    path: Path

    @property
    def ledger(self) -> Path:
        """The path of the ledger's database."""
        return self.path / "ledger.sqlite"

    @property
    def exchange(self) -> Path:
        """The path of the paper exchange's own database."""
        return self.path / "exchange.sqlite"

    @property
    def place(self) -> Path:
        """The path of the file that says how far a live run has come in its own recording."""
        return self.path / "place.sqlite"

    @property
    def summaries(self) -> Path:
        """The directory of the close-of-day summaries."""
        return self.path / "summaries"

    @property
    def latch(self) -> Path:
        """The path of the kill latch."""
        return self.path / "latch.json"

    @property
    def lock(self) -> Path:
        """The path of the lock that at most one engine, or one closer, holds."""
        return self.path / "engine.lock"

    @property
    def start_lock(self) -> Path:
        """The path of the lock under which a screen starts an engine."""
        return self.path / "start.lock"

    @property
    def identity(self) -> Path:
        """The path of the file that says which process the engine is."""
        return self.path / "engine.json"

    @property
    def heartbeat(self) -> Path:
        """The path of the file with the last beat of the engine's loop."""
        return self.path / "engine.beat"

    @property
    def log(self) -> Path:
        """The path of the engine's log."""
        return self.path / "engine.log"

    @property
    def socket_address(self) -> Path:
        """The path of the file naming the socket directory; it exists only when that lies elsewhere."""
        return self.path / "socket.path"

    @property
    def sockets(self) -> Path:
        """The directory of the sockets: the world's own, or a short private one."""
        if _fits(self.path):
            return self.path
        return self._written_address() or next(self._short_candidates())

    @property
    def socket(self) -> Path:
        """The address that screens attach to."""
        return self.sockets / _SCREEN_SOCKET

    @property
    def kill_socket(self) -> Path:
        """The address of the kill's own line."""
        return self.sockets / _KILL_SOCKET

    def create(self) -> None:
        """Make the directory, 0700 and ours; raise HomeError when it cannot be."""
        _create(self.path.parent, enforce=False)
        _create(self.path, enforce=True)

    def create_sockets(self) -> Path:
        """Make the socket directory and return it; a short one's address is written in the world first.

        Only the holder of the engine's lock may call this. Raises HomeError when no private directory can be had.
        """
        self.create()
        if _fits(self.path):
            self.socket_address.unlink(missing_ok=True)
            return self.path
        written = self._written_address()
        if written is not None:
            return written
        problems: list[str] = []
        for candidate in self._short_candidates():
            try:
                _create(candidate, enforce=True)
            except HomeError as error:
                problems.append(str(error))
                continue
            write_private(self.socket_address, os.fsencode(candidate))
            return candidate
        for base in _short_bases():
            try:
                fresh = Path(tempfile.mkdtemp(prefix="cockpit-", dir=base))
            except OSError as error:
                problems.append(str(error))
                continue
            write_private(self.socket_address, os.fsencode(fresh))
            return fresh
        raise HomeError(
            "expected a private directory with a short path for the sockets, got none; choose a shorter "
            "home with --home or COCKPIT_HOME: " + "; ".join(problems)
        )

    def _written_address(self) -> Path | None:
        try:
            address = Path(os.fsdecode(read_plain(self.socket_address, _LONGEST_ADDRESS).strip()))
        except (OSError, ValueError):
            return None
        return address if address.is_absolute() and _fits(address) and _is_private(address) else None

    def _short_candidates(self) -> Iterator[Path]:
        digest = sha256(os.fsencode(self.path)).hexdigest()[:16]
        for base in _short_bases():
            yield base / f"cockpit-{os.getuid()}-{digest}"


@dataclass(frozen=True, slots=True)
class Home:
    """The directory that holds the configuration, the recordings and the worlds."""

    root: Path

    def world(self, world: World) -> WorldDirectory:
        """Return the directory of a world; nothing is created."""
        return WorldDirectory(world, self.root / world.value)

    @property
    def worlds(self) -> tuple[WorldDirectory, ...]:
        """Every world's directory, the account's first."""
        return tuple(self.world(world) for world in World)

    @property
    def recordings(self) -> Path:
        """The directory of our own recordings."""
        return self.root / "recordings"

    @property
    def reports(self) -> Path:
        """Directory of the reports that an engine writes at the close of a day."""
        return self.root / "reports"

    def create(self) -> None:
        """Make the home, 0700 when it is new; raise HomeError when it cannot be used."""
        _create(self.root, enforce=False)


def resolve_home(option: Path | None = None, environment: Mapping[str, str] | None = None) -> Home:
    """Return the home named by ``--home``, else by COCKPIT_HOME, else in the user's data directory.

    Links are followed, so that two spellings of one place are one home. Nothing is created.
    """
    environment = os.environ if environment is None else environment
    named = option if option is not None else environment.get(HOME_VARIABLE) or None
    if named is not None:
        return Home(_resolved(Path(named)))
    from platformdirs import user_data_path

    # The plain word "cockpit" is taken there by a server administration tool.
    return Home(user_data_path("auction-cockpit", appauthor=False).resolve())


def _resolved(named: Path) -> Path:
    try:
        found = named.expanduser().resolve()
        os.fspath(found).encode()
    except RuntimeError as error:
        # A loop of links, or a ~ of nobody.
        raise HomeError(
            f"{named}: expected a home that can be found, got: {error}; choose another"
        ) from error
    except UnicodeEncodeError as error:
        raise HomeError(
            f"{named}: expected a home whose path is text (UTF-8), got other bytes; choose another"
        ) from error
    return found


def temporary_folder() -> str:
    """Return the directory for temporary files; empty where the system has none that takes any."""
    try:
        return tempfile.gettempdir()
    except OSError:
        return ""


def write_private(path: Path, content: bytes) -> None:
    """Replace a file at once with mode 0600; readers see the old or the new content, never half."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = plain_descriptor(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)


def open_private(path: Path) -> int:
    """Return a descriptor for reading and writing a plain file, made with mode 0600 when absent; raises OSError."""
    return plain_descriptor(path, os.O_RDWR | os.O_CREAT, _FILE_MODE)


_SCREEN_SOCKET: Final = "engine.sock"
_KILL_SOCKET: Final = "kill.sock"


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / _SCREEN_SOCKET)) <= LONGEST_SOCKET_PATH


def _short_bases() -> Iterator[Path]:
    seen: set[Path] = set()
    for text in (os.environ.get("XDG_RUNTIME_DIR", ""), temporary_folder(), "/tmp"):  # noqa: S108
        base = Path(text)
        longest_name = f"cockpit-{os.getuid()}-{'0' * 16}"
        if text and base not in seen and base.is_absolute() and base.is_dir() and _fits(base / longest_name):
            seen.add(base)
            yield base


def _is_private(directory: Path) -> bool:
    try:
        status = directory.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.getuid()
        and stat.S_IMODE(status.st_mode) & 0o077 == 0
    )


def _create(directory: Path, *, enforce: bool) -> None:
    try:
        directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        status = directory.lstat() if enforce else directory.stat()
        if enforce and not stat.S_ISDIR(status.st_mode):
            raise HomeError(f"{directory}: expected a directory of our own, got a link; remove it")
        if enforce and status.st_uid != os.getuid():
            raise HomeError(
                f"{directory}: expected a directory of user {os.getuid()}, got one of user {status.st_uid}; "
                "choose another home with --home or COCKPIT_HOME"
            )
        if enforce and stat.S_IMODE(status.st_mode) != _DIRECTORY_MODE:
            directory.chmod(_DIRECTORY_MODE)
    except (FileExistsError, NotADirectoryError) as error:
        raise HomeError(
            f"{directory}: expected a directory, got something else; choose another with --home"
        ) from error
    except HomeError:
        raise
    except OSError as error:
        raise HomeError(
            f"{directory}: expected a directory that can be used, got: {error.strerror}; "
            "choose another home with --home or COCKPIT_HOME"
        ) from error
