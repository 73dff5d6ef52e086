"""Rows of a picture: open positions with the proof of their stops, and orders."""

from typing import Final

from engine.contract.views import OrderRow, PositionRow, StopStatus
from engine.core import Core
from engine.core.told_stop_moves import standing_stops, term_of
from engine.market.clock import MILLISECOND, Instant
from engine.market.figures import rupees
from engine.market.price import Paise, average_price
from engine.orders.messages import OrderType, Product, Role
from engine.orders.order import Order
from engine.orders.other_products import Holding as Carried
from engine.orders.states import OrderState
from engine.orders.stop_plan import covered
from engine.orders.targets import at_target
from engine.orders.trade import Mode, Trade
from engine.presenter.resting import rests_words
from engine.presenter.standstill import plight_view
from engine.risk.holdings import Holding
from engine.risk.marks import Mark, MarkState

ORDERS_SHOWN: Final = 30
_MOVING: Final = "moving"
"""Says of a stop that the broker has not confirmed its change."""


def position_row(core: Core, trade: Trade, now: Instant) -> PositionRow:
    """Return one open trade at its mark, with the proof of its stop."""
    # The kill may have taken over what nobody follows.
    instrument = core.market_state(trade.instrument, now).instrument
    holding = core.account.holding(trade, now)
    mark = None if holding is None else holding.mark
    pnl = r = None
    if mark is not None and mark.price is not None:
        pnl = (mark.price * trade.open_quantity - trade.cost) * trade.side.sign
        if trade.stop is not None and trade.stop.risk > 0:
            r = pnl / (trade.stop.risk * trade.open_quantity)
    target = trade.target_2 if trade.t1_done else trade.target_1
    shown = stop_shown(core, trade)
    moving = trade.stop is not None and shown is not None and shown != trade.stop.trigger
    return PositionRow(
        instrument=trade.instrument,
        symbol=_named(instrument.symbol, trade.product),
        tick=instrument.tick,
        quantity=trade.signed,
        average=trade.average or 0,
        mark=None if mark is None else mark.price,
        mark_quality="" if mark is None or mark.state is MarkState.LIVE else mark.state.value,
        mark_age_ms=mark_age(core, mark, now),
        pnl_at_stop=_at_stop(holding),
        pnl=pnl,
        r=r,
        stop=shown,
        stop_state=stop_state(core, trade),
        stop_term="" if shown is None else _term_shown(trade, shown),
        locked_r=None if trade.stop is None or moving else float(trade.stop.locked),
        target=target,
        target_state="" if target is None else "held" if at_target(trade) else "watched",
        setup=trade.setup,
        since=trade.opened_at,
        external=trade.external,
        outside=core.manager.portfolio.outside.get(trade.instrument, 0)
        if trade.product is Product.INTRADAY
        else 0,
        plight=plight_view(core, trade),
        limit=_limit_shown(core, trade),
        risk=None if holding is None else holding.risk,
        gap=None if holding is None else holding.gap,
        sized=trade.sized,
        one_r=None if trade.stop is None else trade.stop.risk,
    )


def _term_shown(trade: Trade, shown: Paise) -> str:
    """Return the term that set the stop in force, and where it is moving while a change is not proven."""
    term = term_of(trade, shown)
    if trade.stop is None or shown == trade.stop.trigger:
        return term
    return f"{term}, {_MOVING} to {rupees(trade.stop.trigger)}"


def mark_age(core: Core, mark: Mark | None, now: Instant) -> int | None:
    """Return how old a mark is that is not of now, milliseconds; None for one that is."""
    if mark is None or mark.since is None or mark.state is MarkState.LIVE:
        return None
    return max(0, core.market_state.arrival_time(now) - mark.since) // MILLISECOND


def _at_stop(holding: Holding | None) -> Paise | None:
    """Return the result if the stop slipped by its allowance, where the mark is no price to leave at; else None."""
    if holding is None or holding.stop is None or holding.mark.state is MarkState.LIVE:
        return None
    return (holding.stop * holding.quantity - holding.value) * holding.side.sign


def stop_shown(core: Core, trade: Trade) -> Paise | None:
    """Return the trigger that stands at the exchange, the farthest of several; before one stands, the wanted one.

    None where none stands and everything is being closed: the stop has become the exit.
    """
    standing = standing_stops(core.orders, trade)
    if standing:
        return standing[0].trigger_price
    return None if trade.stop is None or trade.mode is Mode.EXIT else trade.stop.trigger


def _limit_shown(core: Core, trade: Trade) -> Paise | None:
    """Return the limit of the stop that is shown."""
    standing = standing_stops(core.orders, trade)
    if standing:
        return standing[0].price
    return None if trade.stop is None or trade.mode is Mode.EXIT else trade.stop.limit


def stop_state(core: Core, trade: Trade) -> StopStatus:
    """Return HELD only when proven stops protect all that no exit on its way takes."""
    if trade.mode is Mode.EXIT:
        return StopStatus.EXITING
    external = core.manager.external
    reducing = tuple(
        one for one in core.orders.of(trade) if one.side is not trade.side and external.ours(one)
    )
    needed = trade.open_quantity - external.judged(trade)
    if not needed:
        # What others have sent closes all of it.
        return StopStatus.EXITING
    stops = [order for order in reducing if order.role is Role.STOP]
    if any(order.state is OrderState.IN_DOUBT for order in stops):
        return StopStatus.IN_DOUBT
    if stops and covered(reducing) >= needed:
        return StopStatus.HELD
    return StopStatus.PLACING if stops else StopStatus.MISSING


def _named(symbol: str, product: Product) -> str:
    """Return an instrument's name, with the product where it is not the one we trade."""
    return symbol if product is Product.INTRADAY else f"{symbol} {product.value}"


def outside_rows(core: Core) -> tuple[PositionRow, ...]:
    """Return what the broker holds beyond our own trades."""
    portfolio = core.manager.portfolio
    held: dict[Carried, int] = {(key, Product.INTRADAY): units for key, units in portfolio.outside.items()}
    rows = []
    for (key, product), quantity in {**held, **portfolio.carried}.items():
        instrument = core.instruments.get(key)
        update = core.market_state.update(key)
        rows.append(
            PositionRow(
                instrument=key,
                symbol=_named(key if instrument is None else instrument.symbol, product),
                tick=5 if instrument is None else instrument.tick,
                quantity=quantity,
                average=0,
                mark=None if update is None else update.last,
                mark_quality="EXTERNAL",
                pnl=None,
                r=None,
                stop=None,
                stop_state=StopStatus.MISSING,
                stop_term="",
                locked_r=None,
                target=None,
                target_state="",
                setup="EXTERNAL",
                since=0,
                external=True,
            )
        )
    return tuple(rows)


def order_rows(core: Core, now: Instant) -> tuple[OrderRow, ...]:
    """Return the newest orders, newest first."""
    rows = []
    for order in reversed(core.orders.all()[-ORDERS_SHOWN:]):
        instrument = core.instruments.get(order.instrument)
        rows.append(
            OrderRow(
                tag=order.tag,
                time=order.exchange_time or shown_time(core, order.sent_at, now),
                instrument=order.instrument,
                symbol=_named(order.instrument if instrument is None else instrument.symbol, order.product),
                tick=5 if instrument is None else instrument.tick,
                role=_role(order),
                side=order.side.value,
                type=order.order_type.value,
                quantity=order.quantity,
                filled=order.filled,
                price=order.price,
                trigger_price=order.trigger_price,
                average=average_price(order.filled_value, order.filled),
                state=order.state.value.replace("_", " "),
                message=order.message or rests_words(core, order),
            )
        )
    return (*_waiting_rows(core), *sorted(rows, key=lambda row: row.time, reverse=True))


def _waiting_rows(core: Core) -> tuple[OrderRow, ...]:
    """Return the account's GTT orders: they wait at the broker and became no order yet."""
    rows = []
    for waiting in core.manager.external.waiting:
        instrument = core.instruments.get(waiting.instrument)
        symbol = waiting.symbol or waiting.instrument
        rows.append(
            OrderRow(
                tag=waiting.gtt_id,
                time=0,
                instrument=waiting.instrument,
                symbol=_named(symbol if instrument is None else instrument.symbol, waiting.product),
                tick=5 if instrument is None else instrument.tick,
                role=waiting.strategy,
                side=waiting.side.value,
                type="GTT",
                quantity=waiting.quantity,
                filled=0,
                price=0,
                trigger_price=waiting.trigger_price,
                average=None,
                state="WAITING",
                message="not ours: it waits at the broker",
            )
        )
    return tuple(rows)


def _role(order: Order) -> str:
    """Return what an order is for now: a stop turned into a limit has become the exit."""
    exiting = order.role is Role.STOP and order.order_type is OrderType.LIMIT
    return Role.EXIT.value if exiting else order.role.value


def shown_time(core: Core, instant: Instant, now: Instant) -> Instant:
    """Return the market time of a past instant of the timers' clock, without pauses in between."""
    return core.market_time(now) - max(0, now - instant)
