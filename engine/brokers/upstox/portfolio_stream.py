"""The broker's portfolio stream: order updates from every platform, on a socket that is opened again for ever.

There is no sequence number, no promised order and no replay: updates are facts about one order each, ordered by
their content elsewhere, and after every connection the book is read. Ping and pong are the only sign of life in
quiet times.
"""

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

import config
from engine.upstox.address import AddressError
from engine.upstox.fields import FieldError
from engine.upstox.outcome import CallFailed
from engine.upstox.records import OrderRow, order_of
from engine.upstox.transport import CLIENT_NAME

STEADY_AFTER: Final = 30.0
"""Seconds a connection must live before the waits between connections start small again."""

LARGEST_MESSAGE: Final = 1024 * 1024
_QUIET_KINDS: Final = frozenset({"position", "holding", "gtt_order"})


@dataclass(frozen=True, slots=True)
class StreamState:
    """Where the stream stands. ``problem`` says why it is down, empty while it is up."""

    up: bool
    problem: str = ""


@dataclass(slots=True)
class StreamCounts:
    """What came over the stream."""

    connections: int = 0
    updates: int = 0
    garbage: int = 0
    """Messages that did not read; each asks for the book to be read."""
    other: int = 0
    """Messages about something else than orders."""


class _Direct(connect):
    """A connection that follows no redirect: only the authorised address may ever be opened."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Refuse."""
        return exc


class PortfolioStream:
    """Owns the connection; everything runs on one loop, but for ``authorize``, which has a thread of its own."""

    def __init__(
        self,
        authorize: Callable[[], str],
        settings: config.Feed,
        *,
        on_orders: Callable[[list[OrderRow]], None],
        on_state: Callable[[StreamState], None],
        on_garbage: Callable[[], None] = lambda: None,
        chance: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authorize = authorize
        self._settings = settings
        self._on_orders = on_orders
        self._on_state = on_state
        self._on_garbage = on_garbage
        self._chance = chance
        self._monotonic = monotonic
        self._closing = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "portfolio authorize")
        self._wait = settings.first_wait_seconds
        self.counts = StreamCounts()
        self.state = StreamState(up=False, problem="not connected yet")

    async def run(self) -> None:
        """Keep the stream open until it is closed."""
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            while not self._closing.is_set():
                serving = asyncio.ensure_future(self._connect_and_listen())
                await asyncio.wait({serving, closing}, return_when=asyncio.FIRST_COMPLETED)
                if not serving.done():
                    serving.cancel()
                    await asyncio.wait({serving})
                    break
                self._show(StreamState(up=False, problem=serving.result()))
                await self._stand_back()
        finally:
            closing.cancel()
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._show(StreamState(up=False, problem="closed"))

    def close(self) -> None:
        """End the stream. On the loop."""
        self._closing.set()

    async def _connect_and_listen(self) -> str:
        """Return why the connection ended."""
        settings, loop = self._settings, asyncio.get_running_loop()
        began: float | None = None
        try:
            async with asyncio.timeout(settings.open_seconds):
                url = await loop.run_in_executor(self._thread, self._authorize)
                secured = url.startswith("wss:")
                tls = (
                    await loop.run_in_executor(self._thread, ssl.create_default_context) if secured else None
                )
            async with _Direct(
                url,
                ssl=tls,
                open_timeout=settings.open_seconds,
                ping_interval=settings.ping_seconds,
                ping_timeout=settings.pong_seconds,
                close_timeout=1,
                max_size=LARGEST_MESSAGE,
                user_agent_header=CLIENT_NAME,
                proxy=None,
            ) as line:
                began = self._monotonic()
                self.counts.connections += 1
                self._show(StreamState(up=True))
                async for message in line:
                    self._take(message)
            return "the broker closed the stream"
        except CallFailed as error:
            return f"authorize: {error}"
        except TimeoutError:
            return f"expected a stream within {settings.open_seconds:g} s, got none"
        except (AddressError, WebSocketException, OSError) as error:
            # The address carries a single-use code: only the kind of failure is told.
            return type(error).__name__ if began is None else f"{type(error).__name__}: {error}"
        finally:
            if began is not None and self._monotonic() - began >= STEADY_AFTER:
                self._wait = settings.first_wait_seconds

    async def _stand_back(self) -> None:
        wait = self._wait * (0.5 + self._chance() / 2)
        self._wait = min(self._wait * 2, self._settings.longest_wait_seconds)
        try:
            async with asyncio.timeout(wait):
                await self._closing.wait()
        except TimeoutError:
            return

    def _show(self, state: StreamState) -> None:
        if state != self.state:
            self.state = state
            self._on_state(state)

    def _take(self, message: str | bytes) -> None:
        rows, broken = orders_in(message, self.counts)
        if rows:
            self.counts.updates += len(rows)
            self._on_orders(rows)
        if broken:
            self.counts.garbage += broken
            self._on_garbage()


def orders_in(message: str | bytes, counts: StreamCounts) -> tuple[list[OrderRow], int]:
    """Return the order rows of one message, and how much of it did not read."""
    try:
        decoded = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [], 1
    rows, broken = [], 0
    updates: Iterable[object] = decoded if isinstance(decoded, list) else [decoded]
    for update in updates:
        kind = update.get("update_type", "order") if isinstance(update, dict) else None
        if kind in _QUIET_KINDS:
            counts.other += 1
        elif isinstance(update, dict) and (kind == "order" or "order_id" in update):
            try:
                rows.append(order_of(update))
            except FieldError:
                broken += 1
        else:
            broken += 1
    return rows, broken
