"""Whether a living engine's home is still where it was: looked at twice a second, off the loop."""

import asyncio
from typing import Final
from uuid import uuid4

from engine.contract.commands import PauseEntries
from engine.host.liveness import EngineLock
from engine.link import KillLine, LinkServer
from engine.runtime.service import Service
from engine.world.engine_register import Registration

_LOOK_SECONDS: Final = 0.5


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
            if not problem:
                await self._server.keep(is_ours=self._lock.stands)

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
