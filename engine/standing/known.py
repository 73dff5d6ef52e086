"""What the files of a world know of this trading day's orders, to hold the broker's lists against."""

from datetime import date
from typing import TypeVar

import msgspec

from engine.home import WorldDirectory
from engine.latch import wall_clock
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError, Run
from engine.market.clock import trading_date
from engine.orders.messages import PlaceOrder
from engine.orders.order import Order
from engine.orders.states import State
from engine.runtime.plan import Market, RunPlan

_Kind = TypeVar("_Kind")


def known_orders(directory: WorldDirectory, plan: RunPlan | None) -> tuple[Order, ...]:
    """Return every order that live runs of this trading day meant to send, each as it was last known.

    ``plan`` is the newest live run's; without one nothing is known. One that nobody heard of again is SUBMITTED.
    """
    if plan is None:
        return ()
    today = _today(plan)
    try:
        with LedgerReader(directory.ledger) as ledger:
            runs = [run for run in ledger.runs() if _counts(run, today)]
            return tuple(order for run in runs for order in _orders_of(ledger, run.run).values())
    except LedgerError:
        return ()


def _today(plan: RunPlan) -> date:
    """Return the trading day that it is: where the feed is the clock, the newest run's own."""
    try:
        by_feed = plan.configured().session.clock == "feed"
    except ValueError:
        by_feed = False
    return plan.day if by_feed else trading_date(wall_clock())


def _counts(run: Run, today: date) -> bool:
    return run.day == today and run.run.startswith(f"{Market.LIVE.value}-")


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
        state=State.SUBMITTED,
        sent_at=sent_at,
        answered=False,
    )
