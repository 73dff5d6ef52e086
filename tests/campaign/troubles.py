"""Which trouble was about when: a time without protection belongs to the worst of those that overlap it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from engine.market.clock import MILLISECOND, SECOND, Instant
from tests.core.hostile import INSTRUMENTS, World
from tests.core.ownership import Ownership

ON_ITS_WAY = SECOND // 4
"""After its time a flatten must be in progress: its order takes its own way to the exchange."""


class Family(IntEnum):
    """Kinds of trouble, the worst first: where two are about, the worse one counts."""

    DOWN = 0
    HALTED = 1
    UNANSWERED = 2
    REFUSED = 3
    UNREAD = 4
    TAKEN_UNTOLD = 5
    UNTOLD = 6
    CHANGES = 7
    CANCELS = 8
    LATE_FILL = 9
    STOP_TAKEN = 10
    LOCKED = 11
    OTHERS = 12
    NONE = 13

    @property
    def title(self) -> str:
        """Return what a table calls it."""
        return _TITLES[self]

    @property
    def reachable(self) -> bool:
        """Say whether the broker takes writes and answers reads meanwhile."""
        return self >= Family.TAKEN_UNTOLD

    @property
    def limit(self) -> Instant | None:
        """Return the longest time without protection that is allowed, µs; None where the broker cannot be reached.

        What no stream tells of a stop that rested is seen by the next read of the order list.
        """
        if not self.reachable:
            return None
        return (5 * SECOND if self is Family.TAKEN_UNTOLD else 2 * SECOND) + ON_ITS_WAY


_TITLES = {
    Family.DOWN: "the broker answers nothing",
    Family.HALTED: "the exchange is halted",
    Family.UNANSWERED: "writes lost, late or unanswered",
    Family.REFUSED: "writes refused, forgotten or pending",
    Family.UNREAD: "reads fail, are empty or lag",
    Family.TAKEN_UNTOLD: "the stop is taken away and the stream is silent",
    Family.UNTOLD: "the stream keeps news back",
    Family.CHANGES: "changes alone do not come about",
    Family.CANCELS: "cancels alone do not come about",
    Family.LATE_FILL: "fills after the cancel",
    Family.STOP_TAKEN: "the stop is taken away or changed",
    Family.LOCKED: "the book is locked",
    Family.OTHERS: "others trade",
    Family.NONE: "none of these",
}
_LASTS = {
    Family.UNANSWERED: 16 * SECOND,
    Family.REFUSED: 4 * SECOND,
    Family.UNREAD: 4 * SECOND,
    Family.CHANGES: 16 * SECOND,
    Family.CANCELS: 16 * SECOND,
    Family.UNTOLD: 19 * SECOND,
    Family.DOWN: 16 * SECOND,
    Family.HALTED: SECOND,
}
"""How long the work of one lasts after its end: what was in doubt is cleared up by then."""
_OTHERWISE = 3 * SECOND


@dataclass
class Trouble:
    """One, from when to when; an empty instrument is every one."""

    family: Family
    instrument: str
    since: Instant
    until: Instant

    def touches(self, instrument: str, since: Instant, until: Instant) -> bool:
        """Say whether it was about in an instrument at a time."""
        lasts = _LASTS.get(self.family, _OTHERWISE)
        return self.instrument in ("", instrument) and self.since <= until and self.until + lasts >= since


def hindrance(troubles: list[Trouble]) -> Callable[[str, Instant, Instant], bool]:
    """Return what says whether writes, reads or news stood still in an instrument at some time."""

    def hindered(instrument: str, since: Instant, until: Instant) -> bool:
        return any(one.touches(instrument, since, until) for one in troubles if one.family <= Family.CANCELS)

    return hindered


class Nakedness:
    """Measures, by the broker's clock alone, how long units of ours had nothing that would close them."""

    def __init__(self, world: World, owned: Ownership, troubles: list[Trouble]) -> None:
        self.world = world
        self.owned = owned
        self.troubles = troubles
        self.worst: dict[Family, Instant] = {}
        """By family, the longest time, µs."""
        self.longest: tuple[Instant, Family, str] = (0, Family.NONE, "")
        """The longest time that was spent while the broker could be reached."""
        self._since: dict[str, Instant] = {}
        world.checks.append(self.check)

    def check(self, _: World) -> None:
        for key in INSTRUMENTS:
            exposed = self.owned.exposed(key)
            if exposed and self.owned.cover(key) < exposed:
                self._since.setdefault(key, self.world.now)
            elif key in self._since:
                self._end(key, self._since.pop(key))

    def finish(self) -> None:
        """Count what has not ended yet."""
        for key, since in self._since.items():
            self._end(key, since)

    def _end(self, key: str, since: Instant) -> None:
        now = self.world.now
        about = {one.family for one in self.troubles if one.touches(key, since, now)}
        family = min(about, default=Family.NONE)
        if family is Family.UNTOLD and Family.STOP_TAKEN in about:
            family = Family.TAKEN_UNTOLD
        self.worst[family] = max(self.worst.get(family, 0), now - since)
        if family.reachable and now - since > self.longest[0]:
            self.longest = (now - since, family, f"{key} at {since // MILLISECOND}")
