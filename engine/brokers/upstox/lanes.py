"""Threads of our own that carry requests to the broker: what protects never waits behind what enters or reads.

Threads are made as they are needed, so many that a broker who answers nobody for seconds still gets every write that
the rate limits allow. What is wished of one order leaves one after the other, and only the newest wish of those that
wait: an order that was to be moved six times while the broker thought is moved once.
"""

import logging
import threading
import time
from collections import deque
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
    POLLS = "polls"
    """The order list beside the stream: it never waits behind a whole book that is slow."""


WIDTHS: Final = {
    LaneName.URGENT: 80,
    LaneName.ENTRIES: 12,
    LaneName.READS: 8,
    LaneName.PROOFS: 4,
    LaneName.POLLS: 4,
}
"""Most threads a lane: ten writes a second, each unanswered for the longest wait of a call (7 s), hold up none."""

KEPT: Final = 2
"""Threads of a lane that stay for what comes next; further ones end when they had nothing to do for LINGER."""

LINGER: Final = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work; jobs with the same non-empty key run one after the other."""

    key: str
    work: Callable[[], None]
    replaced: Callable[[], None] | None = None
    """Called in place of ``work`` where a newer job of its key comes before it began; None: it keeps its place."""


class Lanes:
    """Owns the threads. Any thread may put work in."""

    def __init__(
        self, widths: Mapping[LaneName, int] = WIDTHS, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._widths = widths
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._queues: dict[LaneName, deque[Job]] = {name: deque() for name in LaneName}
        self._started: dict[str, list[float]] = {}
        """When each running job of a key began."""
        self._threads: dict[LaneName, int] = dict.fromkeys(LaneName, 0)
        self._idle: dict[LaneName, int] = dict.fromkeys(LaneName, 0)
        self._closing = False
        self.faults = 0
        """Jobs that broke; the log says how."""

    def put(self, name: LaneName, job: Job) -> None:
        """Queue a job in the place of older ones of its key that may be replaced.

        One whose key waits in another lane follows it there, so that their order holds.
        """
        replaced: list[Callable[[], None]] = []
        with self._changed:
            for other, queue in self._queues.items():
                if not job.key or not any(waiting.key == job.key for waiting in queue):
                    continue
                name = other
                kept = [one for one in queue if one.key != job.key or one.replaced is None]
                replaced += [one.replaced for one in queue if one.key == job.key and one.replaced is not None]
                self._queues[other] = deque(kept)
            self._queues[name].append(job)
            self._man(name)
            self._changed.notify_all()
        for tell in replaced:
            tell()

    def withdraw(self, key: str) -> bool:
        """Take every waiting job of a key that keeps its place out of its lane; return whether there was one."""
        with self._changed:
            found = False
            for name, queue in self._queues.items():
                kept = [job for job in queue if job.key != key or job.replaced is not None]
                found = found or len(kept) < len(queue)
                self._queues[name] = deque(kept)
            return found

    def close(self) -> None:
        """End the threads: what waits is dropped, what runs is not waited for."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def _man(self, name: LaneName) -> None:
        """Start one more thread where all of a lane's are busy and there may be more."""
        if self._idle[name] >= len(self._queues[name]) or self._threads[name] >= self._widths[name]:
            return
        self._threads[name] += 1
        self._idle[name] += 1
        title = f"broker {name} {self._threads[name]}"
        threading.Thread(target=self._work, args=(name,), name=title, daemon=True).start()

    def _work(self, name: LaneName) -> None:
        while True:
            with self._changed:
                job = self._next(name)
                while job is None and not self._closing:
                    woken = self._changed.wait(self._patience(name))
                    job = self._next(name)
                    if job is None and not woken and self._idle[name] > KEPT:
                        break
                if job is None or self._closing:
                    self._threads[name] -= 1
                    self._idle[name] -= 1
                    return
                self._idle[name] -= 1
                began = self._monotonic()
                self._started.setdefault(job.key, []).append(began)
            try:
                job.work()
            except Exception:
                # Whatever a job breaks, its lane goes on: exits share it.
                _logger.exception("expected a job of the %s lane to end, got a fault of our own", name)
                self.faults += 1
            finally:
                with self._changed:
                    self._idle[name] += 1
                    running = self._started[job.key]
                    running.remove(began)
                    if not running:
                        del self._started[job.key]
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
        """Return how long a key's newest unanswered job is waited for yet, seconds."""
        running = self._started.get(key)
        return max(running) + OVERTAKE_AFTER - self._monotonic() if running else 0.0

    def _patience(self, name: LaneName) -> float:
        waits = [self._left(job.key) for job in self._queues[name] if job.key]
        return max(min([*waits, LINGER]), 0.001)
