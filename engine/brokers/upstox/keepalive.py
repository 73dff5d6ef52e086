"""What a live broker needs done between orders: warm connections, and reads of the order list beside the stream."""

import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from engine.brokers.upstox.cadence import Cadence, cadence
from engine.orders.attention import Attention
from engine.upstox.rest.transport import NotSentError

WARM_EVERY: Final = 15.0

UNREAD_FOR: Final = 5.0
"""Seconds beyond two reads' time after which a list that cannot be had is said to be missing."""

_LOOK: Final = 0.1
"""Longest wait until what is at stake is looked at again, seconds."""


class Kept(Protocol):
    """What upkeep asks of a broker."""

    @property
    def attention(self) -> Attention:
        """What is at stake."""
        ...

    @property
    def behind(self) -> bool:
        """Whether something was missed that no read has told yet."""
        ...

    @property
    def room(self) -> int:
        """How many reads the longest span of the budget leaves to what protects."""
        ...

    @property
    def orders_asked_at(self) -> float | None:
        """When the newest list of orders was asked for, by anybody; None when none was."""
        ...

    @property
    def orders_read_at(self) -> float | None:
        """When the newest list that was read had been asked for."""
        ...

    def poll(self) -> None:
        """Have the order list read."""
        ...

    def reconcile(self) -> None:
        """Have the order list read, and mark it until it was."""
        ...

    def warm(self) -> None:
        """Keep the connections open; raises NotSentError."""
        ...


class Upkeep:
    """Owns the threads that poll and warm. ``stream_changed`` is called by whoever runs the portfolio stream.

    Warming has a thread of its own: a host that cannot be reached takes seconds, and polls must not wait for it.
    ``monotonic`` is the clock of the broker's own stamps.
    """

    def __init__(self, broker: Kept, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._broker = broker
        self._monotonic = monotonic
        self._over = threading.Event()
        self._stream_up = False
        self._asked_at = self._began = monotonic()
        self.problem = ""
        """Why a connection could not be kept warm; empty when both are."""
        self._threads = (
            threading.Thread(target=self._poll_until_over, name="broker polls", daemon=True),
            threading.Thread(target=self._warm_until_over, name="broker warmth", daemon=True),
        )

    @property
    def alarms(self) -> tuple[str, ...]:
        """What is wrong with the reads of the order list as long as it lasts."""
        now, due = self._cadence
        found = []
        if due.strained:
            found.append(f"the budget of reads is strained: orders are read every {due.seconds:g} s")
        read_at = self._broker.orders_read_at
        unread = now - (self._began if read_at is None else read_at)
        if self._broker.attention > Attention.IDLE and unread > 2 * due.seconds + UNREAD_FOR:
            found.append(f"the broker's orders could not be read for {unread:.0f} s")
        return tuple(found)

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the threads."""
        self._over.set()

    def stream_changed(self, *, up: bool) -> None:
        """Note the stream's state; a stream that is back has everything read once."""
        self._stream_up = up
        self._asked_at = self._monotonic()
        if up:
            self._broker.reconcile()
        else:
            self._broker.poll()

    def tick(self) -> float:
        """Ask for the orders where it is time; return the seconds until it will be, as things stand."""
        now, due = self._cadence
        asked_at = self._broker.orders_asked_at
        # A list that anybody asked for serves here, too.
        self._asked_at = self._asked_at if asked_at is None else max(self._asked_at, asked_at)
        left = self._asked_at + due.seconds - now
        if left > 0:
            return left
        self._asked_at = now
        if self._broker.behind:
            self._broker.reconcile()
        else:
            self._broker.poll()
        return due.seconds

    def warm(self) -> None:
        """Keep the connections open, and note why one could not be."""
        try:
            self._broker.warm()
            self.problem = ""
        except NotSentError as error:
            self.problem = str(error)

    @property
    def _cadence(self) -> tuple[float, Cadence]:
        broker = self._broker
        return self._monotonic(), cadence(
            broker.attention, stream_up=self._stream_up, behind=broker.behind, room=broker.room
        )

    def _poll_until_over(self) -> None:
        while not self._over.wait(min(self.tick(), _LOOK)):
            pass

    def _warm_until_over(self) -> None:
        while not self._over.wait(WARM_EVERY):
            self.warm()
