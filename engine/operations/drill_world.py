"""A kill drill's throw-away world: its engine begun, reached and taken away again."""

import contextlib
import subprocess
from types import TracebackType
from typing import Final, Self

from engine.host.drill_engine import drill_engine_argv
from engine.host.drill_place import DRILL_FOLDER, DrillPlace
from engine.host.launch import spawn_leashed
from engine.world.directories import Home, WorldDirectory

_PATIENCE: Final = 20.0
"""Seconds its engine may take to begin."""
_LEAVE_SECONDS: Final = 5.0


class DrillWorld:
    """A simulated market for one drill, with an engine in a process of its own; nothing of it outlives ``close``.

    It lies below the account's home and shares no file with any of its worlds.
    """

    def __init__(self, home: Home) -> None:
        """Begin the engine and wait until it answers; raises DrillPlaceError and EngineProcessError. Blocks."""
        home.create()
        self._place = DrillPlace.take(home.root / DRILL_FOLDER)
        try:
            self._engine = spawn_leashed(drill_engine_argv(self._place.home.root), self.directory, _PATIENCE)
        except BaseException:
            self._place.leave()
            raise

    @property
    def directory(self) -> WorldDirectory:
        """Where its engine is reached."""
        return self._place.directory

    def close(self) -> None:
        """Let the engine go and remove everything."""
        try:
            if self._engine.stdin is not None:
                with contextlib.suppress(OSError):
                    self._engine.stdin.close()
            try:
                self._engine.wait(_LEAVE_SECONDS)
            except subprocess.TimeoutExpired:
                self._engine.kill()
                self._engine.wait()
        finally:
            self._place.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
