"""A virtual clock: what is due happens in order of its moment, ties in the order they were asked for."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from heapq import heappop, heappush

from engine.core import Wake
from engine.core.events import Event
from engine.market.clock import Instant


class Timeline(ABC):
    """Time as one world has it."""

    now: Instant

    def __init__(self, start: Instant) -> None:
        self.now = start
        self._queue: list[tuple[Instant, int, Callable[[], None]]] = []
        self._sequence = 0

    @abstractmethod
    def tell(self, event: Event) -> None:
        """Give core one event now; send what it wants sent."""

    @abstractmethod
    def next_wake(self) -> Instant | None:
        """Return when core wants to be woken."""

    def after(self, delay: int, act: Callable[[], None]) -> None:
        """Let something happen later."""
        self._sequence += 1
        heappush(self._queue, (self.now + delay, self._sequence, act))

    def run(self, span: int) -> None:
        """Let time pass: messages arrive, timers ring."""
        end = self.now + span
        while True:
            due = self._queue[0][0] if self._queue else None
            wake = self.next_wake()
            moments = [moment for moment in (due, wake) if moment is not None]
            if not moments or min(moments) > end:
                break
            self.now = max(self.now, min(moments))
            if due is not None and due <= self.now:
                heappop(self._queue)[2]()
            else:
                self.tell(Wake())
        self.now = end
