"""The repertoire of written days: one for each day type, open type and setup, and its look-alike that must not fire."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.feeds.simulator.look_alikes import DAY_LOOK_ALIKES, OPEN_LOOK_ALIKES
from engine.feeds.simulator.written_days import BELOW, Script, Yesterday, press, turned, write_script
from engine.system.errors import CockpitError

_DRIVING: Final = "09:15 0, 09:17 80 4, 09:20 170 4"

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
            (0, 450),
            _DRIVING
            + ", 09:25 235 6, 09:30 295 6, 09:37 270, 09:45 350, 09:52 310, 10:03 450, 10:15 380, 10:35 480, "
            "11:00 420, 11:30 560, 12:00 490, 12:30 610, 13:00 540, 13:30 660, 14:00 580, 14:30 690, 15:15 650, "
            "15:30 650",
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

_ROOMY: Final = Yesterday(low=-660, val=-560, poc=30, vah=580, high=680, close=-30)
"""A wide session before: none of its levels is near today's path."""
_LOWER: Final = Yesterday(low=-1_020, val=-820, poc=-500, vah=-150, high=-20, close=-30)
_NARROW_VALUE: Final = Yesterday(low=-600, val=-300, poc=10, vah=300, high=620, close=-30)

_ABOVE: Final = Yesterday(low=-70, val=150, poc=430, vah=650, high=800, close=40)
"""Today opens below yesterday's value, inside its range."""
_AROUND: Final = Yesterday(low=-620, val=-60, poc=210, vah=440, high=600, close=-30)
"""Today opens in the lower part of yesterday's value."""

_FAILING: Final = (
    "09:15 0, 09:24 -180, 09:29 -60, 09:41 -400, 09:49 -140, 09:54 -260, 10:00 -120, 10:05 60, 10:12 400, 10:15 270, "
    "10:20 20, 10:25 -190, 10:30 -110, 10:34 50, 10:37 290"
)
_FAILED: Final = (
    _FAILING + ", 10:39 385 4, 10:40:20 438 8, 10:41 452 4, 10:42:40 452 4, 10:43:10 430 8, 10:44:10 412 6, "
    "10:44:36 360 6, 10:45:15 348 6, 10:48 270, 10:51 300, 10:55 120, 10:58 170, 11:04 -60, 11:15 60, 11:32 -150, "
    "11:50 40, 12:10 -90, 12:30 80, 12:55 -120, 13:20 60, 13:45 -70, 14:10 90, 14:40 -50, 15:15 20, 15:30 10"
)
_BALANCED: Final = (
    "09:15 0, 09:22 140, 09:30 -60, 09:40 -280, 09:50 -40, 09:58 80, 10:06 290, 10:15 120, 10:24 -40, 10:34 60, "
    "10:43 -100, 10:52 40, 11:02 -170, 11:12 -10, 11:22 -60, 11:30 110"
)
_BREAKING: Final = (
    "09:15 0, 09:23 -100, 09:29 10, 09:38 -180, 09:47 -30, 09:55 70, 10:06 180, 10:15 90, 10:26 -50, 10:36 40, "
    "10:46 -20, 10:55 80, 11:00 150, 11:03 185, 11:05 215 6, 11:12 300, 11:22 260, 11:40 400, 11:58 350, 12:25 560, "
    "12:50 500, 13:20 590, 13:50 520, 14:20 580, 14:50 520, 15:15 550, 15:30 550"
)

_STRETCHED: Final = (
    "09:15 0, 09:19 200, 09:22 345, 09:25 385, 09:28 350, 09:29 370, 09:30 340, 09:31 270, 09:33 240, 09:38 60, "
    "09:47 -60, 09:56 70, 10:08 -130, 10:15 -20, 10:25 70, 10:35 -60, 10:46 80, 10:57 -70, 11:08 60, 11:19 -60, "
    "11:30 80, 11:42 -60, 11:53 70, 12:05 -40, 12:17 70, 12:24 20, 12:31 130, 12:36 220, 12:38 256 6, "
    "12:40 246 6, 12:42 262 6, 12:43:40 256 6, 12:44:30 309 4, 12:45:20 309 4, 12:46:30 262, 12:52 180, "
    "12:58 200, 13:08 100, 13:20 30, 13:40 90, 14:00 10, 14:20 80, 14:40 20, 15:15 50, 15:30 50"
)
_PARTED: Final = (
    "09:15 0, 09:22 -130, 09:31 130, 09:40 -150, 09:50 120, 09:58 -110, 10:07 150, 10:16 -120, 10:26 130, "
    "10:36 -130, 10:46 120, 10:56 -120, 11:06 130, 11:16 -120, 11:25 110, 11:36 -110, 11:45 -20, 11:52 240, "
    "12:02 430, 12:12 540"
)

SETUPS: Final[Mapping[str, Script]] = MappingProxyType(
    {
        "failed-auction": write_script(
            "failed auction: looks above the first hour, finds nobody and closes back inside",
            (-400, 400),
            _FAILING
            + ", 10:39 385 4, 10:40:20 438 8, 10:41:40 452 6, 10:43:10 430 8, 10:44:10 412 6, 10:44:36 360 6, "
            "10:45:15 348 6, 10:48 270, 10:51 300, 10:55 120, 10:58 170, 11:04 -60, 11:15 60, 11:32 -150, 11:50 40, "
            "12:10 -90, 12:30 80, 12:55 -120, 13:20 60, 13:45 -70, 14:10 90, 14:40 -50, 15:15 20, 15:30 10",
            start="10:43:00",
            yesterday=_ROOMY,
        ),
        "failed-auction-accepted": write_script(
            "no failed auction: the high of the first hour is taken, held for two brackets and only then given back",
            (-400, 400),
            _FAILING
            + ", 10:39 385 4, 10:41 450 6, 10:44 440 6, 10:52 478 6, 11:00 436 6, 11:08 480 6, 11:15 452 6, "
            "11:24 476 6, 11:35 440 6, 11:46 470 6, 11:52 390, 11:58 300, 12:20 120, 12:40 220, 13:00 60, 13:25 180, "
            "13:50 20, 14:15 140, 14:40 40, 15:15 90, 15:30 90",
            start="10:43:00",
            yesterday=_ROOMY,
        ),
        "value-area-fade": write_script(
            "value area fade: above yesterday's value for a few minutes, then back inside and on to its POC",
            (-280, 290),
            _BALANCED
            + ", 11:36 240, 11:39 300 6, 11:41 334 4, 11:43 326 4, 11:45:20 316 4, 11:47 290 6, 11:49 262 6, "
            "11:50:10 256 6, 11:53 210, 11:56 235, 12:05 110, 12:12 150, 12:26 -10, 12:40 70, 13:00 -110, "
            "13:20 50, 13:45 -60, 14:10 80, 14:40 -40, 15:15 20, 15:30 10",
            start="11:47:30",
            yesterday=_NARROW_VALUE,
        ),
        "value-area-fade-accepted": write_script(
            "no value area fade: price stays above yesterday's value for an hour before it comes back",
            (-280, 290),
            _BALANCED
            + ", 11:36 240, 11:39 310 6, 11:42 360 6, 11:50 345 6, 12:00 400 6, 12:10 350 6, 12:20 395 6, "
            "12:30 345 6, 12:40 380 6, 12:48 310 6, 12:54 240, 13:10 120, 13:30 180, 13:50 40, 14:15 120, 14:40 30, "
            "15:15 60, 15:30 60",
            start="11:47:30",
            yesterday=_NARROW_VALUE,
        ),
        "initial-balance-extension": write_script(
            "initial balance extension: a narrow first hour breaks with volume and runs to twice its range",
            (-180, 180),
            _BREAKING,
            start="11:03:30",
            yesterday=_ROOMY,
            slot_percent=55,
        ),
        "initial-balance-extension-quiet": write_script(
            "no initial balance extension: the same break, but with less volume than is usual at that time",
            (-180, 180),
            _BREAKING,
            start="11:03:30",
            yesterday=_ROOMY,
            slot_percent=140,
        ),
        "open-drive-faded": write_script(
            "no open drive: the same start, but more than a third of it is given back before half past nine",
            (-260, 310),
            _DRIVING
            + ", 09:23 300 6, 09:26 230, 09:30 130 6, 09:36 -20, 09:45 -140, 09:52 -60, 10:03 -260, 10:15 -180, "
            "10:35 -60, 11:00 -200, 11:30 -80, 12:00 -190, 12:30 -40, 13:00 -160, 13:30 -60, 14:00 -170, 14:30 -70, "
            "15:15 -120, 15:30 -110",
            start="09:23:00",
            yesterday=BELOW,
        ),
        "vwap-reversion": write_script(
            "VWAP reversion: a balanced day, two deviations above its average price at a thin level, and back",
            (-130, 390),
            _STRETCHED,
            start="12:43:00",
            yesterday=_ROOMY,
        ),
        "vwap-reversion-unbalanced": write_script(
            "no VWAP reversion: the same path, but above the value of yesterday, so that nothing says it balances",
            (-130, 390),
            _STRETCHED,
            start="12:43:00",
            yesterday=_LOWER,
        ),
        "single-print-continuation": write_script(
            "single-print continuation: a fast move is accepted above, and its lower edge holds the one return",
            (-150, 150),
            _PARTED
            + ", 12:25 450, 12:34 580, 12:43 470, 12:50 560, 12:56 430, 12:59:50 270 8, 13:01:30 185 6, "
            "13:02:20 158 4, 13:03:20 190 4, 13:05 225 6, 13:12 300, 13:18 270, 13:30 430, 13:45 540, 14:05 470, "
            "14:30 580, 14:50 500, 15:15 540, 15:30 540",
            start="12:59:00",
            yesterday=_ROOMY,
        ),
        "single-print-filled": write_script(
            "no single-print continuation: the same move, but it is given back before it was accepted",
            (-150, 150),
            _PARTED
            + ", 12:19 430, 12:24:50 270 8, 12:26:30 185 6, 12:27:20 158 4, 12:28:20 190 4, 12:30 225 6, "
            "12:33 240, 12:36 120, 12:41 -40, 12:45 -110, 12:56 100, 13:05 -90, 13:15 110, 13:25 -100, 13:34 90, "
            "13:45 -110, 13:55 100, 14:05 -90, 14:15 110, 14:25 -100, 14:34 90, 14:45 -110, 14:56 90, 15:06 -80, "
            "15:15 20, 15:30 10",
            start="12:28:00",
            yesterday=_ROOMY,
        ),
        "eighty-percent": write_script(
            "80 % rule (off by default): opens below yesterday's value, trades in it for two brackets and crosses it",
            (-130, 205),
            "09:15 0, 09:22 -90, 09:30 10, 09:38 -130, 09:44 95 6, 09:47 130 6, 09:55 190, 10:04 170, 10:10 200, "
            "10:15 185, 10:24 215, 10:34 190, 10:42 230, 10:45:20 222 6, 10:52 250, 11:10 330, 11:30 300, 11:55 440, "
            "12:20 400, 12:50 520, 13:15 480, 13:45 610, 14:10 560, 14:35 665, 15:15 640, 15:30 640",
            start="10:43:30",
            yesterday=_ABOVE,
        ),
        "eighty-percent-returned": write_script(
            "80 % rule (off by default): opens in yesterday's value, leaves it below and is back for two brackets",
            (-30, 150),
            "09:15 0, 09:22 80, 09:30 20, 09:40 120, 09:52 150, 10:03 40, 10:10 70, 10:15 10, 10:25 -190, "
            "10:36 -130, 10:44 -170, 10:52 -110, 11:00 20, 11:08 -10, 11:15 40, 11:24 75, 11:33 40, 11:42 80, "
            "11:45:20 76 6, 11:55 110, 12:20 230, 12:45 190, 13:15 330, 13:45 290, 14:20 430, 15:15 420, 15:30 420",
            start="11:43:30",
            yesterday=_AROUND,
        ),
        "eighty-percent-outside": write_script(
            "no 80 % rule: in yesterday's value for one bracket, but the second one closes outside again",
            (-130, 205),
            "09:15 0, 09:22 -90, 09:30 10, 09:38 -130, 09:44 95 6, 09:47 130 6, 09:55 190, 10:04 170, 10:10 200, "
            "10:15 185, 10:24 200, 10:34 140, 10:42 70, 10:45:20 60 6, 10:55 20, 11:20 -80, 11:50 60, 12:20 -60, "
            "12:50 70, 13:20 -50, 13:50 60, 14:20 -40, 14:50 50, 15:15 20, 15:30 20",
            start="10:43:30",
            yesterday=_ABOVE,
        ),
        "absorption": write_script(
            "absorption (off by default): the failed auction, with buyers taken at its high until they give up",
            (-400, 400),
            _FAILED,
            start="10:40:40",
            yesterday=_ROOMY,
            presses=(press("10:41:05", "10:42:35", 455),),
        ),
        "absorption-elsewhere": write_script(
            "no absorption: the same failed auction, but what buyers pressed into lay far below its high",
            (-400, 400),
            _FAILED,
            start="10:40:40",
            yesterday=_ROOMY,
            presses=(press("10:30:05", "10:31:35", -105),),
        ),
    }
)

_UPRIGHT: Final = {**DAY_TYPES, **DAY_LOOK_ALIKES, **OPEN_TYPES, **OPEN_LOOK_ALIKES, **SETUPS}
TURNED: Final = "-turned"
"""What the name of a day's twin ends with: the same day upside down."""

SCRIPTS: Final[Mapping[str, Script]] = MappingProxyType(
    _UPRIGHT | {f"{name}{TURNED}": turned(script) for name, script in _UPRIGHT.items()}
)
"""Every written day by the name a person gives it."""


class UnknownScriptError(CockpitError, ValueError):
    """There is no script of that name; the text lists those there are."""


def script_named(name: str) -> Script:
    """Return a script; raises UnknownScriptError listing all names with what each shows."""
    script = SCRIPTS.get(name)
    if script is None:
        width = max(map(len, SCRIPTS))
        known = "\n".join(f"  {one:<{width}}  {SCRIPTS[one].summary}" for one in SCRIPTS)
        raise UnknownScriptError(f"expected one of the scripts below, got {name!r}\n{known}")
    return script
