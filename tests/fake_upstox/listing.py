"""One listed instrument as the broker's instrument file tells it and as the exchange checks orders against it."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from engine.market.clock import MILLISECOND, instant_at

CASH_FREEZE = 100_000


@dataclass(frozen=True)
class Listing:
    """A row of the master. Money in paise, quantities in units."""

    key: str
    symbol: str
    name: str
    kind: str
    """EQ, FUT, CE, PE or INDEX."""
    base: int
    """Previous close."""
    tick: int = 10
    lot: int = 1
    freeze: int = CASH_FREEZE
    expiry: date | None = None
    strike: int = 0
    underlying: str = ""
    underlying_symbol: str = ""
    underlying_kind: str = ""
    weekly: bool = False
    isin: str = ""
    auction: bool = False
    """Takes part in the closing auction."""
    intraday: bool = True
    """Product I is allowed."""

    @property
    def segment(self) -> str:
        """Return NSE_EQ, NSE_FO or NSE_INDEX."""
        return self.key.partition("|")[0]

    @property
    def token(self) -> str:
        """Return the exchange's own number."""
        return self.key.partition("|")[2]

    @property
    def is_derivative(self) -> bool:
        """Say whether it lives in NSE_FO."""
        return self.segment == "NSE_FO"

    def row(self) -> dict[str, Any]:
        """Return the instrument file's row: tick in paise, expiry in milliseconds at 23:59:59."""
        row: dict[str, Any] = {
            "segment": self.segment,
            "name": self.name,
            "exchange": "NSE",
            "instrument_type": self.kind,
            "instrument_key": self.key,
            "exchange_token": self.token
            if self.is_derivative
            else str(abs(hash_of(self.key)) % 90_000 + 1_000),
            "trading_symbol": self.symbol,
        }
        if self.kind == "INDEX":
            return row
        row |= {
            "tick_size": float(self.tick),
            "lot_size": self.lot,
            "minimum_lot": self.lot,
            "freeze_quantity": float(self.freeze),
        }
        if self.kind == "EQ":
            row |= {
                "isin": self.isin,
                "short_name": self.name.title(),
                "qty_multiplier": 1.0,
                "security_type": "NORMAL",
                "mtf_enabled": self.auction,
                "mtf_bracket": 25.0,
            }
            return row | ({"cas_eligible": True} if self.auction else {})
        if self.expiry is None:
            raise ValueError(f"expected an expiry of {self.key}, got none")
        return row | {
            "expiry": instant_at(self.expiry, time(23, 59, 59)) // MILLISECOND,
            "weekly": self.weekly,
            "strike_price": self.strike / 100,
            "qty_multiplier": 1.0,
            "underlying_key": self.underlying,
            "underlying_symbol": self.underlying_symbol,
            "underlying_type": self.underlying_kind,
            "asset_key": self.underlying,
            "asset_symbol": self.underlying_symbol,
            "asset_type": self.underlying_kind,
        }


def expiry_text(expiry: date) -> str:
    """Return an expiry as trading symbols write it."""
    return datetime.combine(expiry, time(0)).strftime("%d %b %y").upper()


def hash_of(text: str) -> int:
    """Return a number of a text that is the same in each process."""
    value = 2_166_136_261
    for byte in text.encode():
        value = (value ^ byte) * 16_777_619 % (1 << 32)
    return value
