"""The screen's end of the line."""

import asyncio
import os
import socket
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from engine.contract.commands import Command
from engine.contract.views import ScreenView
from engine.link.credentials import PeerUid, peer_uid
from engine.link.protocol import (
    LONGEST_REPLY,
    PROTOCOL,
    Ask,
    Ended,
    Goodbye,
    Hello,
    Incoming,
    LinkError,
    LinkRefusedError,
    NoEngineError,
    Select,
    Welcome,
    decode_news,
    decode_reply,
    encode,
    is_view,
    read_frame,
)
from engine.system.version import VERSION
from engine.world.directories import WorldDirectory

_BUFFER_BYTES: Final = 256 * 1024
_MOST_UNREAD: Final = 256
_FAREWELL_SECONDS: Final = 0.5


class UnixLink:
    """A line over the world's Unix socket. Made by ``connect``."""

    def __init__(self, welcome: Welcome, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._welcome = welcome
        self._reader = reader
        self._writer = writer
        self._frames: deque[bytes] = deque()
        self._newest_view: bytes | None = None
        self._ended: Ended | None = None
        self._is_closing = False
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._receiver = asyncio.get_running_loop().create_task(self._receive())

    @property
    def welcome(self) -> Welcome:
        """What the engine said on attaching."""
        return self._welcome

    async def send(self, command: Command) -> None:
        """Send a command; its answer comes in the iteration."""
        await self._write(Ask(command))

    async def select(self, instrument: str) -> None:
        """Choose the instrument the views show."""
        await self._write(Select(instrument))

    async def __aiter__(self) -> AsyncIterator[Incoming]:
        """Iterate over answers, the newest view, and at last the end."""
        while True:
            if self._frames:
                body = self._frames.popleft()
                self._room.set()
            elif self._newest_view is not None:
                body, self._newest_view = self._newest_view, None
            elif self._ended is not None:
                yield self._ended
                return
            else:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            try:
                news = decode_news(body)
            except LinkError as error:
                yield Ended(str(error))
                return
            if isinstance(news, Goodbye):
                yield Ended(news.reason)
                return
            yield news

    async def close(self) -> None:
        """Detach, once the engine has heard everything that was sent. The engine goes on."""
        self._is_closing = True
        self._end("detached")
        self._room.set()
        if not self._receiver.done() and not self._writer.is_closing():
            # Ending only our half keeps the engine's reading whole while it is still writing.
            self._writer.write_eof()
            await asyncio.wait((self._receiver,), timeout=_FAREWELL_SECONDS)
        self._receiver.cancel()
        self._writer.transport.abort()
        await asyncio.gather(self._receiver, return_exceptions=True)

    async def _write(self, message: msgspec.Struct) -> None:
        if self._ended is not None or self._writer.is_closing():
            raise LinkError("expected a line to the engine, got one that is over; attach again")
        self._writer.write(encode(message))
        try:
            await self._writer.drain()
        except OSError as error:
            raise LinkError(f"expected the engine to listen, got: {error}; attach again") from error

    async def _receive(self) -> None:
        try:
            while True:
                body = await read_frame(self._reader, LONGEST_REPLY)
                if is_view(body):
                    self._newest_view = body
                else:
                    self._frames.append(body)
                    if len(self._frames) >= _MOST_UNREAD and not self._is_closing:
                        self._room.clear()
                self._arrived.set()
                await self._room.wait()
        except asyncio.IncompleteReadError:
            self._end("the engine is gone")
        except OSError as error:
            self._end(f"the line to the engine broke: {error.strerror or error}")

    def _end(self, reason: str) -> None:
        if self._ended is None:
            self._ended = Ended(reason)
        self._arrived.set()


async def connect(
    directory: WorldDirectory,
    screen: str,
    *,
    version: str = VERSION,
    patience: float = 2.0,
    look: bool = False,
    credential: PeerUid = peer_uid,
) -> UnixLink:
    """Attach a screen to the world's engine; a ``look`` gets one picture and counts as nobody.

    Nothing is said to, or taken from, a process of another user.

    Raises NoEngineError when nobody listens, LinkRefusedError when the engine refuses the screen (the kill line still
    works then), LinkError when it does not answer within ``patience`` seconds.
    """
    address = os.fspath(directory.socket)
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_unix_connection(address, limit=_BUFFER_BYTES)
            _require_own(writer, address, credential)
            writer.write(encode(Hello(PROTOCOL, version, screen, look)))
            reply = decode_reply(await read_frame(reader, LONGEST_REPLY))
        if isinstance(reply, Goodbye):
            raise LinkRefusedError(reply)
    except BaseException as error:
        if writer is not None:
            writer.transport.abort()
        if isinstance(error, TimeoutError):
            raise LinkError(
                f"expected the engine at {address} to answer in {patience:g} s, got silence"
            ) from error
        if isinstance(error, FileNotFoundError | ConnectionRefusedError):
            raise NoEngineError(f"expected an engine at {address}, got nobody") from error
        if isinstance(error, asyncio.IncompleteReadError) or (
            isinstance(error, OSError) and not isinstance(error, LinkError)
        ):
            raise LinkError(f"expected a welcome from {address}, got the end of the line") from error
        raise
    return UnixLink(reply, reader, writer)


def _require_own(writer: asyncio.StreamWriter, address: str, credential: PeerUid) -> None:
    """Raise LinkError unless who listens there runs as our own user."""
    connection = writer.get_extra_info("socket")
    with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        user = credential(duplicate)
    if user != os.getuid():
        raise LinkError(
            f"expected an engine of user {os.getuid()} at {address}, got a process of user {user}; it was told nothing"
        )


async def look(directory: WorldDirectory, name: str, *, patience: float = 1.0) -> ScreenView:
    """Return the engine's picture of this moment without attaching; raises LinkError as ``connect`` does."""
    line = await connect(directory, name, patience=patience, look=True)
    try:
        async with asyncio.timeout(patience):
            async for news in line:
                if isinstance(news, ScreenView):
                    return news
    except TimeoutError:
        pass
    finally:
        await line.close()
    raise LinkError(f"expected a picture from the engine in {patience:g} s, got none")
