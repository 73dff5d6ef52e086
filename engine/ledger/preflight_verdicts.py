"""What the checks before trading said in a run: the rollout asks for GO on each traded day."""

from typing import Final

import msgspec

from engine.market.clock import Instant
from engine.orders.ledger_facts import Record

PREFLIGHT: Final = "preflight"


class PreflightVerdict(msgspec.Struct, frozen=True):
    """One verdict of the checks."""

    go: bool
    reason: str
    """Why not; empty for GO."""


def verdict_record(reason: str, now: Instant) -> Record:
    """Return the record of a verdict; no reason means GO."""
    return Record(PREFLIGHT, str(now), now, PreflightVerdict(not reason, reason))
