"""What others fill in our instruments: whose units they close, and what that leaves us."""

from typing import Final

import msgspec

from engine.market.clock import Instant
from engine.market.figures import grouped
from engine.orders.late_news import Share
from engine.orders.manager import OrderManager
from engine.orders.messages import OrderReport, OrderType, Product, Role
from engine.orders.news import News, Topic
from engine.orders.order import Correction, Fill, Order
from engine.orders.tags import of_any_run, of_flatten
from engine.orders.trade import Trade, leave
from engine.orders.unproven_closings import BY_TOTALS, Closing

CLOSED_OUTSIDE: Final = "closed outside"


CLOSED_BY_FLATTEN: Final = "closed by cockpit flatten"


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
    manager.report(
        Topic.WARNING, row.instrument, f"{whose}: {row.side} {grouped(row.quantity)}, {row.status}"
    )
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
        manager.reconciliation.want(when=left > raced)
    else:
        # What is held in the other products only a read tells.
        manager.reconciliation.want(when=not manager.kill.proving)
    if trade is not None and closing:
        _close(manager, trade, _part(heard, closing, trade.id), order, now)
    if raced:
        _close_the_excess(manager, _part(heard, raced, heard.trade), order)
    _close_more(manager, shares[1:], now)


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


def _close(
    manager: OrderManager, trade: Trade, part: Fill, order: Order | None, now: Instant, *, name: str = ""
) -> None:
    """Count what others closed of a trade; ``name`` tells it where news of its order did already.

    It is not over before a read bears that out: one is asked for.
    """
    if part.product is Product.INTRADAY:
        told = part.tag if manager.orders.get(part.tag) is not None else BY_TOTALS
        # What a list tells is as old as that list: its own positions may bear it out.
        at = now if told == BY_TOTALS else manager.orders.filled_at.get(part.instrument, now)
        closing = Closing(trade.id, name or part.tag, told, part.quantity, part.value, at)
        manager.unproven.tell(part.instrument, closing)
        manager.reconciliation.want(when=not manager.kill.proving)
    closed = manager.portfolio.fold(part).trade
    if not closed.open:
        reason = CLOSED_BY_FLATTEN if of_flatten(part.tag) else CLOSED_OUTSIDE
        closed = msgspec.structs.replace(leave(closed, reason), closed_by=reason)
        manager.portfolio.put(closed)
    counted = msgspec.structs.replace(part, tag=name or part.tag)
    manager.report(Topic.FILL, trade.instrument, order=order, fill=counted, trade=closed)


def _give_back(
    manager: OrderManager, trade: Trade | None, shares: tuple[Share, ...], time: Instant
) -> Trade | None:
    """Give a trade back what others closed of it only in the order of the news; return it."""
    for share in shares:
        if trade is not None and share.after < share.before:
            part = _between(share.fill, share.after, share.before, trade)
            manager.unproven.take(trade.instrument, trade.id, part.quantity, part.tag)
            trade = manager.portfolio.give_back(trade, part)
            told = msgspec.structs.replace(
                part, tag=manager.external.name(trade), side=trade.side, time=time, quality="OUTSIDE"
            )
            manager.report(Topic.FILL, trade.instrument, fill=told, trade=trade)
    return trade


def _close_more(manager: OrderManager, shares: tuple[Share, ...], now: Instant) -> None:
    """Let what others filled close what only now is known to have been held when they did."""
    for share in shares:
        trade = manager.portfolio.current(share.fill.instrument)
        if trade is not None and share.after > share.before:
            part = _between(share.fill, share.before, share.after, trade)
            manager.portfolio.shift_outside(part.instrument, -part.quantity * part.side.sign)
            _close(manager, trade, part, None, now, name=manager.external.name(trade))


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
    _close_more(manager, shares, now)


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
    manager.reconciliation.freeze(fill.instrument, "others and we closed the same units")
    manager.report(
        Topic.ALARM,
        fill.instrument,
        f"others and we closed the same {grouped(excess.open_quantity)} units: closing the excess",
    )


def _part(fill: Fill, quantity: int, trade: str) -> Fill:
    value = fill.value * quantity // fill.quantity
    return msgspec.structs.replace(fill, quantity=quantity, value=value, trade=trade)
