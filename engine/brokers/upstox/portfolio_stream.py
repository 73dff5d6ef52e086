"""The broker's portfolio stream: order updates from every platform, on a socket that is opened again for ever.

There is no sequence number, no promised order and no replay: updates are facts about one order each, ordered by
their content elsewhere, and after every connection the book is read. Ping and pong are the only sign of life in
quiet times.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import msgspec

import config
from engine.upstox.rest.fields import FieldError, text
from engine.upstox.rest.records import BrokerOrderRow, order_of
from engine.upstox.stream import LineState, Stream

LARGEST_MESSAGE: Final = 1024 * 1024
_QUIET_KINDS: Final = frozenset({"position", "holding", "gtt_order"})

StreamState = LineState


@dataclass(slots=True)
class StreamCounts:
    """What came over the stream."""

    updates: int = 0
    garbage: int = 0
    """Messages that did not read, or lacked the price of a fill; each asks for the book to be read."""
    other: int = 0
    """Messages about something else than orders."""


class PortfolioStream:
    """Owns the stream; everything runs on one loop, but for ``authorize``, which has a thread of its own."""

    def __init__(
        self,
        authorize: Callable[[], str],
        settings: config.FeedSettings,
        *,
        on_orders: Callable[[list[BrokerOrderRow]], None],
        on_state: Callable[[StreamState], None],
        on_garbage: Callable[[], None] = lambda: None,
        token: Callable[[], object] | None = None,
        chance: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authorize = authorize
        self._on_orders = on_orders
        self._on_garbage = on_garbage
        self._thread = ThreadPoolExecutor(1, "portfolio authorize")
        self._stream = Stream(
            self._address,
            settings,
            largest=LARGEST_MESSAGE,
            on_message=self._take,
            on_state=on_state,
            token=token,
            chance=chance,
            monotonic=monotonic,
        )
        self.counts = StreamCounts()

    @property
    def state(self) -> StreamState:
        """Where the stream stands."""
        return self._stream.state

    @property
    def connections(self) -> int:
        """How often it was opened."""
        return self._stream.connections

    async def run(self) -> None:
        """Keep the stream open until it is closed."""
        try:
            await self._stream.run()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End the stream. On the loop."""
        self._stream.close()

    async def _address(self) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._authorize)

    async def _take(self, message: str | bytes) -> None:
        rows, broken = orders_in(message, self.counts)
        if rows:
            self.counts.updates += len(rows)
            self._on_orders(rows)
        if broken:
            self.counts.garbage += broken
            self._on_garbage()


def orders_in(message: str | bytes, counts: StreamCounts) -> tuple[list[BrokerOrderRow], int]:
    """Return the order rows of one message, and how much of it did not read."""
    try:
        decoded = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [], 1
    rows, broken = [], 0
    updates: Iterable[object] = decoded if isinstance(decoded, list) and decoded else [decoded]
    for update in updates:
        row = update if isinstance(update, dict) else {}
        kind = text(row, "update_type")
        if kind in _QUIET_KINDS:
            counts.other += 1
        elif kind == "order" or "order_id" in row:
            try:
                order = order_of(row)
            except FieldError:
                broken += 1
                continue
            if order.priced:
                rows.append(order)
            else:
                # The book comes with the day's trades, which may know the price already.
                broken += 1
        else:
            broken += 1
    return rows, broken
