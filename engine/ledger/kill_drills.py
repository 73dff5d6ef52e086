"""What kill drills have shown: the rollout asks for the newest that passed.

They belong to no run: a day that is played again, brought back from the dead or thinned leaves them alone.
"""

from typing import Final

import msgspec

from engine.ledger.by_a_person import BY_A_PERSON
from engine.ledger.reader import LedgerReader
from engine.ledger.schema import damaged
from engine.market.clock import Instant
from engine.orders.ledger_facts import Record

KILL_DRILL: Final = "kill_drill"


class KillDrill(msgspec.Struct, frozen=True):
    """One drill: a person pressed the kill, and how long each step took. Milliseconds; None was not reached."""

    id: str
    time: Instant
    """By the wall's clock."""
    version: str
    """The program's version that was drilled."""
    passed: bool
    latch_ms: float | None
    """From the key to the latch on disk."""
    first_bytes_ms: float | None
    """From the key to the first order's bytes."""
    flat_ms: float | None
    """From the key to FLAT, proven."""
    terminal: str = ""
    """Which terminal it was pressed on."""
    why_not: str = ""
    """What did not hold; empty where it passed."""


def drill_record(drill: KillDrill) -> Record:
    """Return what the account's ledger keeps of a drill; kept twice it is the same one."""
    return Record(KILL_DRILL, drill.id, drill.time, drill)


def kill_drills(ledger: LedgerReader) -> tuple[KillDrill, ...]:
    """Return every drill, oldest first; raises LedgerError."""
    facts = ledger.records(KILL_DRILL, BY_A_PERSON)
    try:
        return tuple(msgspec.json.decode(fact.payload, type=KillDrill) for fact in facts)
    except msgspec.DecodeError as error:
        raise damaged(ledger.path, f"a kill drill does not read: {error}") from error
