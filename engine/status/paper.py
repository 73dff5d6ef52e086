"""What a world's paper exchange says: its file is the broker there, and answers without the ledger too."""

from dataclasses import dataclass

import config
from engine.brokers.cursor_file import ExchangeError
from engine.brokers.paper.exchange import PaperExchange
from engine.brokers.paper.exchange_file import standing_book
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.market.calendar import CalendarError
from engine.market.charges import order_charges
from engine.market.clock import isoformat
from engine.market.price import Paise, rupees_of
from engine.market.session import TradingDay
from engine.market.side import Side
from engine.orders.messages import BrokerPosition, OrderReport, OrderType
from engine.orders.status_words import ENDED_WORDS
from engine.orders.tags import Ids
from engine.runtime.plan import RunPlan
from engine.settings.sections import ShellSections
from engine.status.broker_day_result import DayHolding
from engine.status.position_shares import by_fills
from engine.status.run_records import day_of, schedule
from engine.status.status_rows import order_row, stop_row
from engine.world.directories import WorldDirectory


@dataclass(frozen=True, slots=True)
class _Terms:
    """The day and the settings of a paper exchange: its run's own, or where the ledger is silent, the best guess."""

    day: TradingDay
    settings: ShellSections


def open_paper(
    directory: WorldDirectory, plan: RunPlan | None, settings: ShellSections | None, *, read_only: bool
) -> PaperExchange | str:
    """Return a world's paper exchange, or why it cannot be asked.

    Without a plan, for the ledger does not read, the file alone says what is open: of which day, and in what.
    """
    if not directory.exchange.exists():
        return f"{directory.exchange}: expected the exchange's file, got none; only a new run begins with an empty book"
    try:
        strange = _strange(directory, plan)
        if strange:
            return strange
        terms = _terms(directory, plan, settings)
        instruments = {} if plan is None else plan.by_key
        exchange = PaperExchange.open(
            directory.exchange, instruments, terms.day, terms.settings.paper, read_only=read_only
        )
    except (ExchangeError, CalendarError, ValueError) as error:
        return str(error)
    if not exchange.unnamed:
        return exchange
    names = ", ".join(exchange.unnamed)
    exchange.close()
    return (
        f"{directory.exchange}: expected the file to say what {names} is, in which something is open, got one that an "
        f"earlier version wrote; its run's plan says it: put a copy of {directory.ledger} back"
    )


def _strange(directory: WorldDirectory, plan: RunPlan | None) -> str:
    """Return why the file is not the book of the newest run; empty when it is, or that run has sent nothing yet.

    Raises ExchangeError for a file that is empty, torn or another program's.
    """
    book = standing_book(directory.exchange)
    if plan is None or (book is not None and book.cursor.run == plan.run):
        return ""
    try:
        with LedgerReader(directory.ledger) as ledger:
            if not ledger.records("intent", plan.run):
                return ""
    except LedgerError as error:
        return str(error)
    found = "one in which no run began" if book is None else f"that of {book.cursor.run}"
    return (
        f"{directory.exchange}: expected the book of {plan.run}, in which orders were sent, got {found}; put the file "
        "of that run back, or move this one away: the run's orders and positions are lost with it"
    )


def paper_status(
    directory: WorldDirectory, plan: RunPlan | None, settings: ShellSections
) -> dict[str, object] | str:
    """Return what the contract's status says of a paper exchange, or why it cannot be asked."""
    exchange = open_paper(directory, plan, settings, read_only=True)
    if isinstance(exchange, str):
        return exchange
    try:
        return _from_exchange(exchange, plan, _terms(directory, plan, settings).day)
    except (ExchangeError, CalendarError, ValueError) as error:
        return str(error)
    finally:
        exchange.close()


def _terms(directory: WorldDirectory, plan: RunPlan | None, settings: ShellSections | None) -> _Terms:
    """Return what a paper exchange is opened with; raises ExchangeError, CalendarError or ValueError."""
    if plan is not None:
        return _Terms(day_of(directory, plan), plan.configured())
    book = standing_book(directory.exchange)
    if book is None:
        raise ExchangeError(
            f"{directory.exchange}: expected the book of a run, got a file in which none began; move it away"
        )
    settings = settings or config.Settings()
    return _Terms(schedule(directory, book.day, settings.session), settings)


def _from_exchange(exchange: PaperExchange, plan: RunPlan | None, day: TradingDay) -> dict[str, object]:
    cursor = exchange.cursor
    orders = [order for order in exchange.orders if order.status not in ENDED_WORDS]
    positions = [position for position in exchange.positions if position.quantity]
    market_time = exchange.market_time
    instruments = exchange.instruments if plan is None else plan.instruments
    clean = exchange.flat and (plan is None or cursor.run == plan.run)
    pnl = _result(exchange, day, _carried(exchange, plan))
    paid = exchange.costs
    return {
        "phase": day.phase(instruments[0].kind, market_time).value if instruments else None,
        "feed": {
            "source": cursor.run.partition("-")[0] if plan is None else plan.choice.market.value,
            "time": isoformat(market_time),
            "updates": cursor.updates,
            "files": [] if plan is None else list(plan.choice.files),
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
    trigger = stops[-1].trigger_price if stops else None
    held = DayHolding(position.quantity, cost)
    pnl = None if mark is None else mark * position.quantity - cost
    return {
        "instrument": position.instrument,
        "quantity": position.quantity,
        **by_fills(position.quantity, held, held, None, blended=False, pnl=pnl),
        "stop": stop_row(trigger, covered, position.quantity),
    }


def _order(order: OrderReport) -> dict[str, object]:
    return order_row(
        order.tag,
        order.instrument,
        order.side.value,
        order.order_type.value,
        quantity=order.quantity,
        filled=order.filled_quantity,
        price=order.price,
        trigger_price=order.trigger_price,
        status=order.status,
    )


@dataclass(frozen=True, slots=True)
class _Carried:
    """What earlier runs of the day brought and paid, paise: their fills are not in the book any more."""

    realised: Paise = 0
    charges: Paise = 0


def _carried(exchange: PaperExchange, plan: RunPlan | None) -> _Carried:
    """Return what counts on from earlier runs; nought where the book is still theirs, for then it tells of it."""
    before = None if plan is None else plan.recovered
    if plan is None or before is None or before.limits.day != plan.day:
        return _Carried()
    own = Ids(plan.names)
    if not all(own.made(order.tag) for order in exchange.orders):
        return _Carried()
    return _Carried(before.realised, before.charges)


def _result(exchange: PaperExchange, day: TradingDay, carried: _Carried) -> dict[str, object]:
    """Return the day's result as the exchange's fills have it: cash flow plus what is held at its mark.

    What earlier runs of the day brought counts on. As on the screen and against the day's loss limit, ``charges`` are
    those paid and those of closing what is held.
    """
    cash = held = closing = 0
    kinds = {instrument.key: instrument.kind for instrument in exchange.instruments}
    known = True
    for position in exchange.positions:
        cash += position.sell_value - position.buy_value
        if position.quantity:
            mark = exchange.mark(position.instrument)
            known = known and mark is not None
            worth = (mark or 0) * position.quantity
            held += worth
            side = Side.SELL if position.quantity > 0 else Side.BUY
            closing += order_charges(kinds[position.instrument], side, abs(worth), day.day).total
    charges = carried.charges + exchange.charges + closing
    realised = carried.realised + exchange.realised
    net = carried.realised + cash + held - charges
    return {
        "realised": rupees_of(realised),
        "open": rupees_of(cash + held - exchange.realised) if known else None,
        "charges": rupees_of(charges),
        "net": rupees_of(net) if known else None,
    }
