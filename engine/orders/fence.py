"""Whether a read of the broker tells less than is known: one judge for the engine, and for a shell without one.

What an order filled, and what was bought and sold in a day, never falls. A list that tells less comes from before
what is known, or is no list at all: empty is not flat. The fence belongs to the instrument, the patience with
positions that lag to each product of it.

A closed row may be left out of the list. That nothing is held follows where what was carried into the day, by an
earlier read that counted, and all known fills come to nought; else only the patience ends it.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant
from engine.market.figures import grouped
from engine.market.side import Side
from engine.orders.messages import BookRead, Product
from engine.orders.order import Order
from engine.orders.other_products import Holding

LAG_WITHIN: Final = 15 * SECOND
"""Positions that tell less than the fills are older than these for so long; then the broker must mean it."""


class Judgement(msgspec.Struct, frozen=True):
    """What a read is worth."""

    behind: dict[str, str]
    """The instruments that it does not count for, each with a sentence; it counts for every other one."""
    lagging: dict[Holding, Instant]
    """Positions that told less than their fills, and since when: handed to the next judgement."""


class Fence:
    """What judging one account's reads remembers from one to the next."""

    def __init__(self) -> None:
        self.lagging: dict[Holding, Instant] = {}
        """Positions that told less than our fills, and since when."""
        self.overnight: dict[Holding, int] = {}
        """Signed units of the other products than the intraday one that were carried into the day."""

    def learn(self, read: BookRead, behind: Container[str]) -> None:
        """Keep what a read that counted tells to have been carried into the day."""
        for row in read.positions:
            if row.product is not Product.INTRADAY and row.instrument not in behind:
                carried = row.quantity - row.buy_quantity + row.sell_quantity
                self.overnight[row.instrument, row.product] = carried


def judge(
    known: Iterable[Order],
    read: BookRead,
    asked: Instant,
    filled_at: Mapping[str, Instant],
    fence: Fence,
) -> Judgement:
    """Return what a read that was asked for at ``asked`` is worth against the orders that are known.

    ``filled_at`` is when the newest fill of each instrument became known, on the clock of ``asked``. A position that
    tells less is held against the read for LAG_WITHIN, an order that does so for ever.
    """
    known = tuple(known)
    late = positions_behind(known, read, fence.overnight)
    since = {holding: fence.lagging.get(holding, asked) for holding in late}
    behind = {one[0]: words for one, words in late.items() if asked - since[one] < LAG_WITHIN}
    behind |= orders_behind(known, read)
    behind |= {key: "asked for before its newest fill" for key, at in filled_at.items() if asked < at}
    return Judgement(behind, since)


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
            words = "does not list it" if told is None else f"tells of {grouped(told)}"
            behind.setdefault(
                order.instrument,
                f"{order.tag} filled {grouped(order.filled)}, the broker's order list {words}",
            )
    return behind


def positions_behind(
    known: Iterable[Order], read: BookRead, overnight: Mapping[Holding, int]
) -> dict[Holding, str]:
    """Return positions that are not what the known fills make of them and traded less than they did.

    ``overnight`` is what was carried into the day, as far as an earlier read has told.
    """
    held = {(position.instrument, position.product): position for position in read.positions}
    behind: dict[Holding, str] = {}
    for holding, (bought, sold) in _traded(known).items():
        position, expected = held.get(holding), overnight.get(holding, 0) + bought - sold
        if position is None:
            if expected:
                behind[holding] = (
                    f"{grouped(bought)} bought and {grouped(sold)} sold, the broker lists no position"
                )
        elif position.quantity != expected and (
            position.buy_quantity < bought or position.sell_quantity < sold
        ):
            behind[holding] = (
                f"{grouped(bought)} bought and {grouped(sold)} sold, the broker's position tells of "
                f"{grouped(position.buy_quantity)} and {grouped(position.sell_quantity)}"
            )
    return behind


def _traded(known: Iterable[Order]) -> dict[Holding, tuple[int, int]]:
    """Return units bought and sold by instrument and product."""
    traded: dict[Holding, tuple[int, int]] = {}
    for order in known:
        if order.filled:
            holding = order.instrument, order.product
            bought, sold = traded.get(holding, (0, 0))
            if order.side is Side.BUY:
                traded[holding] = bought + order.filled, sold
            else:
                traded[holding] = bought, sold + order.filled
    return traded
