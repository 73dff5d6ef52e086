"""The file of a live run's place: called what it is, and read as earlier versions wrote it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine.brokers.cursor_file import Cursor, ExchangeDamagedError, ExchangeError
from engine.brokers.upstox.place_file import PlaceFile, kept_place
from engine.market.side import Side
from engine.orders.messages import OrderType

FIRST_SCHEMA = """
CREATE TABLE state (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE orders (sequence INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE fills (number INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE depths (instrument TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO state VALUES
    ('fence', '3'), ('clock', '1789702200000000'), ('stamps', '{}'), ('submitted', '0'), ('in_flight', '[]'),
    ('cursor', '{"run":"live-1","updates":42,"now":1789702200000000,"pause_offset":0,"sequence":7}'),
    ('known', '[{"order_id":"B1","tag":"live-1-1-E","instrument":"NSE_EQ|INE1","side":"BUY","order_type":"LIMIT",'
     || '"quantity":10,"price":100000,"trigger_price":0,"status":"complete","filled_quantity":10,'
     || '"filled_value":1000000,"time":1789702200000000}]');
PRAGMA user_version = 1;
"""
"""As the place was kept while it was written in the paper exchange's tables."""


@pytest.fixture
def first(tmp_path: Path) -> Path:
    path = tmp_path / "place.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(FIRST_SCHEMA)
    return path


def test_a_damaged_one_is_called_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "place.sqlite"
    path.write_bytes(b"no database" * 512)
    with pytest.raises(
        ExchangeDamagedError, match=r"the live run's place is damaged .* broker's book is read"
    ):
        PlaceFile(path)


def test_one_of_the_first_schema_is_read_and_left_as_it_is_by_who_only_looks(first: Path) -> None:
    before = first.read_bytes()
    place = kept_place(first)
    assert place is not None
    assert place.cursor == Cursor("live-1", 42, 1789702200000000, 0, 7)
    (order,) = place.known
    assert (order.tag, order.side, order.order_type, order.filled_quantity) == (
        "live-1-1-E",
        Side.BUY,
        OrderType.LIMIT,
        10,
    )
    assert place.day.isoformat() == "2026-09-18"
    assert first.read_bytes() == before


def test_one_of_the_first_schema_goes_on_and_loses_only_the_empty_tables(first: Path) -> None:
    file = PlaceFile(first)
    place = file.load()
    file.close()
    assert place is not None
    assert (place.cursor.updates, len(place.known)) == (42, 1)
    with closing(sqlite3.connect(first)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (2,)
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        assert tables == [("state",)]
        assert database.execute("SELECT body FROM state WHERE name = 'fence'").fetchone() == ("4",)


def test_one_of_a_newer_cockpit_is_refused(first: Path) -> None:
    with closing(sqlite3.connect(first)) as database:
        database.execute("PRAGMA user_version = 3")
    with pytest.raises(ExchangeError, match=r"expected schema 2 or older, got 3; .* newer cockpit"):
        kept_place(first)


def test_where_none_was_kept_there_is_no_place(tmp_path: Path) -> None:
    path = tmp_path / "place.sqlite"
    assert kept_place(path) is None
    PlaceFile(path).close()
    assert kept_place(path) is None
