"""What the ledger gives back: runs, journaled inputs, and facts as they were written."""

from datetime import date
from enum import StrEnum

import msgspec

from engine.market.clock import Instant
from engine.system.errors import CockpitError, ErrorKind


class RunState(StrEnum):
    """How a run stands in the ledger."""

    OPEN = "OPEN"
    """Under way, or ended uncleanly."""
    ENDED = "ENDED"
    ABANDONED = "ABANDONED"
    """Given up for another run: counted nowhere."""


class Run(msgspec.Struct, frozen=True):
    """One run. ``plan`` is the owner's own JSON, kept as it is; times are instants."""

    run: str
    world: str
    identity: str
    """Digest of its feed."""
    day: date
    settings: str
    """Digest of its settings."""
    plan: str
    started: Instant
    ended: Instant | None = None
    state: RunState = RunState.OPEN


class JournalEntry(msgspec.Struct, frozen=True):
    """One input of the core that cannot be had again: its number, after how many updates, when, what."""

    sequence: int
    cursor: int
    now: Instant
    kind: str
    payload: bytes


class Fact(msgspec.Struct, frozen=True):
    """One record. ``payload`` is JSON."""

    run: str
    kind: str
    key: str
    time: Instant
    payload: str


class LedgerError(CockpitError, RuntimeError):
    """The ledger cannot be used or written; the message names its file and says what to do."""

    kind = ErrorKind.DAMAGED


class LedgerDamagedError(LedgerError):
    """The file is not what we wrote."""
