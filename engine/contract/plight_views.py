"""What a held position waits for when the exchange takes nothing or something else, as a screen shows it."""

from enum import StrEnum

import msgspec

from engine.market.price import Paise


class PlightKind(StrEnum):
    """What stands in the way."""

    HELD_BY_HALT = "HELD BY HALT"
    STUCK = "STUCK"
    AUCTION_AHEAD = "AUCTION AHEAD"
    IN_AUCTION = "IN AUCTION"
    WAITS_FOR_OPEN = "WAITS FOR THE OPEN"
    EXCHANGE_NOT_OPEN = "EXCHANGE NOT OPEN"
    CARRIED = "CARRIED"
    NAKED = "NAKED"


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
        """Return the kind in a word or two, and that nothing protects it where nothing does."""
        bare = self.naked and self.kind not in (PlightKind.NAKED, PlightKind.CARRIED)
        return f"{self.kind.value}, NAKED" if bare else self.kind.value
