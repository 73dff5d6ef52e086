"""What arrives from a live broker on its way to core: stamped as it comes, in order, from any thread."""

import threading
from collections import deque
from collections.abc import Callable, Iterable

from engine.market.clock import Instant
from engine.orders.messages import BrokerEvent


class Arrivals:
    """One queue of events whose stamps never step back."""

    def __init__(self, clock: Callable[[], Instant], wake: Callable[[], None]) -> None:
        self.lock = threading.RLock()
        """Guards the queue, and whatever must change in one step with it."""
        self._clock = clock
        self._wake = wake
        self._events: deque[tuple[Instant, BrokerEvent]] = deque()
        self._stamped: Instant = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nobody listens any more."""
        return self._closed

    def put(self, events: Iterable[BrokerEvent]) -> None:
        """Queue events in their order and wake whoever listens; nobody for none."""
        with self.lock:
            before = len(self._events)
            for event in events:
                self._stamped = max(self._stamped, self._clock())
                self._events.append((self._stamped, event))
            fresh = len(self._events) > before
        if fresh and not self._closed:
            self._wake()

    def next_due(self) -> Instant | None:
        """Return when the oldest waiting event arrived; None when none waits."""
        with self.lock:
            return self._events[0][0] if self._events else None

    def take(self, now: Instant) -> list[BrokerEvent]:
        """Return everything that arrived by ``now``, oldest first."""
        arrived = []
        with self.lock:
            while self._events and self._events[0][0] <= now:
                arrived.append(self._events.popleft()[1])
        return arrived

    def close(self) -> None:
        """Wake nobody any more."""
        self._closed = True
