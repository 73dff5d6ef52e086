"""Where a paper or live run keeps its recording: one file for each life of the engine, of one day and one run."""

import re
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from engine.world.directories import Home

SUFFIX: Final = ".frames"
_NUMBERED: Final = re.compile(r"\.([0-9]{2,})\.frames$")


def next_part(home: Home, day: date, run: str) -> Path:
    """Return the path of the next part of a run's recording; its folder is made where that can be done."""
    folder = home.recordings / day.isoformat()
    with suppress(OSError):
        # Whoever opens the part says what is wrong with its folder.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts = parts_of(home, day, run)
    return folder / f"{run}.{part_number(parts[-1]) + 1 if parts else 1:02d}{SUFFIX}"


def parts_of(home: Home, day: date, run: str) -> list[Path]:
    """Return the parts of a run's recording, oldest first."""
    found = (home.recordings / day.isoformat()).glob(f"{run}.*{SUFFIX}")
    return sorted(
        (path for path in found if path.name.startswith(f"{run}.") and part_number(path)), key=part_number
    )


def part_number(path: Path) -> int:
    """Return which part of its run a recording is, from 1; 0 for a name that does not say."""
    found = _NUMBERED.search(path.name)
    return 0 if found is None else int(found[1])


def remove_old(home: Home, today: date, keep_days: int) -> list[Path]:
    """Remove the folders of days older than ``keep_days``; return what was removed. Other things are left alone."""
    removed = []
    for folder in sorted(home.recordings.glob("????-??-??")):
        try:
            day = date.fromisoformat(folder.name)
        except ValueError:
            continue
        if today - day <= timedelta(days=keep_days):
            continue
        with suppress(OSError):
            # What cannot be removed costs room, never a start.
            for part in [*folder.glob(f"*{SUFFIX}"), *folder.glob(f"*{SUFFIX}.*")]:
                part.unlink(missing_ok=True)
                removed.append(part)
            if not any(folder.iterdir()):
                folder.rmdir()
    return removed
