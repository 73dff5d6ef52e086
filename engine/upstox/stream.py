"""A socket of the broker that is opened for ever: authorize, connect, listen, stand back, again.

Every connection needs an address of its own, which holds a single-use code: no text of ours ever shows one. A ping
that is not answered ends a connection, unless data flows: an answer can be stuck behind it. Silence ends nothing,
quiet times have no data.
"""

import asyncio
import logging
import random
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException

import config
from engine.system.plain_text import plain, words_of
from engine.upstox.rest.address import AddressError
from engine.upstox.rest.hiding import Secrets
from engine.upstox.rest.outcome import CallFailed, SignInAgain
from engine.upstox.rest.token import Token
from engine.upstox.rest.transport import CLIENT_NAME

STEADY_AFTER: Final = 30.0
"""Seconds a connection must live before the waits between connections start small again."""
_LOOK_SECONDS: Final = 0.25
"""Between two looks for a new token."""
_CLOSE_SECONDS: Final = 1.0

_MUTE: Final = logging.getLogger(f"{__name__}.library")
_MUTE.disabled = True
"""The library's own lines would show addresses, each with its single-use code."""


@dataclass(frozen=True, slots=True)
class LineState:
    """Where a stream stands. ``problem`` says why it is down, empty while it is up."""

    up: bool
    problem: str = ""


class _Direct(connect):
    """A connection that follows no redirect: only the authorised address may ever be opened."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Refuse."""
        return exc


class Stream:
    """Owns the connection; everything runs on one loop. Only faults of our own ever leave ``run``."""

    def __init__(
        self,
        authorize: Callable[[], Awaitable[str]],
        settings: config.FeedSettings,
        *,
        largest: int,
        on_message: Callable[[str | bytes], Awaitable[None]],
        on_state: Callable[[LineState], None],
        greeting: Callable[[], Iterable[bytes]] = tuple,
        token: Callable[[], object] | None = None,
        chance: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the owner's part: ``greeting`` is sent first on each connection, ``largest`` bounds a message (bytes).

        With ``token``, a refusal of the sign-in is followed by the next try as soon as it returns something new.
        """
        self._authorize = authorize
        self._settings = settings
        self._largest = largest
        self._on_message = on_message
        self._on_state = on_state
        self._greeting = greeting
        self._token = token
        self._chance = chance
        self._monotonic = monotonic
        self._closing = asyncio.Event()
        self._finished: asyncio.Event | None = None
        self._wait = settings.first_wait_seconds
        self._refused: tuple[object] | None = None
        self._dead = ""
        self._heard_at = 0.0
        self._waiting: deque[bytes] = deque()
        self._some = asyncio.Event()
        self._tls: ssl.SSLContext | None = None
        self._secrets = Secrets()
        self.connections = 0
        self.state = LineState(up=False, problem="not connected yet")

    async def run(self) -> None:
        """Keep the socket open until it is closed."""
        self._finished = asyncio.Event()
        closing = asyncio.ensure_future(self._closing.wait())
        serving: asyncio.Future[str] | None = None
        problem = "closed"
        try:
            while not self._closing.is_set():
                serving = asyncio.ensure_future(self._connect_and_listen())
                await asyncio.wait({serving, closing}, return_when=asyncio.FIRST_COMPLETED)
                if not serving.done():
                    break
                self._show(LineState(up=False, problem=serving.result()))
                await self._stand_back()
        except Exception as error:
            problem = f"it broke: {words_of(error)}"
            raise
        finally:
            closing.cancel()
            if serving is not None and not serving.done():
                serving.cancel()
                await asyncio.wait({serving})
            self._show(LineState(up=False, problem=problem))
            self._finished.set()

    def close(self) -> None:
        """End the stream. On the loop."""
        self._closing.set()

    async def finished(self) -> None:
        """Return when ``run`` has ended; at once when it never began."""
        if self._finished is not None:
            await self._finished.wait()

    def send(self, payload: bytes) -> None:
        """Send a binary message on the connection that is open; with none it is forgotten. On the loop."""
        if self.state.up:
            self._waiting.append(payload)
            self._some.set()

    async def _connect_and_listen(self) -> str:
        """Return why the connection ended, or why there was none."""
        line = await self._open()
        if isinstance(line, str):
            return line
        began, now = self._monotonic(), asyncio.get_running_loop().time
        self._refused = None
        self._dead = ""
        self._heard_at = now()
        self.connections += 1
        self._waiting = deque(self._greeting())
        self._some.set()
        beside = {asyncio.ensure_future(self._write(line)), asyncio.ensure_future(self._watch(line))}
        try:
            self._show(LineState(up=True))
            while True:
                try:
                    message = await line.recv()
                except ConnectionClosed as error:
                    return self._dead or f"the connection ended: {plain(self._secrets.hide(str(error)))}"
                self._heard_at = now()
                await self._on_message(self._without_secrets(message))
        finally:
            if self._monotonic() - began >= STEADY_AFTER:
                self._wait = self._settings.first_wait_seconds
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)
            await line.close()

    async def _open(self) -> ClientConnection | str:
        """Return a connection, or why there is none: never with its address."""
        settings = self._settings
        asked_with = None if self._token is None else self._token()
        try:
            async with asyncio.timeout(settings.open_seconds):
                url = await self._authorize()
        except CallFailed as error:
            if isinstance(error.outcome, SignInAgain):
                self._refused = (asked_with,)
            return f"no address from the broker: {error}"
        except AddressError as error:
            return str(error)
        except TimeoutError:
            return f"expected an address within {settings.open_seconds:g} s, got none"
        if isinstance(asked_with, Token):
            self._secrets.learn(asked_with.reveal())
        try:
            self._secrets.learn_address(url)
            return await self._dial(url)
        except TimeoutError:
            return f"expected a handshake within {settings.open_seconds:g} s, got none"
        except InvalidStatus as error:
            return f"expected the stream to open, got a refusal (HTTP {error.response.status_code})"
        except OSError as error:
            return f"expected a connection, got: {words_of(error)}"
        except (InvalidURI, ValueError):
            return f"expected the address of a stream, got {len(url)} characters that are none"
        except WebSocketException as error:
            return f"expected the stream to open, got: {words_of(error, self._secrets.hide)}"

    def _without_secrets(self, message: str | bytes) -> str | bytes:
        if isinstance(message, str):
            return self._secrets.hide_in_body(message.encode("utf-8", "surrogatepass")).decode(
                "utf-8", "replace"
            )
        return self._secrets.hide_in_frame(message)

    async def _dial(self, url: str) -> ClientConnection:
        settings = self._settings
        secured = url.startswith("wss:")
        if secured and self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        return await _Direct(
            url,
            ssl=self._tls if secured else None,
            compression=None,
            open_timeout=settings.open_seconds,
            ping_interval=None,
            close_timeout=_CLOSE_SECONDS,
            max_size=self._largest,
            user_agent_header=CLIENT_NAME,
            logger=_MUTE,
            proxy=None,
        )

    async def _write(self, line: ClientConnection) -> None:
        """Send what waits, in order; a connection that ends meanwhile is noticed by whoever reads it."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                try:
                    await line.send(self._waiting.popleft())
                except ConnectionClosed:
                    return

    async def _watch(self, line: ClientConnection) -> None:
        """Ask for a sign of life again and again; cut a connection that gives none."""
        loop, patience = asyncio.get_running_loop(), self._settings.pong_seconds
        try:
            while True:
                await asyncio.sleep(self._settings.ping_seconds)
                answer = asyncio.ensure_future(await line.ping())
                asked = loop.time()
                while not answer.done():
                    left = max(asked, self._heard_at) + patience - loop.time()
                    if left <= 0:
                        self._dead = f"expected an answer to a ping, or data, within {patience:g} s, got none"
                        line.transport.abort()
                        return
                    await asyncio.wait({answer}, timeout=left)
        except ConnectionClosed:
            # Whoever reads the connection notices, and says so.
            return

    async def _stand_back(self) -> None:
        """Wait before the next try: longer each time, never exactly as long as others, shorter for a new token."""
        wait = self._wait * (0.5 + self._chance() / 2)
        self._wait = min(self._wait * 2, self._settings.longest_wait_seconds)
        until = self._monotonic() + wait
        while (left := until - self._monotonic()) > 0:
            if self._refused is not None and self._token is not None:
                if self._token() != self._refused[0]:
                    self._wait = self._settings.first_wait_seconds
                    return
                left = min(left, _LOOK_SECONDS)
            try:
                async with asyncio.timeout(left):
                    await self._closing.wait()
            except TimeoutError:
                continue
            return

    def _show(self, state: LineState) -> None:
        if state != self.state:
            self.state = state
            self._on_state(state)
