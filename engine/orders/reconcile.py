"""The broker is the truth: what a whole read of its book says about our orders and positions.

A read counts for each instrument whose newest fill it was asked for after, whose orders it lists with no fewer fills
than we know, and whose position has traded no less than that (`fence`); what it says of any other is older than what
we have and is left aside. What others traded is folded into our trade as far as it closes it; beyond that it is
OUTSIDE: shown, left alone, and closed by the kill only.
"""

from collections.abc import Container
from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant
from engine.market.price import Paise
from engine.orders.carried import left_of
from engine.orders.dispatch import of_flatten
from engine.orders.fence import judge
from engine.orders.keeper import Keeper
from engine.orders.messages import BookRead, BrokerPosition, OrderReport, OrderType, Product, Role
from engine.orders.news import Topic, Verified
from engine.orders.order import Fill
from engine.orders.states import ENDED, read_status
from engine.orders.trade import leave
from engine.setups.signal import Side

LATE_FILL_WITHIN: Final = SECOND
"""A read asked for so long after a cancel shows the fill that overtook it, if there was one."""

CLOSED_OUTSIDE: Final = "closed outside"
CLOSED_BY_FLATTEN: Final = "closed by cockpit flatten"


def reconcile(keeper: Keeper, read: BookRead, asked: Instant, now: Instant) -> None:
    """Take a whole read as the truth: strangers adopted, missing orders doubted, positions compared.

    Instruments that it is too old for are left out; flat is only what it shows of all of them.
    """
    judgement = judge(keeper.orders.all(), read, asked, keeper.orders.filled_at, keeper.lagging)
    keeper.lagging = judgement.lagging
    # What did not read says nothing of its instrument; a row that is broken at the broker is not asked for faster.
    behind = judgement.behind | keeper.orders.unread
    if judgement.behind.keys() - keeper.orders.unread or read.fills < keeper.fills_seen:
        keeper.resync = keeper.resync or not keeper.kill.active
    if read.fills < keeper.fills_seen:
        # Older than a read that counted: nothing in it is news.
        keeper.kill.answered(read.request, flat=False, last_fill_at=keeper.orders.last_fill_at, now=now)
        return
    keeper.fills_seen, keeper.behind = read.fills, behind
    taken_in: list[str] = []
    for instrument, cancelled in list(keeper.unverified.items()):
        if asked >= cancelled + LATE_FILL_WITHIN and instrument not in behind:
            del keeper.unverified[instrument]
    for row in read.orders:
        known = keeper.orders.get(row.tag) is not None or keeper.orders.by_id(row.order_id) is not None
        if not known and row.instrument not in behind:
            # Tended with the positions of the same read: the stop of one that is taken over is no stray.
            take_in_stranger(keeper, row, now, tend=False)
            taken_in.append(row.instrument)
    for doubt in keeper.orders.not_listed(read, asked, now, behind):
        if doubt.order is not None:
            keeper.say(
                Topic.ALARM, doubt.order.instrument, f"{doubt.order.tag} is missing from the broker's book"
            )
    _positions(keeper, read, now, behind)
    keeper.tend_all([key for key in taken_in if keeper.kill.active or keeper.portfolio.running_in(key)], now)
    keeper.left, keeper.orders_left = left_of(read, keeper.portfolio.refused), read.orders_beyond
    left = {(one.instrument, one.product) for one in keeper.left}
    flat = not behind and all(
        position.quantity == 0 or (position.instrument, position.product) in left
        for position in read.positions
    )
    flat = flat and not any(_row_live(row) for row in read.orders) and not keeper.orders.live()
    if not behind.keys() - keeper.orders.unread:
        keeper.verified = Verified(read.time, now, flat)
    for order in keeper.orders.live():
        stray = keeper.kill.active and order.instrument not in behind
        held = keeper.portfolio.net(order.instrument, order.product)
        if keeper.orphaned(order) or (stray and not held):
            keeper.tend(order.instrument, now)
    keeper.kill.answered(read.request, flat=flat, last_fill_at=keeper.orders.last_fill_at, now=now)


def take_in_stranger(keeper: Keeper, row: OrderReport, now: Instant, *, tend: bool = True) -> None:
    """Adopt an order that is not ours; its fills count where they close something of ours.

    One that bears a name of ours and closes what we hold left before a death that the journal did not reach: it is
    tended like ours, or a second one would be sent beside it.
    """
    trade = keeper.portfolio.current(row.instrument, row.product)
    ours = trade is not None and keeper.dispatcher.ids.made(row.tag) and row.side is not trade.side
    role = Role.STOP if ours and row.order_type is OrderType.STOP_LIMIT else Role.EXIT
    applied = keeper.orders.adopted(row, role, trade.id if ours and trade is not None else "", now)
    whose = "an order of ours that no journal tells of" if ours else "an order that is not ours"
    if of_flatten(row.tag):
        whose = "an order of cockpit flatten"
    keeper.say(Topic.WARNING, row.instrument, f"{whose}: {row.side} {row.quantity}, {row.status}")
    if applied.fill is not None:
        fold_stranger(keeper, applied.fill, now)
    if tend and (keeper.kill.active or ours):
        keeper.tend(row.instrument, now)


def fold_stranger(keeper: Keeper, fill: Fill, now: Instant) -> None:
    """Count a fill that is not ours: it closes what is theirs, then our trade as far as it goes, else lies OUTSIDE."""
    trade = keeper.portfolio.current(fill.instrument, fill.product)
    intraday = fill.product is Product.INTRADAY
    closing = 0
    if trade is not None and trade.open and fill.side is not trade.side:
        # What they hold beside us is theirs to close first: our units keep their stop. An order of ours that no
        # journal tells of closes ours.
        theirs = max(keeper.portfolio.outside.get(fill.instrument, 0) * trade.side.sign, 0)
        theirs = 0 if fill.trade == trade.id or not intraday else theirs
        closing = min(max(fill.quantity - theirs, 0), trade.open_quantity)
    if trade is None or not closing:
        if intraday:
            keeper.portfolio.shift_outside(fill.instrument, fill.quantity * fill.side.sign)
        # What is held in another product only the next read says.
        keeper.kill.disturbed(now)
        return
    part = msgspec.structs.replace(
        fill, quantity=closing, value=fill.value * closing // fill.quantity, trade=trade.id
    )
    folded = keeper.portfolio.fold(part)
    if intraday:
        keeper.portfolio.shift_outside(fill.instrument, (fill.quantity - closing) * fill.side.sign)
    keeper.portfolio.put(leave(folded.trade, CLOSED_BY_FLATTEN if of_flatten(fill.tag) else CLOSED_OUTSIDE))
    keeper.say(Topic.FILL, fill.instrument, fill=part, trade=folded.trade)
    keeper.kill.disturbed(now)


def _row_live(row: OrderReport) -> bool:
    _, state = read_status(row.status, row.order_type, row.filled_quantity, max(row.quantity, 1))
    return state not in ENDED


def _positions(keeper: Keeper, read: BookRead, now: Instant, behind: Container[str]) -> None:
    portfolio = keeper.portfolio
    changed = portfolio.compare(read.positions, behind)
    portfolio.carry(read.positions, behind)
    held = {(position.instrument, position.product): position for position in read.positions}
    for instrument, (before, after) in changed.items():
        trade = portfolio.current(instrument)
        position = held.get((instrument, Product.INTRADAY))
        if trade is not None and trade.open and after * trade.side.sign < 0 and position is not None:
            _closed_elsewhere(keeper, position, -after * trade.side.sign, read.time, now)
        elif after:
            keeper.say(
                Topic.ALARM,
                instrument,
                f"EXTERNAL: the broker holds {after} units that are not ours (before {before}); entries frozen",
            )
    if keeper.kill.active:
        external = {(key, Product.INTRADAY): quantity for key, quantity in portfolio.outside.items()}
        external |= portfolio.carried
        found = {holding: quantity for holding, quantity in external.items() if holding[0] not in behind}
        for (instrument, product), quantity in found.items():
            position = held.get((instrument, product))
            value = 0 if position is None else _value(position, quantity)
            portfolio.take_over(instrument, value, now, product)
        keeper.tend_all([instrument for instrument, _ in found], now)


def _closed_elsewhere(
    keeper: Keeper, position: BrokerPosition, missing: int, time: Instant, now: Instant
) -> None:
    """Fold in what somebody else closed of ours, at the value the broker's day totals leave for it."""
    trade = keeper.portfolio.current(position.instrument)
    if trade is None:
        return
    side = trade.side.opposite
    ours = [
        order
        for order in keeper.orders.all()
        if (order.instrument, order.product) == (position.instrument, position.product) and order.side is side
    ]
    quantity, value = position.sell_quantity, position.sell_value
    if side is Side.BUY:
        quantity, value = position.buy_quantity, position.buy_value
    quantity -= sum(order.filled for order in ours)
    value -= sum(order.filled_value for order in ours)
    if quantity <= 0:
        keeper.say(
            Topic.ALARM,
            position.instrument,
            f"the broker holds {missing} units less than we filled and shows no trade for it",
        )
        return
    closing = min(missing, quantity)
    fill = Fill(
        tag=f"outside-{trade.id}",
        instrument=position.instrument,
        side=side,
        role=Role.EXIT,
        trade=trade.id,
        quantity=closing,
        value=value * closing // quantity,
        time=time,
        quality="OUTSIDE",
    )
    keeper.portfolio.shift_outside(position.instrument, -closing * side.sign)
    fold_stranger(keeper, fill, now)
    keeper.say(Topic.ALARM, position.instrument, f"{closing} units of ours were closed by somebody else")


def _value(position: BrokerPosition, quantity: int) -> Paise:
    """Return what an outside quantity cost by the broker's day totals, paise; 0 when they do not say."""
    bought = quantity > 0
    total, value = (
        (position.buy_quantity, position.buy_value)
        if bought
        else (position.sell_quantity, position.sell_value)
    )
    return value * abs(quantity) // total if total else 0
