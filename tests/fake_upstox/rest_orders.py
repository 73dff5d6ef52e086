"""Orders: place, modify, cancel, the bulk calls, the books and GTT."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from engine.market.clock import SECOND
from tests.fake_upstox.broker import Broker
from tests.fake_upstox.changes import cancel_order, find_order, modify_order
from tests.fake_upstox.closing import close_position
from tests.fake_upstox.errors import ORDERS_CLOSED, ApiError, bad
from tests.fake_upstox.kernel import Call, Reply, Route, success
from tests.fake_upstox.order import Order, facts_of
from tests.fake_upstox.phases import Phase
from tests.fake_upstox.rules import Terms, read_place
from tests.fake_upstox.shapes import Json

_MOST_LINES = 10
_MOST_SLICES = 10
_LATENCY = 30
_FILL_WAIT = 3.0


def place(call: Call) -> Reply:
    """Take an order in; the answer says received, no more."""
    orders = _place(call.broker, read_place(_body(call), call.broker.listings))
    reply = success({"order_ids": [order.order_id for order in orders]}, metadata={"latency": _LATENCY})
    if call.broker.faults.take("fill-before-answer", **facts_of(orders[-1])) is not None:
        reply.before_answer = lambda: _until_terminal(orders[-1])
    return reply


def place_old(call: Call) -> Reply:
    """Serve the second version, so that a log can prove who still calls it."""
    orders = _place(call.broker, read_place(_body(call), call.broker.listings, protection_known=False))
    return success({"order_id": orders[0].order_id})


def _place(broker: Broker, terms: Terms) -> list[Order]:
    freeze = terms.listing.freeze
    if not terms.slice or terms.quantity <= freeze:
        return [broker.exchange.place(terms)]
    if broker.exchange.phase(terms.listing) in (Phase.AUCTION_ENTRY, Phase.AUCTION_LIMIT):
        raise bad("UDAPI1118", "Slicing is not allowed in this session", "slice")
    piece = freeze // terms.listing.lot * terms.listing.lot
    pieces = -(-terms.quantity // piece)
    if pieces > _MOST_SLICES:
        raise bad("UDAPI1118", f"The order needs more than {_MOST_SLICES} slices", "quantity", terms.quantity)
    sizes = [min(piece, terms.quantity - place * piece) for place in range(pieces)]
    return [broker.exchange.place(replace(terms, quantity=size)) for size in sizes]


async def _until_terminal(order: Order) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(order.moved.wait(), _FILL_WAIT)


def modify(call: Call) -> Reply:
    """Start a change."""
    order = modify_order(call.broker.exchange, _body(call))
    return success({"order_id": order.order_id}, metadata={"latency": _LATENCY})


def cancel(call: Call) -> Reply:
    """Start a cancel."""
    order = cancel_order(call.broker.exchange, call.query.get("order_id"))
    return success({"order_id": order.order_id}, metadata={"latency": _LATENCY})


def place_many(call: Call) -> Reply:
    """Place line by line: some may be taken and others refused."""
    lines = call.body or []
    if not isinstance(lines, list) or not lines:
        raise bad("UDAPI10000", "Expected an array of orders")
    if len(lines) > _MOST_LINES:
        raise bad("UDAPI1100", f"The number of orders is above {_MOST_LINES}")
    names = [line.get("correlation_id") for line in lines]
    if len(set(names)) != len(names) or any(not name or len(str(name)) > 20 for name in names):
        raise bad("UDAPI1101", "The correlation_id is missing, too long or not unique", "correlation_id")
    data: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for line in lines:
        name = line["correlation_id"]
        try:
            if "slice" not in line:
                raise bad("UDAPI1102", "The 'slice' is required", "slice")
            orders = _place(call.broker, read_place(line, call.broker.listings))
        except ApiError as error:
            errors.append(error.line() | {"correlation_id": name})
            continue
        data += [{"correlation_id": name, "order_id": order.order_id} for order in orders]
    return _bulk(data, errors, len(lines), payload_error=len(errors))


def cancel_many(call: Call) -> Reply:
    """Cancel by segment and tag, ten at most."""
    segment, tag = call.query.get("segment"), call.query.get("tag")
    exchange = call.broker.exchange
    chosen = [
        order
        for order in exchange.orders.values()
        if not order.terminal and order.status != "cancel pending" and _chosen(order, segment, tag)
    ]
    if not chosen:
        raise bad("UDAPI1109", "No open orders found to cancel")
    return _each(chosen[:_MOST_LINES], lambda order: cancel_order(exchange, order.order_id))


def exit_all(call: Call) -> Reply:
    """Close positions with protected market orders, ten at most, buys first."""
    segment, tag = call.query.get("segment"), call.query.get("tag")
    exchange = call.broker.exchange
    if all(exchange.phase(row.listing) is Phase.CLOSED for row in exchange.positions.values()):
        raise bad("UDAPI1113", "No open positions, or the market is closed")
    tagged = {(order.listing.key, order.product) for order in exchange.orders.values() if order.tag == tag}
    rows = [
        row
        for key, row in exchange.positions.items()
        if row.quantity
        and segment in (None, row.listing.segment)
        and (tag is None or key in tagged)
        and not (row.listing.kind == "EQ" and row.product == "D")
    ]
    if not rows:
        raise bad("UDAPI1113", "No open positions, or the market is closed")
    rows.sort(key=lambda row: row.quantity > 0)
    data = [
        order.order_id
        for row in rows[:_MOST_LINES]
        for order in close_position(exchange, row.listing, row.product, placed_by="FAKE01")
    ]
    return _bulk({"order_ids": data}, [], len(data))


def _chosen(order: Order, segment: str | None, tag: str | None) -> bool:
    return segment in (None, order.listing.segment) and tag in (None, order.tag)


def _each(orders: list[Order], act: Callable[[Order], Order]) -> Reply:
    done: list[str] = []
    errors: list[dict[str, Any]] = []
    for order in orders:
        try:
            done.append(act(order).order_id)
        except ApiError as error:
            errors.append(error.line() | {"instrument_key": order.listing.key, "order_id": order.order_id})
    return _bulk({"order_ids": done}, errors, len(orders))


def _bulk(data: Json, errors: list[dict[str, Any]], total: int, payload_error: int = 0) -> Reply:
    summary = {
        "total": total,
        "success": total - len(errors),
        "error": len(errors),
        "payload_error": payload_error,
    }
    status = "error" if len(errors) == total else "partial_success" if errors else "success"
    body = {"status": status, "data": data, "errors": errors or None, "summary": summary}
    return Reply(body, {"success": 200, "partial_success": 207}.get(status, 400))


def order_book(call: Call) -> Reply:
    """Tell every order of the day."""
    exchange = call.broker.exchange
    return success([order.row() for order in exchange.orders.values() if exchange.visible(order)])


def details(call: Call) -> Reply:
    """Tell one order as it stands."""
    return success(find_order(call.broker.exchange, call.query.get("order_id")).row())


def history(call: Call) -> Reply:
    """Tell what one order, or every order of a tag, went through."""
    exchange = call.broker.exchange
    order_id, tag = call.query.get("order_id"), call.query.get("tag")
    if not order_id and not tag:
        raise bad("UDAPI100059", "Either the 'order_id' or the 'tag' is required")
    if order_id:
        orders = [find_order(exchange, order_id)]
    else:
        orders = [order for order in exchange.orders.values() if order.tag == tag and exchange.visible(order)]
    return success([row for order in orders for row in order.history])


def trades_of_order(call: Call) -> Reply:
    """Tell the fills of one order."""
    order = find_order(call.broker.exchange, call.query.get("order_id"))
    return success([trade.row() for trade in call.broker.exchange.trades if trade.order is order])


def trades_of_day(call: Call) -> Reply:
    """Tell every fill."""
    exchange = call.broker.exchange
    return success([trade.row() for trade in exchange.trades if exchange.visible(trade.order)])


def positions(call: Call) -> Reply:
    """Tell the positions, closed ones included."""
    exchange = call.broker.exchange
    faults, rows = call.broker.faults, list(exchange.positions.values())
    if faults.take("stale-positions") is not None:
        rows = exchange.positions_before()
    elif (lag := faults.take("lag-positions")) is not None:
        rows = exchange.positions_before(exchange.agenda.moment - round(lag.value("delay", 3.0) * SECOND))
    omits = exchange.readings.omits_flat_rows
    return success(
        [
            row.row(exchange.market.quote(row.listing.key).last)
            for row in rows
            if (row.bought or row.sold or row.overnight) and (row.quantity or not omits)
        ]
    )


def convert_position(call: Call) -> Reply:
    """Move a quantity of a position to another product at its average price."""
    body, exchange = _body(call), call.broker.exchange
    listing = call.broker.listings.get(str(body.get("instrument_token")))
    old, new, quantity = str(body.get("old_product")), str(body.get("new_product")), int(body["quantity"])
    held = None if listing is None else exchange.positions.get((listing.key, old))
    side = body.get("transaction_type")
    if quantity <= 0 or new == old or new not in ("I", "D"):
        raise bad("UDAPI1034", "The conversion is invalid", "new_product", new)
    sign = 1 if side == "BUY" else -1
    if listing is None or held is None or held.quantity * sign < quantity:
        raise bad("UDAPI1035", "The position to convert does not exist", "quantity", quantity)
    value, volume = (held.buy_value, held.bought) if side == "BUY" else (held.sell_value, held.sold)
    if volume < quantity:
        raise bad("UDAPI1035", "Only what was opened today can be converted", "quantity", quantity)
    price = round(value / volume)
    held.add(str(side), -quantity, price)
    exchange.position(listing, new).add(str(side), quantity, price)
    return success({"status": "complete"})


def holdings(_call: Call) -> Reply:
    """Tell that nothing is held for delivery."""
    return success([])


def place_gtt(call: Call) -> Reply:
    """Place a GTT order."""
    body = _body(call)
    listing = call.broker.listings.get(str(body.get("instrument_token")))
    if listing is None:
        raise bad("UDAPI100011", "Invalid Instrument key", "instrument_token", body.get("instrument_token"))
    return success({"gtt_order_ids": [call.broker.gtt.place(body).gtt_id]}, metadata={"latency": _LATENCY})


def modify_gtt(call: Call) -> Reply:
    """Change a GTT order."""
    return success(
        {"gtt_order_ids": [call.broker.gtt.modify(_body(call)).gtt_id]}, metadata={"latency": _LATENCY}
    )


def cancel_gtt(call: Call) -> Reply:
    """Cancel a GTT order."""
    gtt = call.broker.gtt.cancel(_body(call).get("gtt_order_id"))
    return success({"gtt_order_ids": [gtt.gtt_id]}, metadata={"latency": _LATENCY})


def gtt_details(call: Call) -> Reply:
    """Tell one GTT order, or all."""
    wanted = call.query.get("gtt_order_id")
    desk = call.broker.gtt
    return success([gtt.row() for gtt in ([desk.find(wanted)] if wanted else desk.orders.values())])


def _body(call: Call) -> dict[str, Any]:
    if not isinstance(call.body, dict):
        raise bad("UDAPI10000", "This request is not supported by Upstox API")
    return call.body


def _write(method: str, path: str, name: str, handler: Callable[[Call], Reply]) -> Route:
    return Route(method, path, name, handler, write=True, address=True, hours=ORDERS_CLOSED)


ROUTES = [
    _write("POST", "/v3/order/place", "place", place),
    _write("PUT", "/v3/order/modify", "modify", modify),
    _write("DELETE", "/v3/order/cancel", "cancel", cancel),
    _write("POST", "/v2/order/place", "place_v2", place_old),
    _write("PUT", "/v2/order/modify", "modify_v2", modify),
    _write("DELETE", "/v2/order/cancel", "cancel_v2", cancel),
    _write("POST", "/v2/order/multi/place", "multi_place", place_many),
    _write("DELETE", "/v2/order/multi/cancel", "multi_cancel", cancel_many),
    _write("POST", "/v2/order/positions/exit", "exit_all", exit_all),
    _write("POST", "/v3/order/gtt/place", "gtt_place", place_gtt),
    _write("PUT", "/v3/order/gtt/modify", "gtt_modify", modify_gtt),
    _write("DELETE", "/v3/order/gtt/cancel", "gtt_cancel", cancel_gtt),
    Route("GET", "/v3/order/gtt", "gtt_details", gtt_details),
    Route("GET", "/v2/order/retrieve-all", "order_book", order_book, hours=ORDERS_CLOSED),
    Route("GET", "/v2/order/details", "order_details", details, hours=ORDERS_CLOSED),
    Route("GET", "/v2/order/history", "order_history", history, hours=ORDERS_CLOSED),
    Route("GET", "/v2/order/trades/get-trades-for-day", "trades", trades_of_day, hours=ORDERS_CLOSED),
    Route("GET", "/v2/order/trades", "order_trades", trades_of_order, hours=ORDERS_CLOSED),
    Route("GET", "/v2/portfolio/short-term-positions", "positions", positions),
    Route("PUT", "/v2/portfolio/convert-position", "convert_position", convert_position),
    Route("GET", "/v2/portfolio/long-term-holdings", "holdings", holdings),
]
