"""Reading the whole book so that its parts agree: orders and positions come by two calls, and fills come between.

Positions that are newer than the orders would look like somebody else's trade, older ones like a position that is
gone. So both must tell the same net quantity; while they do not they are read again, and only a difference that has
stood still for longer than any list lags is taken as it is.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.listed import Listed, Unread
from engine.upstox.rest.outcome import CallFailed, InDoubt
from engine.upstox.rest.rate_limits import Purpose
from engine.upstox.rest.records import BrokerOrderRow, BrokerPositionRow

TRIES: Final = 3
AGAIN_AFTER: Final = 0.25
STANDS_FOR: Final = 10 * SECOND
"""How long one and the same difference must be told, over all reads, before it is believed."""

Difference = dict[str, tuple[int, int]]


class WholeBook(msgspec.Struct, frozen=True):
    """One consistent read: asked for at ``time``."""

    time: Instant
    orders: tuple[BrokerOrderRow, ...]
    positions: tuple[BrokerPositionRow, ...]
    unread: tuple[Unread, ...] = ()
    """Rows of either list that did not read and are not settled: what they concern is never flat."""

    @property
    def filled(self) -> int:
        """The units filled by all orders of the day: a count that never falls at the broker."""
        return sum(order.filled_quantity for order in self.orders)


class ContradictionError(CallFailed):
    """Positions and orders tell different things, and not for long enough yet to be believed."""


class BookReader:
    """Reads the whole book with one client. Any thread."""

    def __init__(self, clock: Callable[[], Instant], *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._standing: dict[str, tuple[tuple[int, int], Instant]] = {}
        """By instrument, the difference told last and since when."""
        self._carried: dict[tuple[str, str], BrokerPositionRow] = {}
        """Rows that were carried over night, by instrument and product, as a book that counted told of them."""

    def read(
        self,
        client: UpstoxClient,
        purpose: Purpose,
        orders: Callable[[], Listed[BrokerOrderRow]] | None = None,
    ) -> WholeBook:
        """Return the whole book; raise CallFailed when a part cannot be read, ContradictionError when two disagree.

        ``orders`` gives the list of orders where the caller shares it with others.
        """
        difference: Difference = {}
        for attempt in range(TRIES):
            asked = self._clock()
            listed = client.order_book(purpose) if orders is None else orders()
            told = whole_book(asked, listed, client.positions(purpose))
            book = self._with_carried(told)
            difference = differences(book)
            stands = self._stands(difference, asked)
            lost = _lost(told, difference) or (self._carried and not told.positions)
            if not difference or (stands >= STANDS_FOR and not lost):
                self._carried |= {_holding(row): row for row in told.positions if row.overnight_quantity}
                return book
            if attempt < TRIES - 1:
                self._sleep(AGAIN_AFTER)
        words = ", ".join(
            f"{key}: {held} held, {filled} filled" for key, (held, filled) in difference.items()
        )
        raise ContradictionError(InDoubt(f"positions and orders contradict each other: {words}"))

    def _with_carried(self, book: WholeBook) -> WholeBook:
        """Return a book with a row of nought for what was carried over night and is not listed any more.

        A broker may leave closed rows out; then the fills of the day must tell what became of it.
        """
        listed = {_holding(row) for row in book.positions}
        unread = {one.instrument for one in book.unread}
        gone = [
            row for key, row in self._carried.items() if key not in listed and row.instrument not in unread
        ]
        return msgspec.structs.replace(
            book, positions=(*book.positions, *(_closed(row, book.orders) for row in gone))
        )

    def _stands(self, difference: Difference, asked: Instant) -> int:
        """Return for how long all of a difference has stood still, microseconds."""
        before = self._standing
        self._standing = {
            key: before[key] if key in before and before[key][0] == told else (told, asked)
            for key, told in difference.items()
        }
        return min((asked - since for _, since in self._standing.values()), default=0)


def _holding(row: BrokerPositionRow) -> tuple[str, str]:
    return row.instrument, row.product


def _closed(row: BrokerPositionRow, orders: tuple[BrokerOrderRow, ...]) -> BrokerPositionRow:
    """Return a carried row as it would read once nothing of it is held, with what the day's orders traded in it."""
    ours = [order for order in orders if (order.instrument, order.product) == _holding(row)]
    bought = [order for order in ours if order.side == "BUY"]
    sold = [order for order in ours if order.side == "SELL"]
    return msgspec.structs.replace(
        row,
        quantity=0,
        day_buy_quantity=sum(order.filled_quantity for order in bought),
        day_buy_value=sum(order.filled_value for order in bought),
        day_sell_quantity=sum(order.filled_quantity for order in sold),
        day_sell_value=sum(order.filled_value for order in sold),
    )


def whole_book(
    time: Instant, orders: Listed[BrokerOrderRow], positions: Listed[BrokerPositionRow]
) -> WholeBook:
    """Return two lists as one book, with what of them did not read."""
    unread = tuple(one for one in (*orders.unread, *positions.unread) if not one.settled)
    return WholeBook(time, tuple(orders), tuple(positions), unread)


def differences(book: WholeBook) -> Difference:
    """Return instruments whose change of the day is not the sum of the day's fills: (held, filled).

    All products together, for a position may be converted from one to another. What did not read of an instrument
    leaves it out.
    """
    unread = {one.instrument for one in book.unread}
    held: defaultdict[str, int] = defaultdict(int)
    filled: defaultdict[str, int] = defaultdict(int)
    for position in book.positions:
        held[position.instrument] += position.quantity - position.overnight_quantity
    for order in book.orders:
        sign = 1 if order.side == "BUY" else -1
        filled[order.instrument] += sign * order.filled_quantity
    judged = sorted({*held, *filled} - unread)
    return {key: (held[key], filled[key]) for key in judged if held[key] != filled[key]}


def _lost(book: WholeBook, difference: Difference) -> bool:
    """Say whether one list knows nothing of what the other says was traded today.

    An empty list of positions must not look like flat, nor an empty list of orders like no stop that is live.
    """
    held = {position.instrument for position in book.positions}
    ordered = {order.instrument for order in book.orders}
    traded = {
        position.instrument
        for position in book.positions
        if position.day_buy_quantity or position.day_sell_quantity
    }
    return any(
        (filled and key not in held) or (key in traded - ordered) for key, (_, filled) in difference.items()
    )
