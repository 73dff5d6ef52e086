"""Reading the ledger, beside its writer or from another process."""

import sqlite3
import threading
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from engine.ledger.records import Fact, JournalEntry, LedgerError, Run, RunState
from engine.ledger.schema import CURRENT, Schema, check_version, damaged
from engine.market.quality import Quality
from engine.performance.trade import ClosedTrade
from engine.system.sqlite_reading import open_read_only

SESSION: Final = "session"
"""Kind of the records that hold a closed session's profile."""

_RUNS: Final = (
    "SELECT run, world, identity, day, settings, plan, started, ended, state FROM runs ORDER BY rowid"
)
_JOURNAL: Final = "SELECT sequence, cursor, now, kind, payload FROM journal WHERE run = ? ORDER BY sequence"
RUN_RECORDS: Final = (
    "SELECT run, kind, key, time, payload FROM records WHERE run = ? AND kind = ? ORDER BY +number"
)
"""The plus has them found by run and kind, not by walking a kind's records of all runs in their order."""
_KEYS: Final = "SELECT key FROM records WHERE run = ? AND kind = ? ORDER BY +number"
_COUNTED_RECORDS: Final = (
    "SELECT records.run, kind, key, time, payload FROM records JOIN runs USING (run) "
    "WHERE runs.state != ? AND kind = ? ORDER BY number"
)


class LedgerReader:
    """Owns a read-only connection. Sees what is committed; any thread, one at a time.

    Every method raises LedgerError when the file cannot be read, LedgerDamagedError when it is broken.
    """

    def __init__(self, path: Path, schema: Schema = CURRENT) -> None:
        self.path = path
        self._reading = threading.Lock()
        if not path.exists():
            raise LedgerError(f"{path}: expected a ledger, found none")
        try:
            self._reader = open_read_only(path)
            self.version = check_version(self._reader, path, schema)
        except sqlite3.OperationalError as error:
            raise LedgerError(f"{path}: the ledger cannot be opened: {error}") from error
        except sqlite3.DatabaseError as error:
            raise damaged(path, str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        with self._reading:
            self._reader.close()

    def runs(self) -> list[Run]:
        """Return every run, oldest first."""
        try:
            return [_run(row) for row in self.rows(_RUNS)]
        except ValueError as error:
            raise damaged(self.path, f"a run does not read: {error}") from error

    def run(self, run: str) -> Run | None:
        """Return one run."""
        return next((row for row in self.runs() if row.run == run), None)

    def last_run(self) -> Run | None:
        """Return the run begun last."""
        return next(iter(self.runs()[-1:]), None)

    def open_run(self) -> Run | None:
        """Return the newest run that has not ended: the one under way, or the one a death cut off."""
        return next((row for row in reversed(self.runs()) if row.state is RunState.OPEN), None)

    def journal(self, run: str) -> list[JournalEntry]:
        """Return a run's journaled inputs in order."""
        return [JournalEntry(*row) for row in self.rows(_JOURNAL, (run,))]

    def records(self, kind: str, run: str | None = None) -> list[Fact]:
        """Return facts of a kind in the order written: of one run, or of every run that is not abandoned."""
        if run is None:
            rows = self.rows(_COUNTED_RECORDS, (RunState.ABANDONED.value, kind))
        else:
            rows = self.rows(RUN_RECORDS, (run, kind))
        return [Fact(*row) for row in rows]

    def keys(self, kind: str, run: str) -> list[str]:
        """Return the keys of a run's facts of a kind in the order written; cheap, for no payload is read."""
        return [key for (key,) in self.rows(_KEYS, (run, kind))]

    def trades(self, run: str | None = None) -> list[ClosedTrade]:
        """Return finished trades in the order closed: of one run, or of every run that is not abandoned.

        One that was corrected stands where it closed, as it was corrected last.
        """
        return [trade for _, trade in self.trades_by_run(run)]

    def trades_by_run(self, run: str | None = None) -> list[tuple[str, ClosedTrade]]:
        """Return the same, each with its run."""
        found: dict[tuple[str, str], ClosedTrade] = {}
        try:
            for fact in self.records("trade", run):
                trade = msgspec.json.decode(fact.payload, type=ClosedTrade)
                found[fact.run, trade.id] = trade
            return [(name, trade) for (name, _), trade in found.items()]
        except msgspec.DecodeError as error:
            raise damaged(self.path, f"a trade does not read: {error}") from error

    def sessions(self, before: date) -> list[Fact]:
        """Return the closed sessions of trading days before a date, oldest day first, one per day and instrument.

        Of a day that several counted runs closed the newest counts, but one recorded whole never gives way to a part.
        Keys are the ISO date, a bar and the instrument.
        """
        limit = before.isoformat()
        counting: dict[str, Fact] = {}
        for fact in self.records(SESSION):
            known = counting.get(fact.key)
            if known is None or _is_whole(fact) or not _is_whole(known):
                counting[fact.key] = fact
        return [counting[key] for key in sorted(counting) if key.partition("|")[0] < limit]

    def day_state(self, day: date, run: str | None = None) -> Fact | None:
        """Return the newest frozen state of a trading day (opening account, limits); keys begin with the ISO date."""
        prefix = day.isoformat()
        facts = [fact for fact in self.records("day_state", run) if fact.key.startswith(prefix)]
        return facts[-1] if facts else None

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return what a statement reads."""
        try:
            with self._reading:
                return self._reader.execute(query, tuple(values)).fetchall()
        except sqlite3.OperationalError as error:
            raise LedgerError(f"{self.path}: the ledger cannot be read: {error}") from error
        except sqlite3.DatabaseError as error:
            raise damaged(self.path, str(error)) from error


class _Session(msgspec.Struct, frozen=True):
    quality: str = ""


def _is_whole(fact: Fact) -> bool:
    """Say whether a closed session was recorded whole; one that does not read says so to those who decode it."""
    try:
        return msgspec.json.decode(fact.payload, type=_Session).quality == Quality.LIVE
    except msgspec.DecodeError:
        return False


def _run(row: Sequence[object]) -> Run:
    return msgspec.convert(dict(zip(Run.__struct_fields__, row, strict=True)), Run)
