"""Never naked: keep one stop of equal quantity at the exchange for what a trade holds, or begin to close it.

The plan compares what rests with what should rest and wishes for the difference. It is made again after every
message that touches the instrument and at the instants it asks for, so a lost or repeated message changes nothing.

A part of the position (the first target, half by hand) is taken in two steps, because the exchange knows no
reduce-only order: the resting stop is first brought down to the rest and proven there, then the part's exit
leaves. Both together never exceed what is held; the part alone is without a stop while its exit is on its way.
"""

from dataclasses import replace
from typing import Final

import msgspec

from engine.market.clock import MILLISECOND, SECOND
from engine.market.price import Paise
from engine.orders.closer import RETRY, STOP_IN_DOUBT_FOR, plan_close, unproven_since, wish_cancel
from engine.orders.messages import OrderType, Role
from engine.orders.order import Order, Terms
from engine.orders.plan import Modify, Place, Plan, Situation
from engine.orders.quote import marketable_price
from engine.orders.states import UNPROVEN, State
from engine.orders.trade import Part, Trade, leave

NAKED_FOR: Final = 2 * SECOND
"""How long a position may be without a proven stop of equal quantity before it is closed."""

TRIGGERED_FOR: Final = SECOND
"""How long a triggered stop may rest unfilled before it is chased."""

PART_WITHIN: Final = 2 * SECOND
PART_AGAIN: Final = 5 * SECOND
MOVE_AGAIN: Final = 5 * SECOND
GROW_AGAIN: Final = 500 * MILLISECOND
MOST_LOSSES: Final = 2
"""A stop that somebody else cancelled is put back this often; then the position is closed."""


def plan_protection(s: Situation) -> Plan:
    """Return what a held trade needs so that its stop is in place, or the beginning of its exit."""
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
    stop = _only_stop(plan, s, stops)
    reserved = _tend_part(plan, s, stop)
    for order in s.reducing:
        if order.role is not Role.STOP and (plan.trade.part is None or order.tag != plan.trade.part.tag):
            wish_cancel(plan, s, order)
    if stop is not None and s.closable <= reserved:
        # Others closed so much that the part on its way is all that is left.
        wish_cancel(plan, s, stop)
    elif stop is not None:
        _tend_stop(plan, s, stop, s.closable - reserved)
    elif not stops:
        _place_stop(plan, s, s.closable - reserved)
    return plan


def covered(orders: tuple[Order, ...]) -> int:
    """Return units that proven stops protect, and that exits on their way take, at the least."""
    total = 0
    for order in orders:
        if order.role is Role.STOP and order.order_type is OrderType.STOP_LIMIT:
            if order.resting:
                total += min(order.quantity, order.wanted.quantity) - order.filled
        elif order.role is Role.EXIT:
            total += order.remaining
    return total


def _timed(s: Situation) -> Trade:
    """Return the trade with the moment since which it has been without full protection."""
    if covered(s.reducing) >= s.closable:
        if s.trade.naked_since is None:
            return s.trade
        after = s.now - s.trade.naked_since if s.trade.protected_after is None else s.trade.protected_after
        return msgspec.structs.replace(s.trade, naked_since=None, protected_after=after)
    if s.trade.naked_since is not None:
        return s.trade
    return msgspec.structs.replace(s.trade, naked_since=s.now)


def _reason_to_leave(s: Situation, trade: Trade, stops: list[Order]) -> str:
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
        if order.state in UNPROVEN and s.now - unproven_since(order) >= STOP_IN_DOUBT_FOR:
            return "the stop is in doubt"
    last = s.quote.last
    if not stops and last is not None and (last - trade.stop.trigger) * trade.side.sign <= 0:
        return "price went through the stop before it was placed"
    if not stops and not s.takes_stops:
        return "the exchange takes no stop now"
    return ""


def _only_stop(plan: Plan, s: Situation, stops: list[Order]) -> Order | None:
    """Return the one stop to keep; every other one, and what is no stop at all, is cancelled."""
    kept = None
    for order in stops:
        if order.order_type is not OrderType.STOP_LIMIT and order.state is not State.PENDING_MODIFY:
            plan.alarms.append(f"{order.tag} rests as a {order.order_type.value}, not as a stop: replaced")
            wish_cancel(plan, s, order)
        elif kept is None:
            kept = order
        else:
            wish_cancel(plan, s, order)
    return kept


def _tend_stop(plan: Plan, s: Situation, stop: Order, quantity: int) -> None:
    """Bring the resting stop to ``quantity`` open units at the planned trigger."""
    state = plan.trade.stop
    if state is None:
        raise ValueError(f"expected a stop planned for {plan.trade.id}, got none")
    if stop.state in UNPROVEN or stop.state is State.ACKED:
        plan.look_at(unproven_since(stop) + STOP_IN_DOUBT_FOR)
        return
    if stop.triggered_at is not None:
        plan.look_at(stop.triggered_at + TRIGGERED_FOR)
        return
    if stop.state is State.PENDING_CANCEL:
        plan.look_at(s.now + RETRY)
        return
    wanted = Terms(OrderType.STOP_LIMIT, stop.filled + quantity, state.limit, state.trigger)
    if stop.wanted == wanted:
        if stop.state is State.PENDING_MODIFY:
            _again(plan, s, stop, wanted)
        return
    refused = plan.trade.move_refused_at
    wait = MOVE_AGAIN if stop.wanted.quantity == wanted.quantity else GROW_AGAIN
    if refused and s.now < refused + wait:
        plan.look_at(refused + wait)
        return
    if s.takes_orders:
        plan.wishes.append(Modify(stop, wanted))
        plan.look_at(s.now + RETRY)


def _again(plan: Plan, s: Situation, stop: Order, wanted: Terms) -> None:
    due = stop.written_at + RETRY
    if s.now >= due and s.takes_orders:
        plan.wishes.append(Modify(stop, wanted))
        due = s.now + RETRY
    plan.look_at(due)


def _place_stop(plan: Plan, s: Situation, quantity: int) -> None:
    """Place the stop; after a rejection once more, brought inside the band."""
    state = plan.trade.stop
    if state is None or quantity <= 0:
        return
    trigger, limit = state.trigger, state.limit
    if plan.trade.stop_rejections and s.band is not None:
        trigger = s.band.clamp(trigger, s.instrument.tick)
        limit = s.band.clamp(limit, s.instrument.tick)
    plan.wishes.append(Place(Role.STOP, OrderType.STOP_LIMIT, quantity, limit, trigger))


def _tend_part(plan: Plan, s: Situation, stop: Order | None) -> int:
    """Take the part a step further; return the units of it that the stop must not cover."""
    part = plan.trade.part
    if part is None:
        return 0
    if part.tag:
        return _chase_part(plan, s, part)
    if stop is None or stop.triggered_at is not None or s.now - part.started_at >= PART_WITHIN:
        plan.trade = msgspec.structs.replace(plan.trade, part=None, part_after=s.now + PART_AGAIN)
        return 0
    plan.look_at(part.started_at + PART_WITHIN)
    lowered = stop.state is State.ARMED and stop.quantity - stop.filled == s.closable - part.quantity
    alone = all(order.role is Role.STOP for order in s.reducing)
    if lowered and alone and s.now >= stop.stray_until:
        price = _price(s, part.quantity, 0)
        if price is not None:
            plan.wishes.append(Place(Role.EXIT, OrderType.LIMIT, part.quantity, price))
    return part.quantity


def _chase_part(plan: Plan, s: Situation, part: Part) -> int:
    order = next((order for order in s.reducing if order.tag == part.tag), None)
    if order is None:
        plan.trade = msgspec.structs.replace(plan.trade, part=None, part_after=s.now + PART_AGAIN)
        return 0
    due = order.written_at + s.chase
    plan.look_at(max(due, s.now + MILLISECOND))
    if order.wanted.quantity - order.filled > s.closable:
        # Others closed meanwhile what this part was to take.
        less = Terms(OrderType.LIMIT, order.filled + s.closable, order.wanted.price)
        if order.order_id and s.takes_orders:
            plan.wishes.append(Modify(order, less))
        return order.exposed
    if s.now >= due and (order.resting or order.state is State.ACKED) and s.takes_orders:
        price = _price(s, order.remaining, order.moves + 1)
        current = order.wanted
        if price is not None and (price - current.price) * s.side.sign > 0:
            plan.wishes.append(Modify(order, Terms(OrderType.LIMIT, current.quantity, price)))
            plan.look_at(s.now + s.chase)
        else:
            plan.look_at(s.now + s.chase)
    return order.exposed


def _price(s: Situation, quantity: int, attempt: int) -> Paise | None:
    priced = marketable_price(s.instrument, s.side, quantity, s.quote, s.band, attempt)
    return None if priced is None else priced.price
