"""Inputs of the core that wait for the loop: in the order in which they came, but for a kill, which overtakes all."""

import asyncio
from collections import deque
from collections.abc import Iterator

from engine.contract.commands import CommandResult, Kill
from engine.runtime.playback import Outside

Answered = asyncio.Future[CommandResult]


class WaitingInputs:
    """Owns the queue, and wakes who sleeps until something happens. Everything here is on the loop."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Outside, Answered | None]] = deque()
        self._news = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def first(self) -> Outside:
        """The input whose turn it is; raises IndexError where none waits."""
        return self._waiting[0][0]

    def put(self, event: Outside, answered: Answered | None = None) -> None:
        """Let an input wait behind those that came before it."""
        self._waiting.append((event, answered))
        self._news.set()

    def overtake(self, kill: Kill, answered: Answered | None = None) -> None:
        """Let a kill be the next input."""
        self._waiting.appendleft((kill, answered))
        self._news.set()

    def take(self) -> tuple[Outside, Answered | None]:
        """Return the input whose turn it is, with who waits for its answer."""
        return self._waiting.popleft()

    def take_all(self) -> Iterator[tuple[Outside, Answered | None]]:
        """Yield what waits until nothing does."""
        while self._waiting:
            yield self._waiting.popleft()

    def wake(self) -> None:
        """End a sleep: something happened that no input tells of."""
        self._news.set()

    def begin_step(self) -> None:
        """Count as news only what comes from now on."""
        self._news.clear()

    async def sleep(self, seconds: float) -> None:
        """Wait for news, so many seconds at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
