"""The broker is the truth: what a whole read of its book says about our orders and positions.

A read counts for each instrument whose newest fill it was asked for after, whose orders it lists with no fewer fills
than we know, and whose position has traded no less than that (`fence`); what it says of any other is older than what
we have and is left aside. What others traded is folded into our trade as far as it closes it; beyond that it is
OUTSIDE: shown, left alone, and closed by the kill only.
"""

from collections.abc import Container
from typing import Final

from engine.market.clock import SECOND, Instant
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.denied_closings import deny_fills, deny_totals, left_by_totals
from engine.orders.external_fills import fold_external, take_in_external
from engine.orders.fence import judge
from engine.orders.manager import OrderManager
from engine.orders.messages import BookRead, BrokerPosition, OrderReport, Product, Role
from engine.orders.news import Topic, Verified
from engine.orders.order import Fill
from engine.orders.other_products import Left, LeftBecause
from engine.orders.states import ENDED
from engine.orders.status_words import read_status
from engine.orders.trade import Trade

LATE_FILL_WITHIN: Final = SECOND
"""A read asked for so long after a cancel shows the fill that overtook it, if there was one."""


def reconcile(manager: OrderManager, read: BookRead, asked: Instant, now: Instant) -> None:
    """Take a whole read as the truth: external orders adopted, missing orders doubted, positions compared.

    Instruments that it is too old for are left out; flat is only what it shows of all of them.
    """
    deny_fills(manager, read, asked, now)
    judgement = judge(manager.orders.all(), read, asked, manager.orders.filled_at, manager.fence)
    manager.fence.lagging = judgement.lagging
    # What did not read says nothing of its instrument; a row that is broken at the broker is not asked for faster.
    behind = judgement.behind | manager.orders.unread
    if judgement.behind.keys() - manager.orders.unread or read.fills < manager.reconciliation.fills_seen:
        manager.reconciliation.want(when=not manager.kill.proving)
    if read.fills < manager.reconciliation.fills_seen:
        # Older than a read that counted: nothing in it is news.
        manager.kill.answered(read.request, flat=False, last_fill_at=manager.orders.last_fill_at, now=now)
        return
    manager.reconciliation.heard(read.fills, behind)
    manager.left.take(read)
    taken_in: list[str] = []
    for instrument, cancelled in list(manager.reconciliation.unverified.items()):
        if asked >= cancelled + LATE_FILL_WITHIN and instrument not in behind:
            manager.reconciliation.confirm(instrument)
    for row in read.orders:
        if manager.orders.told_of(row) is None and row.instrument not in behind:
            # Tended with the positions of the same read: the stop of one that is taken over is no stray.
            take_in_external(manager, row, now, asked=asked)
            taken_in.append(row.instrument)
    for doubt in manager.orders.not_listed(read, asked, now, behind):
        if doubt.order is not None:
            manager.report(
                Topic.ALARM, doubt.order.instrument, f"{doubt.order.tag} is missing from the broker's book"
            )
    manager.fence.learn(read, behind)
    _positions(manager, read, asked, now, behind)
    manager.reconcile_all(
        [key for key in taken_in if manager.kill.active or manager.portfolio.running_in(key)], now
    )
    for waiting in manager.external.take_waiting(read):
        manager.report(Topic.WARNING, waiting.instrument, f"not ours, waits at the broker: {waiting.told}")
    flat = not behind and all(
        row.quantity == 0 or manager.left.has(row.instrument, row.product) for row in read.positions
    )
    flat = flat and not manager.left.without(manager.orders.live())
    flat = flat and not any(_row_live(row) and not _stays(manager, row) for row in read.orders)
    if not behind.keys() - manager.orders.unread:
        manager.reconciliation.verify(Verified(read.time, now, flat))
    for order in manager.orders.live():
        stray = manager.kill.whole and order.instrument not in behind
        held = manager.portfolio.net(order.instrument, order.product)
        if manager.orphaned(order) or (stray and not held):
            manager.reconcile_trades(order.instrument, now)
    if manager.kill.active and not manager.kill.whole:
        flat = not behind and _ours_is_flat(manager, read)
    last, settled = manager.orders.last_fill_at, not manager.reconciliation.unverified
    manager.kill.answered(read.request, flat=flat, last_fill_at=last, now=now, settled=settled)


def _ours_is_flat(manager: OrderManager, read: BookRead) -> bool:
    """Say whether nothing of ours is open or live, as a limit closes it; what others hold is named as left alone."""
    manager.left.positions += tuple(
        Left(key, Product.INTRADAY, quantity, "", LeftBecause.NOT_OURS)
        for key, quantity in manager.portfolio.outside.items()
    )
    if manager.portfolio.open() or any(manager.in_scope(order) for order in manager.orders.live()):
        return False
    return not any(_row_live(row) and _in_scope(manager, row) for row in read.orders)


def _stays(manager: OrderManager, row: OrderReport) -> bool:
    known = manager.orders.by_id(row.order_id)
    return known is not None and manager.left.stays(known)


def _in_scope(manager: OrderManager, row: OrderReport) -> bool:
    known = manager.orders.by_id(row.order_id)
    return known is None or manager.in_scope(known)


def _row_live(row: OrderReport) -> bool:
    _, state = read_status(row.status, row.order_type, row.filled_quantity, max(row.quantity, 1))
    return state not in ENDED


def _positions(
    manager: OrderManager, read: BookRead, asked: Instant, now: Instant, behind: Container[str]
) -> None:
    portfolio = manager.portfolio
    changed = portfolio.compare(read.positions, behind)
    deny_totals(manager, read, behind, asked, now)
    changed = {
        key: (before, portfolio.outside.get(key, 0))
        for key, (before, _) in changed.items()
        if before != portfolio.outside.get(key, 0)
    }
    portfolio.carry(read.positions, behind)
    held = {(position.instrument, position.product): position for position in read.positions}
    for instrument, (before, after) in changed.items():
        trade = portfolio.current(instrument)
        position = held.get((instrument, Product.INTRADAY))
        if trade is not None and trade.open and after * trade.side.sign < 0:
            missing = -after * trade.side.sign
            _closed_elsewhere(manager, trade, position, missing, read.time, now)
        elif after:
            manager.report(
                Topic.ALARM,
                instrument,
                f"EXTERNAL: the broker holds {after} units that are not ours (before {before}); entries frozen",
            )
        if position is not None:
            side = Side.BUY if after > before else Side.SELL
            untold, total = left_by_totals(manager, position, side)
            units = min(untold, abs(after - before))
            if units > 0:
                manager.external.told_by_totals(instrument, side, units, total * units // untold)
    manager.external.paid = {
        instrument: _value(position, units)
        for instrument, units in portfolio.outside.items()
        if (position := held.get((instrument, Product.INTRADAY))) is not None
    }
    if manager.kill.whole:
        external = {(key, Product.INTRADAY): quantity for key, quantity in portfolio.outside.items()}
        external |= portfolio.carried
        found = {holding: quantity for holding, quantity in external.items() if holding[0] not in behind}
        for (instrument, product), quantity in found.items():
            position = held.get((instrument, product))
            value = 0 if position is None else _value(position, quantity)
            taken = portfolio.take_over(instrument, value, now, product)
            if taken is not None:
                manager.external.take_over(taken)
        manager.reconcile_all([instrument for instrument, _ in found], now)


def _closed_elsewhere(
    manager: OrderManager,
    trade: Trade,
    position: BrokerPosition | None,
    missing: int,
    time: Instant,
    now: Instant,
) -> None:
    """Fold in what somebody else closed of ours and no order tells, at the value that the day's totals leave for it.

    A broker that leaves flat positions out of its list gives no totals: it counts at the market until its order shows.
    """
    side = trade.side.opposite
    closing, value = missing, 0
    if position is None:
        quote = manager.look(trade.instrument, now).quote
        touch = quote.bid if trade.side is Side.BUY else quote.ask
        price = touch or quote.last or trade.average or 0
        value = missing * price
    else:
        quantity, total = left_by_totals(manager, position, side)
        if quantity <= 0:
            manager.report(
                Topic.ALARM,
                trade.instrument,
                f"the broker holds {missing} units less than we filled and shows no trade for it",
            )
            return
        closing = min(missing, quantity)
        value = total * closing // quantity
    fill = Fill(
        tag=manager.external.name(trade),
        instrument=trade.instrument,
        side=side,
        role=Role.EXIT,
        trade=trade.id,
        quantity=closing,
        value=value,
        time=time,
        quality="OUTSIDE",
    )
    manager.portfolio.shift_outside(trade.instrument, -closing * side.sign)
    manager.external.told_by_totals(trade.instrument, side, closing, value, fill.tag)
    fold_external(manager, fill, None, now)
    manager.report(Topic.ALARM, trade.instrument, f"{closing} units of ours were closed by somebody else")


def _value(position: BrokerPosition, quantity: int) -> Paise:
    """Return what an outside quantity cost by the broker's day totals, paise; 0 when they do not say."""
    bought = quantity > 0
    total, value = (
        (position.buy_quantity, position.buy_value)
        if bought
        else (position.sell_quantity, position.sell_value)
    )
    return value * abs(quantity) // total if total else 0
