"""Small makers for tests of orders."""

from collections.abc import Callable

import msgspec

from engine.market.clock import Instant
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.side import Side
from engine.orders.messages import OrderReport, OrderType, Role
from engine.orders.order import Order
from engine.orders.states import OrderState

KEY = "NSE_EQ|TEST"
NOW: Instant = 1_765_776_600_000_000

Change = Callable[..., Order]


def make_order(
    *,
    tag: str = "T-000001-E",
    state: OrderState = OrderState.SUBMITTED,
    side: Side = Side.BUY,
    role: Role = Role.ENTRY,
    order_type: OrderType = OrderType.LIMIT,
    quantity: int = 100,
    filled: int = 0,
    order_id: str = "B1",
    price: int = 1_000_00,
    trigger_price: int = 0,
    trade: str = "T1",
    exchange_time: Instant = 0,
) -> Order:
    return Order(
        tag=tag,
        instrument=KEY,
        side=side,
        role=role,
        order_type=order_type,
        quantity=quantity,
        price=price,
        trigger_price=trigger_price,
        trade=trade,
        state=state,
        sent_at=NOW,
        written_at=NOW,
        order_id=order_id,
        filled=filled,
        filled_value=filled * price,
        exchange_time=exchange_time,
    )


def make_report(
    order: Order,
    status: str,
    *,
    filled: int | None = None,
    time: Instant | None = None,
    **terms: object,
) -> OrderReport:
    """Return a report of an order as it is, but for what is given."""
    done = order.filled if filled is None else filled
    report = OrderReport(
        order_id=order.order_id or "B1",
        tag=order.tag,
        instrument=order.instrument,
        side=order.side,
        order_type=order.order_type,
        quantity=order.quantity,
        price=order.price,
        trigger_price=order.trigger_price,
        status=status,
        filled_quantity=done,
        filled_value=order.filled_value + (done - order.filled) * order.price,
        time=NOW + 1 if time is None else time,
    )
    return msgspec.structs.replace(report, **terms)


STOCK = Instrument(KEY, "TEST", InstrumentClass.AUCTION_STOCK, 5, 1, 1_000, Provenance.SIMULATED)
OPTION = Instrument("NSE_FO|1", "CE", InstrumentClass.OPTION, 5, 65, 1_755, Provenance.SIMULATED)
