"""The TPO profile with everything read off it, worked out again only when a bracket changed or ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.auction.profile.tpo_profile import Bracket, tpo_rows
from engine.auction.profile.value_area import Rows, find_poc
from engine.auction.session.brackets import Brackets
from engine.auction.structure.profile_shape import (
    Tails,
    find_ledges,
    find_tails,
    poor_extremes,
    shape_of,
    tpos_beside,
)
from engine.auction.values.levels import Ledge
from engine.market.price import Paise


@dataclass(frozen=True, slots=True)
class Structure:
    """The TPO profile at the day's row with everything read off it."""

    rows: Rows
    row: Paise
    tails: Tails
    shape: str
    """B, P, b, D or – when none applies."""
    poor_high: bool
    poor_low: bool
    ledges: tuple[Ledge, ...]
    tpos_above: int
    tpos_below: int
    """TPOs above and below the POC's row …"""
    body_above: int
    body_below: int
    """… and without those of the tails."""


class StructureMemo:
    """The structure of one session; brackets change far less often than it is asked for."""

    __slots__ = ("_key", "_structure")

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._structure: Structure | None = None

    def read(self, session: Brackets, row: Paise | None) -> Structure | None:
        """Return the structure at one row size; None before the first packet."""
        brackets = session.brackets
        if row is None or not brackets:
            return None
        # Tails and poor extremes also depend on the clock, but only on which bracket ends next.
        key = (row, session.next_end, *[(one.index, one.low, one.high) for one in brackets])
        if key != self._key:
            self._key = key
            self._structure = _read(session, brackets, row)
        return self._structure


def _read(session: Brackets, brackets: Sequence[Bracket], row: Paise) -> Structure | None:
    rows = tpo_rows(brackets, row)
    if rows is None:
        return None
    tails = _tails(session, brackets[-1], rows, row)
    poc = find_poc(rows.counts)[0]
    poor_high, poor_low = poor_extremes(brackets, row, session.session_open, session.length, session.clock)
    above, below = tpos_beside(rows.counts, poc)
    body_above, body_below = tpos_beside(rows.counts, poc, tails)
    return Structure(
        rows=rows,
        row=row,
        tails=tails,
        shape=shape_of(rows.counts, poc, tails),
        poor_high=poor_high,
        poor_low=poor_low,
        ledges=find_ledges(brackets, row),
        tpos_above=above,
        tpos_below=below,
        body_above=body_above,
        body_below=body_below,
    )


def _tails(session: Brackets, newest: Bracket, rows: Rows, row: Paise) -> Tails:
    """Return the tails; one that the newest, unfinished bracket makes does not count yet."""
    making = session.clock < session.end_of(newest)
    top = rows.low + len(rows.counts) - 1
    return find_tails(
        rows.counts,
        bottom_counts=not (making and newest.low // row == rows.low),
        top_counts=not (making and newest.high // row == top),
    )
