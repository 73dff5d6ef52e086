"""What the exchange and the broker do by the clock: auction cancellations, auction matching, the close, square-off."""

from datetime import time
from functools import partial

from engine.market.clock import MILLISECOND, SECOND, instant_at
from tests.fake_upstox.exchange import Exchange
from tests.fake_upstox.listing import Listing
from tests.fake_upstox.market import narrow_band
from tests.fake_upstox.matching import Fill
from tests.fake_upstox.order import Order
from tests.fake_upstox.phases import Phase
from tests.fake_upstox.rules import Terms

_QUIET = time(15, 15)
_MATCHED = time(15, 30, 5)
_AUCTION_OVER = time(15, 35)
_LAPSED = time(15, 45)
_ONE_BY_ONE = 40 * MILLISECOND


def plan_closing(exchange: Exchange, square_off: time | None = None) -> None:
    """Put the day's fixed acts on the agenda; those already past are left out."""
    day, agenda = exchange.schedule.day, exchange.agenda
    acts = [
        (_LAPSED, lambda: lapse_orders(exchange)),
        (time(9, 15), lambda: open_after_market_orders(exchange)),
    ]
    if exchange.schedule.has_auction:
        acts += [
            (_QUIET, lambda: cancel_for_auction(exchange)),
            (_QUIET, lambda: narrow_futures(exchange)),
            (_MATCHED, lambda: match_auction(exchange)),
            (_AUCTION_OVER, lambda: end_auction(exchange)),
        ]
    if square_off is not None:
        acts.append((square_off, lambda: square_off_all(exchange)))
    for clock, act in acts:
        moment = instant_at(day, clock)
        if moment >= agenda.moment:
            agenda.at(moment, act)


def cancel_for_auction(exchange: Exchange) -> None:
    """Cancel what may not enter the closing auction: stops, disclosed quantities, prices outside the band."""
    for order in _auction_orders(exchange):
        quote = exchange.market.quote(order.listing.key)
        reach = quote.reference * 3 // 100
        outside = order.limit and abs(order.limit - quote.reference) > reach
        if order.waits_for_trigger or order.disclosed or outside:
            exchange.kill_order(
                order, "16391 : Order cancelled by the exchange for the closing auction session"
            )


def narrow_futures(exchange: Exchange) -> None:
    """Narrow the stock futures' bands to 3 % around their own reference; what lies outside goes one by one."""
    outside = []
    for order in exchange.working():
        listing = order.listing
        if listing.kind != "FUT" or listing.underlying_kind != "EQUITY":
            continue
        lower, upper = narrow_band(exchange.market.quote(listing.key))
        if not lower <= (order.limit or order.price or order.trigger) <= upper:
            outside.append(order)
    text = "16391 : Order cancelled by the exchange, price out of the new execution range"
    for place, order in enumerate(outside):
        exchange.agenda.after(place * _ONE_BY_ONE, partial(exchange.kill_order, order, text))
    exchange.market.narrow_stock_futures()


def match_auction(exchange: Exchange) -> None:
    """Match everybody at the reference price; market orders first."""
    orders = sorted(
        _auction_orders(exchange), key=lambda order: (order.order_type != "MARKET", order.sequence)
    )
    for order in orders:
        price = exchange.market.quote(order.listing.key).reference
        reached = order.limit >= price if order.side == "BUY" else order.limit <= price
        if not order.held and (order.order_type == "MARKET" or reached):
            exchange.fill(order, [Fill(order.left, price)])


def end_auction(exchange: Exchange) -> None:
    """Cancel what the auction left unmatched."""
    for order in _auction_orders(exchange):
        exchange.kill_order(order, "Unmatched order cancelled by the exchange after the closing auction")


def lapse_orders(exchange: Exchange) -> None:
    """Cancel day orders that outlived their market; how the broker shows them is not known."""
    for order in list(exchange.orders.values()):
        if not order.terminal and not order.is_amo and not exchange.readings.lapsed_orders_stay:
            exchange.kill_order(order, "Order cancelled at the end of the day")


def open_after_market_orders(exchange: Exchange) -> None:
    """Send waiting after-market orders of the morning to the exchange."""
    for order in list(exchange.orders.values()):
        if order.is_amo and not order.terminal:
            exchange.open(order)


def square_off_all(exchange: Exchange) -> None:
    """Close every product-I position as the broker does: stops cancelled, then market orders of its own."""
    for order in exchange.working():
        if order.product == "I":
            exchange.kill_order(order, "Order cancelled by RMS for auto square-off")
    for position in list(exchange.positions.values()):
        if position.product == "I" and position.quantity:
            close_position(exchange, position.listing, "I", placed_by="RMS")


def close_position(exchange: Exchange, listing: Listing, product: str, *, placed_by: str) -> list[Order]:
    """Place the protected market orders that close a position, none above the freeze quantity."""
    held = exchange.position(listing, product).quantity
    largest = listing.freeze // listing.lot * listing.lot
    sizes = [min(largest, abs(held) - done) for done in range(0, abs(held), largest)]
    return [
        exchange.place(
            Terms(
                listing=listing,
                side="SELL" if held > 0 else "BUY",
                quantity=size,
                product=product,
                validity="DAY",
                order_type="MARKET",
                price=0,
                trigger=0,
                disclosed=0,
                tag=None,
                slice=False,
                protection=-1.0,
            ),
            placed_by=placed_by,
        )
        for size in sizes
    ]


def plan_square_off(exchange: Exchange, seconds: float) -> None:
    """Let the broker's square-off come after some seconds of exchange time."""
    exchange.agenda.after(round(seconds * SECOND), lambda: square_off_all(exchange))


def _auction_orders(exchange: Exchange) -> list[Order]:
    return [
        order
        for order in exchange.working()
        if order.listing.kind == "EQ"
        and order.listing.auction
        and exchange.phase(order.listing) is not Phase.CONTINUOUS
    ]
