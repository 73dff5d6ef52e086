"""Halts of the exchange as orders see them: who is halted, and whether anybody would tell of the end.

While the feed that announced a halt is live, its end will be announced too, and exits wait for it. Once it is lost
nobody would tell: then one exit is tried, and its refusal holds the next one back for a while.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from engine.market.clock import SECOND, Instant
from engine.market.instrument import InstrumentClass

TRIED_AGAIN: Final = 30 * SECOND
"""A refusal in a halt whose end nobody would tell of holds the next try back for so long."""


class HaltState(StrEnum):
    """How a halt stands for one instrument."""

    NONE = "NONE"
    HELD = "HELD"
    """Exits wait."""
    UNHEARD = "UNHEARD"
    """Its end may have come unheard: an exit may be tried."""


class Halts:
    """Owns the announced halts of one day."""

    def __init__(self) -> None:
        self._kinds: frozenset[InstrumentClass] = frozenset()
        self._heard = True
        self._refused: dict[str, Instant] = {}

    @property
    def standing(self) -> bool:
        """Whether any halt stands."""
        return bool(self._kinds)

    def begin(self, kinds: Iterable[InstrumentClass], *, heard: bool) -> None:
        """Take in what is halted; ``heard`` says that its end would be told, too."""
        self._kinds, self._heard = frozenset(kinds), heard
        if heard:
            self._refused.clear()

    def end(self) -> None:
        """Trading goes on everywhere."""
        self._kinds, self._heard = frozenset(), True
        self._refused.clear()

    def lose_hearing(self) -> None:
        """Note that nobody would tell of the end any more."""
        self._heard = False

    def of(self, instrument: str, kind: InstrumentClass, now: Instant) -> HaltState:
        """Return how a halt stands for an instrument."""
        if kind not in self._kinds:
            return HaltState.NONE
        if self._heard or now < self._refused.get(instrument, now - TRIED_AGAIN) + TRIED_AGAIN:
            return HaltState.HELD
        return HaltState.UNHEARD

    def refused(self, instrument: str, kind: InstrumentClass, now: Instant) -> bool:
        """Take in that a reducing order was refused; say whether the halt is why: then it counts for nothing else."""
        if kind not in self._kinds:
            return False
        self._refused[instrument] = now
        return True

    def next_try(self, now: Instant) -> Instant | None:
        """Return when an exit that was refused in a halt may be tried again; None where nothing waits for that."""
        if self._heard or not self._kinds:
            return None
        ahead = [at + TRIED_AGAIN for at in self._refused.values() if at + TRIED_AGAIN > now]
        return min(ahead, default=None)
