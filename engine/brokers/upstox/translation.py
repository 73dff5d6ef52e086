"""From the broker's rows and outcomes to what core understands, and from core's requests to the broker's."""

from collections.abc import Iterable
from typing import Final

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.side import Side
from engine.orders.messages import (
    Acknowledged,
    BrokerEvent,
    BrokerPosition,
    CancelOrder,
    ModifyOrder,
    OrderReport,
    OrderType,
    PlaceOrder,
    Product,
    ReadBook,
    ReadFailed,
    ReadTag,
    Refused,
    Request,
    Unanswered,
)
from engine.rollout.stages import Stage, StageStanding
from engine.upstox.rest.client import Bulk
from engine.upstox.rest.outcome import MARKET_SHUT, Done, InDoubt, Outcome, Rejected
from engine.upstox.rest.records import INTRADAY, BrokerOrderRow, BrokerPositionRow
from engine.upstox.rest.terms import NewOrder

_TYPES: Final = {
    "LIMIT": OrderType.LIMIT,
    "MARKET": OrderType.LIMIT,
    "SL": OrderType.STOP_LIMIT,
    "SL-M": OrderType.STOP_LIMIT,
}
"""With market protection a MARKET order is a limit at the exchange, and an SL-M a stop limit."""

_PRODUCTS: Final = frozenset(product.value for product in Product if product is not Product.UNKNOWN)


def new_order(request: PlaceOrder) -> NewOrder:
    """Return the broker's order for a placement of ours."""
    return NewOrder(
        instrument=request.instrument,
        side=request.side.value,
        order_type=request.order_type.value,
        quantity=request.quantity,
        price=request.price,
        trigger_price=request.trigger_price,
        tag=request.tag,
        product=request.product.value,
    )


def stage_denial(request: PlaceOrder, standing: StageStanding) -> str:
    """Return why an entry may not leave where the rollout stands now; empty where it may.

    Nothing is entered in PAPER, nor by a stage that was lowered after the entry was judged.
    """
    judged = request.stage or Stage.PAPER
    if Stage.PAPER in (standing.stage, judged):
        return standing.doubt or "the rollout stands at PAPER: nothing is entered live"
    if standing.stage.rank < judged.rank:
        return f"it was sized in {judged.value}, and the rollout stands at {standing.stage.value}"
    return ""


def product_of(word: str) -> Product:
    """Return the product that a word of the broker's names."""
    return Product(word) if word in _PRODUCTS else Product.UNKNOWN


def report_of(row: BrokerOrderRow, tag: str, value: Paise, arrival: Instant, *, exact: bool) -> OrderReport:
    """Return core's report of a row; a row without any stamp counts as of its arrival."""
    return OrderReport(
        order_id=row.order_id,
        tag=tag,
        instrument=row.instrument,
        side=Side(row.side),
        order_type=_TYPES.get(row.order_type, OrderType.LIMIT),
        quantity=row.quantity,
        price=row.price,
        trigger_price=row.trigger_price,
        status=row.status,
        filled_quantity=row.filled_quantity,
        filled_value=value,
        time=row.time or arrival,
        message=row.message,
        product=product_of(row.product),
        exact=exact,
    )


def position_of(rows: Iterable[BrokerPositionRow]) -> BrokerPosition:
    """Return one position from its rows, which are all of one instrument and product."""
    rows = tuple(rows)
    return BrokerPosition(
        instrument=rows[0].instrument,
        quantity=sum(row.quantity for row in rows),
        buy_quantity=sum(row.day_buy_quantity for row in rows),
        buy_value=sum(row.day_buy_value for row in rows),
        sell_quantity=sum(row.day_sell_quantity for row in rows),
        sell_value=sum(row.day_sell_value for row in rows),
        product=product_of(rows[0].product),
        symbol=rows[0].symbol,
    )


def intraday(row: BrokerOrderRow | BrokerPositionRow) -> bool:
    """Say whether a row belongs to what we trade."""
    return row.product == INTRADAY


def answer_of(tag: str, request: str, outcome: Outcome) -> BrokerEvent:
    """Return what an outcome of a write says to core; ``request`` is empty for a placement."""
    match outcome:
        case Done(data=Bulk(order_ids=ids, errors=errors)):
            if ids:
                return Acknowledged(tag, ids[0], request)
            if errors:
                return Refused(tag, errors[0].code, errors[0].message, request)
            return Refused(tag, "NOTHING_FOUND", "the broker found no live order with this tag", request)
        case Done(data=ids):
            return Acknowledged(tag, ids[0], request)
        case InDoubt(detail=detail):
            return Unanswered(tag, detail, request)
        case _:
            lasting = isinstance(outcome, Rejected) and outcome.code not in MARKET_SHUT
            return Refused(tag, outcome.code, outcome.message, request, lasting=lasting)


def superseded(request: ModifyOrder | CancelOrder) -> Refused:
    """Return what core hears of a wish that a newer one of the same order replaced before it left."""
    text = "a newer wish of the same order took its place; nothing was sent"
    return Refused(request.tag, "SUPERSEDED", text, request.request, lasting=False, superseded=True)


def broken(request: Request, detail: str) -> BrokerEvent:
    """Return what core hears of a request that broke on our own side: no proof either way."""
    if isinstance(request, ReadBook | ReadTag):
        return ReadFailed(request.request, detail)
    return Unanswered(request.tag, detail, "" if isinstance(request, PlaceOrder) else request.request)
