"""A written path: levels at clock times, in thousandths of the average range; level 0 is the day's opening price."""

from dataclasses import dataclass
from datetime import time
from typing import Final


@dataclass(frozen=True, slots=True)
class Pin:
    """Where the price is at a second of the day. Levels in thousandths of the average range."""

    second: int
    level: int
    wobble: int
    """How far chance may carry it on the way here: tenths of a level per root second."""
    slack: int
    """How far outside its two pins the way may lead."""


@dataclass(frozen=True, slots=True)
class Story:
    """A day's pins and its initial balance, low and high."""

    low: int
    high: int
    pins: tuple[Pin, ...]


def second_of(clock: str) -> int:
    """Return the second of the day of HH:MM or HH:MM:SS."""
    moment = time.fromisoformat(clock)
    return moment.hour * 3_600 + moment.minute * 60 + moment.second


OPEN_SECOND: Final = second_of("09:15")
BALANCE_END_SECOND: Final = second_of("10:15")
