"""Absorption: one side presses into a row at the edge of the move, and price does not get through.

A stand begins when price reaches a row farther out than any stand before it, and ends when price goes more than
one row through it or more than three rows away. It becomes an absorption when the pressing side's volume in its
row reaches the threshold under every aggressor rule, half a minute has passed and the best quote on the other side
was refilled at least once: it stood after a trade against it with no less than before. Otherwise it stays silent, and
only remembers the stand that came nearest.
"""

from typing import Final, NamedTuple

from engine.auction.profile.value_area import Rows
from engine.market.clock import SECOND, Instant

MEDIANS: Final = 3
"""Volume that absorption needs, in median row volumes of the day's profile."""
HOLD: Final = 30 * SECOND
AWAY: Final = 3
"""Rows that price may fall back before the row is no edge any more."""


def absorption_threshold(rows: Rows | None) -> int:
    """Return the volume that absorption needs in one row, units; 0 for an empty profile."""
    volumes = sorted(volume for volume in rows.counts if volume) if rows is not None else []
    if not volumes:
        return 0
    doubled = volumes[(len(volumes) - 1) // 2] + volumes[len(volumes) // 2]
    return -(-MEDIANS * doubled // 2)


class Nearest(NamedTuple):
    """A stand that had all but the volume: how much it held of how much it needed, units, when and in which row."""

    volume: int
    needed: int
    row: int
    time: Instant


class _Stand:
    __slots__ = ("place", "refilled", "reported", "since", "volumes")

    def __init__(self, place: int, since: Instant) -> None:
        self.place = place
        self.since = since
        self.volumes = [0, 0, 0]
        self.refilled = False
        self.reported = False


class Absorber:
    """Watches one side: ``sign`` +1 for buyers pressing up, -1 for sellers pressing down."""

    __slots__ = ("_stands", "nearest", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.nearest: Nearest | None = None
        """The stand that came nearest to an absorption; None before one was held and refilled long enough."""
        self._stands: list[_Stand] = []

    def take(
        self,
        row: int,
        time: Instant,
        sides: tuple[int, int, int],
        volume: int,
        threshold: int,
        *,
        refilled: bool,
    ) -> int:
        """Take a trade: its row, its side under each rule, its volume; return the volume absorbed, 0 for none.

        The volume is the smallest over the rules. Each stand speaks once.
        """
        sign = self.sign
        place = row * sign
        stands = self._stands
        if stands and not stands[-1].place - AWAY <= place <= stands[0].place + 1:
            stands = self._stands = [
                stand for stand in stands if stand.place - AWAY <= place <= stand.place + 1
            ]
        if not stands or place > stands[-1].place:
            stands.append(_Stand(place, time))
        for stand in stands:
            if stand.place == place:
                return self._press(stand, time, sides, volume, threshold, refilled=refilled)
        return 0

    def _press(
        self,
        stand: _Stand,
        time: Instant,
        sides: tuple[int, int, int],
        volume: int,
        threshold: int,
        *,
        refilled: bool,
    ) -> int:
        if self.sign not in sides:
            return 0
        sign, volumes = self.sign, stand.volumes
        for index, side in enumerate(sides):
            if side == sign:
                volumes[index] += volume
        if sides[0] == sign and refilled:
            stand.refilled = True
        if stand.reported or not stand.refilled or time - stand.since < HOLD:
            return 0
        smallest = min(volumes)
        if smallest < threshold:
            nearest = self.nearest
            if nearest is None or smallest * nearest.needed > nearest.volume * threshold:
                self.nearest = Nearest(smallest, threshold, stand.place * sign, time)
            return 0
        stand.reported = True
        return smallest
