"""What others do to the account: the phone, the broker's square-off, orders that wait at the broker, in pieces."""

from collections.abc import Mapping
from typing import Any

from engine.market.clock import SECOND, Instant
from tests.fake_upstox.closing import close_position
from tests.fake_upstox.exchange import Exchange
from tests.fake_upstox.listing import Listing
from tests.fake_upstox.matching import Fill
from tests.fake_upstox.order import Order
from tests.fake_upstox.rules import read_place

PHONE, SQUARE_OFF = "MOBILE", "RMS"
_DEFAULTS = {
    "validity": "DAY",
    "price": 0,
    "trigger_price": 0,
    "disclosed_quantity": 0,
    "market_protection": -1,
    "product": "I",
    "order_type": "MARKET",
}
_AT_THE_EXCHANGE = 40_000
"""Microseconds until a new order has arrived."""


def phone_order(exchange: Exchange, body: Mapping[str, Any], listings: Mapping[str, Listing]) -> Order:
    """Place an order as from another platform: no limits, no address, no hours; ``pieces`` and ``every`` seconds."""
    order = exchange.place(read_place(_DEFAULTS | dict(body), listings), placed_by=PHONE)
    in_pieces(exchange, order, int(body.get("pieces", 1)), _span(body))
    return order


def close_by_phone(exchange: Exchange, listing: Listing, body: Mapping[str, Any]) -> list[Order]:
    """Close a position as from another platform, perhaps in pieces."""
    orders = close_position(exchange, listing, str(body.get("product", "I")), placed_by=PHONE)
    for order in orders:
        in_pieces(exchange, order, int(body.get("pieces", 1)), _span(body))
    return orders


def square_off(exchange: Exchange, body: Mapping[str, Any]) -> list[Order]:
    """Close every position of a product as the broker does: its orders first cancelled or left, then in pieces."""
    product = str(body.get("product", "I"))
    if not body.get("keeping_stops", False):
        for order in exchange.working():
            if order.product == product:
                exchange.kill_order(order, "Order cancelled by RMS for auto square-off")
    sent = [
        order
        for position in list(exchange.positions.values())
        if position.product == product and position.quantity
        for order in close_position(exchange, position.listing, product, placed_by=SQUARE_OFF)
    ]
    for order in sent:
        in_pieces(exchange, order, int(body.get("pieces", 1)), _span(body))
    return sent


def in_pieces(exchange: Exchange, order: Order, pieces: int, every: Instant) -> None:
    """Keep the market away from an order and fill it piece by piece at the touch; one piece leaves it alone."""
    if pieces <= 1:
        return
    order.held = True
    lot = order.listing.lot
    size = max(order.quantity // lot // pieces, 1) * lot
    for number in range(pieces):
        most = order.quantity if number == pieces - 1 else size
        exchange.agenda.after(
            _AT_THE_EXCHANGE + number * every,
            lambda most=most: _piece(exchange, order, most),  # type: ignore[misc]
        )


def _piece(exchange: Exchange, order: Order, most: int) -> None:
    if order.terminal:
        return
    quote = exchange.market.quote(order.listing.key)
    side = quote.asks if order.side == "BUY" else quote.bids
    if not side or exchange.market.is_halted(order.listing) or order.waits_for_trigger:
        exchange.agenda.after(SECOND, lambda: _piece(exchange, order, most))
        return
    exchange.fill(order, [Fill(min(most, order.left), side[0].price)])


def _span(body: Mapping[str, Any]) -> Instant:
    return round(float(body.get("every", 1.0)) * SECOND)
