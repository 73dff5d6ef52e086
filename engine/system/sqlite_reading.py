"""Opening a database to read it beside its writer, from a disk that takes nothing, and never a pipe or another file."""

import sqlite3
from pathlib import Path
from typing import Final

from engine.system.plain_file import NOT_PLAIN, is_plain_or_absent

_BESIDE: Final = ("-wal", "-shm", "-journal")
_PATIENCE: Final = 5.0
"""Seconds that a reading waits for a writer."""


def check_plain(path: Path) -> None:
    """Refuse what is no plain file in the place of a database or of what lies beside it: a pipe is waited for for ever.

    Raises sqlite3.OperationalError.
    """
    if not is_plain_or_absent(path):
        raise sqlite3.OperationalError(NOT_PLAIN)
    for end in _BESIDE:
        beside = path.with_name(f"{path.name}{end}")
        if not is_plain_or_absent(beside):
            raise sqlite3.OperationalError(f"{beside.name} beside it has to be removed: {NOT_PLAIN}")


def open_read_only(path: Path) -> sqlite3.Connection:
    """Return a connection that only reads.

    Raises sqlite3.OperationalError where the file cannot be opened, sqlite3.DatabaseError where it is no database.
    """
    check_plain(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise sqlite3.OperationalError(error.strerror or str(error)) from error
    if not size:
        raise sqlite3.DatabaseError("it is empty")
    connection = _connect(path, "mode=ro")
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if _is_written_ahead(path):
            raise
        # A disk that takes nothing has no room for what readers share; nobody can write there either.
        return _connect(path, "mode=ro&immutable=1")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _connect(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        timeout=_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )


def _is_written_ahead(path: Path) -> bool:
    """Say whether changes wait beside the file: read without them, it would tell of the past."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError:
        return True
