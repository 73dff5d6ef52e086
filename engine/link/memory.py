"""The line of a screen that lives in the engine's own process: the same contract, nothing encoded."""

from collections.abc import AsyncIterator

from engine.contract.commands import Command
from engine.link.hub import Picture
from engine.link.kill_frame import KillAnswer, KillOrigin, ProofAnswer
from engine.link.kill_line import KillReceiver
from engine.link.protocol import (
    PROTOCOL,
    Ended,
    Goodbye,
    Hello,
    Incoming,
    LinkError,
    LinkRefusedError,
    Welcome,
)
from engine.link.server import LinkServer
from engine.system.version import VERSION


class MemoryLink:
    """A line through the server's hub. Made on the server's loop; raises LinkRefusedError like a socket would."""

    def __init__(self, server: LinkServer, screen: str, *, version: str = VERSION) -> None:
        place = server.attach(Hello(PROTOCOL, version, screen))
        if isinstance(place, Goodbye):
            raise LinkRefusedError(place)
        self._seat, self._welcome = place
        self._is_over = False

    @property
    def welcome(self) -> Welcome:
        """What the engine said on attaching."""
        return self._welcome

    async def send(self, command: Command) -> None:
        """Send a command; its answer comes in the iteration."""
        self._check()
        self._seat.command(command)

    async def select(self, instrument: str) -> None:
        """Choose the instrument the views show."""
        self._check()
        self._seat.select(instrument)

    async def __aiter__(self) -> AsyncIterator[Incoming]:
        """Iterate over answers, the newest view, and at last the end."""
        while True:
            news = await self._seat.news()
            if isinstance(news, Goodbye):
                self._is_over = True
                self._seat.leave()
                yield Ended(news.reason)
                return
            yield news.view if isinstance(news, Picture) else news

    async def close(self) -> None:
        """Detach. The engine goes on."""
        if not self._is_over:
            self._is_over = True
            self._seat.leave()
            self._seat.end(Goodbye("detached"))

    def _check(self) -> None:
        if self._is_over or self._seat.farewell is not None:
            raise LinkError("expected a line to the engine, got one that is over; attach again")


class MemoryKillSender:
    """The kill's own line inside one process: the same calls as ``KillSender``."""

    def __init__(self, receiver: KillReceiver) -> None:
        self._receiver = receiver

    def open(self) -> bool:
        """Return that the line is there."""
        return True

    def kill(self, kill_id: bytes, way: KillOrigin = KillOrigin.KEY) -> KillAnswer | None:
        """Kill at once, in the caller's thread."""
        return self._receiver.kill(kill_id, way)

    def status(self) -> KillAnswer | None:
        """Return the latch and the loop's silence."""
        return self._receiver.status()

    def proof(self, kill_id: bytes) -> ProofAnswer | None:
        """Return how far the kill with an id is."""
        return self._receiver.proof(kill_id)

    def close(self) -> None:
        """Do nothing: there is no connection."""
