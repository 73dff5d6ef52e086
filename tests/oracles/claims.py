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
    RACING = "racing"
    """Of others, sent to close what was ours: what it fills beyond that may be left theirs or be closed once."""


@dataclass
class Claims:
    """One instrument's signed units by whose they are."""

    ours: int = 0
    theirs: int = 0
    either: int = 0
    """What a race of others with our own closing left beyond flat: it may be closed once, or shown as theirs."""
    taken_over: int = 0
    """Signed units of orders of ours that closed what was theirs."""
    meant: int = 0
    """What our entries asked for since we held nothing, units."""

    @property
    def net(self) -> int:
        """Return what the broker holds."""
        return self.ours + self.theirs + self.either

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
        if whose in (Whose.OTHERS, Whose.RACING):
            signed = self._absorb("either", self._absorb("theirs", signed))
            signed = self._absorb("ours", signed)
            if whose is Whose.RACING:
                self.either += signed
            else:
                self.theirs += signed
            return 0
        signed = self._absorb("ours", signed)
        if everything:
            before = signed
            signed = self._absorb("theirs", signed)
            self.taken_over += before - signed
        signed = self._absorb("either", signed)
        self.ours += signed
        return abs(signed)

    def forgive(self) -> None:
        """Let an excess that a race explains be closed by us or left as theirs: nobody can tell whose it is."""
        self.either, self.ours = self.either + self.ours, 0

    def _absorb(self, name: str, signed: int) -> int:
        """Let a fill close what one of them holds; return what is left of it."""
        held: int = getattr(self, name)
        taken = _opposed(held, signed)
        setattr(self, name, held + taken)
        return signed - taken


def _opposed(held: int, signed: int) -> int:
    """Return the part of a fill that closes something held."""
    if held * signed >= 0:
        return 0
    size = min(abs(held), abs(signed))
    return size if signed > 0 else -size
