"""What is traded: identity, class, tick, lot and freeze quantity, each with where it came from."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from engine.market.price import Paise


class InstrumentClass(StrEnum):
    """Classes that the exchange treats differently (source: nse circulars named in the calendar data)."""

    AUCTION_STOCK = "auction-stock"
    """Cash stock with live derivatives: continuous trading ends with the closing auction."""
    STOCK = "stock"
    STOCK_FUTURE = "stock-future"
    INDEX_FUTURE = "index-future"
    OPTION = "option"
    INDEX = "index"


DERIVATIVES: Final = frozenset(
    {InstrumentClass.STOCK_FUTURE, InstrumentClass.INDEX_FUTURE, InstrumentClass.OPTION}
)
"""Classes of contracts that end on a day."""


class Provenance(StrEnum):
    """Where an instrument's tick and lot come from."""

    MASTER = "MASTER"
    INFERRED = "INFERRED"
    SIMULATED = "SIMULATED"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable instrument. Tick in paise, lot and freeze quantity in units."""

    key: str
    symbol: str
    kind: InstrumentClass
    tick: Paise
    lot: int
    freeze_quantity: int
    provenance: Provenance
    underlying: str = ""
    expiry: date | None = None

    @property
    def is_option(self) -> bool:
        """Whether selling to open is forbidden."""
        return self.kind is InstrumentClass.OPTION

    @property
    def tradable(self) -> bool:
        """Whether orders exist for it at all."""
        return self.kind is not InstrumentClass.INDEX
