"""The file of a live run's place: its cursor, and what the broker told last of each order of ours."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from engine.brokers.cursor_file import CURSOR, Cursor, CursorFile, FileKind
from engine.market.clock import trading_date
from engine.orders.messages import OrderReport

PLACE: Final = FileKind(
    name="the live run's place",
    damaged="move it away to start anew: the broker's book is read, and what is open in it counts as opened outside",
    schema=2,
    # A file of the first schema had the paper exchange's tables, always empty.
    dropped=("orders", "fills", "depths"),
)
KNOWN: Final = "known"


class KeptPlace(msgspec.Struct, frozen=True):
    """How far a live run has come, and the orders of ours that it knew of there."""

    cursor: Cursor
    known: list[OrderReport]

    @property
    def day(self) -> date:
        """The trading day of what happened last."""
        return trading_date(self.cursor.now)


class PlaceFile(CursorFile):
    """A live run's own."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        super().__init__(path, PLACE, read_only=read_only)

    def load(self) -> KeptPlace | None:
        """Return what the file holds, None for a new one; raise ExchangeDamagedError when it does not read."""
        try:
            state = self.state()
            if not state:
                return None
            return KeptPlace(
                cursor=msgspec.json.decode(state[CURSOR], type=Cursor),
                known=msgspec.json.decode(state.get(KNOWN, "[]"), type=list[OrderReport]),
            )
        except (sqlite3.DatabaseError, msgspec.DecodeError, KeyError) as error:
            raise self.damaged(str(error)) from error


def kept_place(path: Path) -> KeptPlace | None:
    """Return the place that a live run keeps, leaving it undisturbed.

    None where there is no file or no run ever began in it; raises ExchangeError.
    """
    if not path.exists():
        return None
    with closing(PlaceFile(path, read_only=True)) as file:
        return file.load()
