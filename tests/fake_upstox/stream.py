"""One websocket client: what waits to be sent, the server's pings, and the faults that strike on the way."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import WSMsgType, web

from tests.fake_upstox.faults import Faults

Payload = bytes | str
Receive = Callable[[Payload], None]
Told = Callable[[], None]
_GARBAGE = b"\xff\xfe\x00garbage\x80\x81\x82"
_SAID = frozenset({WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG})
"""What a half-open connection takes in without a sign; that its other end is gone it notices."""
_MOST_WAITING = 50_000
_MARK = 100


class StreamClient:
    """A connected client of one stream."""

    def __init__(self, name: str, socket: web.WebSocketResponse, faults: Faults, ping_seconds: float) -> None:
        self.name = name
        self.half_open = False
        """Nothing is sent, read or answered any more, and the connection stays."""
        self._socket = socket
        self._faults = faults
        self._ping_seconds = ping_seconds
        self._waiting: deque[Payload] = deque()
        self._some = asyncio.Event()
        self._kept_back: Payload | None = None
        self._sent_at = time.monotonic()
        self._over = asyncio.Event()
        self.drained: Told = lambda: None
        """Called when nothing waits any more, and when the client has read on."""
        self.marking = False
        """Pings go between the messages: their answers tell how far the client has read."""
        self._sent = 0
        self._read_by_client = 0

    @property
    def backlog(self) -> int:
        """Return how many messages wait to be sent or, when marked, to be read."""
        return len(self._waiting) + (self._sent - self._read_by_client if self.marking else 0)

    def mark(self) -> None:
        """Begin to mark how far the client reads: what a socket holds is not yet read."""
        if not self.marking:
            self.marking, self._read_by_client = True, self._sent

    def send(self, payload: Payload) -> None:
        """Send a message, as far as the faults of the moment let it through."""
        faults, name = self._faults, self.name
        if faults.quiet and not self.half_open and self._kept_back is None:
            self._put(payload)
            return
        if self._goes_dead():
            return
        if faults.standing("mute", stream=name) is not None or faults.take("drop-stream", stream=name):
            return
        late = faults.take("delay-stream", stream=name)
        if late is not None:
            asyncio.get_running_loop().call_later(late.value("delay", 1.0), self._put, payload)
            return
        if faults.take("reorder-stream", stream=name) and self._kept_back is None:
            self._kept_back = payload
            return
        if faults.take("cut-frame", stream=name):
            payload = payload[: max(1, len(payload) * 2 // 3 - 1)]
        self._put(payload)
        if self._kept_back is not None:
            kept, self._kept_back = self._kept_back, None
            self._put(kept)
        if faults.take("duplicate-stream", stream=name):
            self._put(payload)
        if faults.take("garbage-frame", stream=name):
            self._put(_GARBAGE if isinstance(payload, bytes) else "not json {")
        if faults.take("empty-frame", stream=name):
            self._put(b"" if isinstance(payload, bytes) else "")

    def _goes_dead(self) -> bool:
        if self._faults.standing("half-open", stream=self.name) is not None:
            self.half_open = True
        return self.half_open

    def _put(self, payload: Payload) -> None:
        self._waiting.append(payload)
        self._some.set()
        if len(self._waiting) > _MOST_WAITING:
            self._over.set()

    def disconnect(self) -> None:
        """Cut the connection without a farewell."""
        self._over.set()

    async def serve(self, receive: Receive) -> None:
        """Serve until the client leaves or is cut off."""
        works: tuple[Callable[[], Awaitable[None]], ...] = (
            lambda: self._read(receive),
            self._write,
            self._ping,
            self._until_over,
        )
        tasks = [asyncio.ensure_future(work()) for work in works]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_over(self) -> None:
        flap = self._faults.take("flap", stream=self.name)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), None if flap is None else flap.value("every", 3.0))

    async def _read(self, receive: Receive) -> None:
        while True:
            message = await self._socket.receive()
            if self._goes_dead() and message.type in _SAID:
                continue
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                receive(message.data)
            elif message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self._take_mark(bytes(message.data))
            else:
                return

    def _take_mark(self, mark: bytes) -> None:
        if mark.isdigit():
            self._read_by_client = int(mark)
            self.drained()

    async def _write(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                payload = self._waiting.popleft()
                try:
                    if isinstance(payload, str):
                        await self._socket.send_str(payload)
                    else:
                        await self._socket.send_bytes(payload)
                    self._sent += 1
                    if self.marking and self._sent % _MARK == 0:
                        await self._socket.ping(str(self._sent).encode())
                except ConnectionError:
                    return
                self._sent_at = time.monotonic()
            self.drained()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._ping_seconds / 2)
            idle = time.monotonic() - self._sent_at
            if idle < self._ping_seconds or self._goes_dead():
                continue
            try:
                await self._socket.ping()
            except ConnectionError:
                return
            self._sent_at = time.monotonic()
