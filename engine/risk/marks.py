"""What an open position is worth to somebody who must leave now, and how far that may be trusted."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.market.clock import Instant
from engine.market.price import Paise


class MarkState(StrEnum):
    """How far a mark may be trusted, from best to worst."""

    LIVE = "LIVE"
    STALE = "STALE"
    """No fresh packet: the last mark stays."""
    ONE_SIDED = "ONE-SIDED"
    """Nobody stands on the exit side, away from the circuit: the last mark stays."""
    LOCKED = "LOCKED"
    """Nobody stands on the exit side, at the circuit: the mark is what the circuit leaves of it."""
    NOT_READY = "NOT READY"

    @property
    def rank(self) -> int:
        """How bad it is, 0 for the best."""
        return list(MarkState).index(self)


@dataclass(frozen=True, slots=True)
class Mark:
    """A price to value a position at, paise; None when nothing is known."""

    price: Paise | None
    state: MarkState
    since: Instant | None = None
    """Arrival of the book it comes from; None where it does not matter or nothing is known."""


UNMARKED: Final = Mark(None, MarkState.NOT_READY)
"""Nothing is known that could mark it."""


def mark_position(
    *,
    touch: Paise | None,
    fresh: bool,
    last_touch: Paise | None,
    locked: Paise | None = None,
    seen_at: Instant | None = None,
) -> Mark:
    """Return the mark of a position: ``touch`` is the best price of the exit side in the newest book, paise.

    With that side empty the last one that was seen stays, ONE-SIDED, or it is ``locked``; without a fresh book it is
    STALE.
    """
    if locked is not None:
        return Mark(locked, MarkState.LOCKED, seen_at)
    if touch is not None:
        return Mark(touch, MarkState.LIVE if fresh else MarkState.STALE, seen_at)
    if last_touch is None:
        return UNMARKED
    return Mark(last_touch, MarkState.ONE_SIDED if fresh else MarkState.STALE, seen_at)
