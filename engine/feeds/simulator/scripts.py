"""The repertoire of written days: one for each day type, open type and setup, and its look-alike that must not fire."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.feeds.simulator.written import BELOW, Script, Yesterday, write_script

DAY_TYPES: Final[Mapping[str, Script]] = MappingProxyType(
    {
        "normal": write_script(
            "normal day: the first hour sets the range and nothing leaves it",
            (-400, 400),
            "09:15 0, 09:22 -230, 09:28 -90, 09:38 -400, 09:48 -120, 09:56 90, 10:08 400, 10:15 260, 10:30 60, "
            "10:43 210, 11:00 -60, 11:13 130, 11:32 -210, 11:44 -20, 12:05 180, 12:25 -80, 12:40 120, 13:00 -150, "
            "13:20 60, 13:40 230, 14:00 10, 14:20 -130, 14:40 90, 15:00 -40, 15:15 30, 15:30 10",
        ),
        "normal-variation": write_script(
            "normal variation: the first hour is left on one side, to about twice its range",
            (-200, 200),
            "09:15 0, 09:23 -120, 09:29 -20, 09:38 -200, 09:47 -60, 09:55 60, 10:07 200, 10:15 120, 10:30 -30, "
            "10:43 110, 11:00 30, 11:12 190, 11:25 120, 11:40 300, 11:55 180, 12:10 340, 12:30 220, 12:50 390, "
            "13:10 260, 13:30 400, 13:50 290, 14:10 380, 14:30 240, 14:50 300, 15:15 240, 15:30 240",
        ),
        "trend": write_script(
            "trend day: a narrow first hour, then one way to the close, no bracket taking out the one before",
            (-60, 240),
            "09:15 0, 09:19 -60 8, 09:34 180, 09:45 60, 09:52 130, 10:04 240, 10:15 120 4, 10:35 310 4, 10:45 200 4, "
            "11:05 390 4, 11:15 280 4, 11:35 470 4, 11:45 360 4, 12:05 550 4, 12:15 440 4, 12:35 630 4, 12:45 520 4, "
            "13:05 710 4, 13:15 600 4, 13:35 790 4, 13:45 680 4, 14:05 870 4, 14:15 760 4, 14:35 950 4, 14:45 840 4, "
            "15:00 1010, 15:15 1000, 15:30 1000",
        ),
        "neutral-centre": write_script(
            "neutral day: the first hour is left on both sides and the close comes back to the middle",
            (-200, 200),
            "09:15 0, 09:23 120, 09:29 20, 09:38 200, 09:48 40, 09:56 -60, 10:07 -200, 10:15 -110, 10:35 60, "
            "10:55 150, 11:20 290, 11:40 180, 12:00 60, 12:20 120, 12:45 -90, 13:10 -160, 13:35 -290, 13:55 -170, "
            "14:20 -40, 14:45 60, 15:15 0, 15:30 10",
        ),
        "neutral-extreme": write_script(
            "neutral day with an extreme close: both sides are tried, the second one wins",
            (-200, 200),
            "09:15 0, 09:23 120, 09:29 20, 09:38 200, 09:48 40, 09:56 -60, 10:07 -200, 10:15 -110, 10:35 60, "
            "10:55 150, 11:20 290, 11:40 170, 12:00 40, 12:20 130, 12:45 -70, 13:10 -150, 13:35 -90, 13:55 -230, "
            "14:15 -130, 14:35 -290, 14:50 -220, 15:05 -360, 15:15 -340, 15:30 -340",
        ),
        "double-distribution": write_script(
            "double distribution: two balances parted by one fast move that nobody revisits",
            (-150, 150),
            "09:15 0, 09:23 -90, 09:30 10, 09:40 -150, 09:50 -20, 10:05 150, 10:15 40, 10:30 -110, 10:43 90, "
            "11:00 -80, 11:13 110, 11:30 -60, 11:46 120, 11:52 240, 12:02 430, 12:12 520, 12:25 450, 12:40 590, "
            "13:00 460, 13:20 600, 13:40 470, 14:00 580, 14:20 460, 14:40 590, 15:00 480, 15:15 540, 15:30 530",
        ),
        "non-trend": write_script(
            "non-trend day: nobody comes, the range stays under half of the average",
            (-160, 160),
            "09:15 0, 09:24 90, 09:32 -20, 09:43 160, 09:52 30, 10:06 -160, 10:15 -70, 10:35 60, 10:55 -50, "
            "11:20 90, 11:45 -40, 12:10 60, 12:40 -90, 13:10 30, 13:40 -60, 14:10 80, 14:40 -30, 15:15 20, 15:30 10",
        ),
    }
)

OPEN_TYPES: Final[Mapping[str, Script]] = MappingProxyType(
    {
        "open-drive": write_script(
            "open drive above yesterday's range: one way from the first trade, never back through the open",
            (0, 430),
            "09:15 0, 09:17 60 4, 09:20 120 4, 09:24 190 6, 09:27 165 6, 09:33 250, 09:37 225, 09:45 340, 09:52 300, "
            "10:03 430, 10:15 360, 10:35 470, 11:00 410, 11:30 540, 12:00 470, 12:30 590, 13:00 510, 13:30 620, "
            "14:00 540, 14:30 640, 15:15 600, 15:30 600",
            yesterday=BELOW,
        ),
        "open-test-drive": write_script(
            "open test drive: a test of yesterday's value low that holds, then the drive through the open",
            (-125, 420),
            "09:15 0, 09:19 -80 6, 09:22 -118 4, 09:26 -30 6, 09:30 90, 09:34 60, 09:40 230, 09:45 290, 09:52 250, "
            "10:03 420, 10:15 350, 10:35 460, 11:00 380, 11:30 500, 12:00 420, 12:30 520, 13:00 430, 13:30 510, "
            "14:00 440, 14:30 520, 15:15 470, 15:30 470",
            yesterday=Yesterday(low=-420, val=-122, poc=210, vah=560, high=760, close=-30),
        ),
        "open-rejection-reverse": write_script(
            "open rejection reverse: one way first, answered, and back through the open",
            (-330, 270),
            "09:15 0, 09:21 150, 09:26 270, 09:30 170, 09:34 60, 09:38 -60, 09:45 -220, 09:52 -160, 10:03 -330, "
            "10:15 -250, 10:35 -120, 11:00 -260, 11:30 -90, 12:00 -210, 12:30 -60, 13:00 -190, 13:30 -30, "
            "14:00 -170, 14:30 -60, 15:15 -120, 15:30 -110",
            yesterday=Yesterday(low=-640, val=-470, poc=-110, vah=80, high=390, close=-40),
        ),
        "open-auction-in-range": write_script(
            "open auction in range: rotation about the open inside yesterday's range, no conviction",
            (-240, 250),
            "09:15 0, 09:19 70, 09:23 -60, 09:28 80, 09:33 -70, 09:38 60, 09:45 -40, 09:52 110, 10:00 250, "
            "10:08 -40, 10:12 -240, 10:15 -190, 10:35 -30, 11:00 120, 11:30 -90, 12:00 80, 12:30 -120, 13:00 60, "
            "13:30 -70, 14:00 100, 14:30 -60, 15:15 30, 15:30 20",
        ),
        "open-auction-out-of-range": write_script(
            "open auction out of range: rotation about an open above everything of yesterday",
            (-170, 240),
            "09:15 0, 09:19 70, 09:23 -60, 09:28 80, 09:33 -70, 09:38 60, 09:45 -40, 09:52 110, 10:00 240, "
            "10:08 -10, 10:12 -170, 10:15 -120, 10:35 20, 11:00 140, 11:30 -60, 12:00 90, 12:30 -90, 13:00 60, "
            "13:30 -40, 14:00 100, 14:30 -30, 15:15 30, 15:30 20",
            yesterday=BELOW,
        ),
    }
)

SCRIPTS: Final[Mapping[str, Script]] = MappingProxyType({**DAY_TYPES, **OPEN_TYPES})
"""Every written day by the name a person gives it."""


class UnknownScriptError(ValueError):
    """There is no script of that name; the text lists those there are."""


def script_named(name: str) -> Script:
    """Return a script; raises UnknownScriptError listing all names with what each shows."""
    script = SCRIPTS.get(name)
    if script is None:
        width = max(map(len, SCRIPTS))
        known = "\n".join(f"  {one:<{width}}  {SCRIPTS[one].summary}" for one in SCRIPTS)
        raise UnknownScriptError(f"expected one of the scripts below, got {name!r}\n{known}")
    return script
