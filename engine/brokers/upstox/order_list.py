"""The day's order list, read once for everybody who waits for it.

Whoever asks must see what was so when it asked: a list that was asked for earlier proves nothing to it. So one list
is read at a time, and the next one serves all who asked meanwhile. A failure is nobody else's: the next one in turn
asks for itself. One that hangs is not waited for.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from engine.upstox.rest.listed import Listed
from engine.upstox.rest.records import BrokerOrderRow

HANGS_AFTER: Final = 1.0
"""Seconds after which a list on its way is not waited for any more."""


class OrderList:
    """Owns who reads the list. Any thread; ``monotonic`` is in seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._under_way: list[float] = []
        self._newest: tuple[float, Listed[BrokerOrderRow]] | None = None
        """The newest list that was read, and when it was asked for."""
        self.asked_at: float | None = None
        """When the newest list was asked for, read or not."""

    @property
    def read_at(self) -> float | None:
        """When the newest list that was read had been asked for."""
        newest = self._newest
        return None if newest is None else newest[0]

    def read(self, fetch: Callable[[], Listed[BrokerOrderRow]]) -> Listed[BrokerOrderRow]:
        """Return a list asked for now or later, by ``fetch`` or by whoever is reading; raises what ``fetch`` raises."""
        asked = self._monotonic()
        with self._changed:
            while True:
                if self._newest is not None and self._newest[0] >= asked:
                    return self._newest[1]
                now = self._monotonic()
                left = max((begun + HANGS_AFTER - now for begun in self._under_way), default=0.0)
                if left <= 0:
                    break
                self._changed.wait(left)
            begun = self._monotonic()
            self._under_way.append(begun)
            self.asked_at = begun
        try:
            rows = fetch()
            with self._changed:
                if self._newest is None or self._newest[0] <= begun:
                    self._newest = (begun, rows)
        finally:
            with self._changed:
                self._under_way.remove(begun)
                self._changed.notify_all()
        return rows
