"""Whose each unit of an account is: what others close takes the outside part first, then ours, fill by fill."""

from dataclasses import dataclass
from enum import StrEnum


class Whose(StrEnum):
    """Whose order filled."""

    ENTRY = "entry"
    """Ours, to open."""
    CLOSING = "closing"
    """Ours, to close."""
    OTHERS = "others"


@dataclass
class Claims:
    """One instrument's signed units by whose they are."""

    ours: int = 0
    theirs: int = 0
    taken_over: int = 0
    """Signed units of orders of ours that closed what was theirs."""
    meant: int = 0
    """What our entries asked for since we held nothing, units."""

    @property
    def net(self) -> int:
        """Return what the broker holds."""
        return self.ours + self.theirs

    @property
    def exposed(self) -> int:
        """Return the units of ours that the broker still holds: what others hold against us is closed already."""
        return min(abs(self.ours), max(self.net, 0) if self.ours > 0 else max(-self.net, 0))

    def intend(self, quantity: int) -> None:
        """Count an entry's quantity as meant."""
        self.meant = quantity + (self.meant if self.ours else 0)

    def take(self, signed: int, whose: Whose, *, everything: bool = False) -> int:
        """Apply a fill and return the units that our order filled beyond what it could close: an excess.

        ``everything`` is the kill's scope: what is theirs is closed too.
        """
        if whose is Whose.ENTRY:
            self.ours += signed
            return 0
        if whose is Whose.OTHERS:
            signed = self._absorb_theirs(signed)
            self.theirs += self._absorb_ours(signed)
            return 0
        signed = self._absorb_ours(signed)
        if everything:
            before = signed
            signed = self._absorb_theirs(signed)
            self.taken_over += before - signed
        self.ours += signed
        return abs(signed)

    def _absorb_ours(self, signed: int) -> int:
        taken = _opposed(self.ours, signed)
        self.ours += taken
        return signed - taken

    def _absorb_theirs(self, signed: int) -> int:
        taken = _opposed(self.theirs, signed)
        self.theirs += taken
        return signed - taken


def _opposed(held: int, signed: int) -> int:
    """Return the part of a fill that closes something held."""
    if held * signed >= 0:
        return 0
    size = min(abs(held), abs(signed))
    return size if signed > 0 else -size
