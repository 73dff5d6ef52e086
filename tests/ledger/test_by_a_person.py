"""What a person tells of a trade or a day stays, whatever becomes of the run, and reads as plain words."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from engine.contract.commands import EnterCharges, NoteTrade
from engine.ledger.by_a_person import (
    BY_A_PERSON,
    LONGEST_NOTE,
    MOST_CHARGES,
    MOST_TAGS,
    checked_tags,
    checked_text,
    confirmed_charges,
    estimated_charges,
    notes_of,
    record_of,
)
from engine.ledger.records import Run
from engine.ledger.store import Ledger
from engine.orders.ledger_facts import Record
from tests.performance.builders import MONDAY, make_trade

NOTE = NoteTrade("n-1", "replay-1", "251215-000001-T", "held it too long", ("late",))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def tell(ledger: Ledger, *commands: NoteTrade | EnterCharges) -> None:
    for number, command in enumerate(commands):
        ledger.append(BY_A_PERSON, [record_of(command, 1_000 + number)], durable=True).result(60)


def closed(ledger: Ledger, name: str, net: int, day: date = MONDAY, *, abandoned: bool = False) -> int:
    """Leave a run with one trade; return its charges."""
    trade = make_trade(net)
    ledger.begin_run(Run(name, "account", "", day, "", "{}", 1))
    ledger.append(name, [Record("trade", trade.id, trade.exit_time, trade)], durable=True).result(60)
    if abandoned:
        ledger.abandon_run(name, 2)
    return trade.charges


def test_notes_are_told_in_the_order_written_of_their_own_trade_alone(ledger: Ledger) -> None:
    again = NoteTrade("n-2", "replay-1", "251215-000001-T", "and too large")
    other = NoteTrade("n-3", "replay-2", "251215-000001-T", "of another run")
    tell(ledger, NOTE, again, other)
    notes = notes_of(ledger, "replay-1", "251215-000001-T")
    assert [(note.text, note.tags) for note in notes] == [
        ("held it too long", ("late",)),
        ("and too large", ()),
    ]


def test_a_note_told_twice_is_kept_once(ledger: Ledger) -> None:
    tell(ledger, NOTE, NOTE)
    assert len(notes_of(ledger, "replay-1", "251215-000001-T")) == 1


def test_a_run_that_is_rewound_abandoned_or_thinned_leaves_its_notes(ledger: Ledger) -> None:
    closed(ledger, "replay-1", 100)
    tell(ledger, NOTE)
    ledger.rewind("replay-1", 0, 0)
    ledger.abandon_run("replay-1", 2)
    ledger.thin(0).result(60)
    assert len(notes_of(ledger, "replay-1", "251215-000001-T")) == 1


def test_nothing_in_a_note_steers_a_terminal() -> None:
    assert checked_text("a\x1b[31m\nb\u202e  c\t") == "a?[31m b? c"


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_a_note_has_words(text: str) -> None:
    with pytest.raises(ValueError, match="words in it"):
        checked_text(text)


def test_a_note_is_bounded() -> None:
    assert len(checked_text("x" * LONGEST_NOTE)) == LONGEST_NOTE
    with pytest.raises(ValueError, match=f"at most {LONGEST_NOTE} signs, got {LONGEST_NOTE + 1}"):
        checked_text("x" * (LONGEST_NOTE + 1))


def test_tags_are_small_words_each_once() -> None:
    assert checked_tags(["Late", "late", "no-plan"]) == ("late", "no-plan")


@pytest.mark.parametrize("tag", ["", "two words", "-x", "x" * 33, "süß", "a\x1b"])
def test_what_is_no_word_is_no_tag(tag: str) -> None:
    with pytest.raises(ValueError, match="expected a tag"):
        checked_tags([tag])


def test_tags_are_bounded() -> None:
    with pytest.raises(ValueError, match=f"at most {MOST_TAGS} tags"):
        checked_tags([f"t{number}" for number in range(MOST_TAGS + 1)])


def test_the_charges_entered_last_are_the_days(ledger: Ledger) -> None:
    assert confirmed_charges(ledger, MONDAY) is None
    first = EnterCharges("c-1", MONDAY, 500_00)
    second = EnterCharges("c-2", MONDAY, 412_37, {"Brokerage": 40_00, "STT": 372_37}, "note.csv")
    tell(ledger, first, second, EnterCharges("c-3", date(2025, 12, 16), 1))
    confirmed = confirmed_charges(ledger, MONDAY)
    assert confirmed is not None
    assert (confirmed.total, confirmed.source) == (412_37, "note.csv")
    assert confirmed.parts == {"Brokerage": 40_00, "STT": 372_37}


def test_charges_that_no_day_has_are_refused() -> None:
    for total in (-1, MOST_CHARGES + 1):
        with pytest.raises(ValueError, match="expected charges from 0"):
            record_of(EnterCharges("c", MONDAY, total), 1)


def test_estimated_charges_are_those_of_the_days_live_trades_alone(ledger: Ledger) -> None:
    charges = closed(ledger, "live-1", 100)
    charges += closed(ledger, "live-2", -50)
    closed(ledger, "live-3", 70, abandoned=True)
    closed(ledger, "paper-1", 70)
    closed(ledger, "live-4", 70, date(2025, 12, 16))
    assert charges > 0
    assert estimated_charges(ledger, MONDAY) == charges
