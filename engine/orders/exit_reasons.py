"""Why a trade closed, by the order that closed its last unit: what was wished before is not what happened."""

from typing import Final

import msgspec

from engine.market.instrument import InstrumentClass
from engine.orders.messages import OrderType, Role
from engine.orders.order import Fill, Order
from engine.orders.trade import StopSlip, Trade

STOP: Final = "stop"
UNNAMED: Final = "exit"
"""An order that closed it without any reason that is known."""


def with_slip(trade: Trade, fill: Fill, kind: InstrumentClass) -> Trade:
    """Return a trade with how far a stop of it that has fired was filled from its trigger."""
    if trade.stop is None:
        return trade
    before = trade.stop_slip or StopSlip(kind, 0, 0)
    worth = trade.stop.trigger * fill.quantity
    slip = StopSlip(kind, before.slip + (worth - fill.value) * trade.side.sign, before.worth + worth)
    return msgspec.structs.replace(trade, stop_slip=slip)


def closing_reason(trade: Trade, fill: Fill, order: Order) -> str:
    """Return why a fill of an order of ours closed what it closed.

    A stop that has fired, or filled as a stop, is a stop-out whatever was asked of it meanwhile; turned into a limit in
    time it is the exit that was wished.
    """
    if fill.role is Role.STOP and (
        order.order_type is OrderType.STOP_LIMIT or order.triggered_at is not None
    ):
        return STOP
    for part in (trade.part, trade.left_part):
        if part is not None and part.tag == fill.tag:
            return part.reason
    return trade.exit_reason or trade.missed or UNNAMED
