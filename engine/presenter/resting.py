"""The trader's own resting orders in words."""

from engine.core import Core
from engine.market.clock import datetime_of
from engine.orders.order import Order


def rests_words(core: Core, order: Order) -> str:
    """Return until when an order of the trader's own rests; empty for any other, and once it has ended."""
    good_for = [one.good_for for one in core.trader_orders.rests(order.trade) if one.tag == order.tag]
    return f"rests until {datetime_of(good_for[0]):%H:%M}" if good_for and order.live else ""
