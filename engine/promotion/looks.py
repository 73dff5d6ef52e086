"""When an edge is looked at: at 100, 200 and 300 trades and never in between, so that patience alone proves nothing."""

from typing import Final

import msgspec

LOOKS: Final = (100, 200, 300)


class EdgeLook(msgspec.Struct, frozen=True):
    """The newest look that a number of trades allows, and the next one."""

    number: int
    """From 1; 0 before the first."""
    trades: int
    """How many of the first trades it takes."""
    following: int | None
    """How many trades the next one needs; None behind the last."""


def look_at(trades: int) -> EdgeLook:
    """Return the newest look that so many trades allow."""
    reached = [at for at in LOOKS if at <= trades]
    following = next((at for at in LOOKS if at > trades), None)
    return EdgeLook(len(reached), reached[-1] if reached else 0, following)


def error_of_each(error_pct: float) -> float:
    """Return the one-sided error of one look, 0 to 1: the whole error in percent, spread evenly (Bonferroni)."""
    return error_pct / 100 / len(LOOKS)
