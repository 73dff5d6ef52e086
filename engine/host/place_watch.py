"""Whether a living engine's home is still where it was: looked at twice a second, off the loop."""

import asyncio
from typing import Final
from uuid import uuid4

from engine.contract.commands import PauseEntries
from engine.core.command_handler import BY_A_PERSON
from engine.host.liveness import EngineLock
from engine.link import KillLine, LinkServer
from engine.runtime.service import Service
from engine.system.plain_text import plain
from engine.world.engine_register import Registration

_LOOK_SECONDS: Final = 0.5
_MOST_HOMES: Final = 64


class PlaceWatch:
    """Keeps an engine's addresses and its entry in the register, and says when its place is its own no more.

    Then nothing is entered and everything that is held stays guarded: another engine may begin in the place, and this
    one is found by the register alone.
    """

    def __init__(
        self,
        lock: EngineLock,
        registration: Registration,
        line: KillLine,
        server: LinkServer,
        service: Service,
    ) -> None:
        self._lock = lock
        self._registration = registration
        self._line = line
        self._server = server
        self._service = service
        self._told_of: set[str] = set()
        """Homes from which a start was refused: each pauses entries once, however often a service tries again."""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            problem = await asyncio.to_thread(self._look)
            if problem and not self._service.displaced:
                self._service.tell(PauseEntries(f"place-{uuid4()}", paused=True))
            if problem != self._service.displaced:
                self._service.displaced = problem
                self._service.wake()
                self._server.hurry()
            await self._follow_refused_starts()
            if not problem:
                await self._server.keep(is_ours=self._lock.stands)

    async def _follow_refused_starts(self) -> None:
        """Pause entries for a start that gave way to this engine, and say so until a person resumes them."""
        refused = await asyncio.to_thread(self._registration.refused_start)
        told = self._service.refused_start
        if refused is not None and refused.home not in self._told_of and len(self._told_of) < _MOST_HOMES:
            self._told_of.add(refused.home)
            await self._service.told(PauseEntries(f"refused-{uuid4()}", paused=True))
            self._service.refused_start = (
                f"an engine was started for the same account or home in {plain(refused.home)} and gave way to "
                "this one: entries are paused until you resume them here"
            )
        elif told and BY_A_PERSON not in self._service.core.state.pauses:
            self._service.refused_start = ""
        if self._service.refused_start != told:
            self._service.wake()
            self._server.hurry()

    def _look(self) -> str:
        self._registration.keep()
        if not self._lock.stands:
            return (
                f"the home of this engine is not in its place any more ({self._lock.place} was removed, renamed or "
                "replaced): nothing is entered, what is held stays guarded; `cockpit flatten` closes it"
            )
        if self._line.problem:
            return f"a kill may not reach this engine: {self._line.problem}; nothing is entered"
        return ""
