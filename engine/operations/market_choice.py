"""What a person asked to see, and whether the files they named can be that at all."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.operations.errors import DeskError
from engine.system.plain_file import open_plain

_GZIP: Final = b"\x1f\x8b"
_LONGEST_MARK: Final = 16
"""Bytes that tell what a file is."""


@dataclass(frozen=True, slots=True)
class WorldChoice:
    """What a person asked to see: a world, for a replay its files, for a demo perhaps a written day."""

    world: str
    files: tuple[Path, ...] = ()
    instruments: Path | None = None
    start: str | None = None
    speed: int = 1
    script: str | None = None
    held: bool = False
    """Whether the market stands still as it begins."""
    shows: str = ""
    """The instrument that the screen shows first; empty leaves it to the watchlist."""


def check_script(choice: WorldChoice) -> None:
    """Refuse a written day that the simulator does not have; raises UnknownScriptError listing those it has."""
    if choice.script is not None:
        from engine.feeds.simulator import script_named

        script_named(choice.script)


def check_files(choice: WorldChoice) -> None:
    """Refuse files that are plainly no recordings, and recordings of two kinds at once; raises DeskError."""
    ours: list[Path] = []
    for path in (*choice.files, *((choice.instruments,) if choice.instruments else ())):
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise DeskError(f"{path}: expected a file, got a directory, pipe or device")
            with open_plain(path) as file:
                start = file.read(_LONGEST_MARK)
        except OSError as error:
            raise DeskError(f"{path}: expected a readable file, got: {error.strerror}") from error
        if path in choice.files and not start.startswith(_GZIP):
            from engine.feeds.recordings.frames_format import MAGIC

            if not start.startswith(MAGIC):
                raise DeskError(f"{path}: expected a recording (gzip, or one of our own), got something else")
            ours.append(path)
    if ours and len(ours) < len(choice.files):
        other = next(path for path in choice.files if path not in ours)
        raise DeskError(
            f"{other}: expected a recording of our own like {ours[0].name}, got one of the other kind; "
            "replay either kind by itself"
        )
