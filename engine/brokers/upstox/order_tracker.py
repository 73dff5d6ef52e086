"""What the broker's rows have told so far: whose order is whose, what is news, and what the account holds.

Updates without a tag wait for the placement that they may belong to, so that an order of ours is never taken for a
stranger's. Repeated rows are left out, for the stream and the polls tell the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from engine.brokers.upstox.book_reader import WholeBook
from engine.brokers.upstox.fill_values import AnyValue, FillValues
from engine.brokers.upstox.translation import intraday, position_of, product_of, report_of
from engine.market.clock import SECOND, Instant
from engine.orders.messages import BookRead, OrderReport, PlaceOrder, Product, UnreadRow
from engine.orders.other_products import Holding
from engine.orders.status_words import ENDED_WORDS
from engine.orders.tags import of_any_run
from engine.upstox.rest.listed import Unread
from engine.upstox.rest.records import INTRADAY, BrokerOrderRow, BrokerPositionRow, TradeRow, is_newer

HELD_FOR: Final = 10 * SECOND
"""How long an update without a tag waits for the placement that it may belong to."""


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """What the account holds beyond the scope: open positions and live orders of other products."""

    positions: int = 0
    orders: int = 0


@dataclass(frozen=True, slots=True)
class Doubt:
    """A placement without an answer, and since when."""

    order: PlaceOrder
    since: Instant


class OrderTracker:
    """Owns tags, ids, fill values and the last row of each order. One thread at a time: its owner locks."""

    def __init__(self, *, whole_account: bool, values: FillValues | None = None) -> None:
        self._whole_account = whole_account
        self.values = values or FillValues()
        self.placing: dict[str, PlaceOrder] = {}
        """Placements under way, by tag."""
        self.doubtful: dict[str, Doubt] = {}
        """Placements without an answer, until an id proves them."""
        self.outside = OutOfScope()
        self.repeated = 0
        """Rows that told nothing new."""
        self.held = 0
        """Rows that waited for a placement's answer."""
        self._tags: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._waiting: list[tuple[Instant, BrokerOrderRow]] = []
        self._told: dict[str, BrokerOrderRow] = {}
        self._latest: dict[str, BrokerOrderRow] = {}
        self._awaited: set[str] = set()
        """Orders that the broker acknowledged and no row has shown yet."""
        self._absent: set[str] = set()
        """Doubtful tags that a whole book did not list although it was read long after they were sent."""
        self._proven: dict[str, int] = {}

    @property
    def unproven(self) -> bool:
        """Whether units were filled that no whole book has shown yet."""
        return any(row.filled_quantity > self._proven.get(name, 0) for name, row in self._latest.items())

    @property
    def live(self) -> bool:
        """Whether an order is live, in doubt or on its way, as far as is known."""
        return (
            bool(self.placing)
            or bool(self._awaited)
            or not self._absent.issuperset(self.doubtful)
            or any(row.status not in ENDED_WORDS for row in self._latest.values())
        )

    @property
    def unsettled(self) -> bool:
        """Whether something filled whose value is not that of the broker's executions yet."""
        return not all(self.values.known(row) for row in self._latest.values())

    def known(self, now: Instant) -> list[OrderReport]:
        """Return what was told last of each order that bears a name of ours."""
        rows = [row for row in self._latest.values() if of_any_run(self._tag_of(row))]
        values = AnyValue()
        return [report_of(row, self._tag_of(row), values.value(row), now, exact=False) for row in rows]

    def learn_id(self, tag: str, order_id: str) -> None:
        """Note which order a tag belongs to."""
        self._tags[order_id] = tag
        self._ids.setdefault(tag, order_id)
        self.doubtful.pop(tag, None)

    def acknowledged(self, tag: str, order_id: str) -> None:
        """Note the id that the broker gave a placement: it is live until a row says otherwise."""
        self.learn_id(tag, order_id)
        if order_id not in self._latest:
            self._awaited.add(order_id)

    def unanswered(self, order: PlaceOrder, now: Instant) -> None:
        """Note a placement whose fate is not known."""
        self.doubtful[order.tag] = Doubt(order, now)

    def id_of(self, tag: str) -> str:
        """Return the id of a tag's order; empty while it is not known."""
        return self._ids.get(tag, "")

    def report(self, row: BrokerOrderRow, now: Instant) -> OrderReport:
        """Return core's report of a row, which is remembered as the order's state unless it is an old message."""
        known = self._latest.get(row.order_id)
        self._awaited.discard(row.order_id)
        if known is None or is_newer(row, known):
            self._latest[row.order_id] = row
        value = self.values.value(row)
        return report_of(row, self._tag_of(row), value, now, exact=self.values.exact(row))

    def executed(self, trades: Iterable[TradeRow], now: Instant) -> list[OrderReport]:
        """Return reports of the orders whose value, as it was told, the day's executions correct."""
        corrected = self.values.learn(trades)
        rows = [row for name, row in self._latest.items() if name in corrected and self.values.exact(row)]
        return [self.report(row, now) for row in rows]

    def news(self, rows: Iterable[BrokerOrderRow], now: Instant) -> list[OrderReport]:
        """Return reports of rows that say something new, those first that have waited.

        A row that says what was filled and that nothing prices waits for the next poll.
        """
        waiting, self._waiting = self._waiting, []
        fresh = []
        for since, row in [*waiting, *((now, row) for row in rows)]:
            concerns_us = self._concerns_us(row)
            if row.tag and concerns_us:
                self.learn_id(row.tag, row.order_id)
            if not self._tag_of(row) and now - since < HELD_FOR and self._may_be_ours(row):
                self._waiting.append((since, row))
                self.held += since == now
            elif self._told.get(row.order_id) == row:
                self.repeated += 1
            elif concerns_us and self.values.can_tell(row):
                self._told[row.order_id] = row
                fresh.append(self.report(row, now))
        return fresh

    def book_read(self, request: str, book: WholeBook, now: Instant) -> BookRead:
        """Return what core may see of a whole book: everything in scope; the rest is counted.

        Raises FieldError where nothing tells the price of what was filled.
        """
        orders, outside_orders = [], 0
        for row in book.orders:
            if self._concerns_us(row):
                if row.tag:
                    self.learn_id(row.tag, row.order_id)
                orders.append(self.report(row, now))
                self._told[row.order_id] = row
                self._proven[row.order_id] = row.filled_quantity
            elif row.status not in ENDED_WORDS:
                outside_orders += 1
        rows: dict[Holding, list[BrokerPositionRow]] = {}
        for position in book.positions:
            rows.setdefault((position.instrument, product_of(position.product)), []).append(position)
        held = [position_of(those) for those in rows.values()]
        scoped = tuple(one for one in held if self._whole_account or one.product is Product.INTRADAY)
        beyond = tuple(one for one in held if one not in scoped and one.quantity)
        self.outside = OutOfScope(len(beyond), outside_orders)
        self._absent |= {tag for tag, doubt in self.doubtful.items() if book.time - doubt.since >= HELD_FOR}
        return BookRead(
            request,
            book.time,
            book.filled,
            scoped,
            tuple(orders),
            beyond=beyond,
            orders_beyond=outside_orders,
            unread=self.unread(book.unread),
        )

    def unread(self, rows: Iterable[Unread]) -> tuple[UnreadRow, ...]:
        """Return what core must know of rows that did not read: those that may be ours, or in scope."""
        return tuple(
            UnreadRow(row.instrument, row.order_id, row.tag or self._tags.get(row.order_id, ""), row.words)
            for row in rows
            if self._may_matter(row)
        )

    def _may_matter(self, row: Unread) -> bool:
        """Say whether a row that did not read may be ours or in scope; one that names nothing tells of nothing."""
        if row.settled or row.nameless:
            return False
        ours = row.order_id in self._tags or row.tag in self._ids or row.tag in self.placing
        return ours or self._whole_account or row.product in ("", INTRADAY)

    def _may_be_ours(self, row: BrokerOrderRow) -> bool:
        return any(
            (order.instrument, order.side.value, order.quantity) == (row.instrument, row.side, row.quantity)
            for order in (*self.placing.values(), *(doubt.order for doubt in self.doubtful.values()))
        )

    def _concerns_us(self, row: BrokerOrderRow) -> bool:
        return (
            self._whole_account
            or intraday(row)
            or row.order_id in self._tags
            or row.tag in self.placing
            or row.tag in self.doubtful
        )

    def _tag_of(self, row: BrokerOrderRow) -> str:
        return row.tag or self._tags.get(row.order_id, "")
