"""Where the account stands on its way from paper to real money, and what is missing for the next stage."""

from enum import StrEnum

import msgspec

from engine.market.clock import Instant
from engine.rollout.stage_chain import RolloutTrack

__all__ = [
    "Criterion",
    "CriterionState",
    "RolloutGate",
    "RolloutReport",
    "RolloutSight",
    "RolloutTrack",
    "StageRoom",
    "StageRow",
]


class CriterionState(StrEnum):
    """How one line of a gate stands."""

    MET = "MET"
    UNMET = "UNMET"
    NOT_RECORDED = "NOT RECORDED"
    """The record tells nothing of it: as good as unmet."""


class Criterion(msgspec.Struct, frozen=True):
    """One line of a gate."""

    name: str
    """In a trader's words: 'sessions traded'."""
    asks: str
    """What is asked for: 'at least 20'."""
    evidence: str
    """What the record shows, with its sample: '12 sessions, 2 Nov to 17 Nov'."""
    state: CriterionState
    missing: str = ""
    """What is missing; empty where it is met."""
    sessions: int | None = 0
    """Sessions until it can be met at the pace so far; 0 where no further one is needed, None where nobody can say."""

    @property
    def met(self) -> bool:
        """Whether it is met."""
        return self.state is CriterionState.MET


class RolloutGate(msgspec.Struct, frozen=True):
    """The way from one stage to the next."""

    track: RolloutTrack
    origin: str
    """Name of the stage below."""
    target: str
    """Name of the stage above."""
    criteria: tuple[Criterion, ...]
    basis: str = ""
    """What its figures stand on: mode, market, fill rules, settings, strategy; empty without any trade."""
    apart: tuple[str, ...] = ()
    """Trades that stand in none of its figures, and why."""
    digest: str = ""
    """Digest of the evidence: what a promotion keeps of it."""

    @property
    def met(self) -> bool:
        """Whether every line is met."""
        return bool(self.criteria) and all(one.met for one in self.criteria)

    @property
    def unmet(self) -> tuple[Criterion, ...]:
        """The lines that are not met."""
        return tuple(one for one in self.criteria if not one.met)

    @property
    def sessions(self) -> int | None:
        """Sessions until all of it can be met at the pace so far; None where nobody can say."""
        told = [one.sessions for one in self.criteria]
        return None if None in told else max((one for one in told if one is not None), default=0)


class StageRow(msgspec.Struct, frozen=True):
    """One change of the stage, as the chain keeps it."""

    time: Instant
    track: RolloutTrack
    kind: str
    """promoted, demoted or rehearsed."""
    origin: str
    target: str
    by: str
    reason: str
    both: bool = False
    """Whether it is of both tracks: only a promotion is of its own alone."""


class RolloutReport(msgspec.Struct, frozen=True):
    """Where an account stands at one broker's addresses."""

    stage: str
    """As it is shown everywhere: 'PAPER', 'SMALL (REHEARSAL)'."""
    manual_stage: str
    """The stage of the trader's own orders."""
    addresses: str
    """'loopback', or the broker's hosts."""
    gates: tuple[RolloutGate, ...]
    """The next gate of the setups, then that of the trader's own orders; none beyond FULL."""
    rows: tuple[StageRow, ...] = ()
    """Changes of the stage so far, oldest first."""
    problem: str = ""
    """Why the record of the stages is not believed, and the way back; empty while it is."""
    time: Instant | None = None
    """When it was worked out, by the wall's clock."""

    @property
    def gate(self) -> RolloutGate | None:
        """The next gate of the setups; None at FULL."""
        return next((one for one in self.gates if one.track is RolloutTrack.SETUPS), None)


class StageRoom(msgspec.Struct, frozen=True):
    """What one stage leaves to a live entry, in words."""

    name: str
    words: str
    now: bool
    """Whether the setups of the account stand at it."""


class RolloutSight(msgspec.Struct, frozen=True):
    """The rollout of a home's account as a page shows it."""

    report: RolloutReport
    stages: tuple[StageRoom, ...]
    drill: str
    """The newest kill drill with its figures."""
    drill_missing: str
    """Why it does not count, and what to do; empty while it counts."""
