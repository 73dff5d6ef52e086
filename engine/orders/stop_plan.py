"""Never naked: keep stops of equal quantity at the exchange for what a trade holds, or begin to close it.

The plan compares what rests with what should rest and wishes for the difference. It is made again after every
message that touches the instrument and at the instants it asks for, so a lost or repeated message changes nothing.
"""

from dataclasses import replace
from typing import Final

import msgspec

from engine.market.clock import MILLISECOND
from engine.orders.changes import Fate, fate
from engine.orders.exit_plan import plan_close, wish_cancel
from engine.orders.messages import OrderType, Role
from engine.orders.order import Aim, Order
from engine.orders.parts import tend_part
from engine.orders.plan import Plan, TradeContext
from engine.orders.requests import is_lost_exit, is_missing
from engine.orders.states import OrderState
from engine.orders.stops import TRIGGERED_FOR, far_from, short_of, sound_stops, tend_stops
from engine.orders.trade import Trade, leave

NAKED_FOR: Final = 1_750 * MILLISECOND
"""How long a position may be without proven stops of equal quantity before it is closed: the exit that then leaves is
at the exchange within the two seconds of the law."""

REPLACED_WITHIN: Final = 1_500 * MILLISECOND
"""A stop is replaced by a new one while the position lacks less than this of its cover; later it is closed."""

MOST_LOSSES: Final = 2
"""A stop that somebody else cancelled is put back this often; then the position is closed."""


def plan_protection(s: TradeContext) -> Plan:
    """Return what a held trade needs so that its stops are in place, or the beginning of its exit."""
    if s.closable == 0:
        plan = Plan(msgspec.structs.replace(s.trade, naked_since=None))
        for order in s.reducing:
            wish_cancel(plan, s, order)
        return plan
    stops = [order for order in s.reducing if order.role is Role.STOP]
    trade = _timed(s)
    reason = _reason_to_leave(s, trade, stops)
    if reason:
        plan = plan_close(replace(s, trade=leave(trade, reason)))
        plan.alarms.insert(0, f"closing: {reason}")
        return plan
    plan = Plan(trade)
    if trade.naked_since is not None:
        plan.look_at(trade.naked_since + NAKED_FOR)
    sound = sound_stops(plan, s, stops)
    reserved = tend_part(plan, s, sound)
    strays = [
        order for order in s.reducing if order.role is not Role.STOP and not _takes_part(plan.trade, order)
    ]
    for order in strays:
        wish_cancel(plan, s, order)
    # Until an exit is seen cancelled no stop stands beside it.
    leaving = sum(order.exposed for order in strays)
    tend_stops(plan, s, sound, max(s.closable - reserved - leaving, 0))
    return plan


def _takes_part(trade: Trade, order: Order) -> bool:
    return trade.part is not None and order.tag == trade.part.tag


def covered(orders: tuple[Order, ...]) -> int:
    """Return units that proven stops protect, and that exits on their way take, at the least."""
    total = 0
    for order in orders:
        if order.role is Role.STOP and order.order_type is OrderType.STOP_LIMIT:
            if order.resting:
                total += min(order.quantity, order.wanted.quantity) - order.filled
        elif order.role is Role.EXIT and not is_lost_exit(order):
            total += order.remaining
    return total


def _timed(s: TradeContext) -> Trade:
    """Return the trade with the moment since which it has been without full protection."""
    orders = s.reducing
    if s.trade.missed:
        # The exit of a target that did not fill protects nothing any more.
        orders = tuple(one for one in orders if one.role is Role.STOP or _takes_part(s.trade, one))
    if covered(orders) >= s.closable:
        if s.trade.naked_since is None:
            return s.trade if not s.trade.missed else msgspec.structs.replace(s.trade, missed="")
        after = s.now - s.trade.naked_since if s.trade.protected_after is None else s.trade.protected_after
        return msgspec.structs.replace(s.trade, naked_since=None, protected_after=after, missed="")
    if s.trade.naked_since is not None:
        return s.trade
    return msgspec.structs.replace(s.trade, naked_since=s.now)


def _reason_to_leave(s: TradeContext, trade: Trade, stops: list[Order]) -> str:
    """Return why holding is over; empty while the stop can still do its work."""
    if trade.stop is None:
        return "no stop is planned"
    if trade.part is not None and not trade.part.tag and trade.part.quantity >= s.closable:
        return trade.part.reason
    if trade.naked_since is not None and s.now - trade.naked_since >= NAKED_FOR:
        return "no proven stop of equal quantity within 2 s"
    if trade.stop_rejections > 1:
        return "the stop was rejected twice"
    if trade.stop_losses > MOST_LOSSES:
        return "the stop was cancelled by somebody else again and again"
    for order in stops:
        if order.triggered_at is not None and s.now - order.triggered_at >= TRIGGERED_FOR:
            return "stop"
        if is_missing(order, s.now):
            return "the stop is in doubt"
    if _cannot_grow(s, trade, stops):
        return "the stop could not be made to cover what has filled"
    last = s.quote.last
    if not stops and last is not None and (last - trade.stop.trigger) * trade.side.sign <= 0:
        return "price went through the stop before it was placed"
    if not stops and not s.takes_stops:
        return "the exchange takes no stop now"
    return ""


def _cannot_grow(s: TradeContext, trade: Trade, stops: list[Order]) -> bool:
    """Say whether a stop is in doubt whether it grew, and it is too late or too near to put another in its place."""
    if short_of(stops, s.closable) <= 0:
        return False
    late = trade.naked_since is not None and s.now >= trade.naked_since + REPLACED_WITHIN
    doubtful = [
        order
        for order in stops
        if order.aim is Aim.GROW
        and order.state is not OrderState.PENDING_CANCEL
        and fate(order, s.now) is Fate.IN_DOUBT
    ]
    return any(late or not far_from(s, trade, order.trigger_price) for order in doubtful)
