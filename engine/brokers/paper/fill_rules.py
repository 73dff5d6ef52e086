"""How an order meets a book: pure rules, pessimistic by design.

The recorded or live market does not know of our fills, so what we take from a level is remembered and cannot be
taken again while that level stands.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.market.price import Paise
from engine.market.side import Side
from engine.market.update import Bar, Level

Take = tuple[Paise, int]
"""Price in paise and quantity of one fill."""


def reaches(side: Side, limit: Paise, price: Paise) -> bool:
    """Say whether a limit of this side may trade at a price."""
    return price <= limit if side is Side.BUY else price >= limit


def worse(side: Side, one: Paise, other: Paise) -> Paise:
    """Return the price that is worse for this side."""
    return max(one, other) if side is Side.BUY else min(one, other)


def walk(
    levels: Sequence[Level], eaten: Mapping[Paise, int], side: Side, limit: Paise, quantity: int, lot: int
) -> Iterator[Take]:
    """Yield what an order takes from the opposite side, best level first, within its limit and what is left there.

    Whole lots, as an exchange fills: what a book shows in another lot must not leave units that no order closes.
    """
    for price, displayed in levels:
        if quantity <= 0 or not reaches(side, limit, price):
            return
        taken = min(quantity, displayed - eaten.get(price, 0)) // lot * lot
        if taken > 0:
            quantity -= taken
            yield price, taken


def walk_worsened(
    levels: Sequence[Level],
    eaten: Mapping[Paise, int],
    side: Side,
    limit: Paise,
    quantity: int,
    spread: Paise,
    lot: int,
) -> Iterator[Take]:
    """Yield what an order takes of a book that is no newer than itself: each level worse by one spread."""
    away = spread * side.sign
    for price, taken in walk(levels, eaten, side, limit - away, quantity, lot):
        yield price + away, taken


def standing_spread(bids: Sequence[Level], asks: Sequence[Level], tick: Paise) -> Paise:
    """Return the spread of a book in paise, at least a tick; two ticks where one side is empty."""
    if not bids or not asks:
        return 2 * tick
    return max(asks[0][0] - bids[0][0], tick)


def still_eaten(eaten: Mapping[Paise, int], levels: Iterable[Level]) -> dict[Paise, int]:
    """Return our share of the levels that still stand: a level that left the book comes back whole."""
    return {price: min(eaten[price], displayed) for price, displayed in levels if price in eaten}


def swept(side: Side, limit: Paise, levels: Sequence[Level]) -> Paise:
    """Return the last visible level when a limit reaches beyond all of them; 0 when the book ends its reach."""
    return levels[-1][0] if levels and reaches(side, limit, levels[-1][0]) else 0


def traded_through(side: Side, limit: Paise, last: Paise) -> bool:
    """Say whether a trade went through a resting limit: at its price is not enough, others may stand before us."""
    return last < limit if side is Side.BUY else last > limit


def reached_beyond(side: Side, limit: Paise, bar: Bar, distance: Paise) -> bool:
    """Say whether a completed bar reached so far beyond a resting limit that it must have been filled."""
    return bar.low <= limit - distance if side is Side.BUY else bar.high >= limit + distance


def stop_reached(side: Side, trigger: Paise, price: Paise) -> bool:
    """Say whether a price fires a stop."""
    return price >= trigger if side is Side.BUY else price <= trigger


def stop_reached_in_bar(side: Side, trigger: Paise, bar: Bar) -> bool:
    """Say whether a bar's far extreme fires a stop."""
    return stop_reached(side, trigger, bar.high if side is Side.BUY else bar.low)
