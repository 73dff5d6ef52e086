"""Rows of the broker's lists that could not be read: what they may concern is in doubt, the rest of a list counts."""

from collections.abc import Iterable

from engine.orders.messages import UnreadRow
from engine.orders.order_book import OrderBook

ANYTHING = ""
"""Stands for the instrument where a row tells of none: no read proves an account flat with it."""


def in_doubt(orders: OrderBook, rows: Iterable[UnreadRow]) -> dict[str, str]:
    """Return instruments in doubt with a sentence each; a row without one is known by our tag or the broker's id."""
    found: dict[str, str] = {}
    for row in rows:
        order = orders.get(row.tag) or orders.by_id(row.order_id)
        instrument = row.instrument or (ANYTHING if order is None else order.instrument)
        found.setdefault(instrument, f"a row of the broker's could not be read: {row.detail}")
    return found
