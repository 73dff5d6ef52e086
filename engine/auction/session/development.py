"""How the volume profile developed: its reading when each bracket ended and when the balance was complete."""

from engine.auction.profile.tpo_profile import letter_of
from engine.auction.session.brackets import Brackets
from engine.auction.values.context import DevelopingReading, ProfileReading
from engine.market.clock import Instant
from engine.market.price import Paise


class Development:
    """Samples of one session's volume profile; each is what was known before the packet that made it due."""

    __slots__ = ("_waits", "balance_poc", "samples")

    def __init__(self) -> None:
        self._waits = True
        self.samples: list[DevelopingReading] = []
        """Oldest first, one for each end of a bracket that became known."""
        self.balance_poc: Paise | None = None
        """The volume POC when the initial balance was complete; None when our record began later."""

    def awaits_balance(self, time: Instant, balance_end: Instant) -> bool:
        """Say, once, that the initial balance is complete."""
        if not self._waits or time < balance_end:
            return False
        self._waits = False
        return True

    def sample(self, brackets: Brackets, reading: ProfileReading | None, delta: int) -> None:
        """Keep the profile's reading at the end of the newest bracket that is over."""
        if reading is not None:
            ended = brackets.ended_at
            letter = letter_of((ended - 1 - brackets.session_open) // brackets.length)
            self.samples.append(DevelopingReading(letter, ended, reading, delta))
