"""Kill drills in the account's record: what each measured, and whether the newest one still counts.

They belong to no run: a day that is played again, brought back from the dead or thinned leaves them alone.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from engine.contract.commands import KeepDrill
from engine.contract.drill_end import DrillEnd
from engine.ledger.by_a_person import BY_A_PERSON
from engine.ledger.reader import LedgerReader
from engine.ledger.schema import damaged
from engine.market.clock import MILLISECOND, SECOND, Instant, datetime_of
from engine.market.figures import grouped
from engine.orders.ledger_facts import Record
from engine.system.plain_text import plain

KILL_DRILL: Final = "kill_drill"
LATCH_BUDGET: Final = 10 * MILLISECOND
FIRST_BYTES_BUDGET: Final = 50 * MILLISECOND
FLAT_BUDGET: Final = 5 * SECOND
DRILL_COUNTS_FOR: Final = 7 * 24 * 3_600 * SECOND
"""How long a passed drill counts; a new version ends that at once."""

_LONGEST: Final = 120
_MOST_POSITIONS: Final = 1_000
_LONGEST_TIME: Final = 3_600 * SECOND


class KillDrill(msgspec.Struct, frozen=True):
    """One kill drill: from the key on this terminal, microseconds; None where it did not come to that."""

    time: Instant
    """When it ended, by the wall's clock."""
    version: str
    """The cockpit's version that was drilled."""
    terminal: str
    """The kind of terminal on which the key was pressed."""
    end: DrillEnd
    positions: int
    """How many were open as the key was pressed."""
    latch: Instant | None
    """Until the latch was on disk."""
    first_bytes: Instant | None
    """Until the first order of the kill left for the exchange."""
    flat: Instant | None
    """Until the exchange's own word proved flat."""

    @property
    def failures(self) -> tuple[str, ...]:
        """Why it was not passed, in words; empty where it was."""
        if self.end is not DrillEnd.FLAT:
            return ("the kill did not come to flat",)
        found = [
            _slow(what, measured, budget)
            for what, measured, budget in (
                ("the latch on disk", self.latch, LATCH_BUDGET),
                ("the first order out", self.first_bytes, FIRST_BYTES_BUDGET),
                ("flat, verified", self.flat, FLAT_BUDGET),
            )
        ]
        empty = "" if self.positions > 0 else "no position was open"
        return tuple(text for text in (*found, empty) if text)

    @property
    def why_not(self) -> str:
        """Why it was not passed, in one line; empty where it was."""
        return "; ".join(self.failures)

    @property
    def passed(self) -> bool:
        """Whether it reached flat inside every budget, from an open book."""
        return not self.failures

    @property
    def figures(self) -> str:
        """What was measured, in words: latch 3 ms · first order 9 ms · flat 0.41 s."""
        return (
            f"latch {_milliseconds(self.latch)} · first order {_milliseconds(self.first_bytes)} · "
            f"flat {'never' if self.flat is None else f'{self.flat / SECOND:.2f} s'}"
        )


class DrillState(StrEnum):
    """Whether a drill counts now."""

    PASSED = "passed"
    NEVER = "never"
    FAILED = "failed"
    """The newest one was not passed."""
    OLD = "old"
    """It was passed more than seven days ago."""
    OTHER_VERSION = "other version"
    """It was passed with another version of the cockpit."""


@dataclass(frozen=True, slots=True)
class DrillStanding:
    """How an account stands with its kill drill; a postponed drill is a missing one."""

    state: DrillState
    newest: KillDrill | None
    """The newest that was measured; None without any."""

    @property
    def counts(self) -> bool:
        """Whether a drill was passed within seven days, with this version."""
        return self.state is DrillState.PASSED

    @property
    def text(self) -> str:
        """What stands, with date and figures."""
        if self.newest is None:
            return "none in the record"
        day = f"{datetime_of(self.newest.time):%d %b %Y %H:%M}"
        word = "passed" if self.newest.passed else "not passed"
        return f"{word} {day}, version {self.newest.version}: {self.newest.figures}"

    @property
    def missing(self) -> str:
        """What is missing, and what to do; empty while it counts."""
        if self.state is DrillState.PASSED:
            return ""
        why = _MISSING[self.state]
        if self.newest is not None and self.state is DrillState.FAILED:
            why = f"{why}: {self.newest.why_not}"
        return f"{why}; run `cockpit drill` before the open"


def drill_of(command: KeepDrill, now: Instant) -> KillDrill:
    """Return the drill that a command tells of; raises ValueError for one that cannot have been."""
    times = (command.latch, command.first_bytes, command.flat)
    if any(one is not None and not 0 <= one <= _LONGEST_TIME for one in times):
        raise ValueError(f"expected times of a drill from 0 to {_LONGEST_TIME} microseconds, got {times}")
    if not 0 <= command.positions <= _MOST_POSITIONS:
        raise ValueError(f"expected at most {_MOST_POSITIONS} positions, got {command.positions}")
    return KillDrill(
        time=now,
        version=plain(command.version)[:_LONGEST],
        terminal=plain(command.terminal)[:_LONGEST],
        end=command.end,
        positions=command.positions,
        latch=command.latch,
        first_bytes=command.first_bytes,
        flat=command.flat,
    )


def drill_record(command: KeepDrill, now: Instant) -> Record:
    """Return the record of a drill; raises ValueError for one that cannot have been."""
    return Record(KILL_DRILL, command.id[:_LONGEST], now, drill_of(command, now))


def kill_drills(ledger: LedgerReader) -> tuple[KillDrill, ...]:
    """Return every drill of the record in the order written; raises LedgerError."""
    try:
        return tuple(
            msgspec.json.decode(fact.payload, type=KillDrill)
            for fact in ledger.records(KILL_DRILL, BY_A_PERSON)
        )
    except msgspec.DecodeError as error:
        raise damaged(ledger.path, f"a kill drill does not read: {error}") from error


def drill_standing(drills: tuple[KillDrill, ...], now: Instant, version: str) -> DrillStanding:
    """Return whether the newest drill counts at ``now`` (the wall's clock) for a version of the cockpit.

    The newest that ran its course decides: after one that was too slow an earlier pass proves nothing. One from the
    future, by a clock that was changed, counts as old.
    """
    if not drills:
        return DrillStanding(DrillState.NEVER, None)
    newest = drills[-1]
    if not newest.passed:
        return DrillStanding(DrillState.FAILED, newest)
    if newest.version != version:
        return DrillStanding(DrillState.OTHER_VERSION, newest)
    if not 0 <= now - newest.time <= DRILL_COUNTS_FOR:
        return DrillStanding(DrillState.OLD, newest)
    return DrillStanding(DrillState.PASSED, newest)


_MISSING: Final = {
    DrillState.NEVER: "no kill drill was ever passed",
    DrillState.FAILED: "the newest kill drill was not passed",
    DrillState.OLD: "the last kill drill is older than seven days",
    DrillState.OTHER_VERSION: "no kill drill was passed with this version",
}


def _slow(what: str, measured: Instant | None, budget: Instant) -> str:
    if measured is None:
        return f"{what}: not measured"
    if measured <= budget:
        return ""
    return f"{what} after {_milliseconds(measured)}, expected at most {_milliseconds(budget)}"


def _milliseconds(measured: Instant | None) -> str:
    if measured is None:
        return "never"
    whole = (measured + MILLISECOND // 2) // MILLISECOND
    return f"{measured / MILLISECOND:.1f} ms" if whole < 100 else f"{grouped(whole)} ms"
