"""How a live account stands, by the broker's own word: what is open and live in scope, what lies outside."""

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

from engine.brokers.upstox.book_reader import STANDS_FOR, BookReader, ContradictionError, WholeBook
from engine.brokers.upstox.gtt_reader import waiting_orders
from engine.brokers.upstox.register import ENDED_WORDS
from engine.brokers.upstox.translation import intraday
from engine.market.clock import SECOND, Instant
from engine.orders.messages import WaitingOrder
from engine.upstox.budget import Purpose
from engine.upstox.client import UpstoxClient
from engine.upstox.listed import Unread
from engine.upstox.outcome import CallFailed
from engine.upstox.records import INTRADAY, OrderRow, PositionRow

BETWEEN_PROOFS: Final = 0.5
"""Seconds between the two reads that prove flat."""

READ_AGAIN: Final = 2 * SECOND
"""Between two tries to read lists that contradict each other."""

STOP_TYPES: Final = frozenset({"SL", "SL-M"})

_EXCHANGES: Final = {"NSE_FO": "NFO", "BSE_FO": "BFO", "BSE_EQ": "BSE", "MCX_FO": "MCX"}


class Scope(StrEnum):
    """What is to be flat: everything intraday, or every product of the account."""

    INTRADAY = "intraday"
    ACCOUNT = "account"


class AccountStanding(msgspec.Struct, frozen=True):
    """What the broker says is open. ``known`` is False when it could not be asked: that is never flat."""

    known: bool
    positions: tuple[PositionRow, ...] = ()
    """Open positions in scope."""
    orders: tuple[OrderRow, ...] = ()
    """Live orders in scope."""
    outside_positions: int = 0
    outside_orders: int = 0
    problem: str = ""
    unread: tuple[Unread, ...] = ()
    """Rows that did not read and may be in scope: with one of them nothing is proven flat."""
    waiting: tuple[WaitingOrder, ...] = ()
    """GTT orders that may still fire: no position and no order, so that flat can be said beside them."""
    waiting_unknown: str = ""
    """Why they are not all known; empty when they are."""
    day: WholeBook | None = None
    """Everything the read showed: closed positions and ended orders too, of every product."""

    @property
    def flat(self) -> bool:
        """Say whether the broker showed nothing open and nothing live in scope, every row of it read."""
        return self.known and not self.positions and not self.orders and not self.unread

    @property
    def shape(self) -> tuple[object, ...]:
        """Return what a fill, a cancel or a new order would change; prices do not count."""
        positions = tuple((row.instrument, row.product, row.quantity) for row in self.positions)
        return positions, tuple((row.order_id, row.status, row.filled_quantity) for row in self.orders)


def account_standing(
    client: UpstoxClient,
    scope: Scope = Scope.INTRADAY,
    *,
    clock: Callable[[], Instant] = lambda: time.time_ns() // 1_000,
    sleep: Callable[[float], None] = time.sleep,
) -> AccountStanding:
    """Return what is open and live in scope by one consistent read of the broker.

    Lists that contradict each other are read again until they agree, or the difference is to be believed.
    """
    reader = BookReader(clock, sleep=sleep)
    gives_up = clock() + STANDS_FOR + READ_AGAIN
    while True:
        try:
            found = standing_of(reader.read(client, Purpose.KILL), scope)
            waiting, unknown = waiting_orders(client, Purpose.KILL)
            return msgspec.structs.replace(found, waiting=waiting, waiting_unknown=unknown)
        except ContradictionError as error:
            if clock() >= gives_up:
                return AccountStanding(known=False, problem=str(error))
            sleep(READ_AGAIN / SECOND)
        except CallFailed as error:
            return AccountStanding(known=False, problem=str(error))


def standing_of(book: WholeBook, scope: Scope) -> AccountStanding:
    """Return what a whole book says of a scope."""
    whole = scope is Scope.ACCOUNT
    open_positions = [row for row in book.positions if row.quantity]
    live = [row for row in book.orders if row.status not in ENDED_WORDS]
    positions = tuple(row for row in open_positions if whole or intraday(row))
    orders = tuple(row for row in live if whole or intraday(row))
    unread = tuple(
        row for row in book.unread if not row.nameless and (whole or row.product in ("", INTRADAY))
    )
    return AccountStanding(
        known=True,
        positions=positions,
        orders=orders,
        outside_positions=len(open_positions) - len(positions),
        outside_orders=len(live) - len(orders),
        problem="; ".join(f"a row could not be read: {row.words}" for row in unread),
        unread=unread,
        day=book,
    )


def exchange_of(instrument: str) -> str:
    """Return the exchange whose hours an instrument has, as the broker's status call names it."""
    return _EXCHANGES.get(instrument.partition("|")[0], "NSE")


def protects(order: OrderRow, position: PositionRow) -> bool:
    """Say whether a live order is a position's stop."""
    return (
        order.order_type in STOP_TYPES
        and (order.instrument, order.product) == (position.instrument, position.product)
        and (order.side == "SELL") == (position.quantity > 0)
    )


def closing_rank(position: PositionRow) -> tuple[bool, bool, int]:
    """Return the order of closing: shorts before longs, derivatives before stocks, the largest value first."""
    price = position.last_price or position.average_price or 0
    return (
        position.quantity > 0,
        not position.instrument.startswith("NSE_FO"),
        -abs(position.quantity) * price,
    )
