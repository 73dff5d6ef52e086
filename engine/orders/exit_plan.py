"""The closer of one instrument: the resting stop becomes the exit, never with a second order beside it.

By one change, or, where that is not first or does not come about, by cancel, seen cancelled, and a plain exit for what
is then held. Otherwise an exit is placed for exactly what nothing else covers. One that has rested unfilled at its
price is moved to a fresh one, further each time, until the band stops it; there it rests.
"""

from typing import Final

import msgspec

from engine.market.clock import MILLISECOND, SECOND
from engine.market.price import MAX_PAISE, Paise
from engine.market.side import Side
from engine.orders.changes import (
    ANSWER_WITHIN,
    MOST_CHANGES,
    PATIENCE,
    REPEAT,
    ExitWay,
    fails_at,
    waits_for_answer,
    way_of,
)
from engine.orders.exit_hours import Exits
from engine.orders.exit_reasons import STOP
from engine.orders.gate import given_up
from engine.orders.messages import OrderType, Role
from engine.orders.order import Aim, Order, OrderTerms
from engine.orders.plan import Cancel, Modify, Place, Plan, TradeContext
from engine.orders.quote import ExitPrice, marketable_price
from engine.orders.requests import is_lost_exit, is_missing
from engine.orders.states import AT_EXCHANGE, UNPROVEN, OrderState
from engine.orders.stop_behind import stop_behind
from engine.orders.tick_prices import exit_limit

RETRY: Final = SECOND
"""A cancel that is known not to have been done is asked for again after this; it is harmless twice."""

RETRY_UNPROVEN: Final = 5 * SECOND
AUCTION_AGAIN: Final = 30 * SECOND
"""How long a refused change of an order in the closing auction is left at that."""
REFUSED_WAIT: Final = 500 * MILLISECOND


def wish_cancel(plan: Plan, s: TradeContext, order: Order, *, replaces: bool = False) -> None:
    """Wish for the end of an order, again after a while without proof, never in a storm."""
    if not order.live:
        return
    asked = order.cancel_at
    if asked is None or (order.state is OrderState.ACKED and order.cancels == 1):
        plan.wishes.append(Cancel(order, replaces))
        plan.look_at(s.now + RETRY)
        return
    standing = PATIENCE if order.state is OrderState.PENDING_CANCEL else RETRY
    again = asked + (RETRY_UNPROVEN if order.state in UNPROVEN else standing)
    if s.now >= again:
        plan.wishes.append(Cancel(order))
        again = s.now + RETRY
    plan.look_at(again)


def plan_close(s: TradeContext) -> Plan:
    """Return what brings the trade closer to flat; called again until nothing is held."""
    plan = Plan(s.trade)
    for entry in s.entries:
        wish_cancel(plan, s, entry)
    if s.closable == 0:
        for order in s.reducing:
            wish_cancel(plan, s, order)
        return plan
    plan.look_at(s.now + s.chase)
    if not s.exits.take_limits:
        return plan
    for order in s.reducing:
        if _stop_in_doubt(s, order) or order.state is OrderState.PENDING_CANCEL:
            wish_cancel(plan, s, order)
    exits = [order for order in s.reducing if order.role is Role.EXIT]
    beside = _stops_beside(s, exits)
    counted = [
        order
        for order in s.reducing
        if not given_up(order) and not _stop_in_doubt(s, order) and order not in beside
    ]
    if any(is_lost_exit(order) for order in exits):
        _cover(plan, s)
    else:
        for order in beside:
            wish_cancel(plan, s, order)
    movable = [order for order in counted if _movable(order)]
    covered, first = sum(order.exposed for order in counted), len(plan.wishes)
    for index, order in enumerate(movable):
        others = covered - order.exposed
        own = order.wanted.quantity - order.filled
        rest = s.closable - others if index == 0 and _raisable(s, order) else own
        rest = min(rest, s.closable - others, s.most_in_one)
        if rest <= 0:
            wish_cancel(plan, s, order)
        else:
            _tend(plan, s, order, rest)
            covered += max(rest - order.exposed, 0)
    fresh = Plan(plan.trade)
    if covered < s.closable:
        _place(fresh, s, s.closable - covered)
    # What nothing covers leaves before what is covered is touched.
    plan.wishes[first:first] = fresh.wishes
    plan.trade, plan.alarms = fresh.trade, plan.alarms + fresh.alarms
    if fresh.wake is not None:
        plan.look_at(fresh.wake)
    return plan


def _stops_beside(s: TradeContext, exits: list[Order]) -> list[Order]:
    """Return the stops that were placed for an exit that no list showed, and that is to close everything."""
    if not exits or sum(order.exposed for order in exits) < s.closable:
        return []
    since = min(order.sent_at for order in exits)
    return [order for order in s.reducing if order.role is Role.STOP and order.sent_at > since]


def _cover(plan: Plan, s: TradeContext) -> None:
    """Put a stop behind what an exit was to close that no list shows, until its fate is proven.

    No second exit: the first may still arrive, and what both sold would turn the position round. Where the market has
    gone through the planned trigger, or none was planned, the stop waits beyond the market.
    """
    need = s.closable - sum(order.exposed for order in s.reducing if not is_lost_exit(order))
    if need <= 0:
        return
    prices = stop_behind(s)
    if prices is None:
        plan.alarms.append("no list shows the exit, and no stop can stand behind it: it may be naked")
    elif s.now < s.trade.retry_at:
        plan.look_at(s.trade.retry_at)
    else:
        trigger, limit = prices
        quantity = min(need, s.most_in_one)
        plan.wishes.append(Place(Role.STOP, OrderType.STOP_LIMIT, quantity, limit, trigger))
        plan.notes.append("no list shows the exit: a stop stands behind it until its fate is known")


def _stop_in_doubt(s: TradeContext, order: Order) -> bool:
    """Say whether a stop is given up for want of proof, and cancelled by tag."""
    return order.role is Role.STOP and order.live and is_missing(order, s.now)


def _movable(order: Order) -> bool:
    if not order.order_id:
        return False
    return order.state in AT_EXCHANGE or order.state in (OrderState.PENDING_MODIFY, OrderState.ACKED)


def _raisable(s: TradeContext, order: Order) -> bool:
    """Say whether a stop may take more on as it is turned; else an order of its own covers the rest."""
    waits = order.state not in AT_EXCHANGE or order.moves >= MOST_CHANGES
    # What a stop that is given up was to cover has waited long enough: it waits for no change of another one.
    waits = waits or any(_stop_in_doubt(s, other) for other in s.reducing)
    return (
        order.order_type is OrderType.STOP_LIMIT
        and not waits
        and way_of(order, s.now, s.first_way) is ExitWay.MODIFY
    )


def _tend(plan: Plan, s: TradeContext, order: Order, rest: int) -> None:
    """Turn one live order into a marketable limit for ``rest`` more units, or chase it."""
    priced = _price(plan, s, rest)
    if priced is None:
        return
    way = way_of(order, s.now, s.first_way)
    if s.exits is not Exits.OPEN and order.order_type is OrderType.STOP_LIMIT:
        # Nothing is sure to take its place.
        way = ExitWay.MODIFY
    if order.order_type is OrderType.STOP_LIMIT:
        price = _no_nearer(s, order, priced.price)
        _turn(plan, s, order, OrderTerms(OrderType.LIMIT, order.filled + rest, price), way)
    elif order.state is OrderState.PENDING_MODIFY:
        wanted = OrderTerms(OrderType.LIMIT, order.filled + rest, order.wanted.price)
        if wanted.quantity < order.wanted.quantity and not waits_for_answer(order, s.now):
            plan.wishes.append(Modify(order, wanted) if way is ExitWay.MODIFY else Cancel(order))
        else:
            _see_through(plan, s, order, wanted, way)
    elif order.state in AT_EXCHANGE:
        _follow(plan, s, order, rest, priced.price, way)


def _turn(plan: Plan, s: TradeContext, stop: Order, wanted: OrderTerms, way: ExitWay) -> None:
    """Make the exit out of a resting stop."""
    if s.now < s.trade.retry_at:
        plan.look_at(s.trade.retry_at)
    elif way is ExitWay.REPLACE:
        wish_cancel(plan, s, stop, replaces=True)
    elif stop.state is OrderState.PENDING_MODIFY and stop.aim is Aim.TURN:
        _see_through(plan, s, stop, wanted, way)
    elif s.now < stop.refused_at + REFUSED_WAIT:
        # The same refusal told twice must not meet the next change on its way.
        plan.look_at(stop.refused_at + REFUSED_WAIT)
    else:
        plan.wishes.append(Modify(stop, wanted))


def _no_nearer(s: TradeContext, stop: Order, price: Paise) -> Paise:
    """Return the limit a stop is turned with: once it has fired never nearer than its own.

    It would have filled at any book inside its limit: one that says otherwise is from before the trade that fired it.
    """
    if stop.triggered_at is None or s.trade.aimed is not None:
        return price
    return _farther(s, price, stop.price)


def _farther(s: TradeContext, one: Paise, other: Paise) -> Paise:
    return min(one, other) if s.side is Side.SELL else max(one, other)


def _see_through(plan: Plan, s: TradeContext, order: Order, wanted: OrderTerms, way: ExitWay) -> None:
    """Wait for the proof of a change that is out; ask once more, then take the other way."""
    if way is ExitWay.REPLACE:
        wish_cancel(plan, s, order, replaces=True)
        return
    due = order.written_at + (ANSWER_WITHIN if order.under_way else REPEAT)
    if s.now < fails_at(order):
        due = min(due, fails_at(order))
    if s.now >= due:
        plan.wishes.append(Modify(order, wanted))
    else:
        plan.look_at(due)


def _follow(plan: Plan, s: TradeContext, order: Order, rest: int, price: Paise, way: ExitWay) -> None:
    """Move a resting exit to a fresh price once it has rested unfilled; one that cannot be moved is replaced."""
    if s.now < order.refused_at + REFUSED_WAIT:
        plan.look_at(order.refused_at + REFUSED_WAIT)
        return
    if rest != order.remaining:
        if way is ExitWay.MODIFY:
            plan.wishes.append(Modify(order, OrderTerms(OrderType.LIMIT, order.filled + rest, order.price)))
        elif rest < order.remaining:
            wish_cancel(plan, s, order)
        return
    if s.trade.aimed is not None:
        # A target is never chased.
        return
    if s.exits is Exits.AUCTION and s.now >= order.refused_at + AUCTION_AGAIN:
        # One that was carried over into the auction is brought to its edge once: there the price decides who is first.
        if price != order.price:
            _move_on(plan, s, order, OrderTerms(OrderType.LIMIT, order.quantity, price), way)
        return
    if s.exits is not Exits.OPEN or order.rests_since is None:
        # A halt moves none: a change would only cost the place in line.
        return
    # A limit that says of itself that it waits for a trigger trades at no price.
    waits = order.state is OrderState.ARMED
    due = (max(order.rests_since, order.written_at) if waits else order.rests_since) + s.chase
    if s.now < due:
        plan.look_at(due)
        return
    refused = s.trade.move_refused_at >= order.written_at
    priced = _price(plan, s, rest, further=1, at_touch=refused)
    if priced is not None and (waits or (priced.price - order.price) * s.side.sign > 0):
        way = ExitWay.REPLACE if waits and order.moves else way
        _move_on(plan, s, order, OrderTerms(OrderType.LIMIT, order.quantity, priced.price), way)


def _move_on(plan: Plan, s: TradeContext, order: Order, wanted: OrderTerms, way: ExitWay) -> None:
    if way is ExitWay.MODIFY:
        plan.wishes.append(Modify(order, wanted))
    else:
        wish_cancel(plan, s, order, replaces=True)
        if order.cancel_since is not None:
            return
    plan.trade = msgspec.structs.replace(plan.trade, chases=plan.trade.chases + 1)


def _place(plan: Plan, s: TradeContext, quantity: int) -> None:
    """Place a new exit for what nothing covers; after a rejected exit a stop goes back first."""
    quantity = min(quantity, s.most_in_one)
    stop = s.trade.stop
    alone = not any(order.role is Role.STOP for order in s.reducing)
    prices = stop_behind(s) if s.trade.put_back and alone and stop is not None else None
    if prices is not None:
        plan.trade = msgspec.structs.replace(plan.trade, put_back=False)
        trigger, limit = prices
        plan.wishes.append(Place(Role.STOP, OrderType.STOP_LIMIT, quantity, limit, trigger))
        return
    if s.now < s.trade.retry_at:
        plan.look_at(s.trade.retry_at)
        return
    priced = _price(plan, s, quantity)
    if priced is not None:
        price = priced.price
        if stop is not None and s.trade.exit_reason == STOP and not s.trade.exit_rejections:
            price = _farther(s, price, exit_limit(s, stop.limit))
        plan.wishes.append(Place(Role.EXIT, OrderType.LIMIT, quantity, price))


def _price(
    plan: Plan, s: TradeContext, quantity: int, *, further: int = 0, at_touch: bool = False
) -> ExitPrice | None:
    if s.trade.aimed is not None:
        return ExitPrice(exit_limit(s, s.trade.aimed.limit), at_band=False)
    if s.exits is Exits.AUCTION and s.band is not None:
        # Everybody gets the one price of the match. Where the band was not told, every other try stays well inside it.
        worst = s.band.clamp(0 if s.side is Side.SELL else MAX_PAISE, s.instrument.tick)
        inside = s.trade.exit_rejections % 2 == 1 and s.quote.last is not None
        return ExitPrice(s.quote.last if inside and s.quote.last is not None else worst, at_band=not inside)
    # A price beyond a circuit that is narrower than assumed is refused for ever; every other try stays inside it.
    refusals = s.trade.exit_rejections + s.trade.conversion_refusals
    priced = marketable_price(
        s.instrument,
        s.side,
        quantity,
        s.quote,
        s.band,
        s.trade.chases + further,
        at_touch=at_touch or (refusals % 2 == 1 and not further),
    )
    if priced is None:
        plan.alarms.append("no price is known to exit at")
    return priced
