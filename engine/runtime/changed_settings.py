"""What a restart's settings ask of a run that goes on, or of a day that already began."""

from typing import Any, Final

import msgspec

import config
from engine.core import DayState, Wished
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.risk.wishes import Wishes, wishes_of
from engine.runtime.plan import RunPlan

_DECIDING: Final = ("account", "profile", "stop", "exit", "entry", "setups", "session", "options", "paper")
"""Sections that decide what a run does: one that goes on keeps those it began under."""

_ELSEWHERE: Final = frozenset(
    {"account.mode", "session.flat_by", "session.last_entry", "session.clock", "session.broker_squareoff"}
)
"""Of them, what counts at once, or is told with the limits."""


def kept_wishes(ledger: LedgerReader, plan: RunPlan) -> Wishes | None:
    """Return what a run wrote down last of the limits in force; read before it is brought back.

    Its place may lie before: a death right behind a start must not loosen what that start tightened. What does not
    read tells nothing.
    """
    try:
        fact = ledger.day_state(plan.day, plan.run)
        return None if fact is None else msgspec.json.decode(fact.payload, type=DayState).wishes
    except (LedgerError, msgspec.DecodeError):
        return None


def wished(
    began: config.Settings, now: config.Settings, *, goes_on: bool, kept: Wishes | None = None
) -> Wished:
    """Return the wish of ``now`` for a day that began under other settings.

    A run that ``goes_on`` decides by the settings it began under, but for limits, which tighten at once, and the kill's
    scope, which is a person's own and counts at once either way.
    """
    others = []
    if now.kill.scope != began.kill.scope:
        others.append(f"kill.scope is {now.kill.scope} from now on, {began.kill.scope} before")
    if goes_on:
        before, after = began.model_dump(mode="json"), now.model_dump(mode="json")
        others += [
            f"{name} stays {_shown(old)} in this run; {_shown(new)} counts from the next one"
            for section in _DECIDING
            for name, old, new in _differences(section, before[section], after[section])
        ]
    return Wished(wishes_of(now), kept, tuple(others))


def _differences(
    section: str, before: dict[str, Any], after: dict[str, Any]
) -> list[tuple[str, object, object]]:
    return [
        (f"{section}.{name}", before[name], value)
        for name, value in after.items()
        if before[name] != value and f"{section}.{name}" not in _ELSEWHERE
    ]


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
