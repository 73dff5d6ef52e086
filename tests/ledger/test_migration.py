"""A ledger as the first schema wrote it, with a day that counted twice, becomes one in which it counts once."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import msgspec
import pytest

from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerDamagedError, LedgerError
from engine.ledger.schema import CURRENT
from engine.ledger.store import Ledger
from engine.performance.evidence import EvidenceTerms, Source, deciding
from engine.runtime.evidence import records_before
from engine.setups.signal import EntryMode

MONDAY, TUESDAY = date(2025, 12, 15), date(2025, 12, 16)
OPEN = 1_765_771_200_000_000
"""09:30 on that Monday, in microseconds."""
SETTINGS: dict[str, object] = {"stop": {"atr_multiple": 2.0}, "screen": {"ascii": False}}
OLD = EvidenceTerms(Source.REPLAY, deciding(SETTINGS), 1)
"""What the first schema's replays were made under: the fill rules of that time."""

_FIRST_TABLES = (
    """CREATE TABLE runs (
        run TEXT PRIMARY KEY, world TEXT NOT NULL, identity TEXT NOT NULL, day TEXT NOT NULL, settings TEXT NOT NULL,
        plan TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, state TEXT NOT NULL)""",
    """CREATE TABLE journal (
        run TEXT NOT NULL, sequence INTEGER NOT NULL, cursor INTEGER NOT NULL, now INTEGER NOT NULL,
        kind TEXT NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (run, sequence)) WITHOUT ROWID""",
    """CREATE TABLE records (
        number INTEGER PRIMARY KEY, run TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, time INTEGER NOT NULL,
        payload TEXT NOT NULL, UNIQUE (run, kind, key))""",
    "CREATE INDEX records_by_kind ON records (kind, number)",
    "PRAGMA user_version=1",
)


def a_plan(market: str) -> str:
    instruments = [{"key": "NSE_EQ|A", "symbol": "A"}]
    plan = {"run": "r", "choice": {"market": market}, "settings": SETTINGS, "instruments": instruments}
    return msgspec.json.encode(plan).decode()


def a_trade(name: str, setup: str, minute: int) -> dict[str, object]:
    """Return a trade as the first schema knew it: nothing of its signal, nothing of how it came about."""
    entry = OPEN + minute * 60_000_000
    return {
        "id": name,
        "instrument": "NSE_EQ|A",
        "setup": setup,
        "side": "BUY",
        "quantity": 10,
        "entry_value": 1_000_000,
        "exit_value": 1_001_100,
        "entry_time": entry,
        "exit_time": entry + 60_000_000,
        "initial_stop": 99_900,
        "risk": 5_000,
        "charges": 100,
        "version": 1,
        "target_reward": 2_000,
        "exit_reason": "stop",
        "quality": "BOOK",
    }


def first_schema(path: Path, *runs: str) -> None:
    """Write a ledger of the first schema in which each run played the same Monday to its end."""
    with closing(sqlite3.connect(path)) as database:
        for statement in _FIRST_TABLES:
            database.execute(statement)
        for number, run in enumerate(runs):
            plan = a_plan(run.partition("-")[0])
            values = (run, "replay", "feed", MONDAY.isoformat(), "digest", plan, number, number, "ENDED")
            database.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            facts: list[tuple[str, str, dict[str, object]]] = [
                ("signal", "D1:took it", {"id": "D1", "time": OPEN - 1, "trade": "T1"}),
                ("trade", "T1", a_trade("T1", "failed auction", 1)),
                ("signal", "D2:waiting", {"id": "D2", "time": OPEN + 5, "trade": ""}),
                ("signal", "D2:took it", {"id": "D2", "time": OPEN + 5, "trade": "T2"}),
                ("trade", "T2", a_trade("T2", "open drive", 2)),
                ("signal", "D3:took it", {"id": "D3", "time": OPEN + 9, "trade": "T3"}),
                ("trade", "T3", a_trade("T3", "manual", 3)),
            ]
            for kind, key, payload in facts:
                text = msgspec.json.encode(payload).decode()
                columns = "(run, kind, key, time, payload)"
                database.execute(
                    f"INSERT INTO records {columns} VALUES (?, ?, ?, ?, ?)",
                    (run, kind, key, OPEN, text),
                )
        database.commit()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_a_ledger_that_counted_a_day_twice_counts_it_once_behind_a_backup(path: Path) -> None:
    first_schema(path, "replay-1", "replay-2")
    with LedgerReader(path) as before:
        assert len(before.trades()) == 6
    with Ledger.open(path) as ledger:
        found = {record.setup: record for record in records_before(ledger, OLD, TUESDAY)}
        trades = ledger.trades("replay-2")
    assert {name: (record.n, record.mode) for name, record in found.items()} == {
        "failed auction": (1, EntryMode.AUTO),
        "open drive": (1, EntryMode.ASK),
        "manual": (1, EntryMode.MANUAL),
    }
    assert [trade.signal_time for trade in trades] == [OPEN - 1, OPEN + 5, OPEN + 9]
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == CURRENT.version == 4
    with closing(sqlite3.connect(path.with_name("ledger.sqlite.v1.bak"))) as backup:
        assert backup.execute("PRAGMA user_version").fetchone()[0] == 1
        assert (
            backup.execute("SELECT count(*) FROM records WHERE payload LIKE '%taken_by%'").fetchone()[0] == 0
        )


def test_what_the_first_schema_filled_is_no_evidence_for_todays_fill_rules(path: Path) -> None:
    first_schema(path, "replay-1")
    with Ledger.open(path) as ledger:
        assert records_before(ledger, msgspec.structs.replace(OLD, fill_rules=2), TUESDAY) == ()


def test_simulated_days_of_an_old_ledger_prove_nothing(path: Path) -> None:
    first_schema(path, "simulated-1", "simulated-2")
    with Ledger.open(path) as ledger:
        simulated = msgspec.structs.replace(OLD, market=Source.SIMULATED)
        assert records_before(ledger, simulated, TUESDAY) == ()


def test_a_trade_whose_signal_does_not_read_is_kept_as_it_was(path: Path) -> None:
    first_schema(path, "replay-1")
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE records SET payload = '{' WHERE kind = 'signal' AND key = 'D1:took it'")
        database.commit()
    with Ledger.open(path) as ledger:
        trades = {trade.id: trade for trade in ledger.trades()}
    assert (trades["T1"].taken_by, trades["T1"].signal_time) == (None, 0)
    assert trades["T1"].signalled == trades["T1"].entry_time
    assert trades["T2"].taken_by is EntryMode.ASK


_OF = "UPDATE records SET payload = {} WHERE kind = 'trade' AND key = 'T1'"
TORN = {
    "a trade cut in the middle": _OF.format('\'{"id": "T1", "ins\''),
    "a trade of bytes": _OF.format("x'00ff00'"),
    "a trade that is a number": _OF.format("5"),
    "a trade that is a list": _OF.format("'[1, 2]'"),
    "a trade without most of it": _OF.format('\'{"id": "T1"}\''),
    "a run of no day": "UPDATE runs SET day = 'tomorrow' WHERE run = 'replay-1'",
    "a run of no state": "UPDATE runs SET state = 'HALF' WHERE run = 'replay-1'",
}


def read_whole(path: Path) -> None:
    """Bring a ledger up and read what a start reads of it."""
    with Ledger.open(path) as ledger:
        ledger.trades()
        ledger.runs()
        records_before(ledger, OLD, TUESDAY)


@pytest.mark.parametrize("name", TORN)
def test_a_torn_row_of_an_old_ledger_is_called_damage_and_never_a_smaller_record(
    path: Path, name: str
) -> None:
    first_schema(path, "replay-1", "replay-2")
    with closing(sqlite3.connect(path)) as database:
        database.execute(TORN[name])
        database.commit()
    with pytest.raises(LedgerDamagedError, match=r"the ledger is damaged \((a trade|a run) does not read"):
        read_whole(path)
    with closing(sqlite3.connect(path.with_name("ledger.sqlite.v1.bak"))) as backup:
        assert backup.execute("PRAGMA user_version").fetchone()[0] == 1


def test_what_stands_in_the_backups_place_is_named_and_kept_and_the_ledger_is_left_as_it_was(
    path: Path,
) -> None:
    first_schema(path, "replay-1")
    before, mine = path.read_bytes(), path.with_name("ledger.sqlite.v1.bak")
    mine.write_text("notes of a person")
    with pytest.raises(LedgerError, match=r"v1\.bak: expected an earlier backup") as refused:
        Ledger.open(path)
    assert not isinstance(refused.value, LedgerDamagedError)
    assert mine.read_text() == "notes of a person"
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == 1
    assert before[:16] == path.read_bytes()[:16]
    mine.unlink()
    with Ledger.open(path) as ledger:
        assert len(ledger.trades()) == 3


def test_an_upgrade_that_was_cut_off_behind_its_backup_goes_on(path: Path) -> None:
    first_schema(path, "replay-1", "replay-2")
    path.with_name("ledger.sqlite.v1.bak").write_bytes(path.read_bytes())
    with Ledger.open(path) as ledger:
        assert {record.n for record in records_before(ledger, OLD, TUESDAY)} == {1}


def test_a_ledger_that_may_only_be_read_is_read_as_it_is_and_not_brought_up(path: Path) -> None:
    first_schema(path, "replay-1", "replay-2")
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with LedgerReader(path) as reader:
            assert len(reader.trades()) == 6
            assert all(record.n == 1 for record in records_before(reader, OLD, TUESDAY))
    finally:
        path.parent.chmod(0o700)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == 1
    assert not path.with_name("ledger.sqlite.v1.bak").exists()
