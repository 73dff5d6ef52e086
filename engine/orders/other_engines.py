"""Another engine on the same account, known by the names of its orders: they tell when its run began.

One engine trades an account. Of two the one that began later gives way: it enters nothing and touches no order of
the other's; the earlier one says so and goes on. Orders of `cockpit flatten` are no engine's.
"""

from collections.abc import Iterable
from datetime import date, time
from re import compile as pattern
from typing import Final

import msgspec

from engine.market.clock import MILLISECOND, SECOND, Instant, datetime_of, instant_at
from engine.orders.order import Order

_NAME: Final = pattern(
    r"(?P<run>(?P<day>[0-9]{6})(?P<start>[0-9a-z]{8}[0-9a-z]{2}|[0-9a-z]{1,4}))-[0-9]{6}-[ESX]"
)
_UTC_MIDNIGHT: Final = time(5, 30)
"""By Indian time."""

_MILLISECONDS: Final = 8
"""Characters of a run's start, milliseconds in base 36; a checksum of the run's name follows."""


class RunName(msgspec.Struct, frozen=True, order=True):
    """Which run an order left from. Of two runs the smaller one began earlier."""

    began: Instant
    prefix: str


class OtherEngine(msgspec.Struct, frozen=True):
    """A run that our ledger knows nothing of and that has acted since ours began."""

    run: RunName
    tag: str
    """Its newest order that was seen."""
    instrument: str
    earlier: bool
    """Whether it began before ours: then ours gives way."""

    @property
    def told(self) -> str:
        """The same in words: what it is, what ours does, and what a person does."""
        clock = datetime_of(self.run.began).strftime("%H:%M:%S")
        ours = (
            "it began first: this one enters nothing, guards its own and leaves the other's alone"
            if self.earlier
            else "it began later and should give way; this one goes on"
        )
        mend = "stop one of the two, and resume here once no order of the other is live"
        return (
            f"another engine trades this account, begun at {clock}, by its order {self.tag}: {ours}; {mend}"
        )


def run_of(tag: str) -> RunName | None:
    """Return the account run that an order's name tells of; None for any other name."""
    found = _NAME.fullmatch(tag)
    if found is None:
        return None
    start = found["start"]
    if len(start) > _MILLISECONDS:
        return RunName(int(start[:_MILLISECONDS], 36) * MILLISECOND, found["run"])
    # Earlier versions told the second of the day alone, in UTC.
    year, month, number = (int(found["day"][at : at + 2]) for at in (0, 2, 4))
    try:
        midnight = instant_at(date(2_000 + year, month, number), _UTC_MIDNIGHT)
    except ValueError:
        return None
    return RunName(midnight + int(start, 36) * SECOND, found["run"])


class OtherEngines:
    """Watches the names of orders that are not ours."""

    def __init__(self) -> None:
        self._own: RunName | None = None
        self._known: frozenset[str] = frozenset()
        self._seen: dict[str, dict[str, None]] = {}
        """Orders seen of each other run, by its prefix."""
        self._found: dict[str, OtherEngine] = {}
        self._news: list[OtherEngine] = []

    @property
    def found(self) -> tuple[OtherEngine, ...]:
        """The engines that nobody has said to be gone, oldest first."""
        return tuple(self._found.values())

    @property
    def give_way(self) -> OtherEngine | None:
        """The engine that ours gives way to; None while it need not."""
        return next((one for one in self._found.values() if one.earlier), None)

    def watch(self, own: str, known: Iterable[str]) -> None:
        """Watch from now on: ``own`` is our run's prefix, ``known`` those of runs that our ledger tells of."""
        self._own = run_of(f"{own}-000001-E")
        self._known = frozenset(known)

    def notice(self, order: Order) -> None:
        """Take in an order found at the broker: it tells of another engine if it acted since our run began."""
        run = run_of(order.tag)
        if self._own is None or run is None or run.prefix == self._own.prefix or run.prefix in self._known:
            return
        seen = self._seen.setdefault(run.prefix, {})
        if order.tag in seen or not (order.live or order.exchange_time > self._own.began):
            return
        seen[order.tag] = None
        other = OtherEngine(run, order.tag, order.instrument, run < self._own)
        if run.prefix not in self._found:
            self._news.append(other)
        self._found[run.prefix] = other

    def claim(self, tag: str) -> bool:
        """Say whether an order is another engine's: not ours to cancel before a person says that it is gone."""
        run = run_of(tag)
        return run is not None and run.prefix in self._found

    def news(self) -> tuple[OtherEngine, ...]:
        """Return the engines found since the last time."""
        news, self._news = tuple(self._news), []
        return news

    def gone(self, live: Iterable[Order]) -> bool:
        """Take a person's word that no other engine runs; False where a live order of one says the opposite.

        One that acts again is found again.
        """
        alive = {run.prefix for order in live if (run := run_of(order.tag)) is not None}
        self._found = {prefix: other for prefix, other in self._found.items() if prefix in alive}
        return not self._found
