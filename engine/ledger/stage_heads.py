"""How far a chain of stages has come, kept outside the ledger: in the home, and where the user's programs keep state.

A ledger that was put back ends before its head says; one that was put back with the home's head ends before the user's
says; a home that was copied or moved has none under its new name.
"""

import os
import pwd
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from engine.rollout.stage_chain import ChainHead
from engine.rollout.stages import BrokerPlace
from engine.system.errors import CockpitError, ErrorKind
from engine.system.plain_file import OversizeError, read_plain
from engine.world.directories import WorldDirectory, write_private

_STATE_VARIABLE: Final = "XDG_STATE_HOME"
_LONGEST: Final = 4_096
_PRIVATE: Final = 0o700


class HeadError(CockpitError, ValueError):
    """A head that cannot be read; the message names its file."""

    kind = ErrorKind.DAMAGED


def user_state() -> Path:
    """Return where the user's programs keep state; the account's own home counts, not what a shell calls so."""
    named = os.environ.get(_STATE_VARIABLE, "")
    if named and Path(named).is_absolute():
        return Path(named)
    return standing_state()


def standing_state() -> Path:
    """Return where they keep it when no variable says otherwise."""
    return Path(pwd.getpwuid(os.getuid()).pw_dir) / ".local" / "state"


class HeadFiles:
    """The two places of one chain's head.

    A variable names another directory, never an older truth: where the user's own holds a head of this home, that one
    counts as well, or a copy of it, kept aside and named by the variable, would bring an old home's stage back.
    """

    def __init__(self, directory: WorldDirectory, place: BrokerPlace) -> None:
        named = sha256(os.fsencode(directory.path)).hexdigest()[:24]
        kept = Path("auction-cockpit", "rollout", f"{named}-{place.value}.json")
        places = [directory.path / f"stages-{place.value}.json", user_state() / kept]
        unnamed = standing_state() / kept
        if unnamed not in places and unnamed.exists():
            places.append(unnamed)
        self.paths = tuple(places)

    def read(self) -> tuple[ChainHead | None, ...]:
        """Return each place's head, None where there is none; raises HeadError for one that does not read."""
        return tuple(_read(path) for path in self.paths)

    def seen(self) -> tuple[tuple[int, int] | None, ...]:
        """Return what of each place changes whenever its head is written; None where there is none."""
        return tuple(_seen(path) for path in self.paths)

    def write(self, head: ChainHead) -> None:
        """Replace each at once, 0600; raises OSError naming what could not be written."""
        for path in self.paths:
            path.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            write_private(path, msgspec.json.encode(head))


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _read(path: Path) -> ChainHead | None:
    try:
        return msgspec.json.decode(read_plain(path, _LONGEST), type=ChainHead)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, OversizeError, msgspec.DecodeError) as error:
        raise HeadError(f"{path}: expected the head of the stages' record, got: {error}") from error
