"""The account's GTT orders for core and for a shell: what waits at the broker, or why it is not known.

They are read beside the book and never hold it up: what fires becomes an order of the account, and the book tells that.
"""

from collections.abc import Callable, Iterable
from typing import Final

from engine.brokers.upstox.translation import product_of
from engine.market.clock import SECOND, Instant
from engine.market.side import Side
from engine.orders.messages import WaitingOrder
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.gtt import GttRow
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.rate_limits import Purpose

READ_EVERY: Final = 15 * SECOND
READ_EVERY_LATCHED: Final = 2 * SECOND
"""While the kill is on: what waits is named with FLAT."""


class GttReader:
    """Keeps what the newest list told. One thread at a time reads; any thread looks."""

    def __init__(self, clock: Callable[[], Instant]) -> None:
        self._clock = clock
        self._read_at: Instant | None = None
        self.waiting: tuple[WaitingOrder, ...] = ()
        self.problem = ""
        """Why the newest list could not be read; empty when it was. What waited before is kept."""

    def due(self, *, latched: bool) -> bool:
        """Say whether the list is to be read again."""
        every = READ_EVERY_LATCHED if latched else READ_EVERY
        return self._read_at is None or self._clock() - self._read_at >= every

    def read(self, client: UpstoxClient, purpose: Purpose) -> None:
        """Read the list and keep it, or keep why it could not be read."""
        self._read_at = self._clock()
        waiting, self.problem = waiting_orders(client, purpose)
        if not self.problem or waiting:
            self.waiting = waiting


def waiting_orders(client: UpstoxClient, purpose: Purpose) -> tuple[tuple[WaitingOrder, ...], str]:
    """Return the GTT orders that may still fire, and why the list does not tell them all; empty when it does."""
    try:
        rows = client.gtt_orders(purpose)
    except CallFailed as error:
        return (), f"GTT orders could not be listed: {error}"
    return waiting_of(rows), "; ".join(f"a GTT order could not be read: {row.words}" for row in rows.unread)


def waiting_of(rows: Iterable[GttRow]) -> tuple[WaitingOrder, ...]:
    """Return what core and a person must know of GTT orders: each leg that may fire next."""
    return tuple(
        WaitingOrder(
            gtt_id=row.gtt_id,
            instrument=row.instrument,
            symbol=row.symbol,
            side=Side.BUY if leg.side.startswith("B") else Side.SELL,
            quantity=row.quantity,
            trigger_price=leg.trigger_price,
            strategy=leg.strategy,
            product=product_of(row.product),
        )
        for row in rows
        for leg in row.waiting
    )
