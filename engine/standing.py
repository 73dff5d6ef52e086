"""Where a world stands, read from its files: with an engine, without one, or beside a hung one.

The paper exchange's file is the broker here. What it says is the broker's word; when it cannot be read the book is
UNKNOWN, never flat.
"""

from typing import Any

import msgspec

import config
from engine.brokers.paper import PaperExchange
from engine.brokers.store import ExchangeError
from engine.core import DayState
from engine.home import World, WorldDirectory
from engine.latch import read_latch
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.market.charges import order_charges
from engine.market.clock import isoformat
from engine.market.price import Paise, rupees_of
from engine.market.session import TradingDay, trading_day
from engine.orders.messages import BrokerPosition, OrderReport, OrderType
from engine.process import engine_state
from engine.runtime.plan import Market, RunPlan
from engine.runtime.run import RunError
from engine.runtime.run import read_plan as plan_of

_ENDED_STATUSES = frozenset({"complete", "cancelled", "rejected", "cancelled after market order"})


def read_plan(directory: WorldDirectory) -> RunPlan | None:
    """Return the plan of the world's newest run; None when there is none or it cannot be read."""
    try:
        with LedgerReader(directory.ledger) as ledger:
            run = ledger.last_run()
            return None if run is None else plan_of(run)
    except (LedgerError, RunError):
        return None


def was_never_used(directory: WorldDirectory) -> bool:
    """Say whether no run ever began here, so that no order can ever have been sent; False when that cannot be known."""
    if directory.exchange.exists():
        return False
    if not directory.ledger.exists():
        return True
    try:
        with LedgerReader(directory.ledger) as ledger:
            return not ledger.runs()
    except LedgerError:
        return False


def read_status(directory: WorldDirectory, settings: config.Settings) -> tuple[dict[str, object], str]:
    """Return the contract's status object of one world, and why it says less than it could (else empty)."""
    plan = read_plan(directory)
    latch = read_latch(directory.latch)
    state = engine_state(directory).value if directory.path.is_dir() else "none"
    status: dict[str, object] = {
        "world": directory.world.value,
        "mode": _mode(directory, plan, settings),
        "stage": "PAPER",
        "phase": None,
        "engine": state,
        "feed": {"source": None if plan is None else plan.choice.market.value, "time": None, "updates": None},
        "book": {"state": "UNKNOWN", "verified_at": None, "source": "ledger"},
        "positions": [],
        "orders": [],
        "pnl": {"realised": None, "open": None, "charges": None, "net": None},
        "risk": {"account": None, "day_loss_limit": None, "stopped_for_day": None},
        "latch": None
        if latch is None
        else {
            "state": latch.state.value,
            "since": isoformat(latch.since),
            "by": latch.by,
            "reason": latch.reason,
        },
    }
    if was_never_used(directory):
        return status, "this world was never used, so nobody was asked"
    if plan is None:
        return status, f"{directory.ledger}: expected the ledger's newest run, got none"
    try:
        day = trading_day(plan.day, plan.configured().session)
        exchange = PaperExchange.open(
            directory.exchange, plan.by_key, day, plan.configured().paper, read_only=True
        )
    except (ExchangeError, ValueError) as error:
        return status, str(error)
    try:
        return {**status, **_from_exchange(exchange, plan, day), "risk": _risk(directory, plan)}, ""
    finally:
        exchange.close()


def describe(status: dict[str, Any], problem: str) -> str:
    """Return a status as plain lines, for a person or a screen reader."""
    book, pnl, feed = status["book"], status["pnl"], status["feed"]
    lines = [
        f"world {status['world']} ({status['mode']}, stage {status['stage']}), engine {status['engine']}",
        f"market {feed['source'] or 'none'}, {status['phase'] or 'no session'}, at {feed['time'] or '?'}",
        f"book {book['state']} (by the {book['source']}, {book['verified_at'] or 'never'})",
    ]
    for position in status["positions"]:
        stop = position["stop"]
        held = "no stop" if stop is None else f"stop {stop['price']} {stop['state']}"
        lines.append(
            f"  {position['quantity']:+d} {position['instrument']} at {position['average_price']}, {held}"
        )
    lines += [
        f"  order {order['side']} {order['quantity']} {order['instrument']} {order['type']} {order['status']}"
        for order in status["orders"]
    ]
    if pnl["net"] is not None:
        lines.append(
            f"result {pnl['net']}: realised {pnl['realised']}, open {pnl['open']}, charges {pnl['charges']}"
        )
    latch = status["latch"]
    lines.append(
        "latch off" if latch is None else f"LATCH {latch['state']} since {latch['since']} by {latch['by']}"
    )
    if problem:
        lines.append(problem)
    return "\n".join(lines)


def _mode(directory: WorldDirectory, plan: RunPlan | None, settings: config.Settings) -> str:
    if directory.world is World.ACCOUNT:
        return settings.account.mode
    if plan is not None:
        return plan.choice.market.value
    return Market.SIMULATED.value if directory.world is World.DEMO else Market.REPLAY.value


def _from_exchange(exchange: PaperExchange, plan: RunPlan, day: TradingDay) -> dict[str, object]:
    cursor = exchange.cursor
    orders = [order for order in exchange.orders if order.status not in _ENDED_STATUSES]
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


def _risk(directory: WorldDirectory, plan: RunPlan) -> dict[str, object]:
    try:
        with LedgerReader(directory.ledger) as ledger:
            fact = ledger.day_state(plan.day, plan.run)
        state = None if fact is None else msgspec.json.decode(fact.payload, type=DayState)
    except (LedgerError, msgspec.DecodeError):
        state = None
    if state is None:
        return {
            "account": plan.configured().account.capital,
            "day_loss_limit": None,
            "stopped_for_day": False,
        }
    return {
        "account": rupees_of(state.limits.account),
        "day_loss_limit": rupees_of(state.limits.loss_limit),
        "stopped_for_day": state.limits.stopped,
    }


def stopped_for_day(directory: WorldDirectory) -> str:
    """Return why a world may not trade again today; empty when it may."""
    plan = read_plan(directory)
    if plan is None:
        return ""
    if _risk(directory, plan)["stopped_for_day"]:
        return f"the daily loss limit was reached on {plan.day:%d %B %Y}; the latch stays until the next trading day"
    return ""
