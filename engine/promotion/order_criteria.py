"""The lines that every gate asks for: no law broken, stops in time, a kill drill, and GO on each traded day."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from engine.contract.rollout_views import Criterion, CriterionState
from engine.ledger.kill_drills import DrillStanding
from engine.promotion.evidence import GateEvidence, StopTime
from engine.promotion.rules import CriteriaSettings

MET: Final = CriterionState.MET
UNMET: Final = CriterionState.UNMET
NOT_RECORDED: Final = CriterionState.NOT_RECORDED


def good_order(found: GateEvidence, drill: DrillStanding, rules: CriteriaSettings) -> list[Criterion]:
    """Return them over as many of the newest sessions as a gate asks for."""
    return [
        _laws(found, rules.sessions),
        _stops(found, rules),
        _drilled(drill),
        _checked(found, rules.sessions),
    ]


def _laws(found: GateEvidence, window: int) -> Criterion:
    days = found.within(window)
    broken = [(day, what) for day, what in found.laws if not days or day >= days[0]]
    asks = f"none broken in the last {window} sessions"
    if not broken:
        return Criterion("laws", asks, f"none broken in {sessions_of(len(days))}", MET)
    day, what = broken[-1]
    told = f"{len(broken)} broken, the last on {day:%d %b %Y}: {what}"
    return Criterion("laws", asks, told, UNMET, "sessions without one", _until_gone(days, day, window))


def _stops(found: GateEvidence, rules: CriteriaSettings) -> Criterion:
    days = found.within(rules.sessions)
    asks = f"each held at the exchange within {rules.stop_seconds:g} s of its fill"
    known = [one for one in found.stops if not days or one.day >= days[0]]
    told = [one for one in known if one.seconds is not None]
    late = [one for one in told if (one.seconds or 0.0) > rules.stop_seconds]
    untold = len(known) - len(told)
    slowest = max((one.seconds or 0.0 for one in told), default=None)
    shown = "no trade" if slowest is None else f"{len(told)} trades, the slowest {slowest:.2f} s"
    if late:
        return _late(asks, shown, late, days, rules.sessions)
    if untold:
        missing = f"{untold} trades without a proven stop, or without an end"
        return Criterion("stops", asks, f"{shown}; {untold} not recorded", NOT_RECORDED, missing, None)
    return Criterion(
        "stops", asks, shown, MET if told else UNMET, "" if told else "trades", 0 if told else None
    )


def _late(asks: str, shown: str, late: Sequence[StopTime], days: Sequence[date], window: int) -> Criterion:
    last = max(one.day for one in late)
    told = f"{shown}; {len(late)} late, the last on {last:%d %b %Y} ({late[-1].trade})"
    return Criterion(
        "stops", asks, told, UNMET, "sessions without a late one", _until_gone(days, last, window)
    )


def _until_gone(days: Sequence[date], day: date, window: int) -> int:
    """Return after how many sessions a day is no longer among the newest ones."""
    return window - sum(one > day for one in days)


def _drilled(drill: DrillStanding) -> Criterion:
    return Criterion(
        "kill drill",
        "passed within seven days, with this version, on your terminal",
        drill.text,
        MET if drill.counts else UNMET,
        drill.missing,
    )


def _checked(found: GateEvidence, window: int) -> Criterion:
    days = found.within(window)
    traded = sorted({one.day for one in found.stops if not days or one.day >= days[0]})
    asks = "GO of the checks before trading on each traded day"
    untold = [day for day in traded if day not in found.checked]
    bad = [day for day in traded if found.checked.get(day) is False]
    shown = f"{len(traded) - len(untold) - len(bad)} of {len(traded)} traded days"
    if bad:
        return Criterion(
            "pre-flight",
            asks,
            shown,
            UNMET,
            f"NO-GO on {bad[-1]:%d %b %Y}",
            _until_gone(days, bad[-1], window),
        )
    if untold:
        gone = _until_gone(days, untold[-1], window)
        return Criterion(
            "pre-flight", asks, shown, NOT_RECORDED, f"no verdict kept on {len(untold)} traded days", gone
        )
    return Criterion(
        "pre-flight",
        asks,
        shown,
        MET if traded else UNMET,
        "" if traded else "a traded day",
        0 if traded else 1,
    )


def sessions_of(count: int) -> str:
    """Return a number of sessions in words."""
    return "1 session" if count == 1 else f"{count} sessions"
