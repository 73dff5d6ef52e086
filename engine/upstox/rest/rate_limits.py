"""The broker's rate limits, kept on our side: three rolling windows a class, with a share that only exits can use.

Limits: 10 order writes and 50 reads in a second, 500 in a minute, 2,000 in half an hour (the broker's rate page, 2026).
Place, modify and cancel are counted together: nothing proves that the exchange counts them apart.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Final

SPANS: Final = (1.05, 60.0, 1_800.0)
"""Seconds. The first is a little longer than the broker's: what leaves evenly may arrive closer together."""


class Kind(StrEnum):
    """Classes of calls that the broker limits apart."""

    WRITE = "write"
    READ = "read"


class Purpose(StrEnum):
    """Who asks, and so how deep into the budget it may reach."""

    ROUTINE = "routine"
    """Entries; polling, quotes and history."""
    PROTECT = "protect"
    """Stops, exits and cancels; reads that settle what is in doubt."""
    KILL = "kill"


SHARES: Final = {
    (Kind.WRITE, Purpose.ROUTINE): (6, 400, 1_700),
    (Kind.WRITE, Purpose.PROTECT): (9, 480, 1_900),
    (Kind.WRITE, Purpose.KILL): (10, 500, 2_000),
    (Kind.READ, Purpose.ROUTINE): (30, 350, 1_400),
    (Kind.READ, Purpose.PROTECT): (45, 450, 1_800),
    (Kind.READ, Purpose.KILL): (50, 500, 2_000),
}
"""The most calls of a class in each span while a purpose may still add one."""

_FIRST_HOLD: Final = 0.5
_LONGEST_HOLD: Final = 8.0
_HOLD_SHARE: Final = {Purpose.ROUTINE: 1.0, Purpose.PROTECT: 0.25}
_KILL_HOLD: Final = 0.25


class CallBudget:
    """Counts calls of one user. Any thread may take; taking never waits."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._monotonic = monotonic
        self._chance = chance
        self._lock = threading.Lock()
        self._sent: dict[Kind, deque[float]] = {kind: deque() for kind in Kind}
        self._refused_at: dict[Kind, float] = {}
        self._hold: dict[Kind, float] = dict.fromkeys(Kind, 0.0)

    def take(self, kind: Kind, purpose: Purpose, lines: int = 1) -> float:
        """Take ``lines`` calls and return 0, or take none and return the seconds until they may be had."""
        with self._lock:
            now = self._monotonic()
            sent = self._forget(kind, now)
            wait = max(self._held(kind, purpose, now), self._crowded(sent, kind, purpose, lines, now))
            if wait > 0:
                return wait
            sent.extend([now] * lines)
            return 0.0

    def used(self, kind: Kind) -> tuple[int, ...]:
        """Return the calls of a class in each of the three spans."""
        with self._lock:
            now = self._monotonic()
            return tuple(_within(self._sent[kind], now - span) for span in SPANS)

    def left(self, kind: Kind, purpose: Purpose) -> int:
        """Return how many calls the longest span leaves to a purpose."""
        with self._lock:
            self._forget(kind, self._monotonic())
            return max(SHARES[kind, purpose][-1] - len(self._sent[kind]), 0)

    def pushed_back(self, kind: Kind) -> None:
        """Note that the broker said 429: everything but the kill stands back for a growing, jittered while."""
        with self._lock:
            now = self._monotonic()
            if now - self._refused_at.get(kind, -_LONGEST_HOLD) < self._hold[kind] / 2:
                return
            self._refused_at[kind] = now
            doubled = min(max(self._hold[kind] * 2, _FIRST_HOLD), _LONGEST_HOLD)
            self._hold[kind] = doubled * (0.75 + self._chance() / 2)

    def passed(self, kind: Kind) -> None:
        """Note that the broker took a call."""
        with self._lock:
            refused = self._refused_at.get(kind)
            if refused is not None and self._monotonic() - refused > self._hold[kind]:
                self._hold[kind] = 0.0

    def _forget(self, kind: Kind, now: float) -> deque[float]:
        """Return the calls of the longest span; older ones count nowhere any more."""
        sent = self._sent[kind]
        while sent and sent[0] <= now - SPANS[-1]:
            sent.popleft()
        return sent

    def _held(self, kind: Kind, purpose: Purpose, now: float) -> float:
        refused = self._refused_at.get(kind)
        if refused is None or not self._hold[kind]:
            return 0.0
        if purpose is Purpose.KILL:
            return refused + min(self._hold[kind], _KILL_HOLD) - now
        return refused + self._hold[kind] * _HOLD_SHARE[purpose] - now

    @staticmethod
    def _crowded(sent: deque[float], kind: Kind, purpose: Purpose, lines: int, now: float) -> float:
        wait = 0.0
        for span, most in zip(SPANS, SHARES[kind, purpose], strict=True):
            used = _within(sent, now - span)
            beyond = used + min(lines, most) - most
            if beyond > 0:
                wait = max(wait, sent[len(sent) - used + beyond - 1] + span - now)
        return wait


def _within(sent: deque[float], since: float) -> int:
    count = 0
    for at in reversed(sent):
        if at <= since:
            break
        count += 1
    return count
