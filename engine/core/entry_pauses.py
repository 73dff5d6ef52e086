"""Why entries are paused: by a person, by what surrounds the engine, or because nobody watches."""

from typing import Final

from engine.market.clock import Instant

UNATTENDED: Final = "nobody watches"
ENDED: Final = "the market has ended"
STUDYING: Final = "the studies catch up"
NO_GO: Final = "pre-flight says no-go"
AWAITED: Final = "waiting for pre-flight"
HALTED: Final = "the exchange halted"
OTHER_ENGINE: Final = "another engine trades this account"
_LASTING: Final = (ENDED, STUDYING, NO_GO, AWAITED, HALTED, OTHER_ENGINE)
"""Pauses that no key takes off: what set them does, when it is over."""


class EntryPauses:
    """Owns the reasons, oldest first, and the instant at which being unwatched becomes one."""

    def __init__(self) -> None:
        self._reasons: dict[str, None] = {}
        self.unattended_at: Instant | None = None
        """When entries pause because nobody watches; None while somebody does."""
        self.alone_since: Instant | None = None
        """Since when no screen has been attached; None while one is, or where nobody tells."""
        self.reachable = True
        """Whether a person could come and resume."""

    @property
    def first(self) -> str:
        """The oldest reason; empty when entries may go."""
        return next(iter(self._reasons), "")

    def __contains__(self, reason: str) -> bool:
        return reason in self._reasons

    def left_alone(self, now: Instant, span: int) -> bool:
        """Say whether nobody has watched for a time, microseconds."""
        return self.alone_since is not None and now - self.alone_since >= span

    def add(self, reason: str) -> bool:
        """Add a reason; False when it was there."""
        if reason in self._reasons:
            return False
        self._reasons[reason] = None
        return True

    def drop(self, reason: str) -> None:
        """Take one reason off."""
        self._reasons.pop(reason, None)

    def drop_kind(self, kind: str, but: str) -> bool:
        """Take off every reason that begins with ``kind`` except ``but``; return whether there was one."""
        found = [reason for reason in self._reasons if reason.startswith(kind) and reason != but]
        for reason in found:
            del self._reasons[reason]
        return bool(found)

    def resume(self) -> bool:
        """Take off what a person may and say whether there was any; what lasts by itself stays."""
        kept = [reason for reason in self._reasons if reason.startswith(_LASTING)]
        lifted = len(kept) < len(self._reasons)
        self._reasons = dict.fromkeys(kept)
        self.unattended_at = None
        return lifted
