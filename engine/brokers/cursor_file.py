"""The file of a run's exchange: SQLite, how far the run has come and whatever belongs to that place in one transaction.

Each opening for writing raises a fence in the file. Whoever opened before can write no more: an engine that was
stopped, flattened from outside and then continued must not put its old place back.
"""

import sqlite3
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from engine.market.clock import Instant
from engine.system.errors import CockpitError, ErrorKind
from engine.system.sqlite_reading import check_plain, open_read_only

CURSOR: Final = "cursor"
"""The name under which a file keeps its cursor."""

_STATE: Final = "CREATE TABLE state (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID"

_Row = TypeVar("_Row")


class ExchangeError(CockpitError, RuntimeError):
    """The file cannot be used; the message names it and says what to do."""

    kind = ErrorKind.DAMAGED


class ExchangeDamagedError(ExchangeError):
    """The file is not what we wrote."""


class ExchangeTakenError(ExchangeError):
    """Another process has opened the file since."""

    kind = ErrorKind.IN_USE


class Cursor(msgspec.Struct, frozen=True):
    """Where a run stands: updates delivered, virtual time, time spent paused, journal entries taken in."""

    run: str
    updates: int
    now: Instant
    pause_offset: int
    sequence: int = 0


NO_RUN: Final = Cursor("", 0, 0, 0)
"""Where a new file stands."""


class Batch(msgspec.Struct):
    """What changed since the last batch, already encoded: safe to hand to another thread."""

    state: list[tuple[str, bytes]]
    rows: dict[str, list[tuple[int, bytes]] | list[tuple[str, bytes]]] = {}
    """By table."""
    clear: bool = False
    """Empty every table first, but for the state."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is called in messages, what a damaged one asks of a person, and what it holds beside its state."""

    name: str
    damaged: str
    schema: int = 1
    tables: Mapping[str, str] = field(default_factory=dict)
    """How each table is made, by its name. Each has a key and a ``body``."""
    dropped: tuple[str, ...] = ()
    """Tables that older schemas had; nothing in them counts."""


class CursorFile:
    """Owns one connection; batches are written in the order given, from any one thread at a time."""

    def __init__(self, path: Path, kind: FileKind, *, read_only: bool = False) -> None:
        self._path = path
        self._kind = kind
        self._lock = threading.Lock()
        self._owed: list[Batch] = []
        self._read_only = read_only
        if read_only and not path.exists():
            raise ExchangeError(f"{path}: expected the file of {kind.name}, found none")
        try:
            if not read_only:
                check_plain(path)
                path.touch(mode=0o600)
            self._connection = self._connect()
        except (OSError, sqlite3.OperationalError) as error:
            raise ExchangeError(f"{path}: cannot be opened as the file of {kind.name}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise self.damaged(str(error)) from error
        try:
            self._fence = self._prepare()
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise ExchangeError(f"{path}: cannot be used as the file of {kind.name}: {error}") from error
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise self.damaged(str(error)) from error
        except ExchangeError:
            self._connection.close()
            raise

    def state(self) -> dict[str, str]:
        """Return what was written last under each name; nothing before the first batch. Raises sqlite3.Error."""
        state = dict(self._connection.execute("SELECT name, body FROM state").fetchall())
        return state if CURSOR in state else {}

    def rows(self, table: str, key: str, kind: type[_Row]) -> list[_Row]:
        """Return a table's rows in order of their key. Raises sqlite3.Error, msgspec.DecodeError."""
        found = self._connection.execute(f"SELECT body FROM {table} ORDER BY {key}").fetchall()  # noqa: S608 - ours
        return [msgspec.json.decode(body, type=kind) for (body,) in found]

    def write(self, batch: Batch) -> None:
        """Write a batch in one transaction, with any that failed before it; raise ExchangeError and keep it owed."""
        with self._lock:
            self._owed.append(batch)
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._check_fence()
                for owed in self._owed:
                    self._write(owed)
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise ExchangeError(f"{self._path}: {self._kind.name} could not be saved: {error}") from error
            except ExchangeTakenError:
                self._roll_back()
                raise
            self._owed.clear()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def damaged(self, detail: str) -> ExchangeDamagedError:
        """Return the error of a file that does not read, with what a person can do."""
        return ExchangeDamagedError(
            f"{self._path}: the file of {self._kind.name} is damaged ({detail}); {self._kind.damaged}"
        )

    def _connect(self) -> sqlite3.Connection:
        if self._read_only:
            return open_read_only(self._path)
        return sqlite3.connect(str(self._path), timeout=5.0, isolation_level=None, check_same_thread=False)

    def _prepare(self) -> int:
        connection, schema = self._connection, self._kind.schema
        if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise self.damaged("its structure does not check")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > schema:
            raise ExchangeError(
                f"{self._path}: expected schema {schema} or older, got {version}; "
                "it was written by a newer cockpit: upgrade, or use another home"
            )
        if self._read_only:
            return 0
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        if version == 0:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise self.damaged("it is a database of something else")
            for statement in (_STATE, *self._kind.tables.values()):
                connection.execute(statement)
        elif version < schema:
            for table in self._kind.dropped:
                connection.execute(f"DROP TABLE IF EXISTS {table}")
        if version != schema:
            connection.execute(f"PRAGMA user_version={schema}")
        fence = self._stored_fence() + 1
        connection.execute("INSERT OR REPLACE INTO state VALUES ('fence', ?)", (str(fence),))
        connection.execute("COMMIT")
        return fence

    def _stored_fence(self) -> int:
        row = self._connection.execute("SELECT body FROM state WHERE name = 'fence'").fetchone()
        return int(row[0]) if row is not None else 0

    def _check_fence(self) -> None:
        if self._stored_fence() != self._fence:
            raise ExchangeTakenError(
                f"{self._path}: another process has taken {self._kind.name} over; this one must stop trading"
            )

    def _write(self, batch: Batch) -> None:
        execute, many = self._connection.execute, self._connection.executemany
        if batch.clear:
            for table in self._kind.tables:
                execute(f"DELETE FROM {table}")  # noqa: S608 - ours
        many("INSERT OR REPLACE INTO state VALUES (?, CAST(? AS TEXT))", batch.state)
        for table, rows in batch.rows.items():
            many(f"INSERT OR REPLACE INTO {table} VALUES (?, CAST(? AS TEXT))", rows)  # noqa: S608 - ours

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
