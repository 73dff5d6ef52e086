"""Whether a read of the broker tells less than is known: one judge for the engine, and for a shell without one.

What an order filled, and what was bought and sold in a day, never falls. A list that tells less comes from before
what is known, or is no list at all: empty is not flat. The fence belongs to the instrument.
"""

from collections.abc import Iterable

from engine.orders.messages import BookRead
from engine.orders.order import Order
from engine.setups.signal import Side


def orders_behind(known: Iterable[Order], read: BookRead) -> dict[str, str]:
    """Return instruments with an order of which the list tells fewer fills than are known, each with a sentence.

    An order whose id was never learned is looked for by its tag.
    """
    by_id = {row.order_id: row.filled_quantity for row in read.orders}
    by_tag = {row.tag: row.filled_quantity for row in read.orders if row.tag}
    behind: dict[str, str] = {}
    for order in known:
        if not order.filled:
            continue
        told = by_id.get(order.order_id) if order.order_id else by_tag.get(order.tag)
        if (told or 0) < order.filled:
            words = "does not list it" if told is None else f"tells of {told}"
            behind.setdefault(
                order.instrument, f"{order.tag} filled {order.filled}, the broker's order list {words}"
            )
    return behind


def positions_behind(known: Iterable[Order], read: BookRead) -> dict[str, str]:
    """Return instruments whose position is not what the known fills make of it and traded less than they did."""
    held = {position.instrument: position for position in read.positions}
    behind: dict[str, str] = {}
    for instrument, (bought, sold) in _traded(known).items():
        position = held.get(instrument)
        if position is None:
            if bought != sold:
                behind[instrument] = f"{bought} bought and {sold} sold, the broker lists no position"
        elif position.quantity != bought - sold and (
            position.buy_quantity < bought or position.sell_quantity < sold
        ):
            behind[instrument] = (
                f"{bought} bought and {sold} sold, the broker's position tells of "
                f"{position.buy_quantity} and {position.sell_quantity}"
            )
    return behind


def _traded(known: Iterable[Order]) -> dict[str, tuple[int, int]]:
    """Return units bought and sold by instrument."""
    traded: dict[str, tuple[int, int]] = {}
    for order in known:
        if order.filled:
            bought, sold = traded.get(order.instrument, (0, 0))
            if order.side is Side.BUY:
                traded[order.instrument] = bought + order.filled, sold
            else:
                traded[order.instrument] = bought, sold + order.filled
    return traded
