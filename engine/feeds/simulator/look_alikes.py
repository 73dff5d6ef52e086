"""Written days that begin like a day type or an open type and turn out otherwise: none may bear that name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.feeds.simulator.written_days import BELOW, Script, Yesterday, write_script

DAY_LOOK_ALIKES: Final[Mapping[str, Script]] = MappingProxyType(
    {
        "normal-broken": write_script(
            "no normal day: the first hour holds all day and is left in the last hour",
            (-400, 400),
            "09:15 0, 09:22 -230, 09:28 -90, 09:38 -400, 09:48 -120, 09:56 90, 10:08 400, 10:15 260, 10:30 60, "
            "10:43 210, 11:00 -60, 11:13 130, 11:32 -210, 11:44 -20, 12:05 180, 12:25 -80, 12:40 120, 13:00 -150, "
            "13:20 60, 13:40 230, 14:00 310, 14:12 270, 14:25 430, 14:37 520, 14:50 620, 15:15 590, 15:30 590",
        ),
        "normal-variation-answered": write_script(
            "no normal variation: the first hour is left on one side, then on the other as well",
            (-200, 200),
            "09:15 0, 09:23 -120, 09:29 -20, 09:38 -200, 09:47 -60, 09:55 60, 10:07 200, 10:15 120, 10:30 -30, "
            "10:43 110, 11:00 30, 11:12 190, 11:25 120, 11:40 300, 11:55 180, 12:10 340, 12:40 100, 12:55 160, "
            "13:10 -90, 13:40 -260, 13:50 -200, 14:02 -340, 14:30 -150, 14:50 -60, 15:15 10, 15:30 10",
        ),
        "trend-given-back": write_script(
            "no trend day: one way until two o'clock, then a third of it is given back",
            (-60, 240),
            "09:15 0, 09:19 -60 8, 09:34 180, 09:45 60, 09:52 130, 10:04 240, 10:15 120 4, 10:35 310 4, 10:45 200 4, "
            "11:05 390 4, 11:15 280 4, 11:35 470 4, 11:45 360 4, 12:05 550 4, 12:15 440 4, 12:35 630 4, 12:45 520 4, "
            "13:05 710 4, 13:15 600 4, 13:35 790 4, 13:45 680 4, 14:05 870 4, 14:20 740, 14:32 790, 14:45 640, "
            "15:00 560, 15:15 520, 15:30 520",
        ),
        "neutral-centre-one-sided": write_script(
            "no neutral day: left above, while the low of the first hour is approached but never passed",
            (-200, 200),
            "09:15 0, 09:23 120, 09:29 20, 09:38 200, 09:48 40, 09:56 -60, 10:07 -200, 10:15 -110, 10:35 60, "
            "10:55 150, 11:20 290, 11:40 180, 12:00 60, 12:20 120, 12:45 -90, 13:10 -140, 13:35 -185 6, 13:55 -120, "
            "14:20 -40, 14:45 60, 15:15 0, 15:30 10",
        ),
        "neutral-extreme-recovered": write_script(
            "no extreme close: both sides are tried and the second one does not win",
            (-200, 200),
            "09:15 0, 09:23 120, 09:29 20, 09:38 200, 09:48 40, 09:56 -60, 10:07 -200, 10:15 -110, 10:35 60, "
            "10:55 150, 11:20 290, 11:40 170, 12:00 40, 12:20 130, 12:45 -70, 13:10 -150, 13:35 -90, 13:55 -230, "
            "14:10 -330, 14:22 -240, 14:35 -160, 14:50 -60, 15:05 10, 15:15 0, 15:30 0",
        ),
        "double-distribution-filled": write_script(
            "no double distribution: two balances, but the move between them is traded again and again",
            (-150, 150),
            "09:15 0, 09:23 -90, 09:30 10, 09:40 -150, 09:50 -20, 10:05 150, 10:15 40, 10:30 -110, 10:43 90, "
            "11:00 -80, 11:13 110, 11:30 -60, 11:46 120, 11:52 240, 12:02 430, 12:12 520, 12:25 450, 12:40 590, "
            "12:52 330, 13:05 110, 13:25 420, 13:45 150, 14:05 480, 14:25 220, 14:45 380, 15:15 330, 15:30 330",
        ),
        "non-trend-woken": write_script(
            "no non-trend day: nobody comes before one o'clock, then somebody does",
            (-160, 160),
            "09:15 0, 09:24 90, 09:32 -20, 09:43 160, 09:52 30, 10:06 -160, 10:15 -70, 10:35 60, 10:55 -50, "
            "11:20 90, 11:45 -40, 12:10 60, 12:40 -30, 13:00 110, 13:20 230, 13:35 180, 13:55 340, 14:15 280, "
            "14:35 420, 15:15 380, 15:30 380",
        ),
    }
)

_LATER: Final = "10:35 110, 11:00 60, 11:30 140, 12:00 70, 12:30 120, 13:00 50, 14:00 110, 15:15 80, 15:30 80"
_JUST_INSIDE: Final = Yesterday(low=-940, val=-740, poc=-430, vah=-90, high=60, close=-30)
"""Today opens above yesterday's value, below its high."""

OPEN_LOOK_ALIKES: Final[Mapping[str, Script]] = MappingProxyType(
    {
        "open-test-drive-stalled": write_script(
            "no open test drive: the test of yesterday's value low holds, but nothing drives away from it",
            (-130, 165),
            "09:15 0, 09:19 -80 6, 09:22 -118 4, 09:26 -30 6, 09:30 90, 09:34 60, 09:40 140, 09:45 100, 09:52 130, "
            "10:03 150, 10:15 120, " + _LATER,
            yesterday=Yesterday(low=-420, val=-122, poc=210, vah=560, high=760, close=-30),
        ),
        "open-rejection-reverse-refused": write_script(
            "no open rejection reverse: one way first, answered, but never back through the open",
            (-30, 245),
            "09:15 0, 09:21 130, 09:26 225 6, 09:30 150, 09:34 80, 09:38 50 6, 09:45 100, 09:52 70, 10:03 170, "
            "10:15 120, " + _LATER,
            yesterday=Yesterday(low=-640, val=-470, poc=-110, vah=80, high=390, close=-40),
        ),
        "open-auction-in-range-leaving": write_script(
            "no open auction: a minute of rotation about the open, then a drive that never looks back",
            (-45, 430),
            "09:15 0, 09:17 22 4, 09:19 -22 4, 09:22 20 4, 09:26 110, 09:31 200, 09:36 270, 09:45 340, 09:52 310, "
            "10:03 420, 10:15 360, 10:35 430, 11:00 370, 11:30 460, 12:00 390, 12:30 480, 13:00 400, 14:00 470, "
            "15:15 430, 15:30 430",
        ),
        "open-auction-out-of-range-inside": write_script(
            "no open auction out of range: the same rotation, but below the high of yesterday",
            (-170, 240),
            "09:15 0, 09:19 70, 09:23 -60, 09:28 80, 09:33 -70, 09:38 60, 09:45 -40, 09:52 110, 10:00 240, "
            "10:08 -10, 10:12 -170, 10:15 -120, 10:35 20, 11:00 140, 11:30 -60, 12:00 90, 12:30 -90, 13:00 60, "
            "13:30 -40, 14:00 100, 14:30 -30, 15:15 30, 15:30 20",
            yesterday=_JUST_INSIDE,
        ),
        "open-drive-crossed": write_script(
            "no open drive: the same start above yesterday's range, then back through the opening range",
            (-120, 310),
            "09:15 0, 09:17 80 4, 09:20 170 4, 09:25 235 6, 09:30 295 6, 09:36 120, 09:42 -60, 09:45 -100, 09:52 -40, "
            "10:03 60, 10:15 20, 10:35 110, 11:00 60, 11:30 140, 12:00 70, 12:30 120, 13:00 50, 14:00 110, "
            "15:15 80, 15:30 80",
            yesterday=BELOW,
        ),
    }
)
