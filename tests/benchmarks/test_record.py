"""The benchmark's long record is a record like any other: its tables say what its records say."""

from benchmarks.record import A_DAY, recorded_home, standing
from engine.ledger.evidence_choice import Standing
from engine.ledger.reader import LedgerReader
from engine.operations.record_report import ReportWish, record_report
from engine.world.directories import World


def test_tables_and_records_of_the_made_record_agree() -> None:
    with recorded_home(3) as home:
        with LedgerReader(home.world(World.ACCOUNT).ledger) as ledger:
            by_tables, by_records = (standing(ledger, by_records=way) for way in (False, True))
        assert isinstance(by_tables, Standing)
        assert by_tables == by_records
        assert len(by_tables.trades) == 3 * A_DAY
        assert record_report(home, ReportWish(by="month"))["trades"] == 3 * A_DAY
