"""Closing the standing book of an exchange that has no engine: simple, complete, and marked STALE."""

from engine.brokers.paper.fill_rules import Take, walk, worse
from engine.brokers.paper.matching_engine import MatchingEngine
from engine.brokers.paper.records import STALE, Closed, InstrumentDepth
from engine.market.clock import Instant
from engine.market.side import Side
from engine.orders.kill import closing_rank
from engine.orders.messages import OrderType, PlaceOrder, Role
from engine.orders.tags import FLATTEN

_MESSAGE = "Cancelled by flatten without an engine"
_NO_LIMIT = {Side.BUY: 1 << 62, Side.SELL: 0}


def cancel_standing(floor: MatchingEngine, now: Instant) -> tuple[str, ...]:
    """Cancel every live order; return their tags."""
    return floor.register.cancel_all(_MESSAGE, floor.stamps.time(now))


def close_standing(floor: MatchingEngine, now: Instant) -> tuple[tuple[Closed, ...], tuple[str, ...]]:
    """Close every position against the stored books, in the order of every closing.

    What the visible depth does not hold is priced at its last level; a side without depth at the last price.
    Returns what was closed and which instruments have no price at all.
    """
    closed, unpriced = [], []
    register, time = floor.register, floor.stamps.time(now)
    kinds = {instrument.key: instrument for instrument in floor.instruments}

    def rank(held: tuple[str, int]) -> tuple[int, int, int, str]:
        key, quantity = held
        side = Side.BUY if quantity > 0 else Side.SELL
        return closing_rank(side, kinds.get(key), abs(quantity) * floor.depths[key].last, key)

    for key, quantity in sorted(((key, held) for key, held in register.net.items() if held), key=rank):
        side = Side.SELL if quantity > 0 else Side.BUY
        takes = _takes(floor.depths[key], side, abs(quantity))
        if not takes:
            unpriced.append(key)
            continue
        limit = takes[0][0]
        for price, _ in takes:
            limit = worse(side, limit, price)
        tag = f"{FLATTEN}{len(register.orders) + 1}"
        request = PlaceOrder(tag, key, side, Role.EXIT, OrderType.LIMIT, abs(quantity), limit)
        order = register.enter(request, floor.clock, time)
        register.make_live(order)
        register.fill(order, takes, STALE, time)
        closed.append(Closed(key, quantity, order.filled_value))
    return tuple(closed), tuple(unpriced)


def _takes(depth: InstrumentDepth, side: Side, quantity: int) -> list[Take]:
    levels, eaten = (depth.asks, depth.eaten_asks) if side is Side.BUY else (depth.bids, depth.eaten_bids)
    takes = list(walk(levels, eaten, side, _NO_LIMIT[side], quantity, 1))
    left = quantity - sum(taken for _, taken in takes)
    price = levels[-1][0] if levels else depth.last
    if left and price > 0:
        takes.append((price, left))
    return takes if price > 0 else []
