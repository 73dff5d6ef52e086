"""The states of an order, and every legal edge between them.

Derived from the edge list of nautilus_trader (model/orders/base.pyx) with one change of mind: silence is never a
rejection. An unanswered order, and one missing from the book, is IN DOUBT until something proves its fate.
"""

from enum import StrEnum
from typing import Final


class OrderState(StrEnum):
    """Where an order stands."""

    NEW = "NEW"
    DENIED = "DENIED"
    SUBMITTED = "SUBMITTED"
    IN_DOUBT = "IN DOUBT"
    ABSENT = "ABSENT"
    ACKED = "ACKED"
    WORKING = "WORKING"
    ARMED = "ARMED"
    TRIGGERED = "TRIGGERED"
    PARTIAL = "PARTIAL"
    PENDING_MODIFY = "PENDING MODIFY"
    PENDING_CANCEL = "PENDING CANCEL"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    FILLED = "FILLED"


_S = OrderState

_LIVE_ENDS: Final = (_S.PARTIAL, _S.FILLED, _S.PENDING_MODIFY, _S.PENDING_CANCEL, _S.CANCELLED)

EDGES: Final[dict[OrderState | None, frozenset[OrderState]]] = {
    None: frozenset(
        {_S.ACKED, _S.WORKING, _S.ARMED, _S.TRIGGERED, _S.PARTIAL, _S.PENDING_MODIFY}
        | {_S.PENDING_CANCEL, _S.CANCELLED, _S.REJECTED, _S.FILLED}
    ),
    _S.NEW: frozenset({_S.DENIED, _S.SUBMITTED}),
    _S.SUBMITTED: frozenset(
        {_S.ACKED, _S.IN_DOUBT, _S.REJECTED, _S.WORKING, _S.ARMED, _S.TRIGGERED}
        | {_S.PARTIAL, _S.FILLED, _S.CANCELLED}
    ),
    _S.IN_DOUBT: frozenset(
        {_S.IN_DOUBT, _S.ABSENT, _S.ACKED, _S.WORKING, _S.ARMED, _S.TRIGGERED}
        | {_S.PARTIAL, _S.FILLED, _S.PENDING_CANCEL, _S.CANCELLED, _S.REJECTED}
    ),
    _S.ABSENT: frozenset(
        {_S.ACKED, _S.WORKING, _S.ARMED, _S.TRIGGERED, _S.PARTIAL, _S.FILLED}
        | {_S.PENDING_CANCEL, _S.CANCELLED, _S.REJECTED}
    ),
    _S.ACKED: frozenset({_S.WORKING, _S.ARMED, _S.TRIGGERED, *_LIVE_ENDS, _S.REJECTED, _S.IN_DOUBT}),
    _S.WORKING: frozenset({*_LIVE_ENDS, _S.REJECTED, _S.IN_DOUBT}),
    _S.ARMED: frozenset({_S.TRIGGERED, *_LIVE_ENDS, _S.REJECTED, _S.IN_DOUBT}),
    _S.TRIGGERED: frozenset({*_LIVE_ENDS, _S.REJECTED, _S.IN_DOUBT}),
    _S.PARTIAL: frozenset({*_LIVE_ENDS, _S.IN_DOUBT}),
    _S.PENDING_MODIFY: frozenset({_S.WORKING, _S.ARMED, _S.TRIGGERED, *_LIVE_ENDS, _S.REJECTED, _S.IN_DOUBT}),
    _S.PENDING_CANCEL: frozenset(
        {_S.PENDING_CANCEL, _S.CANCELLED, _S.WORKING, _S.ARMED, _S.TRIGGERED}
        | {_S.PARTIAL, _S.FILLED, _S.REJECTED, _S.IN_DOUBT}
    ),
    _S.CANCELLED: frozenset({_S.CANCELLED, _S.FILLED}),
    _S.DENIED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.FILLED: frozenset(),
}
"""Every legal edge: 90 between states and 10 (from None) for orders adopted from the broker."""

ENDED: Final = frozenset({_S.DENIED, _S.CANCELLED, _S.REJECTED, _S.FILLED})
"""Nothing more is expected; a CANCELLED order may still show a late fill."""

AT_EXCHANGE: Final = frozenset({_S.WORKING, _S.ARMED, _S.TRIGGERED, _S.PARTIAL})
"""Proven to rest at the exchange, with no request of ours outstanding."""

UNPROVEN: Final = frozenset({_S.SUBMITTED, _S.IN_DOUBT, _S.ABSENT})
"""Nothing has proven yet that the broker has it."""

_STAGE: Final = {
    _S.NEW: 0,
    _S.SUBMITTED: 0,
    _S.IN_DOUBT: 0,
    _S.ABSENT: 0,
    _S.ACKED: 1,
    _S.ARMED: 2,
    _S.WORKING: 3,
    _S.TRIGGERED: 3,
    _S.PARTIAL: 4,
    _S.PENDING_MODIFY: 4,
    _S.PENDING_CANCEL: 4,
    _S.DENIED: 5,
    _S.CANCELLED: 5,
    _S.REJECTED: 5,
    _S.FILLED: 5,
}


def stage(state: OrderState) -> int:
    """Return how far along a state is, for ranking two records of one order with equal fills."""
    return _STAGE[state]


def legal(source: OrderState | None, target: OrderState) -> bool:
    """Say whether the table has this edge; None is an order found at the broker without a local record."""
    return target in EDGES[source]
