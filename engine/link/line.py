"""What the screen needs of its connection to an engine, whatever carries it."""

from collections.abc import AsyncIterator
from typing import Protocol

from engine.contract.commands import Command
from engine.link.protocol import Incoming, Welcome


class Link(Protocol):
    """One screen's line to one engine.

    Iterating gives views (only the newest when the screen is behind), answers, and ``Ended`` last; an iteration that
    ends without it means the same. One iteration at a time. Attaching again after the end is the screen's own affair.
    """

    @property
    def welcome(self) -> Welcome:
        """What the engine said on attaching."""
        ...

    async def send(self, command: Command) -> None:
        """Send a command; its answer comes in the iteration. Raise LinkError, an OSError, when the line is over."""
        ...

    async def select(self, instrument: str) -> None:
        """Choose the instrument the views show. Raise LinkError, an OSError, when the line is over."""
        ...

    def __aiter__(self) -> AsyncIterator[Incoming]:
        """Iterate over what comes from the engine."""
        ...

    async def close(self) -> None:
        """Detach. The engine goes on."""
        ...


class KillSwitch(Protocol):
    """The kill's own line: any thread may call it, any number of times; it never raises."""

    def kill(self, kill_id: bytes) -> object:
        """Send the kill with this 16-byte id and return what the engine's kill thread says, if anything."""
        ...
