"""Where orders meet the market: what an open book and a trade fill of a resting order, and what a trade triggers."""

from dataclasses import dataclass

from tests.fake_upstox.market import Level, Quote
from tests.fake_upstox.order import Order


@dataclass(frozen=True)
class Fill:
    """A quantity at a price."""

    quantity: int
    price: int


def triggers(order: Order, quote: Quote) -> bool:
    """Say whether the last trade fires a waiting stop."""
    if not order.waits_for_trigger:
        return False
    return quote.last >= order.trigger if order.side == "BUY" else quote.last <= order.trigger


def take_from_book(order: Order, quote: Quote, most: int | None = None) -> list[Fill]:
    """Return what the visible other side gives inside the limit, taken off it."""
    fills: list[Fill] = []
    left = order.left if most is None else min(order.left, most)
    lot = order.listing.lot
    for level in _other_side(order, quote):
        if not left or not _reaches(order, level.price):
            break
        taken = min(left, level.left) // lot * lot
        if not taken:
            continue
        level.left -= taken
        left -= taken
        fills.append(Fill(taken, level.price))
    return fills


def take_from_trade(order: Order, quote: Quote) -> list[Fill]:
    """Return what trades beyond the limit gave a resting order: the queue at its own price comes first."""
    beyond = quote.last < order.limit if order.side == "BUY" else quote.last > order.limit
    if not beyond or not quote.traded_quantity:
        return []
    lot = order.listing.lot
    taken = min(order.left, quote.traded_quantity) // lot * lot
    return [Fill(taken, order.limit)] if taken else []


def _other_side(order: Order, quote: Quote) -> list[Level]:
    return quote.asks if order.side == "BUY" else quote.bids


def _reaches(order: Order, price: int) -> bool:
    return price <= order.limit if order.side == "BUY" else price >= order.limit
