"""What a stop is measured by, and how a trade was sized behind it: the figures that every reader is shown."""

from enum import StrEnum

import msgspec

from engine.market.price import Paise


class StopTerm(StrEnum):
    """What set a stop where it is."""

    STRUCTURE = "structure"
    ATR = "ATR"
    SPREAD = "spread"
    CHARGES = "charges"
    TRAIL_STRUCTURE = "trail structure"
    TRAIL_ATR = "trail ATR"
    SPIKE = "spike"
    BREAKEVEN = "breakeven"
    TYPED = "typed"


class AllowanceTerm(StrEnum):
    """What a stop is expected to slip by at the most: the largest of these is counted beyond its trigger."""

    DISTANCE = "share of distance"
    SPREAD = "spread"
    SLIPPAGE = "measured slippage"


class SizedStop(msgspec.Struct, frozen=True):
    """The one stop a trade was measured and sized with. Prices and money in paise.

    ``risk``, ``gap`` and ``charges`` are of ``quantity``; where no lot fits, of one lot.
    """

    distance: Paise
    """From the price of the signal to the trigger."""
    terms: tuple[tuple[StopTerm, Paise], ...]
    """What each term asks for; the largest wins. Of a typed stop they only warn."""
    term: StopTerm
    """The one that won."""
    trigger: Paise | None = None
    """None where the distance does not fit."""
    limit: Paise | None = None
    """The worst price the fired stop may fill at."""
    allowance: Paise = 0
    """What is counted beyond the trigger, per unit."""
    allowed_by: AllowanceTerm = AllowanceTerm.DISTANCE
    lots: int = 0
    quantity: int = 0
    budget: Paise | None = None
    """What one trade may risk, charges apart; None where it was never sized."""
    risk: Paise | None = None
    """From the entry's limit to trigger and allowance, charges apart."""
    gap: Paise | None = None
    """From the entry's limit to the stop's limit, charges included."""
    charges: Paise | None = None
    """Of the round trip that ends at trigger and allowance."""
    cap: str = ""
    """What kept it from being larger, in words."""
    warnings: tuple[str, ...] = ()
    """What a typed stop is nearer than."""
