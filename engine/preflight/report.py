"""What the checks before trading found: go or no-go, each with its figures and its reason."""

import textwrap
from enum import StrEnum
from typing import Any, Final

import msgspec

from engine.market.clock import Instant, isoformat
from engine.system.errors import EXIT_DONE, EXIT_NO

_NAME: Final = 13
"""Columns for a check's name; of a longer one, all but its first word stands beside them."""
_INDENT: Final = " " * (len("  NO-GO  ") + _NAME + len("  "))


class Group(StrEnum):
    """The four groups of checks."""

    CONNECTIVITY = "connectivity"
    AUTHENTICATION = "authentication"
    CONFIGURATION = "configuration"
    SYSTEM = "system"


class CheckState(StrEnum):
    """What one check says. One NO-GO refuses trading; a WARN is for the trader to judge."""

    GO = "GO"
    WARN = "WARN"
    NO_GO = "NO-GO"
    NOT_ASKED = "NOT ASKED"
    """Another check's NO-GO left nothing to ask with; no more a go than that one is."""


class Check(msgspec.Struct, frozen=True):
    """One check. ``figure`` is what was measured or read, ``reason`` why it is not GO and what to do."""

    group: Group
    name: str
    state: CheckState
    figure: str = ""
    reason: str = ""
    values: dict[str, Any] = {}
    """The figures for machines; units are in the names."""
    stops_live: bool = False
    """A WARN in paper that would be a NO-GO in live."""


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
        """Whether trading may begin."""
        return bool(self.checks) and all(
            check.state in (CheckState.GO, CheckState.WARN) for check in self.checks
        )

    @property
    def stops(self) -> tuple[Check, ...]:
        """The checks that refuse trading: every NO-GO, or what was not asked where there is none; none on go."""
        bad = tuple(check for check in self.checks if check.state is CheckState.NO_GO)
        return bad or tuple(check for check in self.checks if check.state is CheckState.NOT_ASKED)

    @property
    def exit_code(self) -> int:
        """The exit code: 0 for go, 1 for no-go."""
        return EXIT_DONE if self.go else EXIT_NO

    def to_json(self) -> dict[str, Any]:
        """Return the report as the object that `cockpit preflight --json` prints."""
        return {
            "go": self.go,
            "mode": self.mode,
            "time": isoformat(self.time),
            "seconds": round(self.seconds, 3),
            "no_go": [check.name for check in self.stops],
            "stops_live": [check.name for check in self.checks if check.stops_live],
            "checks": [
                {
                    "group": check.group.value,
                    "name": check.name,
                    "state": check.state.value,
                    "figure": check.figure,
                    "reason": check.reason,
                    "values": check.values,
                }
                for check in self.checks
            ],
        }

    def describe(self, width: int = 100) -> list[str]:
        """Return the report as lines of at most ``width`` for a person, the verdict last."""
        lines: list[str] = []
        for group in Group:
            inside = [check for check in self.checks if check.group is group]
            if inside:
                lines += ["", group.value.upper()]
            for check in inside:
                lines += _described(check, width)
        return [*lines[1:], "", *textwrap.wrap(self._verdict(), width, break_long_words=False)]

    def _verdict(self) -> str:
        told = f"({self.mode}, {self.seconds:.1f} s)"
        if not self.go:
            return f"NO-GO {told}: {', '.join(check.name for check in self.stops) or 'nothing was checked'}"
        later = [check.name for check in self.checks if check.stops_live]
        return f"GO {told}" + (f"; live would be refused for: {', '.join(later)}" if later else "")


def _described(check: Check, width: int) -> list[str]:
    sign = "–" if check.state is CheckState.NOT_ASKED else check.state.value
    name, _, subject = check.name.partition(" ") if len(check.name) > _NAME else (check.name, "", "")
    first, *more = [part for part in (subject, check.figure, check.reason) if part] or [""]
    lines = _wrapped(f"  {sign:<5}  {name:<{_NAME}}  {first}", width)
    for part in more:
        lines += _wrapped(_INDENT + part, width)
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, subsequent_indent=_INDENT, break_long_words=False, break_on_hyphens=False
    )
