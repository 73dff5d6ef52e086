"""Streams under test: settings with short waits, a loop whose time jumps, and a websocket server a test scripts."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

import config

PATIENCE = 60.0

QUICK = config.FeedSettings().model_copy(
    update={"first_wait_seconds": 0.01, "longest_wait_seconds": 0.05, "open_seconds": 2.0}
)


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop with no sockets to wait for: with nothing to do, its time jumps to the next timer."""

    def __init__(self) -> None:
        self._jumped = 0.0
        super().__init__()
        selector: Any = self._selector  # type: ignore[attr-defined]
        look = selector.select

        def select(timeout: float | None = None) -> Any:  # noqa: ANN401
            found = look(0)
            if not found and timeout:
                self._jumped += timeout
            return found

        selector.select = select

    def time(self) -> float:
        return super().time() + self._jumped


async def until(condition: Callable[[], object], what: str = "a condition") -> None:
    """Return once a condition holds; fail after some seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while not condition():
        assert loop.time() < deadline, f"waited {PATIENCE:g} s in vain for {what}"
        await asyncio.sleep(0.002)


@asynccontextmanager
async def running(run: Callable[[], Awaitable[None]], close: Callable[[], Any]) -> AsyncIterator[None]:
    """Run something for as long as the block lasts, then close it and see it end."""
    task = asyncio.ensure_future(run())
    try:
        yield
    finally:
        closing = close()
        if closing is not None:
            await closing
        await asyncio.wait_for(task, PATIENCE)


@dataclass
class Line:
    """One connection as the scripted server sees it."""

    socket: ServerConnection
    heard: list[dict[str, Any]] = field(default_factory=list)
    text: int = 0
    """Messages that came as text."""


@dataclass
class ScriptedServer:
    """Says on each connection what its test wants; keeps what it heard."""

    script: Callable[[Line], Awaitable[None]]
    lines: list[Line] = field(default_factory=list)
    authorized: int = 0
    port: int = 0

    async def authorize(self) -> str:
        """Return a fresh single-use address."""
        self.authorized += 1
        return f"ws://127.0.0.1:{self.port}/feeds?requestId=r-{self.authorized}&code=s3cr3t-{self.authorized}"

    async def _serve(self, socket: ServerConnection) -> None:
        line = Line(socket)
        self.lines.append(line)
        listening = asyncio.ensure_future(self._listen(line))
        try:
            await self.script(line)
        finally:
            listening.cancel()

    async def _listen(self, line: Line) -> None:
        async for message in line.socket:
            line.text += isinstance(message, str)
            line.heard.append(json.loads(message))


@asynccontextmanager
async def scripted(script: Callable[[Line], Awaitable[None]]) -> AsyncIterator[ScriptedServer]:
    """Serve a script on loopback."""
    server = ScriptedServer(script)
    async with serve(server._serve, "127.0.0.1", 0, close_timeout=0.2, max_size=None) as listening:
        server.port = next(iter(listening.sockets)).getsockname()[1]
        yield server


async def stay(line: Line) -> None:
    """Keep the connection until the other side leaves."""
    await line.socket.wait_closed()
