"""An exit that must end flat, with others in its way: their orders are cancelled first and seen cancelled.

Meanwhile our stop stays where it is: it is turned once, for everything. Where a cancel is refused, or nothing is heard
of it, what is left without that order is sold, and a person hears which one stands in the way.
"""

from dataclasses import replace

from engine.market.clock import Instant
from engine.orders.changes import PATIENCE
from engine.orders.exit_plan import RETRY, plan_close, wish_cancel
from engine.orders.external_orders import External, stuck_on
from engine.orders.messages import OrderType
from engine.orders.order import Order
from engine.orders.plan import Plan, TradeContext
from engine.orders.states import OrderState
from engine.orders.stop_plan import plan_protection
from engine.orders.targets import after_target, missed_words
from engine.orders.trade import Mode


def plan_exit(s: TradeContext, external: External, *, kill: bool) -> Plan:
    """Return what brings a trade on its way out closer to flat; one that missed its target has its stop put back."""
    if s.trade.aimed is not None:
        return _at_target(s)
    if not (s.trade.clears or kill):
        return plan_close(s)
    blocking = [order for order in external.in_the_way(s.trade, kill=kill) if not _protects(s, order)]
    exiting = any(order.wanted.order_type is OrderType.LIMIT for order in s.reducing)
    waits = not exiting and any(_awaited(order, s.now) for order in blocking)
    plan = _hold(s) if waits else plan_close(s)
    first = Plan(plan.trade)
    for order in blocking:
        wish_cancel(first, s, order)
    plan.wishes[:0] = first.wishes
    plan.alarms += [stuck_on(order) for order in external.refused(s.trade.instrument)]
    if first.wake is not None:
        plan.look_at(first.wake)
    return plan


def _at_target(s: TradeContext) -> Plan:
    """Return what takes a trade at its target for as long as that may fill, then what protects it again."""
    trade, again = after_target(s)
    s = replace(s, trade=trade)
    if trade.mode is Mode.HOLD:
        plan = plan_protection(s)
        plan.notes.append(missed_words(trade.missed))
        return plan
    plan = plan_close(s)
    if again is not None:
        plan.look_at(again if again > s.now else s.now + RETRY)
    return plan


def _protects(s: TradeContext, order: Order) -> bool:
    """Say whether a stop of theirs is what protects while no exit of ours could follow."""
    waits = order.order_type is OrderType.STOP_LIMIT and order.triggered_at is None
    return waits and not s.exits.take_limits


def _awaited(order: Order, now: Instant) -> bool:
    """Say whether the end of an order may still be seen: its cancel leaves now, or left a moment ago."""
    if order.cancel_since is None:
        return True
    return order.state is OrderState.PENDING_CANCEL and now < order.cancel_since + PATIENCE


def _hold(s: TradeContext) -> Plan:
    """Return a plan that leaves our stop in its place and cancels entries."""
    plan = Plan(s.trade)
    for entry in s.entries:
        wish_cancel(plan, s, entry)
    plan.look_at(s.now + PATIENCE)
    return plan
