"""Old runs of demo and replay are thinned; evidence and whatever is an account's never is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.ledger.records import RunState
from engine.ledger.store import Ledger
from engine.ledger.thinning import RUNS_KEPT
from tests.ledger.long_ledger import EVIDENCE, OTHERS, play


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def left_of(ledger: Ledger, run: str) -> tuple[int, set[str]]:
    """Return how many inputs are left of a run, and the kinds of its facts."""
    kinds = {kind for kind in (*EVIDENCE, *OTHERS) if ledger.records(kind, run)}
    return len(ledger.journal(run)), kinds


def test_old_replays_keep_their_evidence_and_nothing_else(ledger: Ledger) -> None:
    for number in range(5):
        play(ledger, f"r{number}", "replay")
    ledger.thin(2).result(60)
    whole = (1, {*EVIDENCE, *OTHERS})
    assert [left_of(ledger, f"r{number}") for number in range(5)] == [(0, set(EVIDENCE))] * 3 + [whole] * 2
    assert [run.run for run in ledger.runs()] == ["r0", "r1", "r2", "r3", "r4"]


def test_old_demos_and_abandoned_replays_go_whole(ledger: Ledger) -> None:
    for number in range(3):
        play(ledger, f"d{number}", "demo")
        play(ledger, f"a{number}", "replay", RunState.ABANDONED)
    ledger.thin(2).result(60)
    assert [run.run for run in ledger.runs()] == ["d2", "a2"]
    assert left_of(ledger, "d0") == left_of(ledger, "a1") == (0, set())


@pytest.mark.parametrize("state", RunState)
def test_nothing_of_an_account_is_thinned(ledger: Ledger, state: RunState) -> None:
    for number in range(4):
        play(ledger, f"paper-{number}", "account", state)
    ledger.thin(0).result(60)
    assert len(ledger.runs()) == 4
    assert all(left_of(ledger, run.run) == (1, {*EVIDENCE, *OTHERS}) for run in ledger.runs())


def test_a_run_that_was_cut_off_is_kept_however_old(ledger: Ledger) -> None:
    play(ledger, "cut-off", "demo", RunState.OPEN)
    for number in range(3):
        play(ledger, f"d{number}", "demo")
    ledger.thin(1).result(60)
    assert left_of(ledger, "cut-off") == (1, {*EVIDENCE, *OTHERS})
    assert [run.run for run in ledger.runs()] == ["cut-off", "d2"]


def test_a_ledger_that_is_thinned_before_each_run_stops_growing(tmp_path: Path) -> None:
    sizes = []
    path = tmp_path / "ledger.sqlite"
    for number in range(3 * RUNS_KEPT):
        with Ledger.open(path) as ledger:
            ledger.thin()
            play(ledger, f"d{number}", "demo", room=4_000)
        sizes.append(path.stat().st_size)
    assert sizes[-1] <= sizes[RUNS_KEPT + 1] * 1.1
    assert sizes[-1] > 4_000 * RUNS_KEPT
