"""The closer of one instrument: the resting stop is turned into the exit by one change, never a second order beside it.

Only if no order can be turned is a new exit placed, for exactly what nothing else covers. An exit that does not
fill is moved to a fresh price, further each time, until the band stops it; there it rests.
"""

from typing import Final

import msgspec

from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.price import MAX_PAISE
from engine.orders.gate import given_up
from engine.orders.hours import Exits
from engine.orders.messages import OrderType, Role
from engine.orders.order import Order, Terms
from engine.orders.plan import Cancel, Modify, Place, Plan, Situation
from engine.orders.quote import ExitPrice, marketable_price
from engine.orders.states import AT_EXCHANGE, UNPROVEN, State
from engine.setups.signal import Side

RETRY: Final = SECOND
"""A change or cancel without proof is asked for again after this; both are harmless twice."""

RETRY_UNPROVEN: Final = 5 * SECOND
STOP_IN_DOUBT_FOR: Final = 2 * SECOND
REFUSED_WAIT: Final = 500 * MILLISECOND


def wish_cancel(plan: Plan, s: Situation, order: Order) -> None:
    """Wish for the end of an order, again after a while without proof, never in a storm."""
    if not order.live:
        return
    asked = order.cancel_at
    if asked is None or (order.state is State.ACKED and order.cancels == 1):
        plan.wishes.append(Cancel(order))
        plan.look_at(s.now + RETRY)
        return
    again = asked + (RETRY_UNPROVEN if order.state in UNPROVEN else RETRY)
    if s.now >= again:
        plan.wishes.append(Cancel(order))
        again = s.now + RETRY
    plan.look_at(again)


def plan_close(s: Situation) -> Plan:
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
        if _stop_in_doubt(s, order):
            wish_cancel(plan, s, order)
    counted = [order for order in s.reducing if not given_up(order) and not _stop_in_doubt(s, order)]
    movable = [order for order in counted if _movable(order)]
    covered = sum(order.exposed for order in counted)
    most = _most_in_one(s)
    for index, order in enumerate(movable):
        others = covered - order.exposed
        wanted = order.wanted.quantity - order.filled if index else s.closable - others
        wanted = min(wanted, s.closable - others, most - order.filled)
        if wanted <= 0:
            wish_cancel(plan, s, order)
        else:
            _tend(plan, s, order, order.filled + wanted)
            covered += max(wanted - order.exposed, 0)
    if covered < s.closable:
        _place(plan, s, s.closable - covered)
    return plan


def _most_in_one(s: Situation) -> int:
    """Return the units that one order may have: whole lots within the freeze quantity."""
    lot = s.instrument.lot
    return max(s.instrument.freeze_quantity // lot * lot, lot)


def _stop_in_doubt(s: Situation, order: Order) -> bool:
    """Say whether a stop has been without proof so long that it is given up and cancelled by tag."""
    unproven = order.role is Role.STOP and order.state in (State.SUBMITTED, State.IN_DOUBT)
    return unproven and s.now - unproven_since(order) >= STOP_IN_DOUBT_FOR


def unproven_since(order: Order) -> Instant:
    """Return since when an order lacks its proof: one that the exchange had confirmed lacks it from the doubt on."""
    return order.doubt_since if order.doubt_since is not None and order.exchange_time else order.sent_at


def _movable(order: Order) -> bool:
    if not order.order_id:
        return False
    return order.state in AT_EXCHANGE or order.state in (State.PENDING_MODIFY, State.ACKED)


def _tend(plan: Plan, s: Situation, order: Order, quantity: int) -> None:
    """Turn one live order into a marketable limit of ``quantity`` units in all, or chase it."""
    priced = _price(plan, s, quantity - order.filled)
    if priced is None:
        return
    wanted = Terms(OrderType.LIMIT, quantity, priced.price)
    current = order.wanted
    if current.order_type is OrderType.STOP_LIMIT:
        if s.now < s.trade.retry_at:
            plan.look_at(s.trade.retry_at)
        elif s.trade.conversion_refusals > 1 and s.exits is Exits.OPEN:
            wish_cancel(plan, s, order)
        else:
            plan.wishes.append(Modify(order, wanted))
        return
    if s.now < s.trade.move_refused_at + REFUSED_WAIT:
        plan.look_at(s.trade.move_refused_at + REFUSED_WAIT)
        return
    if quantity != current.quantity:
        plan.wishes.append(Modify(order, wanted))
        return
    due = order.written_at + s.chase
    if s.exits is not Exits.OPEN:
        # An auction matches everybody at one price, and a halt moves none: a change would only cost the place in line.
        return
    if s.now < due:
        plan.look_at(due)
        return
    refused = s.trade.move_refused_at >= order.written_at
    priced = _price(plan, s, quantity - order.filled, further=1, at_touch=refused) or priced
    further = (priced.price - current.price) * s.side.sign > 0
    if further or order.state is State.PENDING_MODIFY:
        plan.trade = msgspec.structs.replace(plan.trade, chases=plan.trade.chases + 1)
        price = priced.price if further else current.price
        plan.wishes.append(Modify(order, Terms(OrderType.LIMIT, quantity, price)))


def _place(plan: Plan, s: Situation, quantity: int) -> None:
    """Place a new exit for what nothing covers; after a rejected exit a stop goes back first."""
    quantity = min(quantity, _most_in_one(s))
    stop = s.trade.stop
    if s.trade.put_back and stop is not None and s.takes_stops and _behind(s, stop.trigger):
        plan.trade = msgspec.structs.replace(plan.trade, put_back=False)
        plan.wishes.append(Place(Role.STOP, OrderType.STOP_LIMIT, quantity, stop.limit, stop.trigger))
        return
    if s.now < s.trade.retry_at:
        plan.look_at(s.trade.retry_at)
        return
    priced = _price(plan, s, quantity)
    if priced is not None:
        plan.wishes.append(Place(Role.EXIT, OrderType.LIMIT, quantity, priced.price))


def _behind(s: Situation, trigger: int) -> bool:
    """Say whether a stop's trigger still lies on the losing side of the last price."""
    return s.quote.last is not None and (s.quote.last - trigger) * s.trade.side.sign > 0


def _price(
    plan: Plan, s: Situation, quantity: int, *, further: int = 0, at_touch: bool = False
) -> ExitPrice | None:
    if s.exits is Exits.AUCTION and s.band is not None:
        # Everybody gets the one price of the match; only the price decides who is first.
        worst = s.band.clamp(0 if s.side is Side.SELL else MAX_PAISE, s.instrument.tick)
        return ExitPrice(worst, at_band=True)
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
