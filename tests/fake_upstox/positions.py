"""Positions by instrument and product, built from fills alone."""

from dataclasses import dataclass
from typing import Any

from tests.fake_upstox.listing import Listing
from tests.fake_upstox.order import symbol_of
from tests.fake_upstox.packets import rupees


@dataclass
class Position:
    """One row. Values in paise."""

    listing: Listing
    product: str
    bought: int = 0
    sold: int = 0
    buy_value: int = 0
    sell_value: int = 0
    overnight: int = 0
    overnight_value: int = 0

    @property
    def quantity(self) -> int:
        """Return the signed net quantity."""
        return self.overnight + self.bought - self.sold

    def add(self, side: str, quantity: int, price: int) -> None:
        """Take a fill in."""
        if side == "BUY":
            self.bought += quantity
            self.buy_value += quantity * price
        else:
            self.sold += quantity
            self.sell_value += quantity * price

    def event(self) -> dict[str, Any]:
        """Return the portfolio stream's message: no profit and no last price in it."""
        return {
            "update_type": "position",
            "instrument_token": self.listing.key,
            "instrument_key": self.listing.key,
            "exchange": self.listing.segment,
            "product": self.product,
            "multiplier": 1.0,
            "quantity": self.quantity,
            "average_price": self._average(),
            **self._sides(),
        }

    def row(self, last: int) -> dict[str, Any]:
        """Return the row of the positions call."""
        paid = self.buy_value - self.sell_value + self.overnight_value
        pnl = rupees(self.quantity * last - paid)
        open_average = self._average()
        unrealised = round(self.quantity * (last / 100 - open_average), 2) if self.quantity else 0.0
        return {
            "exchange": "NFO" if self.listing.is_derivative else "NSE",
            "multiplier": 1.0,
            "value": rupees(paid),
            "pnl": pnl,
            "product": self.product,
            "instrument_token": self.listing.key,
            "average_price": open_average,
            "quantity": self.quantity,
            "last_price": rupees(last),
            "unrealised": unrealised,
            "realised": round(pnl - unrealised, 2),
            "tradingsymbol": symbol_of(self.listing),
            "trading_symbol": symbol_of(self.listing),
            "close_price": rupees(self.listing.base),
            **self._sides(),
            "x_new_field": None,
        }

    def _average(self) -> float:
        if self.quantity > 0:
            quantity, value = (
                self.bought + max(self.overnight, 0),
                self.buy_value + max(self.overnight_value, 0),
            )
        elif self.quantity < 0:
            quantity, value = (
                self.sold + max(-self.overnight, 0),
                self.sell_value + max(-self.overnight_value, 0),
            )
        else:
            return 0.0
        return round(value / quantity / 100, 4) if quantity else 0.0

    def _sides(self) -> dict[str, Any]:
        long_overnight, short_overnight = max(self.overnight, 0), max(-self.overnight, 0)
        return {
            "buy_value": rupees(self.buy_value),
            "sell_value": rupees(self.sell_value),
            "buy_price": round(self.buy_value / self.bought / 100, 4) if self.bought else 0.0,
            "sell_price": round(self.sell_value / self.sold / 100, 4) if self.sold else 0.0,
            "overnight_quantity": self.overnight,
            "overnight_buy_amount": rupees(max(self.overnight_value, 0)),
            "overnight_buy_quantity": long_overnight,
            "overnight_sell_amount": rupees(max(-self.overnight_value, 0)),
            "overnight_sell_quantity": short_overnight,
            "day_buy_quantity": self.bought,
            "day_buy_value": rupees(self.buy_value),
            "day_buy_price": round(self.buy_value / self.bought / 100, 4) if self.bought else "",
            "day_sell_quantity": self.sold,
            "day_sell_value": rupees(self.sell_value),
            "day_sell_price": round(self.sell_value / self.sold / 100, 4) if self.sold else "",
        }
