"""The stops of one held trade: as a rule one, a second one where the first could not be made to cover what filled.

Under no reading of what is in doubt does more rest than is held: while it is not known whether a stop grew, its larger
quantity counts, and nothing is placed beside it.
"""

from typing import Final

from engine.market.clock import SECOND, Instant
from engine.orders.changes import (
    ANSWER_WITHIN,
    GROWS_WITHIN,
    HELD_UP_FOR,
    MOST_CHANGES,
    PATIENCE,
    READ_BACK,
    RESERVE,
    Fate,
    cancel_failed,
    fate,
    waits_for_answer,
)
from engine.orders.exit_plan import RETRY, wish_cancel
from engine.orders.messages import OrderType, Role
from engine.orders.order import Aim, Order, OrderTerms, aim_of, last_write
from engine.orders.plan import Modify, Place, Plan, TradeContext
from engine.orders.requests import STOP_IN_DOUBT_FOR, unproven_since
from engine.orders.states import UNPROVEN, OrderState
from engine.orders.targets import turns_back
from engine.orders.tick_prices import stop_prices
from engine.orders.trade import Trade

TRIGGERED_FOR: Final = SECOND
"""How long a triggered stop may rest unfilled before it is chased."""

MOVE_AGAIN: Final = 5 * SECOND
RESIZE_AGAIN: Final = SECOND // 2


def sound_stops(plan: Plan, s: TradeContext, stops: list[Order]) -> list[Order]:
    """Return the stops that are stops at the exchange, too; what rests there as something else is cancelled."""
    sound = []
    for order in stops:
        if (
            order.order_type is OrderType.STOP_LIMIT
            or order.state is OrderState.PENDING_MODIFY
            or turns_back(s, order)
        ):
            sound.append(order)
        elif s.trade.missed:
            wish_cancel(plan, s, order)
        else:
            plan.alarms.append(f"{order.tag} rests as a {order.order_type.value}, not as a stop: replaced")
            wish_cancel(plan, s, order)
    return sound


def short_of(stops: list[Order], need: int) -> int:
    """Return how much less than ``need`` the stops cover as far as is proven of them."""
    return need - sum(min(order.quantity, order.wanted.quantity) - order.filled for order in stops)


def far_from(s: TradeContext, trade: Trade, trigger: int) -> bool:
    """Say whether price is so far from a trigger that its stop may be away for the moment of a replacement."""
    if s.quote.last is None or trade.stop is None:
        return False
    return 2 * abs(s.quote.last - trigger) > trade.stop.risk


def tend_stops(plan: Plan, s: TradeContext, stops: list[Order], need: int) -> None:
    """Bring the stops to ``need`` open units in all, at the planned trigger."""
    left, wanted = need, {}
    for order in sorted(stops, key=_changeable):
        wanted[order.tag] = min(order.wanted.quantity - order.filled, left)
        left -= wanted[order.tag]
    grower = _grower(s, stops) if left else None
    if grower is not None:
        wanted[grower.tag] += left
        left = 0
    in_doubt = short_of(stops, need) > 0
    for order in stops:
        if in_doubt and order.aim is Aim.GROW and fate(order, s.now) is Fate.IN_DOUBT:
            wish_cancel(plan, s, order)
        else:
            _tend(plan, s, order, wanted[order.tag])
    if left:
        _place(
            plan, s, stops, min(left, need - sum(order.exposed for order in s.reducing if _is_stop(order)))
        )


def _is_stop(order: Order) -> bool:
    return order.role is Role.STOP


def _changeable(order: Order) -> bool:
    """Say whether a stop's quantity can be chosen now."""
    return order.state in (OrderState.ARMED, OrderState.PENDING_MODIFY) and order.triggered_at is None


def _grower(s: TradeContext, stops: list[Order]) -> Order | None:
    """Return the stop that is to cover what no stop covers; None where a further one must."""
    for order in stops:
        if not _changeable(order) or order.filled or order.moves >= MOST_CHANGES:
            continue
        growing = order.aim is Aim.GROW
        held_up = waits_for_answer(order, s.now) and s.now >= last_write(order) + HELD_UP_FOR
        if fate(order, s.now) is Fate.OPEN if growing else s.grows_stops and not held_up:
            return order
    return None


def _tend(plan: Plan, s: TradeContext, stop: Order, quantity: int) -> None:
    """Bring one resting stop to ``quantity`` open units at the planned trigger."""
    state = plan.trade.stop
    if state is None:
        raise ValueError(f"expected a stop planned for {plan.trade.id}, got none")
    if stop.state in UNPROVEN or stop.state is OrderState.ACKED:
        plan.look_at(unproven_since(stop) + STOP_IN_DOUBT_FOR)
    elif stop.triggered_at is not None:
        plan.look_at(stop.triggered_at + TRIGGERED_FOR)
    elif stop.state is OrderState.PENDING_CANCEL or quantity <= 0:
        wish_cancel(plan, s, stop)
    elif waits_for_answer(stop, s.now):
        plan.look_at(last_write(stop) + ANSWER_WITHIN)
        if s.now < last_write(stop) + HELD_UP_FOR:
            plan.look_at(last_write(stop) + HELD_UP_FOR)
        if stop.aim is Aim.GROW:
            plan.look_at(stop.aim_since + GROWS_WITHIN + READ_BACK)
    else:
        wanted = OrderTerms(OrderType.STOP_LIMIT, stop.filled + quantity, state.limit, state.trigger)
        if stop.wanted != wanted:
            # What rests as it was planned stays; a change that leaves now goes by the tick of now.
            trigger, limit = stop_prices(s, state.trigger, state.limit)
            wanted = OrderTerms(OrderType.STOP_LIMIT, wanted.quantity, limit, trigger)
        _change(plan, s, stop, wanted)


def _change(plan: Plan, s: TradeContext, stop: Order, wanted: OrderTerms) -> None:
    """Wish for new terms of a stop whose last write was answered, in time and while it may still be changed."""
    known = fate(stop, s.now) if stop.aim is Aim.SHRINK else Fate.MADE
    # Refused for an earlier part of what is held nothing is in the way: it is asked for again.
    excess = sum(order.exposed for order in s.reducing) > s.closable
    unlowered = known is Fate.IN_DOUBT or (known is Fate.NOT_MADE and excess)
    if unlowered and wanted.quantity < stop.quantity:
        # More rests than is held and it cannot be lowered: another takes its place, whichever way comes about first.
        if cancel_failed(stop, s.now) and s.takes_orders and stop.moves < MOST_CHANGES + RESERVE:
            plan.wishes.append(Modify(stop, wanted))
        else:
            wish_cancel(plan, s, stop)
        return
    asked = stop.wanted
    alike = (asked.order_type, asked.quantity) == (wanted.order_type, wanted.quantity)
    if alike and plan.trade.naked_since is not None:
        # A better price waits for what lacks its stop: each write of it would delay the one that covers.
        wanted = asked
    if asked == wanted:
        if stop.state is OrderState.PENDING_MODIFY:
            _stand(plan, s, stop, wanted)
        return
    if (
        stop.aim is Aim.GROW
        and stop.state is not OrderState.PENDING_MODIFY
        and wanted.quantity > stop.quantity
    ):
        # Refused, and not read back yet: one try is enough.
        plan.look_at(stop.aim_since + GROWS_WITHIN + READ_BACK)
        return
    again = _again_at(stop, wanted)
    if s.now < again:
        plan.look_at(again)
    elif stop.moves >= MOST_CHANGES:
        _replace_worn(plan, s, stop, wanted)
    elif s.takes_orders:
        plan.wishes.append(Modify(stop, wanted))
        plan.look_at(s.now + RETRY)


def _again_at(stop: Order, wanted: OrderTerms) -> Instant:
    """Return when a change that was not made may be asked for again."""
    if stop.aim is not aim_of(stop, wanted):
        return 0
    if stop.aim is not Aim.MOVE:
        return stop.refused_at + RESIZE_AGAIN
    if stop.refused_at >= stop.written_at:
        return stop.refused_at + MOVE_AGAIN
    return stop.written_at + MOVE_AGAIN if stop.tries > 1 else 0


def _stand(plan: Plan, s: TradeContext, stop: Order, wanted: OrderTerms) -> None:
    """Wait for the proof of a change; one of the price alone is asked for again when nothing ever says a word."""
    if stop.aim in (Aim.GROW, Aim.SHRINK):
        plan.look_at(stop.aim_since + GROWS_WITHIN + READ_BACK)
        return
    due = stop.written_at + (PATIENCE if stop.tries < 2 else MOVE_AGAIN)
    if s.now < due:
        plan.look_at(due)
    elif stop.moves < MOST_CHANGES and s.takes_orders:
        plan.wishes.append(Modify(stop, wanted))
        plan.look_at(s.now + PATIENCE)


def _replace_worn(plan: Plan, s: TradeContext, stop: Order, wanted: OrderTerms) -> None:
    """Put another stop in the place of one that may not be changed any more, while price is far from it."""
    excess = wanted.quantity < stop.quantity
    if far_from(s, plan.trade, stop.trigger_price):
        wish_cancel(plan, s, stop)
    elif excess and stop.moves < MOST_CHANGES + RESERVE and s.takes_orders:
        plan.wishes.append(Modify(stop, wanted))
    elif excess:
        wish_cancel(plan, s, stop)
    else:
        plan.look_at(s.now + RETRY)


def _place(plan: Plan, s: TradeContext, stops: list[Order], quantity: int) -> None:
    """Place a stop for what none covers; after a rejection once more, brought inside the band."""
    state = plan.trade.stop
    quantity = min(quantity, s.most_in_one)
    if state is None or quantity <= 0:
        return
    hanging = [
        order.sent_at + GROWS_WITHIN
        for order in stops
        if order.state in (OrderState.SUBMITTED, OrderState.ACKED) and s.now < order.sent_at + GROWS_WITHIN
    ]
    if hanging:
        # It grows by one change once it is proven; it holds nothing up for longer.
        plan.look_at(min(hanging))
        return
    trigger, limit = state.trigger, state.limit
    if plan.trade.stop_rejections and s.band is not None:
        trigger = s.band.clamp(trigger, s.instrument.tick)
        limit = s.band.clamp(limit, s.instrument.tick)
    trigger, limit = stop_prices(s, trigger, limit)
    plan.wishes.append(Place(Role.STOP, OrderType.STOP_LIMIT, quantity, limit, trigger))
