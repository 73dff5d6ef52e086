"""What a held position waits for when the exchange takes nothing or something else, as a screen shows it."""

import msgspec

from engine.market.price import Paise
from engine.orders.plight import PlightKind

__all__ = ["PlightKind", "PlightView"]


class PlightView(msgspec.Struct, frozen=True):
    """One position's, with what a person can still do."""

    kind: PlightKind
    naked: bool
    """No stop of equal quantity rests at the exchange."""
    text: str
    """What is the matter; it names the order that rests."""
    advice: str
    order: str = ""
    """Tag of the exit that rests; empty where none does."""
    order_quantity: int = 0
    order_price: Paise | None = None

    @property
    def label(self) -> str:
        """The kind in a word or two, and that nothing protects it where nothing does."""
        bare = self.naked and self.kind not in (PlightKind.NAKED, PlightKind.CARRIED)
        return f"{self.kind.value}, NAKED" if bare else self.kind.value
