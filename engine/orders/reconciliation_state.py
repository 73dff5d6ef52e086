"""What is known of the broker's truth and what of it is wanted: one owner, changed by its verbs alone."""

from collections.abc import Mapping

from engine.market.clock import Instant
from engine.orders.messages import Product
from engine.orders.news import Verified


class ReconciliationState:
    """How far the broker's book has confirmed what we believe, by instrument."""

    def __init__(self) -> None:
        self._frozen: dict[str, str] = {}
        self._unverified: dict[str, Instant] = {}
        self._refusals: dict[tuple[str, Product], str] = {}
        self._wanted = False
        self._verified: Verified | None = None
        self._fills_seen = 0
        self._behind: dict[str, str] | None = None

    @property
    def frozen(self) -> Mapping[str, str]:
        """Why entries stand still, by instrument; a contradiction freezes for the rest of the day."""
        return self._frozen

    @property
    def unverified(self) -> Mapping[str, Instant]:
        """Instruments with a cancelled entry that no read has confirmed yet, and when it was cancelled."""
        return self._unverified

    @property
    def wanted(self) -> bool:
        """Whether a whole read of the book is wanted."""
        return self._wanted

    @property
    def verified(self) -> Verified | None:
        """What the broker said last, as far as it was newer than everything we know."""
        return self._verified

    @property
    def fills_seen(self) -> int:
        """How many fills the newest read that counted listed."""
        return self._fills_seen

    @property
    def behind(self) -> Mapping[str, str] | None:
        """Instruments of which that read says nothing, and why; None before the first."""
        return self._behind

    def want(self, *, when: bool = True) -> None:
        """Want a whole read of the book; once wanted, it stays wanted until one was asked for."""
        self._wanted = self._wanted or when

    def asked(self) -> None:
        """Note that a whole read was asked for."""
        self._wanted = False

    def freeze(self, instrument: str, why: str) -> None:
        """Let no entry into an instrument for the rest of the day; the first reason stays."""
        self._frozen.setdefault(instrument, why)

    def cancelled(self, instrument: str, at: Instant) -> None:
        """Note a cancelled entry: a fill may have overtaken the cancel."""
        self._unverified[instrument] = at

    def confirm(self, instrument: str) -> None:
        """Note that a read has shown what became of an instrument's cancelled entry."""
        del self._unverified[instrument]

    def heard(self, fills: int, behind: dict[str, str]) -> None:
        """Take in how new a read that counts is, and what it says nothing of."""
        self._fills_seen, self._behind = fills, behind

    def verify(self, verified: Verified) -> None:
        """Take in what the broker said, newer than everything we know."""
        self._verified = verified

    def refused(self, instrument: str, product: Product, why: str) -> None:
        """Keep why the broker last refused to let a position go."""
        self._refusals[instrument, product] = why

    def refusal(self, instrument: str, product: Product) -> str:
        """Return why the broker last refused to let a position go; empty where it did not."""
        return self._refusals.get((instrument, product), "")

    def says_nothing_of(self, instrument: str) -> bool:
        """Say whether no read yet, or the newest not, tells what is held in an instrument."""
        return self._behind is None or instrument in self._behind
