"""A read of the broker that denies what others are said to have closed: it is ours again, and protected at once."""

from collections.abc import Container
from typing import Final

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.external_fills import CLOSED_BY_FLATTEN, CLOSED_OUTSIDE
from engine.orders.manager import OrderManager
from engine.orders.messages import BookRead, BrokerPosition, Product, Role
from engine.orders.news import Topic
from engine.orders.order import Fill, Order
from engine.orders.trade import Mode, Trade, leave
from engine.orders.unproven_closings import (
    BY_TOTALS,
    DENIED_AFTER,
    DOUBTED_FOR,
    UNLISTED_FOR,
    Closing,
)

_OF_OTHERS: Final = (CLOSED_OUTSIDE, CLOSED_BY_FLATTEN)


def deny_fills(manager: OrderManager, read: BookRead, asked: Instant, now: Instant) -> None:
    """Take back fills of others' orders that a list, asked for well after their word, and the positions both deny.

    Of stream, order list and positions two agree then. Else the list would be held to be old for the rest of the day.
    """
    listed = {row.order_id: row for row in read.orders}
    if read.fills < manager.reconciliation.fills_seen:
        # Older than a read that counted.
        return
    held = {row.instrument: row for row in read.positions if row.product is Product.INTRADAY}
    for order in manager.orders.all():
        row, position = listed.get(order.order_id), held.get(order.instrument)
        missing = order.filled - (0 if row is None else row.filled_quantity)
        if missing <= 0 or not order.adopted or order.product is not Product.INTRADAY or position is None:
            continue
        patience = UNLISTED_FOR if row is None else DENIED_AFTER
        if asked < order.changed_at + patience or left_by_totals(manager, position, order.side)[0] > -missing:
            continue
        manager.orders.unfill(order.tag, row, now)
        _take_back_from(manager, order, missing, read.time, now)


def _take_back_from(manager: OrderManager, order: Order, missing: int, time: Instant, now: Instant) -> None:
    trade = manager.portfolio.current(order.instrument)
    # Whatever of it was counted outside, or against ours, was not traded.
    manager.portfolio.shift_outside(order.instrument, -missing * order.side.sign)
    if trade is None or trade.side is order.side:
        return
    taken = manager.unproven.take(order.instrument, trade.id, missing, order.tag)
    _ours_again(manager, trade, taken, time, now)


def deny_totals(
    manager: OrderManager, read: BookRead, behind: Container[str], asked: Instant, now: Instant
) -> None:
    """Take back what the positions of a read that counts show to be held, and untraded by the day's totals.

    Whatever else was told by the time it was asked for is borne out.
    """
    held = {row.instrument: row for row in read.positions if row.product is Product.INTRADAY}
    for instrument in manager.unproven.instruments:
        if instrument in behind:
            continue
        trade, position = manager.portfolio.current(instrument), held.get(instrument)
        if trade is not None and position is not None:
            side = trade.side.opposite
            beyond = manager.portfolio.outside.get(instrument, 0) * trade.side.sign
            units = min(-left_by_totals(manager, position, side)[0], beyond)
            if units > 0:
                taken = manager.unproven.take(instrument, trade.id, units, BY_TOTALS)
                manager.external.forget_totals(instrument, side, tuple(one.name for one in taken))
                _ours_again(manager, trade, taken, read.time, now)
        manager.unproven.prove(instrument, asked, shown=position is not None)
    denied = manager.unproven.denied_at
    doubted = denied is not None and now < denied + DOUBTED_FOR
    manager.reconciliation.want(when=doubted and not manager.kill.proving)


def _ours_again(
    manager: OrderManager, trade: Trade, taken: tuple[Closing, ...], time: Instant, now: Instant
) -> None:
    """Give a trade back what nobody closed of it; what was held until then is protected again."""
    for one in taken:
        part = Fill(
            one.name,
            trade.instrument,
            trade.side.opposite,
            Role.EXIT,
            trade.id,
            one.quantity,
            one.value,
            time,
            "OUTSIDE",
        )
        trade = manager.portfolio.give_back(trade, part)
        told = msgspec.structs.replace(
            part, tag=manager.external.name(trade), side=trade.side, undoes=one.name
        )
        manager.report(Topic.FILL, trade.instrument, fill=told, trade=trade)
    units = sum(one.quantity for one in taken)
    if not units:
        return
    manager.kill.disturbed(now)
    manager.unproven.denied_at = now
    if trade.exit_reason in _OF_OTHERS:
        trade = msgspec.structs.replace(trade, mode=Mode.HOLD, exit_reason="", clears=False)
    trade = msgspec.structs.replace(trade, closed_by="", naked_since=None)
    if manager.kill.active:
        trade = leave(trade, manager.kill.exit_reason, clears=True)
    manager.portfolio.put(trade)
    manager.reconciliation.freeze(trade.instrument, "others were said to have closed what is still held")
    manager.report(
        Topic.ALARM,
        trade.instrument,
        f"{units} units that others were said to have closed are still held: ours again, and protected",
    )


def left_by_totals(manager: OrderManager, position: BrokerPosition, side: Side) -> tuple[int, Paise]:
    """Return units and value of one side that the day's totals tell and neither an order nor an earlier read has."""
    quantity, value = position.sell_quantity, position.sell_value
    if side is Side.BUY:
        quantity, value = position.buy_quantity, position.buy_value
    for order in manager.orders.all():
        if (order.instrument, order.product) == (
            position.instrument,
            position.product,
        ) and order.side is side:
            quantity -= order.filled
            value -= order.filled_value
    counted, counted_value = manager.external.unlisted(position.instrument, side)
    return quantity - counted, value - counted_value
