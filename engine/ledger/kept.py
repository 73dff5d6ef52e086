"""What a person's own commands leave in the ledger, beside what runs record."""

from engine.contract.commands import EnterCharges, KeepDrill, NoteTrade
from engine.ledger import by_a_person
from engine.ledger.kill_drills import drill_record
from engine.market.clock import Instant
from engine.orders.ledger_facts import Record

Kept = NoteTrade | EnterCharges | KeepDrill
"""Commands that are written and decide nothing."""


def record_of(command: Kept, now: Instant) -> Record:
    """Return the record of what a person tells; asked twice it is the same one. Raises ValueError, saying why."""
    if isinstance(command, KeepDrill):
        return drill_record(command, now)
    return by_a_person.record_of(command, now)


def kept_words(command: Kept) -> str:
    """Return what is said once it is on disk."""
    if isinstance(command, KeepDrill):
        return "the drill is in the account's record"
    return by_a_person.kept_words(command)
