"""How surely volume was placed at its price: one packet stands for every trade since the last one."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.auction.profile.value_area import Rows
from engine.auction.values.context import Hole
from engine.market.clock import Instant
from engine.market.continuity import HOLE
from engine.market.price import Paise
from engine.market.update import Bar


@dataclass(frozen=True, slots=True)
class PlacementShares:
    """Volume by placement class, units; together the whole profile.

    UNPLACED came first after a hole, EXACT was one trade, WIDE moved more than one row since the event before,
    BATCH is the rest.
    """

    unplaced: int
    exact: int
    wide: int
    batch: int


@dataclass(frozen=True, slots=True)
class _Pause:
    """An event that came more than the shortest hole after the one before it."""

    before: Instant
    time: Instant
    volume: int
    move: Paise
    exact: bool
    tick: int

    def spans(self, holes: Sequence[Hole]) -> bool:
        return any(self.before <= hole.start and hole.end <= self.time for hole in holes)


class Placement:
    """Counts volume by class so that both row size and the final holes may be known later."""

    __slots__ = (
        "_checked",
        "_exact",
        "_exact_rows",
        "_height",
        "_late",
        "_late_holes",
        "_late_rows",
        "_late_rows_of",
        "_moves",
        "_pauses",
        "_row",
        "_sure",
        "_waiting",
        "_wide_rows",
    )

    def __init__(self) -> None:
        self._exact = 0
        self._moves: dict[Paise, int] = {}
        self._pauses: list[_Pause] = []
        self._sure: dict[Instant, int] = {}
        self._height = 0
        self._row: Paise = 0
        self._waiting: list[tuple[int, int, Paise, bool]] = []
        self._exact_rows: dict[int, int] = {}
        self._wide_rows: dict[int, int] = {}
        self._late: list[_Pause] = []
        self._late_rows: dict[int, tuple[int, int, int]] = {}
        self._late_rows_of = -1
        self._late_holes: Sequence[Hole] = ()
        self._checked = 0

    def follow(self, height: int, row: Paise) -> None:
        """Count classes row by row from now on, once; ``height`` is ticks per row, ``row`` the same in paise."""
        if self._height:
            return
        self._height, self._row = height, row
        self._late_rows_of = -1
        for tick, volume, move, exact in self._waiting:
            self._add_row(tick // height, volume, move, exact=exact)
        self._waiting.clear()

    def add(
        self, volume: int, move: Paise, before: Instant, time: Instant, *, exact: bool, tick: int = 0
    ) -> None:
        """Count one event: ``move`` is its absolute price change, ``before`` the event before it."""
        if time - before > HOLE:
            self._pauses.append(_Pause(before, time, volume, move, exact, tick))
        if exact:
            self._exact += volume
        else:
            self._moves[move] = self._moves.get(move, 0) + volume
        if not self._height:
            self._waiting.append((tick, volume, move, exact))
        elif exact or move > self._row:
            self._add_row(tick // self._height, volume, move, exact=exact)

    def add_sure(self, minute: Instant, volume: int) -> None:
        """Count volume of a minute (its start) that was placed EXACT or BATCH as far as known when it came."""
        self._sure[minute] = self._sure.get(minute, 0) + volume

    def sure(self, minute: Instant) -> int:
        """Return the EXACT and BATCH volume of a minute."""
        return self._sure.get(minute, 0)

    def sure_volumes(self, minutes: Sequence[Bar]) -> tuple[int, ...]:
        """Return the EXACT and BATCH volume of each minute."""
        known = self._sure
        return tuple([known.get(minute.start, 0) for minute in minutes])

    def wide_volume(self, row: Paise, holes: Sequence[Hole]) -> int:
        """Return the WIDE volume for one row size; counted along the way for the followed row."""
        if row != self._row:
            return self.shares(row, holes).wide
        late = self._after_holes(holes)
        late_wide = sum(pause.volume for pause in late if not pause.exact and pause.move > row)
        return sum(self._wide_rows.values()) - late_wide

    def unplaced(self, holes: Sequence[Hole]) -> int:
        """Return the volume of the first event after each hole."""
        return sum(pause.volume for pause in self._after_holes(holes))

    def shares(self, row: Paise, holes: Sequence[Hole]) -> PlacementShares:
        """Return the volume of each class for one row size in paise."""
        wide = sum(volume for move, volume in self._moves.items() if move > row)
        late = self._after_holes(holes)
        late_exact = sum(pause.volume for pause in late if pause.exact)
        late_wide = sum(pause.volume for pause in late if not pause.exact and pause.move > row)
        unplaced = sum(pause.volume for pause in late)
        total = self._exact + sum(self._moves.values())
        exact = self._exact - late_exact
        wide -= late_wide
        return PlacementShares(unplaced, exact, wide, total - unplaced - exact - wide)

    def row_shares(self, profile: Rows | None, holes: Sequence[Hole]) -> dict[int, PlacementShares]:
        """Return the volume of each class per row id; ``profile`` at the followed height, empty without one."""
        if profile is None or not self._height:
            return {}
        late = self._late_by_row(holes)
        found = {}
        for index, total in enumerate(profile.counts):
            number = profile.low + index
            unplaced, late_exact, late_wide = late.get(number, (0, 0, 0))
            exact = self._exact_rows.get(number, 0) - late_exact
            wide = self._wide_rows.get(number, 0) - late_wide
            found[number] = PlacementShares(unplaced, exact, wide, total - unplaced - exact - wide)
        return found

    def loose_volume(self, first: int, last: int, holes: Sequence[Hole]) -> int:
        """Return the WIDE and UNPLACED volume of the rows from ``first`` to ``last``, units."""
        late = self._late_by_row(holes)
        volume = 0
        for number in range(first, last + 1):
            unplaced, _, late_wide = late.get(number, (0, 0, 0))
            volume += self._wide_rows.get(number, 0) + unplaced - late_wide
        return volume

    def _add_row(self, number: int, volume: int, move: Paise, *, exact: bool) -> None:
        if exact:
            self._exact_rows[number] = self._exact_rows.get(number, 0) + volume
        elif move > self._row:
            self._wide_rows[number] = self._wide_rows.get(number, 0) + volume

    def _after_holes(self, holes: Sequence[Hole]) -> list[_Pause]:
        """Return the events that came first after a hole; only what is new since the last call is looked at."""
        if holes != self._late_holes:
            self._late, self._late_holes, self._checked = [], tuple(holes), 0
            self._late_rows_of = -1
        self._late += [pause for pause in self._pauses[self._checked :] if pause.spans(holes)]
        self._checked = len(self._pauses)
        return self._late

    def _late_by_row(self, holes: Sequence[Hole]) -> dict[int, tuple[int, int, int]]:
        """Return UNPLACED volume per row, and how much of it would have been EXACT and WIDE."""
        late = self._after_holes(holes)
        if self._late_rows_of == len(late):
            return self._late_rows
        rows: dict[int, tuple[int, int, int]] = {}
        for pause in late:
            number = pause.tick // self._height if self._height else 0
            unplaced, exact, wide = rows.get(number, (0, 0, 0))
            exact += pause.volume * pause.exact
            wide += pause.volume * (not pause.exact and pause.move > self._row)
            rows[number] = unplaced + pause.volume, exact, wide
        self._late_rows, self._late_rows_of = rows, len(late)
        return rows
