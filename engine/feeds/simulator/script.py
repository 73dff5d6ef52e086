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
    -500,
    440,
    (
        ("09:15", 0),
        ("09:18", 110),
        ("09:24", -180),
        ("09:29", -60),
        ("09:36", -330),
        ("09:41", -500, 28, 20),
        ("09:44", -340),
        ("09:49", -140),
        ("09:54", -260),
        ("09:59", -120),
        ("10:03", -230),
        ("10:07", 60),
        ("10:12", 440, 22, 10),
        ("10:15", 300, 22, 10),
        ("10:20", 20),
        ("10:25", -190),
        ("10:30", -110),
        ("10:34", 50),
    ),
    (
        ("10:37:00", 290, 22, 20),
        ("10:39:00", 425, 10, 4),
        ("10:40:20", 478, 10, 10),
        ("10:41:40", 492, 8, 6),
        ("10:43:10", 470, 8, 10),
        ("10:44:10", 452, 6, 8),
        ("10:44:36", 400, 6, 8),
        ("10:45:15", 388, 6, 10),
        ("10:47:00", 300, 14, 20),
        ("10:47:40", 325, 10, 12),
        ("10:49:00", 240, 14, 20),
        ("10:50:00", 272, 12, 15),
        ("10:51:30", 150, 16, 20),
        ("10:52:10", 182, 12, 15),
        ("10:53:30", 60, 16, 20),
        ("10:54:10", 85, 12, 15),
        ("10:55:30", -60, 16, 20),
        ("10:57:00", 20, 20, 25),
        ("10:59:30", -130, 22, 30),
        ("11:02:00", -60, 22, 30),
        ("11:07:00", -290),
        ("11:13:00", -160),
    ),
)

_FAILED_LOW: Final = _story(
    -440,
    480,
    (
        ("09:15", 0),
        ("09:19", -140),
        ("09:26", 190),
        ("09:31", 60),
        ("09:37", 340),
        ("09:42", 480, 28, 20),
        ("09:45", 340),
        ("09:50", 130),
        ("09:55", 270),
        ("10:00", 120),
        ("10:04", 240),
        ("10:08", -80),
        ("10:12", -440, 22, 10),
        ("10:15", -300, 22, 10),
        ("10:21", 0),
        ("10:27", 200),
        ("10:33", 100),
        ("10:38", -60),
    ),
    (
        ("10:41:30", -280, 22, 20),
        ("10:43:40", -425, 10, 4),
        ("10:45:20", -478, 10, 10),
        ("10:46:50", -492, 8, 6),
        ("10:48:15", -470, 8, 10),
        ("10:49:05", -452, 6, 8),
        ("10:49:32", -402, 6, 8),
        ("10:50:15", -390, 6, 10),
        ("10:52:00", -300, 14, 20),
        ("10:52:45", -330, 10, 12),
        ("10:54:20", -235, 14, 20),
        ("10:55:20", -268, 12, 15),
        ("10:57:00", -140, 16, 20),
        ("10:57:45", -172, 12, 15),
        ("10:59:20", -40, 16, 20),
        ("11:00:00", -62, 12, 15),
        ("11:01:30", 75, 16, 20),
        ("11:03:30", 0, 20, 25),
        ("11:07:00", 150, 22, 30),
        ("11:13:00", 50),
    ),
)

_STOPPED_OUT: Final = _story(
    -480,
    440,
    (
        ("09:15", 0),
        ("09:21", -170),
        ("09:27", -50),
        ("09:33", -350),
        ("09:38", -480, 28, 20),
        ("09:42", -320),
        ("09:47", -120),
        ("09:53", -250),
        ("09:58", -130),
        ("10:03", -220),
        ("10:07", 80),
        ("10:11", 440, 22, 10),
        ("10:15", 310, 22, 10),
        ("10:21", 20),
        ("10:28", -200),
        ("10:36", -110),
        ("10:43", -180),
        ("10:48", 60),
    ),
    (
        ("10:51:30", 280, 22, 20),
        ("10:53:50", 425, 10, 4),
        ("10:55:30", 478, 10, 10),
        ("10:57:00", 494, 8, 6),
        ("10:58:20", 468, 8, 10),
        ("10:59:05", 452, 6, 8),
        ("10:59:34", 402, 6, 8),
        ("11:00:20", 390, 6, 10),
        ("11:01:20", 350, 12, 15),
        ("11:02:40", 450, 14, 15),
        ("11:04:00", 560, 14, 15),
        ("11:07:00", 640, 22, 30),
        ("11:13:00", 590),
    ),
)

_INDEX: Final = _story(
    -450,
    400,
    (
        ("09:15", 0),
        ("09:20", 120),
        ("09:28", -170),
        ("09:34", -300),
        ("09:39", -450, 28, 20),
        ("09:43", -290),
        ("09:49", -110),
        ("09:55", -230),
        ("10:00", -120),
        ("10:04", -200),
        ("10:07", 60),
        ("10:11", 400, 22, 10),
        ("10:15", 280, 22, 10),
        ("10:21", 10),
        ("10:28", -160),
        ("10:35", -90),
        ("10:42", 20),
    ),
    (
        ("10:46:30", 240, 22, 20),
        ("10:48:40", 385, 10, 4),
        ("10:50:20", 436, 10, 10),
        ("10:52:00", 450, 8, 6),
        ("10:53:20", 428, 8, 10),
        ("10:54:05", 410, 6, 8),
        ("10:54:32", 362, 6, 8),
        ("10:55:20", 350, 6, 10),
        ("10:58:00", 230, 16, 25),
        ("11:00:00", 265, 16, 25),
        ("11:05:00", 60, 22, 30),
        ("11:11:00", -40),
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
