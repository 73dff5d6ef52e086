"""The place of a kill drill: a home of its own below the account's, held while the drill lasts, and nothing afterwards.

Who works in it holds the directory itself locked, so that what a death left is told from what is in use.
"""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path
from typing import Final, Self

from engine.host.liveness import EngineState, engine_state, kill_engine, try_lock
from engine.system.errors import CockpitError, ErrorKind
from engine.world.directories import Home, World, WorldDirectory

DRILL_FOLDER: Final = "drill"
_SHORT_NAME: Final = "cockpit-"


class DrillPlaceError(CockpitError, OSError):
    """The place of a drill cannot be had; the text says why and what to do."""

    kind = ErrorKind.IN_USE


class DrillPlace:
    """The throw-away home, locked; ``leave`` takes everything in it away."""

    def __init__(self, root: Path, descriptor: int) -> None:
        self._root = root
        self._descriptor = descriptor

    @property
    def home(self) -> Home:
        """The throw-away home."""
        return Home(self._root)

    @property
    def directory(self) -> WorldDirectory:
        """The world in which the drill is done."""
        return self.home.world(World.DEMO)

    @classmethod
    def take(cls, root: Path) -> Self:
        """Return the place, swept of what an earlier drill left by dying; raises DrillPlaceError."""
        descriptor = _locked(root, make=True)
        if descriptor is None:
            raise DrillPlaceError(f"{root}: expected no other drill, got one under way on another terminal")
        place = cls(root, descriptor)
        try:
            place._sweep()
        except BaseException:
            os.close(descriptor)
            raise
        return place

    @classmethod
    def left_behind(cls, root: Path) -> Self | None:
        """Return the place where nobody holds it any more; None where somebody does, or there is none."""
        descriptor = _locked(root, make=False)
        return None if descriptor is None else cls(root, descriptor)

    def leave(self) -> None:
        """Remove the place with everything in it; raises EngineProcessError where an engine in it cannot be ended."""
        try:
            self._sweep()
            with contextlib.suppress(FileNotFoundError):
                self._root.rmdir()
        finally:
            os.close(self._descriptor)

    def _sweep(self) -> None:
        directory = self.directory
        if engine_state(directory) is not EngineState.NONE:
            kill_engine(directory)
        # Sockets of a home with a long path lie elsewhere.
        if directory.socket_address.exists():
            sockets = directory.sockets
            if sockets != directory.path and sockets.name.startswith(_SHORT_NAME):
                shutil.rmtree(sockets, ignore_errors=True)
        for entry in self._root.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def _locked(root: Path, *, make: bool) -> int | None:
    """Return a descriptor that holds the directory locked; None where another process does, or there is none."""
    while True:
        try:
            if make:
                root.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            if make:
                continue
            return None
        except OSError as error:
            raise DrillPlaceError(
                f"{root}: expected a directory for the drill, got: {error.strerror or error}; move it away"
            ) from error
        if not try_lock(descriptor, fcntl.LOCK_EX):
            os.close(descriptor)
            return None
        with contextlib.suppress(FileNotFoundError):
            here, held = root.stat(), os.fstat(descriptor)
            if (here.st_dev, here.st_ino) == (held.st_dev, held.st_ino):
                return descriptor
        # Who held it before took it away meanwhile.
        os.close(descriptor)
        if not make:
            return None
