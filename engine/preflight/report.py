"""What the checks before trading found: go or no-go, each with its figure and its reason."""

from enum import StrEnum
from typing import Any

import msgspec

from engine.market.clock import Instant, isoformat


class Group(StrEnum):
    """The four groups of checks."""

    CONNECTIVITY = "connectivity"
    AUTHENTICATION = "authentication"
    CONFIGURATION = "configuration"
    SYSTEM = "system"


class State(StrEnum):
    """What one check says. One NO-GO refuses trading; a WARN is for the trader to judge."""

    GO = "GO"
    WARN = "WARN"
    NO_GO = "NO-GO"


class Check(msgspec.Struct, frozen=True):
    """One check. ``figure`` is what was measured or read, ``reason`` why it is not GO and what to do."""

    group: Group
    name: str
    state: State
    figure: str = ""
    reason: str = ""


class Report(msgspec.Struct, frozen=True):
    """All checks of one moment."""

    mode: str
    """paper or live."""
    time: Instant
    seconds: float
    """How long the checks took."""
    checks: tuple[Check, ...]

    @property
    def go(self) -> bool:
        """Say whether trading may begin."""
        return bool(self.checks) and all(check.state is not State.NO_GO for check in self.checks)

    @property
    def exit_code(self) -> int:
        """Return 0 for go, 1 for no-go."""
        return 0 if self.go else 1

    def to_json(self) -> dict[str, Any]:
        """Return the report as the object that `cockpit preflight --json` prints."""
        return {
            "go": self.go,
            "mode": self.mode,
            "time": isoformat(self.time),
            "seconds": round(self.seconds, 3),
            "checks": [
                {
                    "group": check.group.value,
                    "name": check.name,
                    "state": check.state.value,
                    "figure": check.figure,
                    "reason": check.reason,
                }
                for check in self.checks
            ],
        }

    def describe(self) -> list[str]:
        """Return the report as lines for a person, the verdict last."""
        width = max((len(check.name) for check in self.checks), default=0)
        lines: list[str] = []
        for group in Group:
            inside = [check for check in self.checks if check.group is group]
            if inside:
                lines += ["", group.value.upper()]
            for check in inside:
                told = " · ".join(part for part in (check.figure, check.reason) if part)
                lines.append(f"  {check.state.value:<5}  {check.name:<{width}}  {told}".rstrip())
        bad = [check.name for check in self.checks if check.state is State.NO_GO]
        verdict = "GO" if self.go else f"NO-GO: {', '.join(bad) or 'nothing was checked'}"
        return [*lines[1:], "", f"{verdict} ({self.mode}, {self.seconds:.1f} s)"]
