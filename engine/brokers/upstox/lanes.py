"""Threads of our own that carry requests to the broker: what protects never waits behind what enters or reads."""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_logger: Final = logging.getLogger(__name__)

OVERTAKE_AFTER: Final = 2.0
"""Seconds a request waits for an unanswered one of the same order, whose bytes have long left."""


class LaneName(StrEnum):
    """Lanes, each with threads of its own."""

    URGENT = "urgent"
    ENTRIES = "entries"
    READS = "reads"
    PROOFS = "proofs"
    """What the kill reads: it never waits behind a poll that hangs."""


WIDTHS: Final = {LaneName.URGENT: 16, LaneName.ENTRIES: 2, LaneName.READS: 2, LaneName.PROOFS: 2}
"""Threads a lane: a broker that answers nobody for seconds still gets every exit of a full book at once."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work; jobs with the same non-empty key run one after the other."""

    key: str
    work: Callable[[], None]


class Lanes:
    """Owns the threads. Any thread may put work in."""

    def __init__(
        self, widths: Mapping[LaneName, int] = WIDTHS, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._queues: dict[LaneName, deque[Job]] = {name: deque() for name in LaneName}
        self._running: Counter[str] = Counter()
        self._started: dict[str, float] = {}
        self._closing = False
        self.faults = 0
        """Jobs that broke; the log says how."""
        self._threads = [
            threading.Thread(target=self._work, args=(name,), name=f"broker {name} {number}", daemon=True)
            for name, width in widths.items()
            for number in range(1, width + 1)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, name: LaneName, job: Job) -> None:
        """Queue a job; one whose key waits in another lane follows it there, so that their order holds."""
        with self._changed:
            for other, queue in self._queues.items():
                if job.key and any(waiting.key == job.key for waiting in queue):
                    name = other
            self._queues[name].append(job)
            self._changed.notify_all()

    def withdraw(self, name: LaneName, key: str) -> bool:
        """Take every waiting job with a key out of a lane; return whether there was one."""
        with self._changed:
            queue = self._queues[name]
            kept = [job for job in queue if job.key != key]
            found = len(kept) < len(queue)
            self._queues[name] = deque(kept)
            return found

    def close(self) -> None:
        """End the threads: what waits is dropped, what runs is not waited for."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def _work(self, name: LaneName) -> None:
        while True:
            with self._changed:
                job = self._next(name)
                while job is None and not self._closing:
                    self._changed.wait(self._patience(name))
                    job = self._next(name)
                if job is None or self._closing:
                    return
                self._running[job.key] += 1
                self._started[job.key] = self._monotonic()
            try:
                job.work()
            except Exception:
                # Whatever a job breaks, its lane goes on: exits share it.
                _logger.exception("expected a job of the %s lane to end, got a fault of our own", name)
                self.faults += 1
            finally:
                with self._changed:
                    self._running[job.key] -= 1
                    if not self._running[job.key]:
                        del self._running[job.key], self._started[job.key]
                    self._changed.notify_all()

    def _next(self, name: LaneName) -> Job | None:
        """Take the first job whose order is not busy, or has been for too long."""
        queue, passed = self._queues[name], set()
        for position, job in enumerate(queue):
            if job.key and (job.key in passed or self._left(job.key) > 0):
                passed.add(job.key)
                continue
            del queue[position]
            return job
        return None

    def _left(self, key: str) -> float:
        started = self._started.get(key)
        return 0.0 if started is None else started + OVERTAKE_AFTER - self._monotonic()

    def _patience(self, name: LaneName) -> float | None:
        waits = [self._left(job.key) for job in self._queues[name] if job.key]
        return max(min(waits), 0.001) if waits else None
