"""What the screen needs of its connection to an engine, whatever carries it."""

from collections.abc import AsyncIterator
from typing import Protocol

from engine.contract.commands import Command
from engine.link import Incoming


class Line(Protocol):
    """One screen's line to one engine.

    Iterating yields what the engine says until ``Ended`` or the end of the iteration, which means the same. Views
    replace each other: a slow reader is given the newest one.
    """

    def __aiter__(self) -> AsyncIterator[Incoming]:
        """Return the stream of views and answers; called once."""
        ...

    async def send(self, command: Command) -> None:
        """Hand a command to the engine; raise OSError when the line is broken."""
        ...

    async def select(self, instrument: str) -> None:
        """Ask for the ladder of this instrument from now on; raise OSError when the line is broken."""
        ...

    async def close(self) -> None:
        """Detach from the engine, which goes on without this screen."""
        ...


class KillSwitch(Protocol):
    """The kill's own line: any thread may call it, any number of times; it never raises."""

    def kill(self, kill_id: bytes) -> object:
        """Send the kill with this 16-byte id and return what the engine's kill thread says, if anything."""
        ...
