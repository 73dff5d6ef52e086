"""What the files of a world know of this trading day's orders, to hold the broker's lists against."""

from contextlib import suppress
from datetime import date
from typing import TypeVar

import msgspec

from engine.brokers.cursor_file import ExchangeError
from engine.brokers.upstox.place_file import kept_place
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError, Run
from engine.market.clock import trading_date
from engine.orders.messages import PlaceOrder
from engine.orders.order import Order
from engine.orders.reports import adopt
from engine.orders.states import OrderState
from engine.orders.tags import role_of
from engine.runtime.plan import RunMode, RunPlan, run_mode_of
from engine.world.directories import WorldDirectory
from engine.world.latch_file import wall_clock

_Kind = TypeVar("_Kind")


def known_orders(directory: WorldDirectory, plan: RunPlan | None) -> tuple[Order, ...]:
    """Return every order that live runs of this trading day meant to send, each as it was last known.

    ``plan`` is the newest live run's, None where no ledger tells of one. One that nobody heard of again is SUBMITTED.
    The ledger tells what was meant, the kept place what the broker told: of each order the larger fill counts.
    """
    today = _today(plan)
    found: dict[str, Order] = {}
    with suppress(LedgerError), LedgerReader(directory.ledger) as ledger:
        for run in ledger.runs():
            if _counts(run, today):
                found |= _orders_of(ledger, run.run)
    for order in _placed(directory, today):
        before = found.get(order.tag)
        if before is None or before.filled < order.filled:
            found[order.tag] = order
    return tuple(found.values())


def _today(plan: RunPlan | None) -> date:
    """Return the trading day that it is: where the feed is the clock, the newest run's own."""
    try:
        by_feed = plan is not None and plan.configured().session.clock == "feed"
    except ValueError:
        by_feed = False
    return plan.day if plan is not None and by_feed else trading_date(wall_clock())


def _placed(directory: WorldDirectory, today: date) -> tuple[Order, ...]:
    """Return what the kept place of a live run knows of the day's orders; nothing where it does not read."""
    try:
        place = kept_place(directory.place)
    except ExchangeError:
        return ()
    if place is None or place.day != today:
        return ()
    return tuple(adopt(report, role_of(report.tag), place.cursor.now).order for report in place.known)


def _counts(run: Run, today: date) -> bool:
    return run.day == today and run_mode_of(run.run) is RunMode.LIVE


def _orders_of(ledger: LedgerReader, run: str) -> dict[str, Order]:
    found: dict[str, Order] = {}
    for fact in ledger.records("intent", run):
        intent = _read(fact.payload, PlaceOrder)
        if intent is not None:
            found[intent.tag] = _submitted(intent, fact.time)
    for fact in ledger.records("order_event", run):
        # Requests are kept beside what became of them; they are no orders.
        order = _read(fact.payload, Order)
        if order is not None:
            found[order.tag] = order
    return found


def _read(payload: str, kind: type[_Kind]) -> _Kind | None:
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.DecodeError:
        return None


def _submitted(intent: PlaceOrder, sent_at: int) -> Order:
    return Order(
        tag=intent.tag,
        instrument=intent.instrument,
        side=intent.side,
        role=intent.role,
        order_type=intent.order_type,
        quantity=intent.quantity,
        price=intent.price,
        trigger_price=intent.trigger_price,
        trade=intent.trade,
        state=OrderState.SUBMITTED,
        sent_at=sent_at,
        answered=False,
    )
