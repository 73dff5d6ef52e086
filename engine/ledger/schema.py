"""The ledger's tables, and how an older file becomes a newer one: backed up first, then in one transaction."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.ledger.evidence_tables import FILLING, STATEMENTS, enter_played, tell_addresses
from engine.ledger.migrations import tell_signals_of_trades
from engine.ledger.records import LedgerDamagedError, LedgerError
from engine.ledger.stage_table import STAGES
from engine.system.plain_file import NOT_PLAIN, is_plain_or_absent, open_plain

_TABLES: Final = (
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
)


_DATABASE: Final = b"SQLite format 3\0"
"""How a database of the ledger's kind begins."""

Step = str | Callable[[sqlite3.Connection], None]
"""A statement, or what reads and changes rows; all of a migration is one transaction."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A version of the file: its tables, and for each older version the steps that lead to the next one."""

    version: int
    tables: tuple[str, ...]
    migrations: Mapping[int, tuple[Step, ...]]


CURRENT: Final = Schema(
    4,
    (*_TABLES, *STATEMENTS, STAGES),
    {
        1: (tell_signals_of_trades,),
        2: (*STATEMENTS, *FILLING, enter_played),
        3: (STAGES, tell_addresses),
    },
)
"""Since 2 a trade tells its signal and how it came about: without them a day that is played again counts twice. Since 3
evidence has tables of its own, so that no figure has to read the whole record. Since 4 it holds the chain of the
rollout's stages, and a run tells all of the broker's addresses it was made at."""


def prepare(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Create, check or migrate the open file; raises LedgerError for a newer schema, LedgerDamagedError for damage."""
    if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
        raise damaged(path, "its structure does not check")
    version = check_version(connection, path, schema)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    if version == schema.version:
        return
    if version == 0:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise damaged(path, "it is a database of something else")
        steps: list[Step] = list(schema.tables)
    else:
        _back_up(connection, path, version)
        steps = []
        for older in range(version, schema.version):
            if older not in schema.migrations:
                raise LedgerError(f"{path}: expected a ledger that can be migrated, got schema {older}")
            steps += schema.migrations[older]
    connection.execute("BEGIN IMMEDIATE")
    for step in steps:
        if isinstance(step, str):
            connection.execute(step)
        else:
            step(connection)
    connection.execute(f"PRAGMA user_version={schema.version}")
    connection.execute("COMMIT")


def check_version(connection: sqlite3.Connection, path: Path, schema: Schema) -> int:
    """Return the file's schema version; raise LedgerError for a newer one."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.version:
        raise LedgerError(
            f"{path}: expected schema {schema.version} or older, got {version}; it was written by a newer cockpit: "
            "upgrade, or use another home"
        )
    return version


def damaged(path: Path, detail: str) -> LedgerDamagedError:
    """Return the error of a damaged ledger."""
    return LedgerDamagedError(
        f"{path}: the ledger is damaged ({detail}); nothing trades on it. Put a copy of it back, or move it away "
        "to start a new one: past trades, levels and evidence are lost with it; what an account has "
        "open stays in its exchange, and the next start takes it over. cockpit flatten still works"
    )


def _back_up(connection: sqlite3.Connection, path: Path, version: int) -> None:
    target = path.with_name(f"{path.name}.v{version}.bak")
    if not is_plain_or_absent(target):
        raise LedgerError(f"{target}: expected a place for the ledger's backup: {NOT_PLAIN}; remove it")
    target.touch(mode=0o600)
    if not _is_backup(target):
        raise LedgerError(
            f"{target}: expected an earlier backup of the ledger or nothing in the backup's place, got something else; "
            "move it away"
        )
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)


def _is_backup(target: Path) -> bool:
    """Say whether a file may be written over by a backup: it is empty, or a database."""
    with open_plain(target) as file:
        return file.read(len(_DATABASE)) in (b"", _DATABASE)
