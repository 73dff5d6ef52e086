"""What a world's paper exchange says: its file is the broker there."""

from engine.brokers.paper import PaperExchange
from engine.brokers.store import ExchangeError
from engine.home import WorldDirectory
from engine.market.calendar import CalendarError
from engine.market.charges import order_charges
from engine.market.clock import isoformat
from engine.market.price import Paise, rupees_of
from engine.market.session import TradingDay
from engine.orders.messages import BrokerPosition, OrderReport, OrderType
from engine.runtime.plan import RunPlan
from engine.standing.world import day_of

ENDED_STATUSES = frozenset({"complete", "cancelled", "rejected", "cancelled after market order"})


def open_paper(directory: WorldDirectory, plan: RunPlan, *, read_only: bool) -> PaperExchange | str:
    """Return the paper exchange of a world's run, or why it cannot be asked."""
    if not directory.exchange.exists():
        return f"{directory.exchange}: expected the exchange's file, got none; only a new run begins with an empty book"
    try:
        day = day_of(directory, plan)
        return PaperExchange.open(
            directory.exchange, plan.by_key, day, plan.configured().paper, read_only=read_only
        )
    except (ExchangeError, CalendarError, ValueError) as error:
        return str(error)


def paper_status(directory: WorldDirectory, plan: RunPlan) -> dict[str, object] | str:
    """Return what the contract's status says of a paper exchange, or why it cannot be asked."""
    exchange = open_paper(directory, plan, read_only=True)
    if isinstance(exchange, str):
        return exchange
    try:
        return _from_exchange(exchange, plan, day_of(directory, plan))
    finally:
        exchange.close()


def _from_exchange(exchange: PaperExchange, plan: RunPlan, day: TradingDay) -> dict[str, object]:
    cursor = exchange.cursor
    orders = [order for order in exchange.orders if order.status not in ENDED_STATUSES]
    positions = [position for position in exchange.positions if position.quantity]
    market_time = exchange.market_time
    kind = plan.instruments[0].kind
    clean = exchange.flat and cursor.run == plan.run
    pnl = _result(exchange, plan)
    paid = _paid(exchange)
    return {
        "phase": day.phase(kind, market_time).value,
        "feed": {
            "source": plan.choice.market.value,
            "time": isoformat(market_time),
            "updates": cursor.updates,
            "files": list(plan.choice.files),
        },
        "book": {
            "state": "FLAT" if clean else "OPEN",
            "verified_at": isoformat(market_time),
            "source": "broker",
        },
        "positions": [
            _position(position, orders, exchange.mark(position.instrument), paid[position.instrument])
            for position in positions
        ],
        "orders": [_order(order) for order in orders],
        "pnl": pnl,
    }


def _position(
    position: BrokerPosition, orders: list[OrderReport], mark: Paise | None, cost: Paise
) -> dict[str, object]:
    stops = [
        order
        for order in orders
        if order.instrument == position.instrument
        and order.order_type is OrderType.STOP_LIMIT
        and order.side.sign * position.quantity < 0
    ]
    covered = sum(order.quantity - order.filled_quantity for order in stops)
    stop = None
    if stops:
        state = "HELD" if covered >= abs(position.quantity) else "PARTIAL"
        stop = {"price": rupees_of(stops[-1].trigger_price), "state": state}
    pnl = None if mark is None else rupees_of(mark * position.quantity - cost)
    return {
        "instrument": position.instrument,
        "quantity": position.quantity,
        "average_price": round(cost / position.quantity / 100, 4),
        "stop": stop,
        "pnl": pnl,
    }


def _order(order: OrderReport) -> dict[str, object]:
    return {
        "tag": order.tag,
        "instrument": order.instrument,
        "side": order.side.value,
        "type": order.order_type.value,
        "quantity": order.quantity,
        "filled": order.filled_quantity,
        "price": rupees_of(order.price),
        "trigger_price": rupees_of(order.trigger_price) if order.trigger_price else None,
        "status": order.status,
    }


def _result(exchange: PaperExchange, plan: RunPlan) -> dict[str, object]:
    """Return the day's result as the exchange's fills have it: cash flow plus what is held at its mark."""
    cash = held = 0
    known = True
    for position in exchange.positions:
        cash += position.sell_value - position.buy_value
        if position.quantity:
            mark = exchange.mark(position.instrument)
            known = known and mark is not None
            held += (mark or 0) * position.quantity
    by_key = plan.by_key
    charges = sum(
        order_charges(by_key[order.instrument].kind, order.side, order.filled_value, plan.day).total
        for order in exchange.orders
        if order.filled_value
    )
    realised = cash + sum(_paid(exchange).values())
    net = cash + held - charges
    return {
        "realised": rupees_of(realised),
        "open": rupees_of(cash + held - realised) if known else None,
        "charges": rupees_of(charges),
        "net": rupees_of(net) if known else None,
    }


def _paid(exchange: PaperExchange) -> dict[str, Paise]:
    """Return what is held now at cost, by instrument, signed like its quantity: folded fill by fill, paise."""
    held: dict[str, tuple[int, Paise]] = {}
    for fill in exchange.fills:
        quantity, value = held.get(fill.instrument, (0, 0))
        signed = fill.quantity * fill.side.sign
        if quantity * signed >= 0:
            held[fill.instrument] = (quantity + signed, value + signed * fill.price)
            continue
        closing = min(abs(signed), abs(quantity))
        value -= value * closing // abs(quantity)
        beyond = abs(signed) - closing
        left = quantity + closing * fill.side.sign
        held[fill.instrument] = (
            (left, value) if not beyond else (beyond * fill.side.sign, beyond * fill.side.sign * fill.price)
        )
    return {instrument: value for instrument, (_, value) in held.items()}
