"""What happens this morning: each role's story as levels at clock times, in thousandths of the average range.

Level 0 is the day's opening price. A story pins the moments that make a demo worth watching (a failed auction
that pays, one that does not, look-alikes that must be refused); between its pins the price wanders by chance,
and after its last pin ``regimes`` goes on until the close.
"""

from dataclasses import dataclass
from datetime import time
from enum import Enum, auto
from typing import Final


class Role(Enum):
    """The part an instrument plays."""

    FAILED_HIGH = auto()
    """Looks above the initial balance and fails: a short that reaches its target."""
    FAILED_LOW = auto()
    """The mirror: a long that reaches its target."""
    STOPPED_OUT = auto()
    """Fails above the initial balance, then goes on up: a short that is stopped."""
    INDEX = auto()
    """The index and what hangs on it: its call's failed high must be refused, options are never sold to open."""
    TREND = auto()
    """Leaves a narrow initial balance and never comes back."""
    ACCEPTED = auto()
    """Breaks out too far to be a mere probe and falls back inside much later: no failed auction."""
    DOUBLE = auto()
    """Two distributions parted by a fast move."""
    BALANCE = auto()
    """Rotates inside the initial balance."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Where the price is at a second of the day. Levels in thousandths of the average range."""

    second: int
    level: int
    wobble: int = 28
    """How far chance may carry it on the way here: tenths of a level per root second."""
    slack: int = 45
    """How far outside its two pins the way may lead."""
    loose: bool = True
    """Whether chance may shift this pin a little in time and level."""


@dataclass(frozen=True, slots=True)
class Story:
    """A role's pins and its initial balance, low and high."""

    low: int
    high: int
    pins: tuple[Pin, ...]


def second_of(clock: str) -> int:
    """Return the second of the day of HH:MM or HH:MM:SS."""
    moment = time.fromisoformat(clock)
    return moment.hour * 3_600 + moment.minute * 60 + moment.second


OPEN_SECOND: Final = second_of("09:15")
BALANCE_END_SECOND: Final = second_of("10:15")

_Row = tuple[str, int] | tuple[str, int, int] | tuple[str, int, int, int]


def _story(low: int, high: int, loose: tuple[_Row, ...], exact: tuple[_Row, ...] = ()) -> Story:
    rows = [(row, True) for row in loose] + [(row, False) for row in exact]
    return Story(low, high, tuple(_pin(row, is_loose) for row, is_loose in rows))


def _pin(row: _Row, is_loose: bool) -> Pin:
    wobble = row[2] if len(row) > 2 else 28
    slack = row[3] if len(row) > 3 else 45
    return Pin(second_of(row[0]), row[1], wobble, slack, is_loose)


_FAILED_HIGH: Final = _story(
    -430,
    380,
    (
        ("09:15", 0),
        ("09:18", 95),
        ("09:26", -210),
        ("09:33", -90),
        ("09:41", -430, 28, 20),
        ("09:44", -300),
        ("09:52", -80),
        ("09:58", -190),
        ("10:04", 40),
        ("10:08", -60),
        ("10:12", 380, 22, 10),
        ("10:15", 270, 22, 10),
        ("10:20", 60),
        ("10:26", -60),
        ("10:31", 90),
    ),
    (
        ("10:35:30", 250, 22, 20),
        ("10:38:10", 365, 10, 4),
        ("10:39:40", 432, 10, 10),
        ("10:41:30", 446, 8, 6),
        ("10:43:10", 420, 8, 10),
        ("10:44:12", 398, 6, 8),
        ("10:44:36", 340, 6, 8),
        ("10:45:15", 328, 6, 10),
        ("10:47:00", 245, 14, 20),
        ("10:47:40", 268, 10, 12),
        ("10:49:10", 150, 14, 20),
        ("10:50:10", 190, 12, 15),
        ("10:51:50", 70, 16, 20),
        ("10:52:30", 100, 12, 15),
        ("10:54:00", -60, 16, 20),
        ("10:56:00", 5, 20, 25),
        ("10:58:30", -150, 22, 30),
        ("11:01:30", -70, 22, 30),
        ("11:06:00", -270),
        ("11:12:00", -130),
    ),
)

_FAILED_LOW: Final = _story(
    -400,
    390,
    (
        ("09:15", 0),
        ("09:19", -130),
        ("09:29", 160),
        ("09:40", 390, 28, 20),
        ("09:44", 270),
        ("09:51", 80),
        ("09:57", 180),
        ("10:03", -40),
        ("10:07", 50),
        ("10:11:30", -400, 22, 10),
        ("10:15", -280, 22, 10),
        ("10:21", -50),
        ("10:28", 50),
        ("10:35", -80),
    ),
    (
        ("10:41:00", -270, 22, 20),
        ("10:43:30", -380, 10, 4),
        ("10:45:10", -450, 10, 10),
        ("10:46:50", -466, 8, 6),
        ("10:48:20", -435, 8, 10),
        ("10:49:05", -412, 6, 8),
        ("10:49:32", -360, 6, 8),
        ("10:50:15", -348, 6, 10),
        ("10:52:00", -265, 14, 20),
        ("10:52:45", -290, 10, 12),
        ("10:54:40", -170, 14, 20),
        ("10:55:50", -205, 12, 15),
        ("10:57:40", -90, 16, 20),
        ("10:58:30", -120, 12, 15),
        ("11:00:40", 50, 16, 20),
        ("11:03:00", -10, 20, 25),
        ("11:07:00", 140, 22, 30),
        ("11:13:00", 40),
    ),
)

_STOPPED_OUT: Final = _story(
    -410,
    390,
    (
        ("09:15", 0),
        ("09:21", -150),
        ("09:27", -40),
        ("09:36", -410, 28, 20),
        ("09:41", -280),
        ("09:50", -60),
        ("09:58", -160),
        ("10:05", 90),
        ("10:11", 390, 22, 10),
        ("10:15", 290, 22, 10),
        ("10:23", 20),
        ("10:32", -120),
        ("10:42", 60),
    ),
    (
        ("10:50:30", 260, 22, 20),
        ("10:53:30", 370, 10, 4),
        ("10:55:30", 440, 10, 10),
        ("10:57:10", 456, 8, 6),
        ("10:58:30", 425, 8, 10),
        ("10:59:05", 402, 6, 8),
        ("10:59:34", 352, 6, 8),
        ("11:00:20", 340, 6, 10),
        ("11:01:20", 305, 12, 15),
        ("11:02:40", 400, 14, 15),
        ("11:04:00", 515, 14, 15),
        ("11:07:00", 590, 22, 30),
        ("11:13:00", 545),
    ),
)

_INDEX: Final = _story(
    -390,
    360,
    (
        ("09:15", 0),
        ("09:20", 110),
        ("09:28", -160),
        ("09:38", -390, 28, 20),
        ("09:43", -250),
        ("09:53", -70),
        ("09:59", -170),
        ("10:05", 60),
        ("10:11", 360, 22, 10),
        ("10:15", 260, 22, 10),
        ("10:24", 30),
        ("10:33", -70),
        ("10:40", 80),
    ),
    (
        ("10:46:00", 240, 22, 20),
        ("10:48:30", 340, 10, 4),
        ("10:50:20", 410, 10, 10),
        ("10:52:00", 424, 8, 6),
        ("10:53:20", 395, 8, 10),
        ("10:54:05", 372, 6, 8),
        ("10:54:32", 310, 6, 8),
        ("10:55:20", 300, 6, 10),
        ("10:58:00", 200, 16, 25),
        ("11:00:00", 235, 16, 25),
        ("11:05:00", 60, 22, 30),
        ("11:11:00", -20),
    ),
)

_TREND: Final = _story(
    -60,
    240,
    (
        ("09:15", 0),
        ("09:19", -60, 22, 10),
        ("09:30", 90),
        ("09:40", 40),
        ("09:50", 150),
        ("10:00", 240, 22, 10),
        ("10:07", 150),
        ("10:15", 225, 22, 10),
        ("10:22", 330, 22, 30),
        ("10:29", 305, 22, 20),
        ("10:43", 440, 24, 30),
        ("10:51", 410, 24, 25),
        ("11:09", 570, 26, 30),
        ("11:18", 530, 26, 30),
        ("11:44", 730, 26, 30),
        ("11:58", 690, 26, 30),
        ("12:28", 920, 26, 30),
    ),
)

_ACCEPTED: Final = _story(
    -300,
    280,
    (
        ("09:15", 0),
        ("09:20", 120),
        ("09:30", -140),
        ("09:39", -300, 28, 20),
        ("09:48", -60),
        ("09:57", 90),
        ("10:05", 280, 22, 10),
        ("10:15", 190, 22, 10),
    ),
    (
        ("10:22:00", 40, 22, 30),
        ("10:30:00", 150, 22, 20),
        ("10:35:00", 90, 22, 20),
        ("10:39:40", 268, 10, 4),
        ("10:41:30", 335, 12, 10),
        ("10:44:00", 410, 8, 10),
        ("10:46:00", 392, 14, 15),
        ("10:51:00", 530, 22, 20),
        ("10:57:00", 490, 22, 20),
        ("11:03:00", 330, 20, 20),
        ("11:06:00", 210, 16, 20),
        ("11:13:00", 120, 22, 30),
        ("11:20:00", 220, 22, 30),
    ),
)

_DOUBLE: Final = _story(
    -400,
    130,
    (
        ("09:15", 0),
        ("09:19", 130, 22, 10),
        ("09:28", -170),
        ("09:37", -400, 22, 10),
        ("09:47", -130),
        ("09:56", -300),
        ("10:06", 60),
        ("10:15", -140),
        ("10:24", -270),
        ("10:34", -40, 26, 30),
        ("10:46", -290, 26, 30),
        ("10:58", -60, 26, 30),
        ("11:10", -240, 26, 30),
        ("11:18", 40, 24, 20),
        ("11:27", 470, 24, 20),
        ("11:36", 400, 26, 30),
        ("11:48", 600, 26, 30),
        ("12:02", 410, 26, 30),
        ("12:16", 580, 26, 30),
    ),
)

_BALANCE: Final = _story(
    -340,
    330,
    (
        ("09:15", 0),
        ("09:20", 140),
        ("09:30", -100),
        ("09:42", -340, 28, 20),
        ("09:52", -90),
        ("10:03", 330, 28, 10),
        ("10:15", 120, 22, 20),
        ("10:27", -60),
        ("10:38", 170),
        ("10:52", -80),
        ("11:04", -210),
        ("11:16", 40),
    ),
)

STORIES: Final = {
    Role.FAILED_HIGH: _FAILED_HIGH,
    Role.FAILED_LOW: _FAILED_LOW,
    Role.STOPPED_OUT: _STOPPED_OUT,
    Role.INDEX: _INDEX,
    Role.TREND: _TREND,
    Role.ACCEPTED: _ACCEPTED,
    Role.DOUBLE: _DOUBLE,
    Role.BALANCE: _BALANCE,
}
