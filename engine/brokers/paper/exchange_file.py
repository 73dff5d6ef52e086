"""The paper exchange's file: SQLite, one transaction for everything that belongs together.

Each opening for writing raises a fence in the file. Whoever opened before can write no more: an engine that was
stopped, flattened from outside and then continued must not put its old book back.
"""

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from engine.brokers.paper.market_clock import MarketClock
from engine.brokers.paper.records import Cursor, ExchangeFill, ExchangeOrder, InFlight, InstrumentDepth
from engine.market.clock import Instant, trading_date
from engine.market.instrument import Instrument
from engine.orders.messages import OrderReport
from engine.system.sqlite_reading import check_plain, open_read_only

SCHEMA_VERSION: Final = 1

_SCHEMA: Final = """
CREATE TABLE state (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE orders (sequence INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE fills (number INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE depths (instrument TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""

_Record = TypeVar("_Record", ExchangeOrder, ExchangeFill, InstrumentDepth)


@dataclass(frozen=True, slots=True)
class Wording:
    """What a file is called in messages, and what a damaged one asks of a person."""

    name: str
    damaged: str


PAPER: Final = Wording(
    "the paper exchange",
    "move it away to start with an empty book, its orders and positions are lost with it",
)
PLACE: Final = Wording(
    "the live run's place",
    "move it away to start anew: the broker's book is read, and what is open in it counts as opened outside",
)


class ExchangeError(RuntimeError):
    """The file cannot be used; the message names it and says what to do."""


class ExchangeDamagedError(ExchangeError):
    """The file is not what we wrote."""


class ExchangeTakenError(ExchangeError):
    """Another process has opened the file since."""


class Book(msgspec.Struct):
    """Everything the file holds. ``clock`` is market time, ``in_flight`` in order of arrival at the exchange."""

    cursor: Cursor
    clock: Instant
    stamps: MarketClock
    submitted: int
    in_flight: list[InFlight]
    orders: list[ExchangeOrder]
    fills: list[ExchangeFill]
    depths: list[InstrumentDepth]
    known: list[OrderReport] = []
    """In the file of a live run's place: what the broker told last of each order of ours."""
    instruments: list[Instrument] = []
    """What the orders may be in: enough to close what is open with no ledger at hand. Older files name nothing."""

    @property
    def day(self) -> date:
        """Return the trading day of what happened last."""
        return trading_date(self.clock or self.cursor.now)


class Batch(msgspec.Struct):
    """What changed since the last batch, already encoded: safe to hand to another thread."""

    clear: bool
    state: list[tuple[str, bytes]]
    orders: list[tuple[int, bytes]]
    fills: list[tuple[int, bytes]]
    depths: list[tuple[str, bytes]]


class ExchangeStore:
    """Owns one connection; batches are written in the order given, from any one thread at a time."""

    def __init__(self, path: Path, *, read_only: bool = False, wording: Wording = PAPER) -> None:
        self._path = path
        self._wording = wording
        self._lock = threading.Lock()
        self._owed: list[Batch] = []
        self._read_only = read_only
        if read_only and not path.exists():
            raise ExchangeError(f"{path}: expected the file of {wording.name}, found none")
        try:
            if not read_only:
                check_plain(path)
                path.touch(mode=0o600)
            self._connection = self._connect()
        except (OSError, sqlite3.OperationalError) as error:
            raise ExchangeError(f"{path}: cannot be opened as the file of {wording.name}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error
        try:
            self._fence = self._prepare()
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise ExchangeError(f"{path}: cannot be used as the file of {wording.name}: {error}") from error
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise self._damaged(str(error)) from error
        except ExchangeError:
            self._connection.close()
            raise

    def load(self) -> Book | None:
        """Return what the file holds, None for a new one; raise ExchangeDamagedError when it does not read."""
        try:
            state = dict(self._connection.execute("SELECT name, body FROM state").fetchall())
            if "cursor" not in state:
                return None
            return Book(
                cursor=msgspec.json.decode(state["cursor"], type=Cursor),
                clock=msgspec.json.decode(state["clock"], type=int),
                stamps=msgspec.json.decode(state.get("stamps", "{}"), type=MarketClock),
                submitted=msgspec.json.decode(state["submitted"], type=int),
                in_flight=msgspec.json.decode(state["in_flight"], type=list[InFlight]),
                orders=self._rows("SELECT body FROM orders ORDER BY sequence", ExchangeOrder),
                fills=self._rows("SELECT body FROM fills ORDER BY number", ExchangeFill),
                depths=self._rows("SELECT body FROM depths ORDER BY instrument", InstrumentDepth),
                known=msgspec.json.decode(state.get("known", "[]"), type=list[OrderReport]),
                instruments=msgspec.json.decode(state.get("instruments", "[]"), type=list[Instrument]),
            )
        except (sqlite3.DatabaseError, msgspec.DecodeError, KeyError) as error:
            raise self._damaged(str(error)) from error

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
                raise ExchangeError(
                    f"{self._path}: {self._wording.name} could not be saved: {error}"
                ) from error
            except ExchangeTakenError:
                self._roll_back()
                raise
            self._owed.clear()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _connect(self) -> sqlite3.Connection:
        if self._read_only:
            return open_read_only(self._path)
        return sqlite3.connect(str(self._path), timeout=5.0, isolation_level=None, check_same_thread=False)

    def _prepare(self) -> int:
        connection = self._connection
        if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise self._damaged("its structure does not check")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise ExchangeError(
                f"{self._path}: expected schema {SCHEMA_VERSION} or older, got {version}; "
                "it was written by a newer cockpit: upgrade, or use another home"
            )
        if self._read_only:
            return 0
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        if version == 0:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise self._damaged("it is a database of something else")
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
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
                f"{self._path}: another process has taken {self._wording.name} over; this one must stop trading"
            )

    def _write(self, batch: Batch) -> None:
        execute, many = self._connection.execute, self._connection.executemany
        if batch.clear:
            execute("DELETE FROM orders")
            execute("DELETE FROM fills")
            execute("DELETE FROM depths")
        many("INSERT OR REPLACE INTO state VALUES (?, CAST(? AS TEXT))", batch.state)
        many("INSERT OR REPLACE INTO orders VALUES (?, CAST(? AS TEXT))", batch.orders)
        many("INSERT OR REPLACE INTO fills VALUES (?, CAST(? AS TEXT))", batch.fills)
        many("INSERT OR REPLACE INTO depths VALUES (?, CAST(? AS TEXT))", batch.depths)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _rows(self, query: str, kind: type[_Record]) -> list[_Record]:
        rows: Sequence[tuple[str]] = self._connection.execute(query).fetchall()
        return [msgspec.json.decode(body, type=kind) for (body,) in rows]

    def _damaged(self, detail: str) -> ExchangeDamagedError:
        return ExchangeDamagedError(
            f"{self._path}: the file of {self._wording.name} is damaged ({detail}); {self._wording.damaged}"
        )


def standing_book(path: Path) -> Book | None:
    """Return the book that stands in the paper exchange's file, leaving who trades in it undisturbed.

    None where there is no file or no run ever began in it; raises ExchangeError.
    """
    if not path.exists():
        return None
    with closing(ExchangeStore(path, read_only=True)) as store:
        return store.load()
