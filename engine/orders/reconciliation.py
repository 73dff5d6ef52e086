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
from engine.market.side import Side
from engine.orders.carried import Left, LeftBecause
from engine.orders.fence import judge
from engine.orders.late_news import Share
from engine.orders.manager import OrderManager
from engine.orders.messages import BookRead, BrokerPosition, OrderReport, OrderType, Product, Role
from engine.orders.news import News, Topic, Verified
from engine.orders.order import Correction, Fill, Order
from engine.orders.states import ENDED, read_status
from engine.orders.tags import of_any_run, of_flatten
from engine.orders.trade import Trade, leave

LATE_FILL_WITHIN: Final = SECOND
"""A read asked for so long after a cancel shows the fill that overtook it, if there was one."""

CLOSED_OUTSIDE: Final = "closed outside"
CLOSED_BY_FLATTEN: Final = "closed by cockpit flatten"


def reconcile(manager: OrderManager, read: BookRead, asked: Instant, now: Instant) -> None:
    """Take a whole read as the truth: external orders adopted, missing orders doubted, positions compared.

    Instruments that it is too old for are left out; flat is only what it shows of all of them.
    """
    judgement = judge(manager.orders.all(), read, asked, manager.orders.filled_at, manager.fence)
    manager.fence.lagging = judgement.lagging
    # What did not read says nothing of its instrument; a row that is broken at the broker is not asked for faster.
    behind = judgement.behind | manager.orders.unread
    if judgement.behind.keys() - manager.orders.unread or read.fills < manager.fills_seen:
        manager.resync = manager.resync or not manager.kill.proving
    if read.fills < manager.fills_seen:
        # Older than a read that counted: nothing in it is news.
        manager.kill.answered(read.request, flat=False, last_fill_at=manager.orders.last_fill_at, now=now)
        return
    manager.fills_seen, manager.behind = read.fills, behind
    manager.left.take(read)
    taken_in: list[str] = []
    for instrument, cancelled in list(manager.unverified.items()):
        if asked >= cancelled + LATE_FILL_WITHIN and instrument not in behind:
            del manager.unverified[instrument]
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
    _positions(manager, read, now, behind)
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
        manager.verified = Verified(read.time, now, flat)
    for order in manager.orders.live():
        stray = manager.kill.whole and order.instrument not in behind
        held = manager.portfolio.net(order.instrument, order.product)
        if manager.orphaned(order) or (stray and not held):
            manager.reconcile_trades(order.instrument, now)
    if manager.kill.active and not manager.kill.whole:
        flat = not behind and _ours_is_flat(manager, read)
    last, settled = manager.orders.last_fill_at, not manager.unverified
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


def take_in_external(
    manager: OrderManager, row: OrderReport, now: Instant, *, asked: Instant | None = None
) -> None:
    """Adopt an order that is not ours; its fills count where they close something of ours.

    ``asked`` is when the whole read that shows it was asked for: its positions are taken in first.

    One that bears a name of ours and closes what we hold left before a death that the journal did not reach: it is
    tended like ours, or a second one would be sent beside it.
    """
    trade = manager.portfolio.current(row.instrument, row.product)
    ours = trade is not None and row.side is not trade.side and _left_for(manager, trade, row.tag)
    role = Role.STOP if ours and row.order_type is OrderType.STOP_LIMIT else Role.EXIT
    owner = trade.id if ours and trade is not None else ""
    applied = manager.orders.adopted(row, role, owner, now, asked_at=asked)
    whose = "an order of ours that no journal tells of" if ours else "an order that is not ours"
    if of_flatten(row.tag):
        whose = "an order of cockpit flatten"
    manager.report(Topic.WARNING, row.instrument, f"{whose}: {row.side} {row.quantity}, {row.status}")
    if applied.order is not None and not ours:
        manager.external.seen(applied.order)
    if applied.fill is not None and applied.order is not None:
        fold_external(manager, applied.fill, applied.order, now)
    if asked is None and (manager.kill.active or manager.portfolio.current(row.instrument) is not None):
        manager.reconcile_trades(row.instrument, now)


def _left_for(manager: OrderManager, trade: Trade, tag: str) -> bool:
    """Say whether an order left for a trade in a life that nothing else tells of: this run's, or the one taken over."""
    return manager.dispatcher.ids.made(tag) or (trade.external and of_any_run(tag))


def fold_external(
    manager: OrderManager, fill: Fill, order: Order | None, now: Instant, *, before: Order | None = None
) -> None:
    """Count a fill of an order that is not ours; ``order`` is None where only the day's totals tell of it.

    ``before`` is the order as it was known until now, None where this is the first word of it.

    It closes what is theirs, then our trade as far as it goes. What lies beyond flat is the excess of a race where
    exits of ours took the same units first, and closed once; any other lies OUTSIDE.
    """
    manager.kill.disturbed(now)
    heard: Fill | None = fill
    if order is not None:
        heard, corrections = manager.external.unheard(fill)
        for correction in corrections:
            correct(manager, correction)
    if heard is None:
        return
    trade = manager.portfolio.current(heard.instrument, heard.product)
    shares = (
        () if trade is None or order is None else _shares(manager, trade, heard, dated=_dated(heard, before))
    )
    trade = _give_back(manager, trade, shares[1:], heard.time)
    closing = shares[0].after if shares else 0
    if not shares and trade is not None and trade.open and heard.side is not trade.side:
        # What they hold beside us is theirs to close first: our units keep their stop. An order of ours that no
        # journal tells of closes ours.
        theirs = 0 if heard.trade == trade.id else manager.portfolio.beside(trade)
        closing = min(max(heard.quantity - theirs, 0), trade.open_quantity)
    raced = 0
    if heard.product is Product.INTRADAY:
        left = heard.quantity - closing
        beyond = left - max(-manager.portfolio.outside.get(heard.instrument, 0) * heard.side.sign, 0)
        if trade is None or trade.open_quantity == closing < trade.entry_quantity:
            # What is still held was not closed twice; what fills beside a trade that goes on is no excess of one
            # before it, and takes no place of its own.
            raced = manager.external.raced(heard, max(beyond, 0))
        manager.portfolio.shift_outside(heard.instrument, (left - raced) * heard.side.sign)
        # A read may have told of it already, before its order did: the next one says it exactly.
        manager.resync = manager.resync or left > raced
    else:
        # What is held in the other products only a read tells.
        manager.resync = manager.resync or not manager.kill.proving
    if trade is not None and closing:
        _close(manager, trade, _part(heard, closing, trade.id), order)
    if raced:
        _close_the_excess(manager, _part(heard, raced, heard.trade), order)
    _close_more(manager, shares[1:])


def _dated(fill: Fill, before: Order | None) -> bool:
    """Say whether a row's time may be that of its fill.

    Nobody has confirmed that it moves with a fill: one that has not since the last word of its order tells nothing.
    """
    return before is None or fill.time > before.exchange_time


def _shares(manager: OrderManager, trade: Trade, fill: Fill, *, dated: bool) -> tuple[Share, ...]:
    """Return what a fill of others closes of a trade, first, and what it changes of what they closed before."""
    if trade.product is not Product.INTRADAY:
        return ()
    beside = manager.portfolio.outside.get(trade.instrument, 0) * trade.side.sign
    theirs = fill.trade != trade.id
    return manager.external.late.tell(trade, fill, trade.open_quantity, beside, theirs=theirs, dated=dated)


def _close(manager: OrderManager, trade: Trade, part: Fill, order: Order | None, *, name: str = "") -> None:
    """Count what others closed of a trade; ``name`` tells it where news of its order did already."""
    closed = manager.portfolio.fold(part).trade
    if not closed.open:
        reason = CLOSED_BY_FLATTEN if of_flatten(part.tag) else CLOSED_OUTSIDE
        closed = msgspec.structs.replace(leave(closed, reason), closed_by=reason)
        manager.portfolio.put(closed)
    told = msgspec.structs.replace(part, tag=name or part.tag)
    manager.report(Topic.FILL, trade.instrument, order=order, fill=told, trade=closed)


def _give_back(
    manager: OrderManager, trade: Trade | None, shares: tuple[Share, ...], time: Instant
) -> Trade | None:
    """Give a trade back what others closed of it only in the order of the news; return it."""
    for share in shares:
        if trade is not None and share.after < share.before:
            part = _between(share.fill, share.after, share.before, trade)
            trade = manager.portfolio.give_back(trade, part)
            told = msgspec.structs.replace(
                part, tag=manager.external.name(trade), side=trade.side, time=time, quality="OUTSIDE"
            )
            manager.report(Topic.FILL, trade.instrument, fill=told, trade=trade)
    return trade


def _close_more(manager: OrderManager, shares: tuple[Share, ...]) -> None:
    """Let what others filled close what only now is known to have been held when they did."""
    for share in shares:
        trade = manager.portfolio.current(share.fill.instrument)
        if trade is not None and share.after > share.before:
            part = _between(share.fill, share.before, share.after, trade)
            manager.portfolio.shift_outside(part.instrument, -part.quantity * part.side.sign)
            _close(manager, trade, part, None, name=manager.external.name(trade))


def _between(fill: Fill, less: int, more: int, trade: Trade) -> Fill:
    """Return the part of a fill that more of its units have than less of them."""
    value = fill.value * more // fill.quantity - fill.value * less // fill.quantity
    return msgspec.structs.replace(fill, quantity=more - less, value=value, trade=trade.id)


def set_in_time(manager: OrderManager, fill: Fill, now: Instant) -> None:
    """Take in when a fill of ours was: others may have closed it by one that was told before."""
    trade = manager.portfolio.current(fill.instrument, fill.product)
    if trade is None or trade.id != fill.trade or fill.product is not Product.INTRADAY:
        return
    more = fill.quantity if fill.side is trade.side else -fill.quantity
    beside = manager.portfolio.outside.get(trade.instrument, 0) * trade.side.sign
    shares = manager.external.late.tell(trade, fill, trade.open_quantity - more, beside, theirs=False)
    if shares:
        manager.kill.disturbed(now)
    _give_back(manager, trade, shares, fill.time)
    _close_more(manager, shares)


def correct(manager: OrderManager, correction: Correction) -> None:
    """Take in what the broker's executions say of the value of units that were told before."""
    changes = manager.portfolio.correct(correction)
    manager.touched = True
    manager.news.append(News(Topic.CORRECTED, correction.instrument, correction=correction, changes=changes))


def _close_the_excess(manager: OrderManager, fill: Fill, order: Order | None) -> None:
    trade = manager.portfolio.current(fill.instrument)
    excess = manager.portfolio.race(fill)
    if excess is None:
        return
    if trade is not None:
        manager.report(Topic.CLOSED, fill.instrument, trade=trade)
    manager.report(Topic.FILL, fill.instrument, order=order, fill=fill, trade=excess)
    manager.frozen.setdefault(fill.instrument, "others and we closed the same units")
    manager.report(
        Topic.ALARM,
        fill.instrument,
        f"others and we closed the same {excess.open_quantity} units: closing the excess",
    )


def _part(fill: Fill, quantity: int, trade: str) -> Fill:
    value = fill.value * quantity // fill.quantity
    return msgspec.structs.replace(fill, quantity=quantity, value=value, trade=trade)


def _stays(manager: OrderManager, row: OrderReport) -> bool:
    known = manager.orders.by_id(row.order_id)
    return known is not None and manager.left.stays(known)


def _in_scope(manager: OrderManager, row: OrderReport) -> bool:
    known = manager.orders.by_id(row.order_id)
    return known is None or manager.in_scope(known)


def _row_live(row: OrderReport) -> bool:
    _, state = read_status(row.status, row.order_type, row.filled_quantity, max(row.quantity, 1))
    return state not in ENDED


def _positions(manager: OrderManager, read: BookRead, now: Instant, behind: Container[str]) -> None:
    portfolio = manager.portfolio
    changed = portfolio.compare(read.positions, behind)
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
            untold, total = _left_by_totals(manager, position, side)
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
        quantity, total = _left_by_totals(manager, position, side)
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


def _left_by_totals(manager: OrderManager, position: BrokerPosition, side: Side) -> tuple[int, Paise]:
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


def _value(position: BrokerPosition, quantity: int) -> Paise:
    """Return what an outside quantity cost by the broker's day totals, paise; 0 when they do not say."""
    bought = quantity > 0
    total, value = (
        (position.buy_quantity, position.buy_value)
        if bought
        else (position.sell_quantity, position.sell_value)
    )
    return value * abs(quantity) // total if total else 0
