"""The ticks that peers are compared on: the recorded sessions where they are at hand, else the simulated day."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.day import SimulatedDay
from config import Settings
from engine.feeds.recordings.json_feed import open_recordings
from engine.market.instrument import Instrument
from engine.market.update import MarketUpdate

_RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Ticks:
    """One day's decoded updates in order of arrival."""

    name: str
    """Where they come from, for the table."""
    day: date
    instruments: Mapping[str, Instrument]
    updates: Sequence[MarketUpdate]
    settings: Settings

    @property
    def busiest(self) -> str:
        """Return the instrument that is heard of most often."""
        counts = dict.fromkeys(self.instruments, 0)
        for update in self.updates:
            counts[update.instrument] += 1
        return max(counts, key=counts.__getitem__)


def recording_files() -> tuple[Path, ...]:
    """Return the recorded sessions in ``COCKPIT_DATA``, else beside the checkout; empty where there are none."""
    folder = Path(os.environ.get("COCKPIT_DATA", _RECORDINGS))
    return tuple(sorted(folder.glob("*.json.gz"))) if folder.is_dir() else ()


def day_of_ticks(simulated: SimulatedDay) -> Ticks:
    """Return the recorded day held in memory, or the simulated one where nothing is recorded."""
    settings, files = simulated.settings, recording_files()
    if not files:
        return Ticks("simulated", simulated.day, simulated.instruments, simulated.updates, settings)
    feed = open_recordings(files)
    return Ticks("recorded", feed.day, feed.instruments, tuple(iter(feed.read, None)), settings)
