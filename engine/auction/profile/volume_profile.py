"""Volume at price, kept at one tick so that every row size is only a view of it."""

from collections.abc import Mapping

from engine.auction.profile.value_area import Rows


class VolumeProfile:
    """Volume per tick of one session. Ticks are whole price steps, volumes units."""

    __slots__ = ("_rows", "_rows_height", "_ticks", "total")

    def __init__(self) -> None:
        self._ticks: dict[int, int] = {}
        self._rows: dict[int, int] = self._ticks
        self._rows_height = 1
        self.total = 0

    @property
    def ticks(self) -> Mapping[int, int]:
        """The volume of each traded tick."""
        return self._ticks

    def add(self, tick: int, volume: int) -> None:
        """Add volume at a tick; O(1)."""
        self.total += volume
        ticks = self._ticks
        ticks[tick] = ticks.get(tick, 0) + volume
        height = self._rows_height
        if height != 1:
            row = tick // height
            rows = self._rows
            rows[row] = rows.get(row, 0) + volume

    def follow(self, height: int) -> None:
        """Keep rows of this many ticks up to date from now on, so that viewing them costs no regrouping."""
        if height != self._rows_height:
            self._rows = self._ticks if height == 1 else self._group(height)
            self._rows_height = height

    def view(self, height: int) -> Rows | None:
        """Return the profile in rows of ``height`` ticks (row id = tick // height); None while it is empty."""
        if height < 1:
            raise ValueError(f"expected a row height of at least 1 tick, got {height}")
        rows = self._rows if height == self._rows_height else self._group(height)
        if not rows:
            return None
        low = min(rows)
        counts = [0] * (max(rows) - low + 1)
        for row, volume in rows.items():
            counts[row - low] = volume
        return Rows(low, counts)

    def _group(self, height: int) -> dict[int, int]:
        rows: dict[int, int] = {}
        for tick, volume in self._ticks.items():
            row = tick // height
            rows[row] = rows.get(row, 0) + volume
        return rows
