"""What a person tells of a trade or a day, beside what runs record: notes, and the charges of a contract note.

No run owns it: a day that is played again, brought back from the dead or thinned leaves it alone.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, TypeVar

import msgspec

from engine.contract.commands import EnterCharges, NoteTrade
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError, RunState
from engine.market.clock import Instant
from engine.market.figures import rupees
from engine.market.price import Paise
from engine.orders.ledger_facts import Record
from engine.system.plain_text import plain

BY_A_PERSON: Final = "by a person"
"""Stands for the run in the ledger's records; no run is ever called so."""
NOTE: Final = "note"
CHARGES: Final = "charges"

_LIVE: Final = "live"
"""How the name of a run begins whose orders a broker charges for."""

LONGEST_NOTE: Final = 500
MOST_TAGS: Final = 8
_Kind = TypeVar("_Kind")

_TAG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LONGEST_NAME: Final = 120
MOST_CHARGES: Final[Paise] = 100_00_00_000_00
"""Paise; a day's charges beyond a hundred crore are a slip of the pen."""


class Note(msgspec.Struct, frozen=True):
    """What the trader wrote of one trade or signal."""

    run: str
    subject: str
    """Id of the trade or signal."""
    text: str
    tags: tuple[str, ...]
    at: Instant
    """By the wall's clock."""


class DayCharges(msgspec.Struct, frozen=True):
    """The charges of one trading day as its contract note has them, paise: CONFIRMED."""

    day: date
    total: Paise
    parts: dict[str, Paise]
    """By the note's own words; empty where only the sum was entered."""
    source: str
    """Name of the file they were read from; empty where they were typed."""
    at: Instant
    """When they were entered, by the wall's clock."""


def record_of(command: NoteTrade | EnterCharges, now: Instant) -> Record:
    """Return the record of what a person tells; asked twice it is the same one. Raises ValueError, saying why."""
    if isinstance(command, NoteTrade):
        return note_record(command.id, command.run, command.subject, command.text, command.tags, now)
    return charges_record(command.id, command.day, command.total, command.parts, command.source, now)


def kept_words(command: NoteTrade | EnterCharges) -> str:
    """Return what is said once it is on disk."""
    if isinstance(command, NoteTrade):
        return f"noted: {command.subject}"
    return f"charges of {command.day.isoformat()}: {rupees(command.total)} CONFIRMED"


def note_record(name: str, run: str, subject: str, text: str, tags: Iterable[str], now: Instant) -> Record:
    """Return the record of a note; ``name`` makes it unique, so that asking twice keeps one.

    Raises ValueError for a text or tags that cannot be kept.
    """
    note = Note(_named(run), _named(subject), checked_text(text), checked_tags(tags), now)
    return Record(NOTE, f"{note.subject}:{_named(name)}", now, note)


def charges_record(
    name: str, day: date, total: Paise, parts: Mapping[str, Paise], source: str, now: Instant
) -> Record:
    """Return the record of a day's confirmed charges; raises ValueError for sums that no day has."""
    if not 0 <= total <= MOST_CHARGES:
        raise ValueError(f"expected charges from 0 to {MOST_CHARGES // 100} rupees, got {total / 100:.2f}")
    shown = {plain(kind)[:_LONGEST_NAME]: amount for kind, amount in parts.items()}
    charges = DayCharges(day, total, shown, plain(source)[:_LONGEST_NAME], now)
    return Record(CHARGES, f"{day.isoformat()}:{_named(name)}", now, charges)


def checked_text(text: str) -> str:
    """Return a note's text in one line without anything that steers a terminal; raises ValueError."""
    shown = " ".join(plain(text.replace("\n", " ")).split())
    if not shown:
        raise ValueError("expected a note with words in it, got none")
    if len(shown) > LONGEST_NOTE:
        raise ValueError(f"expected a note of at most {LONGEST_NOTE} signs, got {len(shown)}: write two")
    return shown


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags in small letters, each once; raises ValueError."""
    found = tuple(dict.fromkeys(tag.lower() for tag in tags))
    if len(found) > MOST_TAGS:
        raise ValueError(f"expected at most {MOST_TAGS} tags, got {len(found)}")
    for tag in found:
        if _TAG.fullmatch(tag) is None:
            raise ValueError(
                f"expected a tag of at most 32 letters, digits and hyphens, got {plain(tag)[:40]!r}"
            )
    return found


def notes_of(ledger: LedgerReader, run: str, subject: str) -> tuple[Note, ...]:
    """Return the notes of one trade or signal of a run, oldest first; raises LedgerError."""
    found = (_decoded(ledger, fact.payload, Note) for fact in ledger.records(NOTE, BY_A_PERSON))
    return tuple(note for note in found if (note.run, note.subject) == (run, subject))


def confirmed_charges(ledger: LedgerReader, day: date) -> DayCharges | None:
    """Return the charges of a day as its contract note has them, the newest entered; None until one is entered.

    Until then what trades tell of their charges is ESTIMATED. A note holds the whole account's: what others traded on
    it that day is in it, too. Raises LedgerError.
    """
    return contract_notes(ledger).get(day)


def contract_notes(ledger: LedgerReader) -> dict[date, DayCharges]:
    """Return the same of every day that has any, the newest entered of each; raises LedgerError."""
    facts = ledger.records(CHARGES, BY_A_PERSON)
    entered = (_decoded(ledger, fact.payload, DayCharges) for fact in facts)
    return {charges.day: charges for charges in entered}


def estimated_charges(ledger: LedgerReader, day: date) -> Paise:
    """Return what the charges of the finished live trades of a day were estimated to be, paise; raises LedgerError."""
    runs = [run for run in ledger.runs() if run.day == day and run.state is not RunState.ABANDONED]
    live = [run.run for run in runs if run.run.partition("-")[0] == _LIVE]
    return sum(trade.charges for run in live for trade in ledger.trades(run))


def _named(name: str) -> str:
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ValueError(f"expected a name of at most {_LONGEST_NAME} signs, got {plain(name)[:40]!r}")
    return name


def _decoded(ledger: LedgerReader, payload: str, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.DecodeError as error:
        raise LedgerError(f"{ledger.path}: what a person entered does not read: {error}") from error
