"""How closely the broker must be watched, by what core knows of its orders, its trades and their market."""

from typing import Final

from engine.core.market_state import MarketState
from engine.market.clock import SECOND, Instant
from engine.orders.attention import Attention
from engine.orders.manager import OrderManager
from engine.orders.messages import OrderType, Role
from engine.orders.order import Order
from engine.orders.quote import Quote
from engine.orders.states import OrderState
from engine.orders.trade import Mode, Trade

EXPECTED_WITHIN: Final = 5 * SECOND
"""An entry that fills at once does so within this long of its leaving."""

YOUNG_FOR: Final = 30 * SECOND
NEAR_SPREADS: Final = 2
"""An order whose price lies within so many spreads of the market may fill at any moment."""

_RESTING: Final = frozenset({OrderState.WORKING, OrderState.ARMED, OrderState.PARTIAL})


def attention_of(manager: OrderManager, market_state: MarketState, now: Instant) -> Attention:
    """Return the closest attention that any order or trade of an account needs now."""
    found = Attention.IDLE
    if manager.portfolio.outside:
        found = Attention.HELD
    if manager.reconciliation.unverified or (manager.kill.active and manager.orders.live()):
        found = Attention.CHANGING
    for trade in manager.portfolio.running():
        found = max(found, _of_trade(trade))
    for order in manager.orders.live():
        if found is Attention.FILLING:
            break
        found = max(found, _of_order(order, market_state.quote(order.instrument, now), now))
    return found


def _of_trade(trade: Trade) -> Attention:
    if not trade.open:
        return Attention.IDLE
    unsettled = trade.mode is Mode.EXIT or trade.part is not None or trade.naked_since is not None
    return Attention.CHANGING if unsettled else Attention.HELD


def _of_order(order: Order, quote: Quote, now: Instant) -> Attention:
    if order.adopted and not order.trade:
        return Attention.HELD
    age = now - order.sent_at
    if order.role is Role.ENTRY and age < EXPECTED_WITHIN:
        return Attention.FILLING
    young = order.role is Role.ENTRY and age < YOUNG_FOR
    pending = order.state not in _RESTING or order.role is Role.EXIT
    partly = order.state is OrderState.PARTIAL and order.role is Role.STOP
    if young or pending or partly or _near(order, quote):
        return Attention.CHANGING
    return Attention.HELD


def _near(order: Order, quote: Quote) -> bool:
    """Say whether the market is within two spreads of where an order trades; an entry that nobody sees may be."""
    if not quote.alive or quote.bid is None or quote.ask is None:
        return order.role is Role.ENTRY
    waits = order.order_type is OrderType.STOP_LIMIT and order.triggered_at is None
    price = order.trigger_price if waits else order.price
    reach = NEAR_SPREADS * (quote.ask - quote.bid)
    return quote.bid - reach <= price <= quote.ask + reach
