"""Where a paper or live run keeps its recording: one file for each life of the engine, of one day and one run."""

from datetime import date, timedelta
from pathlib import Path
from typing import Final

from engine.home import Home

SUFFIX: Final = ".frames"


def next_part(home: Home, day: date, run: str) -> Path:
    """Return the path of the next part of a run's recording; its folder is made."""
    folder = home.recordings / day.isoformat()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{run}.{len(parts_of(home, day, run)) + 1:02d}{SUFFIX}"


def parts_of(home: Home, day: date, run: str) -> list[Path]:
    """Return the parts of a run's recording, oldest first."""
    return sorted((home.recordings / day.isoformat()).glob(f"{run}.[0-9][0-9]{SUFFIX}"))


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
        for part in [*folder.glob(f"*{SUFFIX}"), *folder.glob(f"*{SUFFIX}.*")]:
            part.unlink(missing_ok=True)
            removed.append(part)
        if not any(folder.iterdir()):
            folder.rmdir()
    return removed
