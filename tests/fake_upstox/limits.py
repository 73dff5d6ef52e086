"""The broker's rate limits: three rolling windows a class, in wall time."""

import time
from collections import deque
from collections.abc import Callable

WINDOWS = ((1.0, 10, 50), (60.0, 500, 500), (1_800.0, 2_000, 2_000))
"""Seconds, most writes, most of anything else."""
_OWN = {"totp_token": (1, 10, 60)}
"""Calls with windows of their own."""


class RateLimiter:
    """Counts calls; a refused one counts too. Writes share one allowance unless told otherwise."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._calls: dict[str, deque[float]] = {}
        self.enabled = True
        self.shared_writes = True
        """False: each write call has an allowance of its own, as the broker's text can also be read."""
        self.blocked_until = 0.0

    def admit(self, name: str, *, write: bool) -> bool:
        """Say whether one more call fits into every window."""
        now = self._monotonic()
        if now < self.blocked_until:
            return False
        if not self.enabled:
            return True
        calls = self._calls.setdefault("writes" if write and self.shared_writes else name, deque())
        while calls and calls[0] <= now - WINDOWS[-1][0]:
            calls.popleft()
        own = _OWN.get(name)
        limits = [writes if write else others for _, writes, others in WINDOWS] if own is None else own
        full = any(
            len(calls) >= most and calls[-most] > now - seconds
            for (seconds, _, _), most in zip(WINDOWS, limits, strict=True)
        )
        calls.append(now)
        return not full

    def block(self, seconds: float) -> None:
        """Refuse everything for a while, as the broker suspends who storms it."""
        self.blocked_until = self._monotonic() + seconds
