"""A part of a position being taken (the first target, half by hand) while the rest stays protected.

It is taken in two steps, because the exchange knows no reduce-only order: the resting stop is first brought down to
the rest and proven there, then the part's exit leaves. Both together never exceed what is held; the part alone is
without a stop while its exit is on its way.
"""

from typing import Final

import msgspec

from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.figures import grouped
from engine.market.price import Paise
from engine.orders.changes import ExitWay, Fate, fate, way_of
from engine.orders.exit_plan import wish_cancel
from engine.orders.messages import OrderType, Role
from engine.orders.order import Aim, Order, OrderTerms
from engine.orders.plan import Modify, Place, Plan, TradeContext
from engine.orders.quote import marketable_price
from engine.orders.requests import is_lost_exit
from engine.orders.states import AT_EXCHANGE, OrderState
from engine.orders.targets import RESTS_FOR
from engine.orders.tick_prices import exit_limit
from engine.orders.trade import PartialExit

PART_WITHIN: Final = SECOND
"""How long the stop may be lowered for a part whose exit has not left: then it covers everything again."""

PART_AGAIN: Final = 5 * SECOND


def tend_part(plan: Plan, s: TradeContext, stops: list[Order]) -> int:
    """Take a part step by step; return the units that the stops must leave to it."""
    part = plan.trade.part
    if part is None:
        return 0
    if part.tag:
        return _chase(plan, s, part)
    lowered = sum(order.remaining for order in stops) == s.closable - part.quantity
    lowering = any(order.aim is Aim.SHRINK or order.state is OrderState.PENDING_CANCEL for order in stops)
    if plan.trade.naked_since is not None and not lowered and not lowering:
        # First the stops cover everything.
        if s.now - part.started_at >= PART_WITHIN:
            _drop(plan, s, "the stop does not cover everything yet")
        plan.look_at(part.started_at + PART_WITHIN)
        return 0
    unlowered = any(_unlowered(order, part, s.now) for order in stops)
    fired = any(order.triggered_at is not None for order in stops)
    # A change that may still arrive would raise again what is lowered now: the part could not leave.
    stray = not lowered and not lowering and any(s.now < order.stray_until for order in stops)
    if unlowered or fired or stray or s.now - part.started_at >= PART_WITHIN:
        _drop(plan, s, _why_not(fired=fired, unlowered=unlowered, stray=stray))
        return 0
    plan.look_at(part.started_at + PART_WITHIN)
    steady = all(order.state is OrderState.ARMED and s.now >= order.stray_until for order in stops)
    alone = all(order.role is Role.STOP for order in s.reducing)
    if steady and lowered and alone:
        price = exit_limit(s, part.limit) if part.limit else _price(s, part.quantity, 0)
        if price is not None:
            plan.wishes.append(Place(Role.EXIT, OrderType.LIMIT, part.quantity, price))
    return part.quantity


def _unlowered(order: Order, part: PartialExit, now: Instant) -> bool:
    """Say whether a stop was not lowered for this part; a lowering refused for an earlier one is no word of it."""
    if order.aim is not Aim.SHRINK:
        return False
    found = fate(order, now)
    return found is Fate.IN_DOUBT or (found is Fate.NOT_MADE and order.refused_at >= part.started_at)


def _why_not(*, fired: bool, unlowered: bool, stray: bool) -> str:
    if fired:
        return "the stop has fired"
    if unlowered:
        return "the stop could not be lowered for it"
    return "a change of the stop may still arrive" if stray else "the stop was not lowered for it in time"


def _drop(plan: Plan, s: TradeContext, why: str) -> None:
    """Give a part up, and say why: the stop covers everything again."""
    part = plan.trade.part
    if part is not None:
        plan.notes.append(f"the part over {grouped(part.quantity)} ({part.reason}) is not taken: {why}")
    plan.trade = msgspec.structs.replace(plan.trade, part=None, part_after=s.now + PART_AGAIN)


def _chase(plan: Plan, s: TradeContext, part: PartialExit) -> int:
    """Move the part's exit to a fresh price once it has rested unfilled; return what it may still take."""
    order = next((order for order in s.reducing if order.tag == part.tag), None)
    if order is None:
        _drop(plan, s, "its exit never arrived")
        return 0
    plan.look_at(s.now + s.chase)
    if is_lost_exit(order):
        # It may still arrive; until then the stop covers everything again.
        return 0
    if order.state is OrderState.PENDING_CANCEL:
        wish_cancel(plan, s, order)
    elif order.wanted.quantity - order.filled > s.closable and order.order_id and s.takes_orders:
        # Others closed meanwhile what this part was to take.
        _lower(plan, s, order)
    elif s.takes_orders and order.state in AT_EXCHANGE and order.rests_since is not None:
        due = order.rests_since + (RESTS_FOR if part.limit else s.chase)
        if s.now < due:
            plan.look_at(max(due, s.now + MILLISECOND))
        elif part.limit and s.takes_stops:
            # A target is never chased: what is left of it goes back under the stop.
            wish_cancel(plan, s, order)
        elif not part.limit:
            _move_on(plan, s, order)
    elif order.state is OrderState.PENDING_MODIFY and way_of(order, s.now, ExitWay.MODIFY) is ExitWay.REPLACE:
        wish_cancel(plan, s, order)
    return order.exposed


def _lower(plan: Plan, s: TradeContext, order: Order) -> None:
    if order.filled or s.closable <= 0:
        wish_cancel(plan, s, order)
    else:
        plan.wishes.append(Modify(order, OrderTerms(OrderType.LIMIT, s.closable, order.wanted.price)))


def _move_on(plan: Plan, s: TradeContext, order: Order) -> None:
    """Ask for a fresh price; an exit that cannot be moved is cancelled, and what is left goes back to the stop."""
    price = _price(s, order.remaining, order.moves + 1)
    if price is None or (price - order.price) * s.side.sign <= 0:
        return
    way = way_of(order, s.now, ExitWay.MODIFY)
    if way is ExitWay.MODIFY:
        plan.wishes.append(Modify(order, OrderTerms(OrderType.LIMIT, order.quantity, price)))
    else:
        wish_cancel(plan, s, order)


def _price(s: TradeContext, quantity: int, attempt: int) -> Paise | None:
    priced = marketable_price(s.instrument, s.side, quantity, s.quote, s.band, attempt)
    return None if priced is None else priced.price
