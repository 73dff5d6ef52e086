"""The tables by which evidence is found: finished trades by their key, days' accounts, and what each run was.

They are made of the records and hold nothing that the records do not: triggers keep them as the records come, are
corrected, are taken back and are thinned, in the same transaction. So no reader ever sees the two differ.
"""

import sqlite3
from typing import Final

import msgspec

SINCE: Final = 4
"""The schema that has them as they are read now."""

PLAYED: Final = "INSERT OR REPLACE INTO played VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

_TRADE: Final = (
    "json_extract({0}.payload, '$.id'), {0}.number, "
    # The Indian date of its last fill: five and a half hours ahead of the epoch's.
    "date(json_extract({0}.payload, '$.exit_time') / 1000000 + 19800, 'unixepoch'), "
    "json_extract({0}.payload, '$.instrument'), json_extract({0}.payload, '$.setup'), "
    "coalesce(json_extract({0}.payload, '$.version'), 1), json_extract({0}.payload, '$.taken_by'), "
    "coalesce(nullif(json_extract({0}.payload, '$.signal_time'), 0), json_extract({0}.payload, '$.entry_time')), "
    "json_extract({0}.payload, '$.exit_time'), {0}.payload"
)
_IS_TRADE: Final = (
    "{0}.kind = 'trade' AND json_valid({0}.payload) AND json_extract({0}.payload, '$.exit_time') IS NOT NULL"
)
_ACCOUNT: Final = (
    "json_extract({0}.payload, '$.limits.day'), {0}.number, json_extract({0}.payload, '$.limits.account')"
)
_IS_ACCOUNT: Final = (
    "{0}.kind = 'day_state' AND json_valid({0}.payload) "
    "AND json_extract({0}.payload, '$.limits.account') IS NOT NULL"
)


def _of(template: str, row: str) -> str:
    return template.format(row)


# What a trigger says of conflicts gives way to what its statement says: records are written with OR IGNORE.
STATEMENTS: Final = (
    """CREATE TABLE played (
        run TEXT PRIMARY KEY, market TEXT NOT NULL, settings TEXT NOT NULL, fill_rules INTEGER NOT NULL,
        broker TEXT NOT NULL, mode TEXT NOT NULL, instruments TEXT NOT NULL,
        addresses TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE trades (
        run TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, day TEXT NOT NULL, instrument TEXT NOT NULL,
        setup TEXT NOT NULL, version INTEGER NOT NULL, mode TEXT, signalled INTEGER NOT NULL, ended INTEGER NOT NULL,
        payload TEXT NOT NULL, PRIMARY KEY (run, id))""",
    """CREATE TABLE accounts (
        run TEXT NOT NULL, day TEXT NOT NULL, number INTEGER NOT NULL, account INTEGER NOT NULL,
        PRIMARY KEY (run, day)) WITHOUT ROWID""",
    f"""CREATE TRIGGER trade_written AFTER INSERT ON records WHEN {_of(_IS_TRADE, "new")} BEGIN
        DELETE FROM trades WHERE run = new.run AND id = json_extract(new.payload, '$.id');
        INSERT INTO trades VALUES (new.run, {_of(_TRADE, "new")}); END""",  # noqa: S608
    f"""CREATE TRIGGER trade_taken_back AFTER DELETE ON records WHEN {_of(_IS_TRADE, "old")} BEGIN
        DELETE FROM trades WHERE run = old.run AND number = old.number;
        INSERT OR IGNORE INTO trades SELECT records.run, {_of(_TRADE, "records")} FROM records
            WHERE run = old.run AND {_of(_IS_TRADE, "records")}
            AND json_extract(payload, '$.id') = json_extract(old.payload, '$.id') ORDER BY number DESC LIMIT 1;
        END""",  # noqa: S608
    f"""CREATE TRIGGER account_written AFTER INSERT ON records WHEN {_of(_IS_ACCOUNT, "new")} BEGIN
        INSERT OR IGNORE INTO accounts VALUES (new.run, {_of(_ACCOUNT, "new")}); END""",  # noqa: S608
    f"""CREATE TRIGGER account_taken_back AFTER DELETE ON records
        WHEN {_of(_IS_ACCOUNT, "old")}
        AND EXISTS (SELECT 1 FROM accounts WHERE run = old.run AND number = old.number) BEGIN
        DELETE FROM accounts WHERE run = old.run AND number = old.number;
        INSERT OR IGNORE INTO accounts SELECT records.run, {_of(_ACCOUNT, "records")} FROM records
            WHERE run = old.run AND {_of(_IS_ACCOUNT, "records")} ORDER BY number LIMIT 1;
        END""",  # noqa: S608
    """CREATE TRIGGER run_gone AFTER DELETE ON runs BEGIN
        DELETE FROM played WHERE run = old.run; END""",
)
"""What a new ledger has of them."""

FILLING: Final = (
    f"""INSERT OR IGNORE INTO trades SELECT records.run, {_of(_TRADE, "records")} FROM records
        WHERE {_of(_IS_TRADE, "records")} ORDER BY number DESC""",  # noqa: S608
    f"""INSERT OR IGNORE INTO accounts SELECT records.run, {_of(_ACCOUNT, "records")} FROM records
        WHERE {_of(_IS_ACCOUNT, "records")} ORDER BY number""",  # noqa: S608
)
"""What brings the records of an older ledger into them."""


def enter_played(connection: sqlite3.Connection) -> None:
    """Write down what each run of an older ledger was; one whose plan does not read counts in no figure."""
    for run, plan in connection.execute("SELECT run, plan FROM runs ORDER BY rowid").fetchall():
        row = played_row(run, plan)
        if row is not None:
            connection.execute(PLAYED, row)


def played_row(run: str, plan: str) -> tuple[object, ...] | None:
    """Return what a run was as its row; None where its plan does not read."""
    # Settings and setups are read for it: status and flatten, which write no run, are quick without them.
    from engine.ledger.run_terms import run_terms

    found = run_terms(plan)
    if found is None:
        return None
    terms = found.terms
    instruments = msgspec.json.encode(found.instruments).decode()
    market, mode = terms.market.value, found.mode.value
    return run, market, terms.settings, terms.fill_rules, terms.broker, mode, instruments, found.addresses


def tell_addresses(connection: sqlite3.Connection) -> None:
    """Give the runs of schema 3 the broker's addresses they were made at; one brought up from before has the column."""
    columns = [row[1] for row in connection.execute("PRAGMA table_info(played)").fetchall()]
    if "addresses" not in columns:
        connection.execute("ALTER TABLE played ADD COLUMN addresses TEXT NOT NULL DEFAULT ''")
    enter_played(connection)
