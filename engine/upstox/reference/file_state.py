"""What is known of one list of the broker's: which it is, how old it may be, what is said of one that is older."""

from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Final

from engine.market.clock import MINUTE, Instant, datetime_of, instant_at, trading_date
from engine.system.errors import CockpitError, ErrorKind


class FileError(CockpitError, ValueError):
    """An instrument file that must not be used; says what was expected and what was found."""

    kind = ErrorKind.BROKER


class InstrumentFile(StrEnum):
    """The files we follow."""

    MASTER = "NSE"
    INTRADAY = "NSE_MIS"
    SUSPENDED = "suspended-instrument"


class Freshness(StrEnum):
    """What a refresh did to one file."""

    NEW = "NEW"
    UNCHANGED = "UNCHANGED"
    KEPT = "KEPT"
    """The older copy stays; the reason says why."""
    ABSENT = "ABSENT"


_REFRESHED_AT: Final = {
    InstrumentFile.MASTER: time(6, 0),
    InstrumentFile.INTRADAY: time(8, 31),
    InstrumentFile.SUSPENDED: time(6, 0),
}
"""When the broker renews each on a trading day (measured in 2026); a copy confirmed before that is of yesterday."""


@dataclass(frozen=True, slots=True)
class FileState:
    """One file after a refresh, or as found."""

    file: InstrumentFile
    freshness: Freshness
    rows: int
    confirmed: Instant | None
    """When the broker last said that this copy is its newest."""
    reason: str
    """Why it is KEPT or ABSENT, or STALE; empty when all is well."""

    @property
    def usable(self) -> bool:
        """Whether there is a copy at all."""
        return self.freshness is not Freshness.ABSENT


def stale_reason(file: InstrumentFile, confirmed: Instant | None, now: Instant) -> str:
    """Return why a copy is STALE, empty when the broker confirmed it after its last renewal."""
    renewed = instant_at(trading_date(now), _REFRESHED_AT[file])
    if renewed > now:
        renewed -= 1_440 * MINUTE
    if confirmed is not None and confirmed >= renewed:
        return ""
    when = "never" if confirmed is None else f"{datetime_of(confirmed):%d %b %H:%M}"
    return f"STALE: last confirmed {when}, renewed by the broker since ({datetime_of(renewed):%d %b %H:%M})"
