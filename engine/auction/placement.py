"""How surely volume was placed at its price: one packet stands for every trade since the last one."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.auction.context import Hole
from engine.market.clock import Instant
from engine.market.continuity import HOLE
from engine.market.price import Paise


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

    def spans(self, holes: Sequence[Hole]) -> bool:
        return any(self.before <= hole.start and hole.end <= self.time for hole in holes)


class Placement:
    """Counts volume by class so that both row size and the final holes may be known later."""

    __slots__ = ("_exact", "_moves", "_pauses", "_sure")

    def __init__(self) -> None:
        self._exact = 0
        self._moves: dict[Paise, int] = {}
        self._pauses: list[_Pause] = []
        self._sure: dict[Instant, int] = {}

    def add(self, volume: int, move: Paise, before: Instant, time: Instant, *, exact: bool) -> None:
        """Count one event: ``move`` is its absolute price change, ``before`` the event before it."""
        if time - before > HOLE:
            self._pauses.append(_Pause(before, time, volume, move, exact))
        if exact:
            self._exact += volume
        else:
            self._moves[move] = self._moves.get(move, 0) + volume

    def add_sure(self, minute: Instant, volume: int) -> None:
        """Count volume of a minute (its start) that was placed EXACT or BATCH as far as known when it came."""
        self._sure[minute] = self._sure.get(minute, 0) + volume

    def sure(self, minute: Instant) -> int:
        """Return the EXACT and BATCH volume of a minute."""
        return self._sure.get(minute, 0)

    def unplaced(self, holes: Sequence[Hole]) -> int:
        """Return the volume of the first event after each hole."""
        return sum(pause.volume for pause in self._pauses if pause.spans(holes))

    def shares(self, row: Paise, holes: Sequence[Hole]) -> PlacementShares:
        """Return the volume of each class for one row size in paise."""
        wide = sum(volume for move, volume in self._moves.items() if move > row)
        late = [pause for pause in self._pauses if pause.spans(holes)]
        late_exact = sum(pause.volume for pause in late if pause.exact)
        late_wide = sum(pause.volume for pause in late if not pause.exact and pause.move > row)
        unplaced = sum(pause.volume for pause in late)
        total = self._exact + sum(self._moves.values())
        exact = self._exact - late_exact
        wide -= late_wide
        return PlacementShares(unplaced, exact, wide, total - unplaced - exact - wide)
