"""How many trades in a row were won or lost."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.market.price import Paise
from engine.performance.measured import Finished, in_order


@dataclass(frozen=True, slots=True)
class Streaks:
    """Runs of trades in the order of their ends; a result of nought ends either."""

    longest_won: int
    longest_lost: int
    current: int
    """The run that stands: above nought won, below nought lost."""


def streaks(trades: Sequence[Finished]) -> Streaks | None:
    """Return the longest runs and the one that stands; None without a trade."""
    return streaks_of([trade.net for trade in in_order(trades)])


def streaks_of(nets: Sequence[Paise]) -> Streaks | None:
    """Return the same of net results in the order of their trades' ends."""
    if not nets:
        return None
    won = lost = current = 0
    for net in nets:
        if net > 0:
            current = current + 1 if current > 0 else 1
            won = max(won, current)
        elif net < 0:
            current = current - 1 if current < 0 else -1
            lost = max(lost, -current)
        else:
            current = 0
    return Streaks(won, lost, current)
