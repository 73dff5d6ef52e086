"""A rollout on its way from PAPER to SMALL, to be looked at."""

from typing import Final

from cockpit.state.rollout_reading import RolloutReading
from engine.contract.rollout_views import (
    Criterion,
    CriterionState,
    RolloutGate,
    RolloutReport,
    RolloutSight,
    RolloutTrack,
    StageRoom,
    StageRow,
)

_DAY: Final = 86_400_000_000
_NOW: Final = 1_796_000_000_000_000
_MET, _UNMET, _UNKNOWN = CriterionState.MET, CriterionState.UNMET, CriterionState.NOT_RECORDED

SETUPS: Final = RolloutGate(
    RolloutTrack.SETUPS,
    "PAPER",
    "SMALL",
    (
        Criterion(
            "sessions recorded to their end",
            "at least 20",
            "12, 02 Nov 2026 to 17 Nov 2026",
            _UNMET,
            "8 sessions more",
            8,
        ),
        Criterion("trades", "at least 60", "41, 3.4 a session", _UNMET, "19 more", 6),
        Criterion(
            "net expectancy",
            "above nought after charges, in R and in money",
            "+0.18 R a trade over 41, 95 % interval −0.09 R to +0.44 R",
            _MET,
        ),
        Criterion("profit factor", "above 1.00 after charges", "1.31 over 41 trades", _MET),
        Criterion(
            "slowest stop",
            "each held within 2 s",
            "nothing proves it for 3 trades",
            _UNKNOWN,
            "sessions with every stop proven",
            None,
        ),
        Criterion(
            "kill drill",
            "passed within 7 days, with this version",
            "passed 16 Nov 2026 08:41",
            _UNMET,
            "a drill: `cockpit drill`",
            0,
        ),
    ),
    "paper, auto, fill rules 4, settings 3fa9c1",
    ("5 trades of 3 Nov: other settings",),
)
MANUAL: Final = RolloutGate(
    RolloutTrack.MANUAL,
    "PAPER",
    "SMALL",
    (Criterion("trades of your own", "at least 20", "22, 1.8 a session", _MET),),
    "paper, manual",
)
STAGES: Final = (
    StageRoom("PAPER", "no live entry; exits and stops pass in every stage", now=True),
    StageRoom(
        "SMALL",
        "1,00,000 rupees of the account, one lot or 25,000 a position, 1 at once, 2 instruments a day, "
        "0.25 % risk a trade",
        now=False,
    ),
    StageRoom("FULL", "as configured", now=False),
)
REPORT: Final = RolloutReport(
    "PAPER",
    "PAPER",
    "api-hft.upstox.com api.upstox.com assets.upstox.com",
    (SETUPS, MANUAL),
    (
        StageRow(
            _NOW - 9 * _DAY,
            RolloutTrack.SETUPS,
            "promoted",
            "PAPER",
            "SMALL",
            "a person",
            "every line was met",
        ),
        StageRow(
            _NOW - 2 * _DAY,
            RolloutTrack.SETUPS,
            "demoted",
            "SMALL",
            "PAPER",
            "the engine",
            "a stop later than 2 s",
        ),
    ),
    time=_NOW,
)
ON_THE_WAY: Final = RolloutReading(
    RolloutSight(
        REPORT,
        STAGES,
        "passed 16 Nov 2026 08:41, version 0.1.0: latch 2.3 ms · first order 6.4 ms · flat 1.32 s",
        "the last kill drill is older than seven days; run `cockpit drill` before the open",
    )
)
