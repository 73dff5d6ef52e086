"""The engine's end of the line: screens over a Unix socket, and embedded ones through the same hub."""

import asyncio
import logging
import os
import socket
from typing import Final

from engine.link.credentials import PeerUid, peer_uid
from engine.link.hub import SIGN_OF_LIFE_SECONDS, Handler, Hub, Seat, frame_of
from engine.link.kill_line import Door
from engine.link.protocol import (
    LONGEST_REQUEST,
    PROTOCOL,
    Ask,
    Goodbye,
    Hello,
    LinkError,
    Welcome,
    decode_hello,
    decode_request,
    encode,
    read_frame,
)
from engine.system.version import VERSION
from engine.world.directories import HomeError, World, WorldDirectory

_logger: Final = logging.getLogger(__name__)
_GREETING_SECONDS: Final = 5.0
_FAREWELL_SECONDS: Final = 0.5


class LinkServer:
    """Screens attach here. Without ``serve`` only embedded ones do (``MemoryLink``)."""

    def __init__(
        self,
        handler: Handler,
        *,
        world: World,
        frames_per_second: float = 10.0,
        sign_of_life: float = SIGN_OF_LIFE_SECONDS,
        version: str = VERSION,
        credential: PeerUid = peer_uid,
    ) -> None:
        self._hub = Hub(handler, frames_per_second, sign_of_life)
        self._world = world
        self._version = version
        self._credential = credential
        self._server: asyncio.Server | None = None
        self._door: Door | None = None
        self._directory: WorldDirectory | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.refused = 0
        """Connections that were no screen of ours: another user, another version, no greeting, a bad frame."""

    @property
    def screens(self) -> int:
        """How many screens are attached."""
        return self._hub.screens

    @property
    def failures(self) -> int:
        """How many commands and views the handler failed at."""
        return self._hub.failures

    def hurry(self) -> None:
        """Draw new pictures soon, for example when a fill arrived."""
        self._hub.hurry()

    async def serve(self, directory: WorldDirectory) -> None:
        """Listen at the world's socket. Only the holder of the world's lock may."""
        door = Door(directory.create_sockets() / directory.socket.name)
        server = await asyncio.start_unix_server(self._welcome, sock=door.listener, limit=LONGEST_REQUEST)
        self._server, self._door, self._directory = server, door, directory

    async def keep(self, *, is_ours: bool) -> None:
        """Make the address anew where its name is lost, unless something else stands there."""
        door, directory = self._door, self._directory
        if door is None or directory is None or not is_ours or door.is_taken:
            return
        before = self._server
        try:
            await self.serve(directory)
        except (OSError, HomeError) as error:
            _logger.warning("%s is gone and cannot be made anew: %s", door.address, error)
            return
        if before is not None:
            before.close()

    async def close(self, reason: str = "the engine ended") -> None:
        """Say goodbye to every screen and stop listening; a screen that does not read is not waited for."""
        if self._server is not None:
            self._server.close()
        if self._door is not None:
            self._door.remove()
        self._hub.end(reason)
        if self._connections:
            _, left = await asyncio.wait(self._connections, timeout=_FAREWELL_SECONDS)
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left)

    def attach(self, hello: Hello) -> tuple[Seat, Welcome] | Goodbye:
        """Return a seat for a screen that presented itself, or why it gets none."""
        stranger = self._other_version(hello)
        if stranger is not None:
            return stranger
        seat = self._hub.attach(hello.screen)
        if isinstance(seat, Goodbye):
            return seat
        return seat, self._greeting()

    def _other_version(self, hello: Hello) -> Goodbye | None:
        if (hello.protocol, hello.version) == (PROTOCOL, self._version):
            return None
        return Goodbye(
            "screen and engine are of two versions; the kill key and cockpit flatten still work",
            f"protocol {PROTOCOL}, version {self._version}",
            f"protocol {hello.protocol}, version {hello.version}",
        )

    def _greeting(self) -> Welcome:
        return Welcome(self._world.value, os.getpid(), PROTOCOL, self._version, self._hub.screens)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("expected a connection to be served in a task of its own")
        self._connections.add(task)
        writer.transport.set_write_buffer_limits(high=0)
        try:
            if self._user_of(writer) != os.getuid():
                self.refused += 1
                return
            await self._serve_screen(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            # The screen is gone; its terminal knows why.
            return
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    def _user_of(self, writer: asyncio.StreamWriter) -> int:
        connection = writer.get_extra_info("socket")
        with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
            return self._credential(duplicate)

    async def _serve_screen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                hello = decode_hello(await read_frame(reader, LONGEST_REQUEST))
            if hello.look and self._other_version(hello) is None:
                await self._show_once(writer)
                return
            place = self.attach(hello)
        except LinkError as error:
            place = Goodbye(
                "the greeting could not be read", f"a screen of version {self._version}", str(error)
            )
        if isinstance(place, Goodbye):
            self.refused += 1
            await _say(writer, place)
            return
        seat, welcome = place
        writer.write(encode(welcome))
        pump = asyncio.get_running_loop().create_task(_pump(seat, writer))
        listener = asyncio.get_running_loop().create_task(self._listen(seat, reader))
        try:
            await asyncio.wait((pump, listener), return_when=asyncio.FIRST_COMPLETED)
            if pump.done() and seat.farewell is None:
                # A screen that is gone may have asked for something before it went.
                await asyncio.wait((listener,), timeout=_FAREWELL_SECONDS)
            if listener.done() and not listener.cancelled() and isinstance(listener.exception(), LinkError):
                self.refused += 1
                await _say(writer, Goodbye("a request could not be read", "", str(listener.exception())))
        finally:
            pump.cancel()
            listener.cancel()
            seat.leave()
            for outcome in await asyncio.gather(pump, listener, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, OSError | EOFError):
                    _logger.error(
                        "screen %d was cut off by a failure", seat.identity.number, exc_info=outcome
                    )

    async def _show_once(self, writer: asyncio.StreamWriter) -> None:
        """Show one picture to somebody who takes no seat, and end the line: a goodbye would overtake it."""
        writer.write(encode(self._greeting()))
        picture = self._hub.look()
        if picture is not None:
            writer.write(picture.frame)
        async with asyncio.timeout(_FAREWELL_SECONDS):
            await writer.drain()

    async def _listen(self, seat: Seat, reader: asyncio.StreamReader) -> None:
        while True:
            request = decode_request(await read_frame(reader, LONGEST_REQUEST))
            if isinstance(request, Ask):
                seat.command(request.command)
            else:
                seat.select(request.instrument)


async def _pump(seat: Seat, writer: asyncio.StreamWriter) -> None:
    while True:
        news = await seat.news()
        writer.write(frame_of(news))
        await writer.drain()
        if isinstance(news, Goodbye):
            return


async def _say(writer: asyncio.StreamWriter, goodbye: Goodbye) -> None:
    writer.write(encode(goodbye))
    try:
        async with asyncio.timeout(_FAREWELL_SECONDS):
            await writer.drain()
    except TimeoutError:
        return
