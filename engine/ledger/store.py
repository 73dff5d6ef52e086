"""The ledger's writer: one thread, batches in order, durable before the future says so.

A commit costs about 0.2 ms with ``synchronous=FULL``; the loop never pays it. When the disk refuses, the rows stay in
memory, in order, and are tried again with the next batch and every second: an exit must not wait for a disk.
"""

import queue
import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, Self

import msgspec

from engine.ledger.evidence_tables import PLAYED, played_row
from engine.ledger.reader import LedgerReader
from engine.ledger.records import JournalEntry, LedgerDamagedError, LedgerError, Run, RunState
from engine.ledger.schema import CURRENT, Schema, damaged, prepare
from engine.ledger.stage_table import KEEP, stage_row
from engine.ledger.thinning import RUNS_KEPT, STATEMENTS
from engine.market.clock import Instant
from engine.orders.ledger_facts import Record
from engine.rollout.stage_chain import StageEvent
from engine.system.sqlite_reading import check_plain

__all__ = ["JournalEntry", "Ledger", "LedgerDamagedError", "LedgerError", "Run", "RunState"]

_LINGER_SECONDS: Final = 0.02
"""How long rows that nobody waits for are gathered into one commit."""
_RETRY_SECONDS: Final = 1.0
_MOST_AT_ONCE: Final = 256

_encode = msgspec.json.Encoder(enc_hook=repr).encode

Statement = tuple[str, Sequence[tuple[object, ...]]]


class JournalInput(Protocol):
    """An input of the core as the runtime journals it."""

    @property
    def sequence(self) -> int:
        """Its number in the run, from 1."""
        ...

    @property
    def cursor(self) -> int:
        """How many updates had been delivered."""
        ...

    @property
    def now(self) -> Instant:
        """The virtual time."""
        ...

    @property
    def kind(self) -> str:
        """What it is."""
        ...

    @property
    def payload(self) -> bytes:
        """The record, encoded."""
        ...


@dataclass(slots=True)
class _Work:
    statements: list[Statement]
    durable: bool
    last: bool = False
    done: Future[None] = field(default_factory=Future)


class Ledger(LedgerReader):
    """Owns the ledger of one home and world: the only writer. Open one per process and world."""

    def __init__(self, path: Path, schema: Schema = CURRENT) -> None:
        self._writer = _connect(path, schema)
        try:
            super().__init__(path, schema)
        except LedgerError:
            self._writer.close()
            raise
        self._queue: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._owed: list[Statement] = []
        self._problem = ""
        self._closed = False
        self._thread = threading.Thread(target=self._write_until_closed, name="ledger", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path, schema: Schema = CURRENT) -> Self:
        """Open or create the ledger, migrating an older one behind a backup.

        Raises LedgerError for a newer schema or a file that cannot be opened, LedgerDamagedError for a broken one.
        """
        return cls(path, schema)

    @property
    def healthy(self) -> bool:
        """Whether everything given so far could be written."""
        return not self._problem

    @property
    def problem(self) -> str:
        """Why rows wait in memory; empty when none do."""
        return self._problem

    def append(
        self,
        run: str,
        records: Iterable[Record] = (),
        entries: Iterable[JournalInput] = (),
        *,
        durable: bool,
    ) -> "Future[None]":
        """Write facts and journaled inputs of a run; a fact or input already there is kept as it is.

        The future resolves once they are committed and on disk. ``durable`` has them written at once instead of
        gathered. On failure it carries LedgerError, the rows stay in memory and are tried again.
        """
        facts = [
            (run, record.kind, record.key, record.time, _encode(record.payload).decode())
            for record in records
        ]
        inputs = [
            (run, entry.sequence, entry.cursor, entry.now, entry.kind, entry.payload) for entry in entries
        ]
        statements: list[Statement] = []
        if inputs:
            statements.append(("INSERT OR IGNORE INTO journal VALUES (?, ?, ?, ?, ?, ?)", inputs))
        if facts:
            columns = "(run, kind, key, time, payload)"
            statements.append((f"INSERT OR IGNORE INTO records {columns} VALUES (?, ?, ?, ?, ?)", facts))  # noqa: S608
        return self._submit(_Work(statements, durable))

    def begin_run(self, run: Run) -> None:
        """Enter a new run, durable on return; a run already entered is kept. Raises LedgerError."""
        values = (*msgspec.to_builtins(run).values(),)
        self._write_now(
            ("INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values),
            *_played(run.run, run.plan),
        )

    def amend_plan(self, run: str, plan: str) -> None:
        """Replace a run's plan by one that knows more, durable on return. Raises LedgerError."""
        self._write_now(("UPDATE runs SET plan = ? WHERE run = ?", (plan, run)), *_played(run, plan))

    def end_run(self, run: str, now: Instant) -> None:
        """Mark a run as ended cleanly, durable on return. Raises LedgerError."""
        self._close_run(run, RunState.ENDED, now)

    def abandon_run(self, run: str, now: Instant) -> None:
        """Mark a run as abandoned: its trades and records count nowhere. Raises LedgerError."""
        self._close_run(run, RunState.ABANDONED, now)

    def keep_stage(self, link: StageEvent) -> None:
        """Write a link of the stages' chain, durable on return; one that is there already stays. Raises LedgerError."""
        self._write_now((KEEP, stage_row(link)))

    def rewind(self, run: str, sequence: int, now: Instant) -> None:
        """Forget what a run wrote after the exchange's last commit, durable on return. Raises LedgerError.

        The exchange decides where time stood: inputs beyond its ``sequence`` and facts later than its ``now`` belong to
        a future that will happen again, perhaps otherwise.
        """
        self._submit(
            _Work(
                [
                    ("DELETE FROM journal WHERE run = ? AND sequence > ?", [(run, sequence)]),
                    ("DELETE FROM records WHERE run = ? AND time > ?", [(run, now)]),
                ],
                durable=True,
            )
        ).result()

    def thin(self, kept: int = RUNS_KEPT) -> "Future[None]":
        """Let go of what nobody needs of old runs of demo and replay; the future tells when it is done.

        Room that becomes free is written again: the file stops growing, it does not shrink.
        """
        return self._submit(_Work([(statement, [(kept,)]) for statement in STATEMENTS], durable=False))

    def flush(self) -> None:
        """Return once everything appended before is on disk; raises LedgerError when it cannot be."""
        self._submit(_Work([], durable=True)).result()

    def close(self) -> None:
        """Write what is left and close; raises LedgerError naming how many batches could not be written."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(_Work([], durable=True, last=True))
        self._thread.join()
        super().close()
        self._writer.close()
        if self._owed:
            raise LedgerError(f"{self.path}: {len(self._owed)} batches could not be written: {self._problem}")

    def _close_run(self, run: str, state: RunState, now: Instant) -> None:
        self._write_now(("UPDATE runs SET state = ?, ended = ? WHERE run = ?", (state.value, now, run)))

    def _write_now(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        work = _Work([(statement, [values]) for statement, values in statements], durable=True)
        self._submit(work).result()

    def _submit(self, work: _Work) -> "Future[None]":
        if self._closed or not self._thread.is_alive():
            work.done.set_exception(LedgerError(f"{self.path}: the ledger is closed"))
        else:
            self._queue.put(work)
        return work.done

    def _write_until_closed(self) -> None:
        works: list[_Work] = []
        try:
            while not any(work.last for work in works):
                works = self._gather()
                self._commit(works)
        except BaseException as error:
            self._problem = f"the ledger's writer ended: {error!r}"
            for work in works:
                if not work.done.done():
                    _settle(work, LedgerError(f"{self.path}: {self._problem}"))
            raise

    def _gather(self) -> list[_Work]:
        works: list[_Work] = []
        with suppress(queue.Empty):
            works.append(self._queue.get(timeout=_RETRY_SECONDS if self._owed else None))
            until = time.monotonic() + _LINGER_SECONDS
            while len(works) < _MOST_AT_ONCE and not works[-1].last:
                urgent = any(work.durable for work in works)
                works.append(self._queue.get(timeout=0 if urgent else max(0.0, until - time.monotonic())))
        return works

    def _commit(self, works: list[_Work]) -> None:
        for work in works:
            self._owed += work.statements
        try:
            if self._owed:
                self._writer.execute("BEGIN IMMEDIATE")
                for statement, rows in self._owed:
                    self._writer.executemany(statement, rows)
                self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                with suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
            self._problem = f"cannot be written, rows wait in memory: {error}"
            for work in works:
                _settle(work, LedgerError(f"{self.path}: {self._problem}"))
            return
        self._owed.clear()
        self._problem = ""
        for work in works:
            _settle(work)


def _played(run: str, plan: str) -> list[tuple[str, tuple[object, ...]]]:
    """Return what writes down what a run's trades are made under; nothing where its plan does not read."""
    row = played_row(run, plan)
    return [] if row is None else [(PLAYED, row)]


def _settle(work: _Work, error: LedgerError | None = None) -> None:
    # A future that its waiter has cancelled takes no result; its rows are written all the same.
    if not work.done.set_running_or_notify_cancel():
        return
    if error is None:
        work.done.set_result(None)
    else:
        work.done.set_exception(error)


def _connect(path: Path, schema: Schema) -> sqlite3.Connection:
    try:
        check_plain(path)
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.OperationalError) as error:
        raise LedgerError(f"{path}: the ledger cannot be opened: {error}") from error
    try:
        prepare(connection, path, schema)
    except sqlite3.OperationalError as error:
        connection.close()
        raise LedgerError(f"{path}: the ledger cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise damaged(path, str(error)) from error
    except LedgerError:
        connection.close()
        raise
    return connection
