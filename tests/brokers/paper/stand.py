"""A small market for the paper exchange: one day, three instruments, short ways to write orders and updates."""

from datetime import date, time
from pathlib import Path
from typing import Final

import config
from engine.brokers.paper.exchange import PaperExchange
from engine.market.clock import MILLISECOND, SECOND, Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.session import trading_day
from engine.market.side import Side
from engine.market.update import Bar, Level, MarketUpdate
from engine.orders.messages import BrokerEvent, ModifyOrder, OrderReport, OrderType, PlaceOrder, Role

DAY: Final = date(2025, 12, 15)
LATENCY: Final = 80 * MILLISECOND
WAIT: Final = 750 * MILLISECOND
TEN: Final = instant_at(DAY, time(10, 0))
STOCK: Final = "NSE_EQ|STOCK"
PLAIN: Final = "NSE_EQ|PLAIN"
OPTION: Final = "NSE_FO|OPTION"


def instruments() -> dict[str, Instrument]:
    """Return a stock with derivatives, one without, and an option."""
    rows = (
        Instrument(STOCK, "STOCK", InstrumentClass.AUCTION_STOCK, 10, 1, 100_000, Provenance.MASTER),
        Instrument(PLAIN, "PLAIN", InstrumentClass.STOCK, 10, 1, 100_000, Provenance.MASTER),
        Instrument(OPTION, "OPTION", InstrumentClass.OPTION, 5, 35, 1_800, Provenance.MASTER),
    )
    return {row.key: row for row in rows}


def open_exchange(path: Path | None = None, day: date = DAY, *, begin: bool = True) -> PaperExchange:
    """Return an exchange with a fresh run."""
    trading = trading_day(day, config.SessionSettings())
    exchange = PaperExchange.open(path, instruments(), trading, config.PaperSettings())
    if begin and not exchange.cursor.run:
        exchange.begin_run("run-1", instant_at(day, time(10, 0)))
    return exchange


def update(
    at: Instant,
    last: int,
    volume: int,
    *,
    bids: tuple[Level, ...] = (),
    asks: tuple[Level, ...] = (),
    key: str = STOCK,
    close: int = 100_000,
    day: tuple[int, int] | None = None,
    minute: tuple[Instant, int, int] | None = None,
    auction: bool = False,
    snapshot: bool = False,
) -> MarketUpdate:
    """Return an update arriving at ``at``; ``day`` is (high, low), ``minute`` (start, high, low)."""
    return MarketUpdate(
        instrument=key,
        arrival=at,
        trade_time=at - 300 * MILLISECOND,
        last=last,
        last_quantity=1,
        volume=volume,
        previous_close=close,
        bids=bids,
        asks=asks,
        day=None if day is None else Bar(at - 3_600 * SECOND, last, day[0], day[1], last, volume),
        minute=None if minute is None else Bar(minute[0], minute[1], minute[1], minute[2], minute[2], 1),
        auction=auction,
        snapshot=snapshot,
    )


def limit(tag: str, side: Side, quantity: int, price: int, key: str = STOCK) -> PlaceOrder:
    """Return a limit order."""
    return PlaceOrder(tag, key, side, Role.ENTRY, OrderType.LIMIT, quantity, price)


def leave(tag: str, side: Side, quantity: int, price: int, key: str = STOCK) -> PlaceOrder:
    """Return an exit: it takes the standing book where no newer one comes."""
    return PlaceOrder(tag, key, side, Role.EXIT, OrderType.LIMIT, quantity, price)


def stop(tag: str, side: Side, quantity: int, trigger: int, price: int, key: str = STOCK) -> PlaceOrder:
    """Return a stop-limit order."""
    return PlaceOrder(tag, key, side, Role.STOP, OrderType.STOP_LIMIT, quantity, price, trigger)


def moved(report: OrderReport, price: int, quantity: int = 0, trigger: int = 0) -> ModifyOrder:
    """Return a modification of a reported order; without a trigger it becomes a limit order."""
    kind = OrderType.STOP_LIMIT if trigger else OrderType.LIMIT
    return ModifyOrder(
        f"modify-{report.tag}", report.tag, report.order_id, kind, quantity or report.quantity, price, trigger
    )


def reports(events: list[BrokerEvent]) -> list[OrderReport]:
    """Return the order reports among broker events."""
    return [event for event in events if isinstance(event, OrderReport)]


def statuses(events: list[BrokerEvent]) -> list[str]:
    """Return the statuses reported, in order."""
    return [report.status for report in reports(events)]


def final(exchange: PaperExchange, tag: str) -> OrderReport:
    """Return the order with a tag as it stands."""
    return next(report for report in exchange.orders if report.tag == tag)
