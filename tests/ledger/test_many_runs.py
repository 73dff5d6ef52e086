"""A run's records are found by themselves, however many other runs the ledger holds."""

from pathlib import Path

from engine.ledger.reader import RUN_RECORDS
from engine.ledger.store import Ledger


def test_one_runs_records_are_found_without_walking_those_of_others(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        plan = ledger.rows(f"EXPLAIN QUERY PLAN {RUN_RECORDS}", ("run", "trade"))
    search = str(plan[0][-1])
    assert "run=? AND kind=?" in search, search
