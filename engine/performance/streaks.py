"""How many trades in a row were won or lost."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.performance.trade import ClosedTrade


@dataclass(frozen=True, slots=True)
class Streaks:
    """Runs of trades in the order of their ends; a result of nought ends either."""

    longest_won: int
    longest_lost: int
    current: int
    """The run that stands: above nought won, below nought lost."""


def streaks(trades: Sequence[ClosedTrade]) -> Streaks | None:
    """Return the longest runs and the one that stands; None without a trade."""
    if not trades:
        return None
    won = lost = current = 0
    for trade in sorted(trades, key=lambda trade: (trade.exit_time, trade.id)):
        net = trade.net
        if net > 0:
            current = max(current, 0) + 1
        elif net < 0:
            current = min(current, 0) - 1
        else:
            current = 0
        won, lost = max(won, current), max(lost, -current)
    return Streaks(won, lost, current)
