"""Closed sessions in the ledger: each day counts once, abandoned runs not at all, the day itself never."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from engine.ledger.reader import SESSION
from engine.ledger.store import Ledger, Run
from engine.orders.ledger_facts import Record

MONDAY, TUESDAY, WEDNESDAY = date(2025, 12, 15), date(2025, 12, 16), date(2025, 12, 17)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def close_day(ledger: Ledger, run: str, day: date, instrument: str, poc: int, **more: str) -> None:
    ledger.begin_run(Run(run, "replay", "digest", day, "settings", "{}", 1))
    record = Record(SESSION, f"{day.isoformat()}|{instrument}", 9, {"poc": poc, **more})
    ledger.append(run, [record], durable=True).result(60)


def found(ledger: Ledger, before: date) -> list[tuple[str, str]]:
    return [(fact.key, fact.payload) for fact in ledger.sessions(before)]


def test_sessions_come_oldest_day_first_whatever_order_they_were_played_in(ledger: Ledger) -> None:
    close_day(ledger, "first", TUESDAY, "NSE_EQ|A", 2)
    close_day(ledger, "second", MONDAY, "NSE_EQ|B", 1)
    assert found(ledger, WEDNESDAY) == [
        ("2025-12-15|NSE_EQ|B", '{"poc":1}'),
        ("2025-12-16|NSE_EQ|A", '{"poc":2}'),
    ]


def test_a_day_is_never_its_own_past(ledger: Ledger) -> None:
    close_day(ledger, "first", MONDAY, "NSE_EQ|A", 1)
    close_day(ledger, "second", TUESDAY, "NSE_EQ|A", 2)
    assert found(ledger, MONDAY) == []
    assert found(ledger, TUESDAY) == [("2025-12-15|NSE_EQ|A", '{"poc":1}')]


def test_of_a_day_played_twice_the_newest_counts(ledger: Ledger) -> None:
    close_day(ledger, "first", MONDAY, "NSE_EQ|A", 1)
    close_day(ledger, "second", MONDAY, "NSE_EQ|A", 2)
    assert found(ledger, TUESDAY) == [("2025-12-15|NSE_EQ|A", '{"poc":2}')]


def test_an_abandoned_run_gives_way_to_the_one_before_it(ledger: Ledger) -> None:
    close_day(ledger, "first", MONDAY, "NSE_EQ|A", 1)
    close_day(ledger, "second", MONDAY, "NSE_EQ|A", 2)
    ledger.abandon_run("second", 5)
    assert found(ledger, TUESDAY) == [("2025-12-15|NSE_EQ|A", '{"poc":1}')]


def test_a_day_recorded_whole_gives_way_to_another_whole_one_but_not_to_a_part(ledger: Ledger) -> None:
    close_day(ledger, "late", MONDAY, "NSE_EQ|A", 1, quality="PARTIAL")
    close_day(ledger, "whole", MONDAY, "NSE_EQ|A", 2, quality="LIVE")
    close_day(ledger, "evening", MONDAY, "NSE_EQ|A", 3, quality="PARTIAL")
    assert found(ledger, TUESDAY) == [("2025-12-15|NSE_EQ|A", '{"poc":2,"quality":"LIVE"}')]
    close_day(ledger, "again", MONDAY, "NSE_EQ|A", 4, quality="LIVE")
    assert found(ledger, TUESDAY) == [("2025-12-15|NSE_EQ|A", '{"poc":4,"quality":"LIVE"}')]
