"""How a live account stands, by the broker's own word: what is open and live in scope, what lies outside."""

import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final

import msgspec

from engine.brokers.upstox.book_reader import STANDS_FOR, BookReader, ContradictionError, WholeBook
from engine.brokers.upstox.fill_values import AnyValue
from engine.brokers.upstox.gtt_reader import waiting_orders
from engine.brokers.upstox.order_tracker import OrderTracker
from engine.brokers.upstox.translation import intraday, product_of
from engine.market.clock import SECOND, Instant
from engine.orders.fence import Fence, judge
from engine.orders.messages import BookRead, WaitingOrder
from engine.orders.order import Order
from engine.orders.other_products import Holding, Left, left_of
from engine.orders.status_words import ENDED_WORDS
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.listed import Unread
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.rate_limits import Purpose
from engine.upstox.rest.records import INTRADAY, BrokerOrderRow, BrokerPositionRow

READ_AGAIN: Final = 2 * SECOND
"""Between two tries to read lists that contradict each other."""

OVER: Final = frozenset({"NORMAL_CLOSE", "CLOSING_START", "CLOSING_END"})
"""What the broker calls an exchange that takes no exit any more today."""

LISTS_LAG: Final = 3 * SECOND
"""Lists that tell less than is known may only be late for so long."""

STOP_TYPES: Final = frozenset({"SL", "SL-M"})

_EXCHANGES: Final = {"NSE_FO": "NFO", "BSE_FO": "BFO", "BSE_EQ": "BSE", "MCX_FO": "MCX"}


class FlattenScope(StrEnum):
    """What is to be flat: everything intraday, or every product of the account."""

    INTRADAY = "intraday"
    ACCOUNT = "account"


class AccountStanding(msgspec.Struct, frozen=True):
    """What the broker says is open. ``known`` is False when it could not be asked: that is never flat."""

    known: bool
    positions: tuple[BrokerPositionRow, ...] = ()
    """Open positions in scope."""
    orders: tuple[BrokerOrderRow, ...] = ()
    """Live orders in scope."""
    left: tuple[Left, ...] = ()
    """Open positions that the kill leaves alone: beyond its scope, or not to be closed by an order."""
    outside_orders: tuple[BrokerOrderRow, ...] = ()
    """Live orders beyond the scope."""
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
        """Whether the broker showed nothing open and nothing live in scope, every row of it read."""
        return self.known and not self.positions and not self.orders and not self.unread

    @property
    def shape(self) -> tuple[object, ...]:
        """What a fill, a cancel or a new order would change; prices do not count."""
        positions = tuple((row.instrument, row.product, row.quantity) for row in self.positions)
        return positions, tuple((row.order_id, row.status, row.filled_quantity) for row in self.orders)


def account_standing(
    client: UpstoxClient,
    scope: FlattenScope = FlattenScope.INTRADAY,
    *,
    known: Iterable[Order] = (),
    clock: Callable[[], Instant] = lambda: time.time_ns() // 1_000,
    sleep: Callable[[float], None] = time.sleep,
) -> AccountStanding:
    """Return what is open and live in scope by one consistent read of the broker.

    Lists that contradict each other are read again until they agree, or the difference is to be believed. Lists that
    tell less than the ``known`` orders of the day are no answer: what is open is not known then.
    """
    reader = BookReader(clock, sleep=sleep)
    gives_up, lags_until = clock() + STANDS_FOR + READ_AGAIN, clock() + LISTS_LAG
    while True:
        try:
            book = reader.read(client, Purpose.KILL)
            why = told_less(known, book)
            if why and clock() < lags_until:
                sleep(READ_AGAIN / SECOND)
                continue
            if why:
                return AccountStanding(known=False, problem=why)
            waiting, unknown = waiting_orders(client, Purpose.KILL)
            found = standing_of(book, scope)
            return msgspec.structs.replace(found, waiting=waiting, waiting_unknown=unknown)
        except ContradictionError as error:
            if clock() >= gives_up:
                return AccountStanding(known=False, problem=str(error))
            sleep(READ_AGAIN / SECOND)
        except CallFailed as error:
            return AccountStanding(known=False, problem=str(error))


def told_less(known: Iterable[Order], book: WholeBook) -> str:
    """Return how a whole book tells less than is known of the day's orders; empty when it does not."""
    known = tuple(known)
    judgement = judge(known, _as_core_reads(book, known, whole_account=True), book.time, {}, Fence())
    names = {row.instrument: row.symbol for row in book.orders}
    names |= {row.instrument: row.symbol for row in book.positions}
    words = "; ".join(f"{names.get(key) or key}: {why}" for key, why in judgement.behind.items())
    return f"the broker's lists tell less than is known of today's orders: {words}" if words else ""


def standing_of(book: WholeBook, scope: FlattenScope, refused: Iterable[Holding] = ()) -> AccountStanding:
    """Return what a whole book says of a scope; ``refused`` is what the broker would not let us close."""
    whole = scope is FlattenScope.ACCOUNT
    left = left_of(_as_core_reads(book, (), whole_account=whole), refused)
    alone = {(one.instrument, one.product) for one in left}
    open_positions = [row for row in book.positions if row.quantity]
    live = [row for row in book.orders if row.status not in ENDED_WORDS]
    orders = tuple(row for row in live if whole or intraday(row))
    unread = tuple(
        row for row in book.unread if not row.nameless and (whole or row.product in ("", INTRADAY))
    )
    return AccountStanding(
        known=True,
        positions=tuple(
            row for row in open_positions if (row.instrument, product_of(row.product)) not in alone
        ),
        orders=orders,
        left=left,
        outside_orders=tuple(row for row in live if row not in orders),
        problem="; ".join(f"a row could not be read: {row.words}" for row in unread),
        unread=unread,
        day=book,
    )


def _as_core_reads(book: WholeBook, known: Iterable[Order], *, whole_account: bool) -> BookRead:
    register = OrderTracker(whole_account=whole_account, values=AnyValue())
    for order in known:
        if order.order_id:
            register.learn_id(order.tag, order.order_id)
    return register.book_read("standing", book, book.time)


def exchange_of(instrument: str) -> str:
    """Return the exchange whose hours an instrument has, as the broker's status call names it."""
    return _EXCHANGES.get(instrument.partition("|")[0], "NSE")


def protects(order: BrokerOrderRow, position: BrokerPositionRow) -> bool:
    """Say whether a live order is a position's stop."""
    return (
        order.order_type in STOP_TYPES
        and (order.instrument, order.product) == (position.instrument, position.product)
        and (order.side == "SELL") == (position.quantity > 0)
    )
