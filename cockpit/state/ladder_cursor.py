"""The price that the trader points at on the ladder: which one, and where the next step leads.

It belongs to one instrument and is gone once another is chosen, so that nothing is ever aimed at a forgotten price.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.contract.auction_views import AuctionView
from engine.contract.views import LadderView


@dataclass(frozen=True, slots=True)
class LadderCursor:
    """A price of one instrument, in paise."""

    key: str
    price: int


def stepped(price: int, height: int, rows: int) -> int:
    """Return the lower edge some rows above (positive) or below the row that holds a price; never below the first."""
    return max(1, price // height + rows) * height


def next_stop(price: int, stops: Iterable[int], by: int) -> int | None:
    """Return the nearest of some prices above (positive) or below; None where none lies that way."""
    if by > 0:
        return min((stop for stop in stops if stop > price), default=None)
    return max((stop for stop in stops if stop < price), default=None)


def stops_of(ladder: LadderView, auction: AuctionView | None) -> frozenset[int]:
    """Return the prices that the cursor jumps between: our own, and every level that may be traded against.

    An average may lie between two ticks: the cursor stands where an order can, at the tick below.
    """
    tick = max(1, ladder.tick)
    prices = [level.price for level in ladder.own]
    if auction is not None and auction.key == ladder.key:
        prices += [level.price for level in auction.levels if level.is_usable]
    return frozenset(price // tick * tick for price in prices)
