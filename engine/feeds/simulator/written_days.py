"""Written days: one instrument is led along a written path from open to close while its companions stay calm.

A script is data: levels at clock times in thousandths of the average range around the day's opening price, as in
``script``. Its pins are kept exactly, so that the reading it is written for does not hang on chance.
"""

from dataclasses import dataclass, replace
from typing import Final

from engine.feeds.simulator.chance import Chance
from engine.feeds.simulator.script import BALANCE_END_SECOND, OPEN_SECOND, Pin, Story, second_of

END_SECOND: Final = second_of("15:45")
"""Every path reaches beyond the latest close."""

_WOBBLE: Final = 12
_SLACK: Final = 12
_CALM: Final = 110
_QUARTER: Final = 900


@dataclass(frozen=True, slots=True)
class Yesterday:
    """The session before, in levels around today's opening price."""

    low: int
    val: int
    poc: int
    vah: int
    high: int
    close: int


@dataclass(frozen=True, slots=True)
class Press:
    """A while in which one side presses into a wall: every trade prints there and the best quote stands.

    ``sign`` is +1 for buyers against the ask, -1 for sellers against the bid; ``percent`` is what each trade is of
    its ordinary size.
    """

    start: int
    """Second of the day …"""
    end: int
    """… up to, not including, this one."""
    level: int
    sign: int
    percent: int


@dataclass(frozen=True, slots=True)
class Script:
    """One written day."""

    summary: str
    """What happens and what it shows, for a person."""
    story: Story
    start: str
    """Where a screen opens it, HH:MM:SS."""
    yesterday: Yesterday
    slot_percent: int
    """Volume of an earlier day per five minutes, percent of what today's trading brings on average."""
    presses: tuple[Press, ...] = ()


INSIDE: Final = Yesterday(low=-480, val=-330, poc=20, vah=340, high=500, close=-40)
"""Today opens near the middle of yesterday's value."""
BELOW: Final = Yesterday(low=-1_330, val=-1_130, poc=-820, vah=-480, high=-330, close=-420)
"""Today opens above everything that traded yesterday."""


def write_script(
    summary: str,
    balance: tuple[int, int],
    path: str,
    *,
    start: str = "09:15:00",
    yesterday: Yesterday = INSIDE,
    slot_percent: int = 100,
    presses: tuple[Press, ...] = (),
) -> Script:
    """Return a script from its path: ``clock level`` pairs parted by commas, each optionally with its slack.

    ``balance`` is low and high of the first hour, which nothing leaves before 10:15. The last level is held to the
    end of the day.
    """
    rows = [row.split() for row in path.split(",")]
    pins = [_pin(*row) for row in rows]
    last = pins[-1]
    held = Pin(END_SECOND, last.level, _WOBBLE, _SLACK)
    return Script(summary, Story(*balance, (*pins, held)), start, yesterday, slot_percent, presses)


def press(start: str, end: str, level: int, *, sign: int = 1, percent: int = 1_000) -> Press:
    """Return a press between two clock times."""
    return Press(second_of(start), second_of(end), level, sign, percent)


def turned(script: Script) -> Script:
    """Return a written day upside down, yesterday included: what was a long is a short."""
    story, before = script.story, script.yesterday
    pins = tuple(replace(pin, level=-pin.level) for pin in story.pins)
    return replace(
        script,
        summary=f"upside down: {script.summary}",
        story=Story(-story.high, -story.low, pins),
        yesterday=Yesterday(
            low=-before.high,
            val=-before.vah,
            poc=-before.poc,
            vah=-before.val,
            high=-before.low,
            close=-before.close,
        ),
        presses=tuple(replace(one, level=-one.level, sign=-one.sign) for one in script.presses),
    )


def _pin(clock: str, level: str, slack: str = str(_SLACK)) -> Pin:
    return Pin(second_of(clock), int(level), _WOBBLE, int(slack))


CALM: Final = Script(
    summary="a companion's day",
    story=Story(-_CALM, _CALM, ()),
    start="09:15:00",
    yesterday=Yesterday(low=-660, val=-560, poc=30, vah=580, high=680, close=0),
    slot_percent=100,
)
"""What a companion of a written day comes from; its own path is ``calm_story``."""


def calm_story(chance: Chance) -> Story:
    """Return a day that goes nowhere: small swings around the open, another pin every quarter of an hour."""
    later = range(BALANCE_END_SECOND, END_SECOND, _QUARTER)
    levels = [0, _CALM, 0, -_CALM, *(chance.between(-_CALM // 2, _CALM // 2) for _ in later)]
    pins = tuple(
        Pin(OPEN_SECOND + place * _QUARTER, level, _WOBBLE, _SLACK) for place, level in enumerate(levels)
    )
    return Story(-_CALM, _CALM, pins)
