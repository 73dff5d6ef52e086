"""What the broker's 17 status words say of an order: its state, or that a request of ours was applied or refused."""

from enum import StrEnum
from typing import Final

from engine.orders.messages import OrderType
from engine.orders.states import OrderState

_S = OrderState


class StatusReading(StrEnum):
    """What a status word says beyond a state."""

    SETTLED = "SETTLED"
    """The word names the order's state."""
    MODIFIED = "MODIFIED"
    """The change was applied: live with the terms of this record."""
    BACK = "BACK"
    """A request was refused: live as before, with the terms of this record."""
    ALARMING = "ALARMING"
    """An after-market order, or a completion that is not complete: never meant, look again."""
    UNKNOWN = "UNKNOWN"
    """Not one of the 17 words."""


_ACKED_WORDS: Final = frozenset({"put order req received", "validation pending", "open pending"})
_MODIFYING_WORDS: Final = frozenset({"modify validation pending", "modify pending"})


def read_status(
    status: str, order_type: OrderType, filled: int, quantity: int
) -> tuple[StatusReading, OrderState | None]:
    """Return what one status word means for an order of this type and fill; None where it names no state."""
    live = _live_state(status, order_type, filled)
    if live is not None:
        return StatusReading.SETTLED, live
    if status in _ACKED_WORDS:
        return StatusReading.SETTLED, _S.PARTIAL if filled else _S.ACKED
    if status in _MODIFYING_WORDS:
        return StatusReading.SETTLED, _S.PENDING_MODIFY
    match status:
        case "modified" | "not modified" | "not cancelled":
            reading = StatusReading.MODIFIED if status == "modified" else StatusReading.BACK
            return reading, _S.PARTIAL if filled else None
        case "cancel pending":
            return StatusReading.SETTLED, _S.PENDING_CANCEL
        case "cancelled" | "cancelled after market order":
            return StatusReading.SETTLED, _S.FILLED if 0 < quantity <= filled else _S.CANCELLED
        case "rejected":
            return StatusReading.SETTLED, _S.CANCELLED if filled else _S.REJECTED
        case "complete":
            whole = filled >= quantity
            return (StatusReading.SETTLED, _S.FILLED) if whole else (StatusReading.ALARMING, None)
        case "after market order req received":
            return StatusReading.ALARMING, _S.ACKED
        case "modify after market order req received":
            return StatusReading.ALARMING, _S.PENDING_MODIFY
        case _:
            return StatusReading.UNKNOWN, None


def _live_state(status: str, order_type: OrderType, filled: int) -> OrderState | None:
    if status == "open":
        if filled:
            return _S.PARTIAL
        return _S.TRIGGERED if order_type is OrderType.STOP_LIMIT else _S.WORKING
    if status == "trigger pending":
        return _S.PARTIAL if filled else _S.ARMED
    return None


ENDED_WORDS: Final = frozenset({"complete", "rejected", "cancelled", "cancelled after market order"})
"""Words after which nothing more is expected of an order."""

STATUSES: Final = (
    "put order req received",
    "validation pending",
    "open pending",
    "after market order req received",
    "modify after market order req received",
    "open",
    "trigger pending",
    "modify validation pending",
    "modify pending",
    "modified",
    "not modified",
    "cancel pending",
    "not cancelled",
    "complete",
    "rejected",
    "cancelled",
    "cancelled after market order",
)
"""The broker's complete list of status words (Upstox developer appendix, checked 10 Sep 2026)."""
