"""The paper exchange's file: its cursor, and with it orders, fills, the last books and what is under way."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from engine.brokers.cursor_file import CURSOR, Cursor, CursorFile, FileKind
from engine.brokers.paper.exchange_clock import ExchangeClock
from engine.brokers.paper.records import ExchangeFill, ExchangeOrder, InFlight, InstrumentDepth
from engine.market.clock import Instant, trading_date
from engine.market.instrument import Instrument

PAPER: Final = FileKind(
    name="the paper exchange",
    damaged="move it away to start with an empty book, its orders and positions are lost with it",
    tables={
        "orders": "CREATE TABLE orders (sequence INTEGER PRIMARY KEY, body TEXT NOT NULL)",
        "fills": "CREATE TABLE fills (number INTEGER PRIMARY KEY, body TEXT NOT NULL)",
        "depths": "CREATE TABLE depths (instrument TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
    },
)


class Book(msgspec.Struct):
    """Everything the file holds. ``clock`` is market time, ``in_flight`` in order of arrival at the exchange."""

    cursor: Cursor
    clock: Instant
    stamps: ExchangeClock
    submitted: int
    in_flight: list[InFlight]
    orders: list[ExchangeOrder]
    fills: list[ExchangeFill]
    depths: list[InstrumentDepth]
    instruments: list[Instrument] = []
    """What the orders may be in: enough to close what is open with no ledger at hand. Older files name nothing."""

    @property
    def day(self) -> date:
        """The trading day of what happened last."""
        return trading_date(self.clock or self.cursor.now)


class ExchangeFile(CursorFile):
    """The paper exchange's own."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        super().__init__(path, PAPER, read_only=read_only)

    def load(self) -> Book | None:
        """Return what the file holds, None for a new one; raise ExchangeDamagedError when it does not read."""
        try:
            state = self.state()
            if not state:
                return None
            return Book(
                cursor=msgspec.json.decode(state[CURSOR], type=Cursor),
                clock=msgspec.json.decode(state["clock"], type=int),
                stamps=msgspec.json.decode(state.get("stamps", "{}"), type=ExchangeClock),
                submitted=msgspec.json.decode(state["submitted"], type=int),
                in_flight=msgspec.json.decode(state["in_flight"], type=list[InFlight]),
                orders=self.rows("orders", "sequence", ExchangeOrder),
                fills=self.rows("fills", "number", ExchangeFill),
                depths=self.rows("depths", "instrument", InstrumentDepth),
                instruments=msgspec.json.decode(state.get("instruments", "[]"), type=list[Instrument]),
            )
        except (sqlite3.DatabaseError, msgspec.DecodeError, KeyError) as error:
            raise self.damaged(str(error)) from error


def standing_book(path: Path) -> Book | None:
    """Return the book that stands in the paper exchange's file, leaving who trades in it undisturbed.

    None where there is no file or no run ever began in it; raises ExchangeError.
    """
    if not path.exists():
        return None
    with closing(ExchangeFile(path, read_only=True)) as file:
        return file.load()
