"""A kill drill counts for seven days and one version, and only where it reached flat inside every budget."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.contract.commands import KeepDrill
from engine.contract.drill_end import DrillEnd
from engine.ledger.by_a_person import BY_A_PERSON
from engine.ledger.kept import record_of
from engine.ledger.kill_drills import (
    DRILL_COUNTS_FOR,
    FIRST_BYTES_BUDGET,
    FLAT_BUDGET,
    KILL_DRILL,
    LATCH_BUDGET,
    DrillState,
    KillDrill,
    drill_standing,
    kill_drills,
)
from engine.ledger.records import LedgerError
from engine.ledger.store import Ledger
from engine.orders.ledger_facts import Record

NOW = 1_765_000_000_000_000
GOOD = KeepDrill("d-1", "0.1.0", "xterm", DrillEnd.FLAT, 3, LATCH_BUDGET, FIRST_BYTES_BUDGET, FLAT_BUDGET)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def keep(ledger: Ledger, *commands: KeepDrill) -> tuple[KillDrill, ...]:
    for number, command in enumerate(commands):
        named = replace(command, id=f"d-{number}")
        ledger.append(BY_A_PERSON, [record_of(named, NOW + number)], durable=True).result(10)
    return kill_drills(ledger)


def test_a_drill_inside_every_budget_counts_for_seven_days_and_no_longer(ledger: Ledger) -> None:
    kept = keep(ledger, GOOD)
    assert kept[0].passed
    assert drill_standing(kept, NOW + DRILL_COUNTS_FOR, "0.1.0").counts
    late = drill_standing(kept, NOW + DRILL_COUNTS_FOR + 1, "0.1.0")
    assert late.state is DrillState.OLD
    assert "older than seven days" in late.missing


def test_a_new_version_needs_a_drill_of_its_own(ledger: Ledger) -> None:
    kept = keep(ledger, GOOD)
    assert drill_standing(kept, NOW, "0.2.0").state is DrillState.OTHER_VERSION


def test_a_drill_from_the_future_of_a_changed_clock_does_not_count(ledger: Ledger) -> None:
    assert not drill_standing(keep(ledger, GOOD), NOW - 1, "0.1.0").counts


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"latch": LATCH_BUDGET + 1_000}, "the latch on disk after 11.0 ms, expected at most 10.0 ms"),
        (
            {"first_bytes": FIRST_BYTES_BUDGET + 1_000},
            "the first order out after 51.0 ms, expected at most 50.0 ms",
        ),
        ({"flat": FLAT_BUDGET + 1_000}, "flat, verified after 5,001 ms, expected at most 5,000 ms"),
        ({"first_bytes": None}, "the first order out: not measured"),
        ({"positions": 0}, "no position was open"),
        ({"end": DrillEnd.NOT_FLAT, "flat": None}, "the kill did not come to flat"),
    ],
)
def test_too_slow_or_incomplete_is_not_passed_and_keeps_its_figures(
    ledger: Ledger, changed: dict[str, object], why: str
) -> None:
    slow = replace(GOOD, **changed)
    (kept,) = keep(ledger, slow)
    assert kept.failures == (why,)
    assert (kept.latch, kept.first_bytes, kept.flat) == (slow.latch, slow.first_bytes, slow.flat)
    standing = drill_standing((kept,), NOW, "0.1.0")
    assert standing.state is DrillState.FAILED
    assert why in standing.missing


def test_after_a_drill_that_failed_an_earlier_pass_proves_nothing(ledger: Ledger) -> None:
    kept = keep(ledger, GOOD, replace(GOOD, flat=FLAT_BUDGET + 1))
    assert not drill_standing(kept, NOW + 1, "0.1.0").counts


def test_a_record_that_does_not_read_is_named_and_not_skipped(ledger: Ledger) -> None:
    ledger.append(BY_A_PERSON, [Record(KILL_DRILL, "x", NOW, {"time": "noon"})], durable=True).result(10)
    with pytest.raises(LedgerError, match="a kill drill does not read"):
        kill_drills(ledger)


@pytest.mark.parametrize("changed", [{"latch": -1}, {"flat": 3_601_000_000}, {"positions": -1}])
def test_figures_that_cannot_have_been_are_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        record_of(replace(GOOD, **changed), NOW)
