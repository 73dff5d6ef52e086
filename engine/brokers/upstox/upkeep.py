"""What a live broker needs done between orders: warm connections, and polls of the book beside the stream."""

import threading
import time
from collections.abc import Callable
from typing import Final

from engine.brokers.upstox.broker import LiveBroker
from engine.upstox.transport import NotSentError

WARM_EVERY: Final = 15.0
POLL_BESIDE_STREAM: Final = 30.0
POLL_AT_STAKE: Final = 2.0
"""Seconds between polls while the stream is down and an order or a position is at stake."""

POLL_IDLE: Final = 15.0
_TICK: Final = 0.5


class Upkeep:
    """Owns a thread that polls and warms. ``stream_changed`` is called by whoever runs the portfolio stream."""

    def __init__(self, broker: LiveBroker, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._broker = broker
        self._monotonic = monotonic
        self._over = threading.Event()
        self._stream_up = False
        self._polled_at = self._warmed_at = monotonic()
        self.problem = ""
        """Why a connection could not be kept warm; empty when both are."""
        self._thread = threading.Thread(target=self._run, name="broker upkeep", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
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
        """Do what is due now."""
        now = self._monotonic()
        if now - self._polled_at >= self._every:
            self._polled_at = now
            self._broker.poll()
        if now - self._warmed_at >= WARM_EVERY:
            self._warmed_at = now
            try:
                self._broker.warm()
                self.problem = ""
            except NotSentError as error:
                self.problem = str(error)

    @property
    def _every(self) -> float:
        if self._stream_up:
            return POLL_BESIDE_STREAM
        return POLL_AT_STAKE if self._broker.at_stake else POLL_IDLE

    def _run(self) -> None:
        while not self._over.wait(_TICK):
            self.tick()
