"""What a live broker needs done between orders: warm connections, and polls of the book beside the stream."""

import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from engine.upstox.transport import NotSentError

WARM_EVERY: Final = 15.0
POLL_BESIDE_STREAM: Final = 30.0
POLL_AT_STAKE: Final = 2.0
"""Seconds between polls while the stream is down and an order or a position is at stake."""

POLL_IDLE: Final = 15.0
AGAIN_WHILE_BEHIND: Final = 1.0
"""Seconds until what a stream missed is asked for again, when the broker could not be read."""

_TICK: Final = 0.5


class Kept(Protocol):
    """What upkeep asks of a broker."""

    @property
    def at_stake(self) -> bool:
        """Say whether an order is live or a position open."""
        ...

    @property
    def behind(self) -> bool:
        """Say whether something was missed that no read has told yet."""
        ...

    def poll(self) -> None:
        """Have the order book read."""
        ...

    def reconcile(self) -> None:
        """Have everything read."""
        ...

    def warm(self) -> None:
        """Keep the connections open; raises NotSentError."""
        ...


class Upkeep:
    """Owns the threads that poll and warm. ``stream_changed`` is called by whoever runs the portfolio stream.

    Warming has a thread of its own: a host that cannot be reached takes seconds, and polls must not wait for it.
    """

    def __init__(self, broker: Kept, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._broker = broker
        self._monotonic = monotonic
        self._over = threading.Event()
        self._stream_up = False
        self._polled_at = monotonic()
        self.problem = ""
        """Why a connection could not be kept warm; empty when both are."""
        self._threads = (
            threading.Thread(target=self._poll_until_over, name="broker polls", daemon=True),
            threading.Thread(target=self._warm_until_over, name="broker warmth", daemon=True),
        )

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
        self._polled_at = self._monotonic()
        if up:
            self._broker.reconcile()
        else:
            self._broker.poll()

    def tick(self) -> None:
        """Ask for the news that are due now."""
        now = self._monotonic()
        if now - self._polled_at < self._every:
            return
        self._polled_at = now
        if self._broker.behind:
            self._broker.reconcile()
        else:
            self._broker.poll()

    def warm(self) -> None:
        """Keep the connections open, and note why one could not be."""
        try:
            self._broker.warm()
            self.problem = ""
        except NotSentError as error:
            self.problem = str(error)

    @property
    def _every(self) -> float:
        if self._broker.behind:
            return AGAIN_WHILE_BEHIND
        if self._stream_up:
            return POLL_BESIDE_STREAM
        return POLL_AT_STAKE if self._broker.at_stake else POLL_IDLE

    def _poll_until_over(self) -> None:
        while not self._over.wait(_TICK):
            self.tick()

    def _warm_until_over(self) -> None:
        while not self._over.wait(WARM_EVERY):
            self.warm()
