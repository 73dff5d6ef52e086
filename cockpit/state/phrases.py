"""Short texts that keys and panels share."""

from engine.contract.decision_state import DecisionState
from engine.contract.views import PositionRow, SignalCard
from engine.market.figures import grouped


def held_text(row: PositionRow | None) -> str:
    """Return what a flatten key would close: ``INFY −120``; a dash when there is nothing."""
    return (
        f"{row.symbol} {'+' if row.quantity > 0 else ''}{grouped(row.quantity)}" if row is not None else "–"
    )


def waits(card: SignalCard) -> bool:
    """Say whether the card waits for the trader's Enter."""
    return card.became is DecisionState.WAITING
