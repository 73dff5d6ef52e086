"""One line of the instrument master: what can be followed, with the words a person knows it by."""

from datetime import date
from typing import Final

import msgspec

from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.price import Paise

FUTURE: Final = "FUT"
CALL: Final = "CE"
PUT: Final = "PE"
ORDINARY: Final = "EQ"
"""The series of an ordinary share; other series are trade-for-trade, bonds and the like."""


class Listing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One listed instrument. Tick and strike in paise, lot and freeze quantity in units; stored as a plain row."""

    key: str
    symbol: str
    """The exchange's trading symbol; not unique."""
    name: str
    kind: InstrumentClass
    series: str
    """FUT, CE or PE of a derivative, EQ, BE and the like of a stock, INDEX."""
    tick: Paise
    lot: int
    freeze_quantity: int
    underlying: str = ""
    underlying_symbol: str = ""
    """The underlying's own symbol, as NIFTY; empty for cash and indices."""
    expiry_ordinal: int = 0
    """Proleptic day number of the expiry, 0 for none: dates would cost half of the reading time."""
    strike: Paise = 0
    weekly: bool = False
    """A weekly option: not the last expiry of its month."""

    @property
    def expiry(self) -> date | None:
        """The last trading day of a derivative."""
        return date.fromordinal(self.expiry_ordinal) if self.expiry_ordinal else None

    @property
    def instrument(self) -> Instrument:
        """What the engine trades."""
        return Instrument(
            key=self.key,
            symbol=self.symbol,
            kind=self.kind,
            tick=self.tick,
            lot=self.lot,
            freeze_quantity=self.freeze_quantity,
            provenance=Provenance.MASTER,
            underlying=self.underlying,
            expiry=self.expiry,
        )


class Intraday(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the broker lends on a stock that may be traded intraday (product I) today."""

    leverage: float
    """Notional over own money."""
    margin_pct: float
    """Own money, percent of the notional."""
