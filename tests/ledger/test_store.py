"""The ledger with real files: durable when it says so, across kills, full disks, damage and other readers."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import msgspec
import pytest

from engine.ledger.reader import LedgerReader
from engine.ledger.records import JournalEntry
from engine.ledger.schema import CURRENT, Schema
from engine.ledger.store import Ledger, LedgerDamagedError, LedgerError, Run, RunState
from engine.market.side import Side
from engine.orders.ledger_facts import Record
from engine.performance.trade import ClosedTrade

ROOT = Path(__file__).parents[2]
DAY = date(2025, 12, 15)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def a_run(run: str = "run-1", started: int = 1) -> Run:
    return Run(run, "replay", "feed-digest", DAY, "settings-digest", '{"plan":1}', started)


def a_trade(identity: str) -> ClosedTrade:
    return ClosedTrade(identity, "NSE_EQ|A", "manual", Side.BUY, 10, 1_000, 1_100, 5, 9, 90, 100, 3)


def intent(number: int) -> Record:
    return Record("intent", f"T-{number}", number, {"quantity": number})


def test_what_a_future_confirmed_is_there_after_reopening(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.begin_run(a_run())
        entry = JournalEntry(1, 7, 99, "outside", b"\x01\x02")
        ledger.append("run-1", [intent(1)], [entry], durable=True).result(60)
    with LedgerReader(path) as reader:
        assert reader.journal("run-1") == [entry]
        (fact,) = reader.records("intent", "run-1")
        assert (fact.key, fact.time, msgspec.json.decode(fact.payload)) == ("T-1", 1, {"quantity": 1})


def test_a_fact_written_twice_is_kept_once_as_it_was_first(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.begin_run(a_run())
        ledger.append("run-1", [intent(1)], durable=True)
        ledger.append("run-1", [Record("intent", "T-1", 9, {"quantity": 9})], durable=True)
        ledger.flush()
        (fact,) = ledger.records("intent")
        assert fact.time == 1


def test_rows_nobody_waits_for_are_written_too_and_in_order(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.begin_run(a_run())
        futures = [ledger.append("run-1", [intent(number)], durable=False) for number in range(1_000)]
        futures[-1].result(60)
        assert [fact.time for fact in ledger.records("intent")] == list(range(1_000))


def test_a_run_is_open_until_it_ends(path: Path) -> None:
    with Ledger.open(path) as ledger:
        assert ledger.last_run() is None
        ledger.begin_run(a_run("run-1"))
        ledger.begin_run(a_run("run-2", 2))
        assert ledger.open_run() == ledger.run("run-2") == a_run("run-2", 2)
        ledger.end_run("run-2", 50)
        assert ledger.open_run() == a_run("run-1")
        last = ledger.last_run()
        assert last is not None
        assert (last.run, last.state, last.ended) == ("run-2", RunState.ENDED, 50)


def test_trades_of_an_abandoned_run_count_nowhere(path: Path) -> None:
    with Ledger.open(path) as ledger:
        for run in ("run-1", "run-2"):
            ledger.begin_run(a_run(run))
            ledger.append(run, [Record("trade", f"{run}-t", 9, a_trade(f"{run}-t"))], durable=True)
        ledger.abandon_run("run-1", 10)
        assert ledger.trades() == [a_trade("run-2-t")]
        assert ledger.trades("run-1") == [a_trade("run-1-t")]


def test_the_newest_state_of_a_day_is_found_across_runs(path: Path) -> None:
    with Ledger.open(path) as ledger:
        for number, run in enumerate(("run-1", "run-2")):
            ledger.begin_run(a_run(run))
            for key in (f"2025-12-15:{number}", f"2025-12-16:{number}"):
                record = Record("day_state", key, number, {"account": number})
                ledger.append(run, [record], durable=True).result(60)
        newest = ledger.day_state(DAY)
        assert newest is not None
        assert (newest.run, newest.key) == ("run-2", "2025-12-15:1")
        assert ledger.day_state(date(2025, 12, 17)) is None


def test_rewinding_forgets_what_the_exchange_never_saw(path: Path) -> None:
    with Ledger.open(path) as ledger:
        for run in ("run-1", "run-2"):
            ledger.begin_run(a_run(run))
            entries = [JournalEntry(number, number, number * 10, "wake", b"") for number in (1, 2, 3)]
            ledger.append(run, [intent(10), intent(25)], entries, durable=True)
        ledger.rewind("run-1", 2, 20)
        assert [entry.sequence for entry in ledger.journal("run-1")] == [1, 2]
        assert [fact.key for fact in ledger.records("intent", "run-1")] == ["T-10"]
        assert len(ledger.journal("run-2")) == 3
        again = JournalEntry(3, 3, 31, "outside", b"other")
        ledger.append("run-1", [], [again], durable=True).result(60)
        assert ledger.journal("run-1")[-1] == again


def test_every_acknowledged_intent_survives_kill_9(path: Path) -> None:
    acknowledged: list[str] = []
    for wanted in (5, 40, 90):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.ledger.writing_child", str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        acknowledged = [child.stdout.readline().strip() for _ in range(wanted)]
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read().split("\n")
        acknowledged += [line for line in rest[:-1] if line]
        child.wait(60)
        child.stdout.close()
        with Ledger.open(path) as ledger:
            kept = {fact.key for fact in ledger.records("intent", "run-1")}
            assert set(acknowledged) <= kept
            assert ledger.open_run() is not None


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_fails_the_future_keeps_the_rows_and_writes_them_later(path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.begin_run(a_run())
    ledger.append("run-1", [intent(1)], durable=True).result(60)
    size = path.with_name(f"{path.name}-wal").stat().st_size
    with files_no_larger_than(size):
        for number in (2, 3):
            with pytest.raises(LedgerError, match=r"ledger\.sqlite: cannot be written, rows wait in memory"):
                ledger.append("run-1", [intent(number)], durable=True).result(60)
        assert (ledger.healthy, "memory" in ledger.problem) == (False, True)
    ledger.append("run-1", [intent(4)], durable=True).result(60)
    assert ledger.problem == ""
    assert [fact.key for fact in ledger.records("intent")] == ["T-1", "T-2", "T-3", "T-4"]
    ledger.close()


def test_rows_that_wait_in_memory_are_tried_again_without_being_asked(path: Path) -> None:
    with Ledger.open(path) as ledger, LedgerReader(path) as reader:
        ledger.begin_run(a_run())
        log = path.with_name(f"{path.name}-wal").stat().st_size
        with files_no_larger_than(log), pytest.raises(LedgerError):
            ledger.append("run-1", [intent(1)], durable=True).result(60)
        pause, until = threading.Event(), time.monotonic() + 10
        while not reader.records("intent") and time.monotonic() < until:
            pause.wait(0.02)
        assert [fact.key for fact in reader.records("intent")] == ["T-1"]


def test_closing_on_a_full_disk_says_what_is_lost(path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.begin_run(a_run())
    with files_no_larger_than(path.with_name(f"{path.name}-wal").stat().st_size):
        ledger.append("run-1", [intent(1)], durable=False)
        with pytest.raises(LedgerError, match="1 batches could not be written"):
            ledger.close()


def test_a_reader_in_another_process_sees_only_whole_batches_while_the_writer_writes(path: Path) -> None:
    script = (
        "import sqlite3,sys\n"
        "from pathlib import Path\n"
        "from engine.ledger.reader import LedgerReader\n"
        "reader = LedgerReader(Path(sys.argv[1]))\n"
        "seen = 0\n"
        "while seen < 600:\n"
        "    count = len(reader.records('intent', 'run-1'))\n"
        "    assert count % 3 == 0 and count >= seen, (count, seen)\n"
        "    seen = count\n"
    )
    with Ledger.open(path) as ledger:
        ledger.begin_run(a_run())
        child = subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=ROOT)
        for number in range(0, 600, 3):
            batch = [intent(number), intent(number + 1), intent(number + 2)]
            ledger.append("run-1", batch, durable=True).result(60)
        assert child.wait(60) == 0


def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE future (x)")
        database.execute("PRAGMA user_version=99")
    for opener in (Ledger.open, LedgerReader):
        with pytest.raises(LedgerError, match=r"ledger\.sqlite: expected schema 4 or older, got 99"):
            opener(path)


def test_an_older_schema_is_backed_up_and_migrated(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.begin_run(a_run())
    newer = Schema(5, CURRENT.tables, {4: ("ALTER TABLE runs ADD COLUMN note TEXT",)})
    with Ledger.open(path, newer) as ledger:
        assert ledger.run("run-1") == a_run()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT note FROM runs").fetchall() == [(None,)]
    backup = path.with_name("ledger.sqlite.v4.bak")
    with LedgerReader(backup) as reader:
        assert reader.run("run-1") == a_run()
    assert backup.stat().st_mode & 0o777 == 0o600


def test_a_failed_migration_leaves_the_old_file_usable(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.begin_run(a_run())
    broken = Schema(5, CURRENT.tables, {4: ("CREATE TABLE half (x)", "ALTER TABLE nowhere ADD COLUMN y")})
    with pytest.raises(LedgerError, match="cannot be used"):
        Ledger.open(path, broken)
    with Ledger.open(path) as ledger:
        assert ledger.run("run-1") == a_run()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []


@pytest.mark.parametrize("content", [b"not a database at all " * 300, None])
def test_a_damaged_file_is_named_with_what_to_do(path: Path, content: bytes | None) -> None:
    if content is None:
        with Ledger.open(path) as ledger:
            ledger.begin_run(a_run())
            ledger.append("run-1", [intent(number) for number in range(2_000)], durable=True).result(60)
        whole = bytearray(path.read_bytes())
        whole[8_192:40_960] = os.urandom(32_768)
        content = bytes(whole)
    path.write_bytes(content)
    with pytest.raises(LedgerDamagedError, match=r"ledger\.sqlite: the ledger is damaged .* cockpit flatten"):
        Ledger.open(path)


def test_a_torn_tail_of_the_log_loses_only_what_was_torn(path: Path, tmp_path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.begin_run(a_run())
    for number in range(1, 6):
        ledger.append("run-1", [intent(number)], durable=True).result(60)
    copy = tmp_path / "torn.sqlite"
    copy.write_bytes(path.read_bytes())
    log = path.with_name(f"{path.name}-wal").read_bytes()
    copy.with_name(f"{copy.name}-wal").write_bytes(log[:-50])
    ledger.close()
    with Ledger.open(copy) as torn:
        kept = [fact.time for fact in torn.records("intent", "run-1")]
    assert kept == [1, 2, 3, 4]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="nowhere"):
        Ledger.open(tmp_path / "nowhere" / "ledger.sqlite")
    with pytest.raises(LedgerError, match="expected a ledger, found none"):
        LedgerReader(tmp_path / "none.sqlite")


def test_a_waiter_that_gave_up_costs_no_row(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.begin_run(a_run())
        futures: list[Future[None]] = []
        for number in range(20):
            futures.append(ledger.append("run-1", [intent(number)], durable=False))
            futures[-1].cancel()
        ledger.flush()
        assert len(ledger.records("intent")) == 20
        assert ledger.healthy


def test_after_closing_nothing_is_taken_and_no_thread_is_left(path: Path) -> None:
    ledger = Ledger.open(path)
    ledger.close()
    with pytest.raises(LedgerError, match="the ledger is closed"):
        ledger.append("run-1", [intent(1)], durable=True).result(60)
    assert not any(thread.name == "ledger" for thread in threading.enumerate())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_trade_that_was_corrected_is_read_once_as_it_was_corrected_last(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.begin_run(a_run("r"))
        first, second = a_trade("one"), a_trade("two")
        better = msgspec.structs.replace(first, exit_value=first.exit_value + 333)
        facts = [Record("trade", "one", 1, first), Record("trade", "two", 2, second)]
        ledger.append("r", [*facts, Record("trade", "one:corrected:1", 3, better)], durable=True).result()
        assert ledger.trades("r") == ledger.trades() == [better, second]
