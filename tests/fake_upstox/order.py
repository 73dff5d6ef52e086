"""One order at the fake broker: its terms, what became of it, and the rows that the calls and the stream show."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from engine.market.clock import Instant, datetime_of
from tests.fake_upstox.listing import Listing
from tests.fake_upstox.packets import rupees

TERMINAL = frozenset({"complete", "rejected", "cancelled", "cancelled after market order"})
STOPS = frozenset({"SL", "SL-M"})


@dataclass(eq=False)
class Order:
    """The broker's own record. Prices in paise, quantities in units."""

    order_id: str
    listing: Listing
    side: str
    quantity: int
    product: str
    validity: str
    order_type: str
    price: int
    trigger: int
    placed: Instant
    tag: str | None = None
    protection: float = 0.0
    disclosed: int = 0
    status: str = "put order req received"
    filled: int = 0
    value: int = 0
    """Paise paid or received for the filled part."""
    message: str | None = None
    exchange_id: str = ""
    exchange_time: Instant | None = None
    is_amo: bool = False
    placed_by: str = "FAKE01"
    parent_id: str | None = None
    requests: int = 1
    live: bool = False
    """At the exchange, whatever the status says of a change under way."""
    triggered: bool = False
    limit: int = 0
    """The price at which it may trade, once converted; 0 until it is known."""
    held: bool = False
    """A fault keeps the market away from it."""
    hidden_until: Instant = 0
    """A fault keeps it out of book and history."""
    told_early: bool = False
    """The stream tells it although the book does not."""
    shown_type: str = ""
    """A fault makes the book tell another order type."""
    group: str = ""
    changes: int = 0
    """Changes asked for so far."""
    decimals: int = 4
    """How exactly its average price is told."""
    estimated: bool = False
    """A fault tells its own price for the fills' until the trades are booked."""
    early: bool = False
    """A fault tells it complete although the exchange has not filled it."""
    history: list[dict[str, Any]] = field(default_factory=list)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with the first fill or the end."""
    sequence: int = 0
    """Priority: raised by each change of terms."""

    @property
    def terminal(self) -> bool:
        """Say whether nothing more should happen to it."""
        return self.status in TERMINAL

    @property
    def left(self) -> int:
        """Return what is not filled."""
        return self.quantity - self.filled

    @property
    def sign(self) -> int:
        """Return 1 for a buy, -1 for a sell."""
        return 1 if self.side == "BUY" else -1

    @property
    def waits_for_trigger(self) -> bool:
        """Say whether it is a stop that has not fired."""
        return self.order_type in STOPS and not self.triggered

    @property
    def average(self) -> float:
        """Return the average fill price in rupees, two decimals and more as the broker tells it."""
        if self.early or (self.estimated and self.filled):
            return rupees(self.price or self.limit)
        return round(self.value / self.filled / 100, self.decimals) if self.filled else 0.0

    def row(self) -> dict[str, Any]:
        """Return the order book's row."""
        return self.history_row() | {
            "guid": None,
            "pending_quantity": 0 if self.terminal else self.left,
            "status_message_raw": self.message,
            "order_ref_id": f"REF{self.order_id}",
            "x_new_field": {"added": "later"},
        }

    def history_row(self) -> dict[str, Any]:
        """Return the history's row, which lacks a few fields."""
        shown = "LIMIT" if self.order_type == "MARKET" and self.limit else self.order_type
        price = self.limit if self.order_type in ("MARKET", "SL-M") and self.limit else self.price
        return {
            "exchange": "NSE" if not self.listing.is_derivative else "NFO",
            "product": self.product,
            "price": rupees(price),
            "quantity": self.quantity,
            "status": "complete" if self.early and not self.terminal else self.status,
            "tag": self.tag,
            "instrument_token": self.listing.key,
            "placed_by": self.placed_by,
            "tradingsymbol": symbol_of(self.listing),
            "trading_symbol": symbol_of(self.listing),
            "order_type": self.shown_type or shown,
            "validity": self.validity,
            "trigger_price": rupees(self.trigger),
            "disclosed_quantity": self.disclosed,
            "transaction_type": self.side,
            "average_price": self.average,
            "filled_quantity": self.quantity if self.early else self.filled,
            "status_message": self.message,
            "exchange_order_id": self.exchange_id or None,
            "parent_order_id": self.parent_id,
            "order_id": self.order_id,
            "variety": "AMO" if self.is_amo else "SIMPLE",
            "order_timestamp": stamp_of(self.placed),
            "exchange_timestamp": stamp_of(self.exchange_time) if self.exchange_time else None,
            "is_amo": self.is_amo,
            "order_request_id": str(self.requests),
        }

    def event(self) -> dict[str, Any]:
        """Return the portfolio stream's message."""
        return {
            "update_type": "order",
            "user_id": self.placed_by,
            "userId": self.placed_by,
            "instrument_key": self.listing.key,
            **self.row(),
            "exchange": "NSE" if not self.listing.is_derivative else "NFO",
            "exchange_order_id": self.exchange_id,
            "status_message": self.message or "",
        }


@dataclass(frozen=True)
class Trade:
    """One fill."""

    trade_id: str
    order: Order
    quantity: int
    price: int
    at: Instant

    def row(self) -> dict[str, Any]:
        """Return the row of the trades calls."""
        order = self.order
        return {
            "exchange": "NSE" if not order.listing.is_derivative else "NFO",
            "product": order.product,
            "tradingsymbol": symbol_of(order.listing),
            "trading_symbol": symbol_of(order.listing),
            "instrument_token": order.listing.key,
            "order_type": "LIMIT" if order.order_type == "MARKET" else order.order_type,
            "transaction_type": order.side,
            "quantity": self.quantity,
            "exchange_order_id": order.exchange_id,
            "order_id": order.order_id,
            "exchange_timestamp": stamp_of(self.at),
            "average_price": rupees(self.price),
            "trade_id": self.trade_id,
            "order_ref_id": f"REF{order.order_id}",
            "order_timestamp": stamp_of(self.at),
        }


def facts_of(order: Order) -> dict[str, str | None]:
    """Return what faults are matched by."""
    return {
        "side": order.side,
        "order_type": order.order_type,
        "instrument": order.listing.key,
        "tag": order.tag,
        "product": order.product,
    }


def symbol_of(listing: Listing) -> str:
    """Return the symbol as order rows write it."""
    return f"{listing.symbol}-EQ" if listing.kind == "EQ" else listing.symbol.replace(" ", "")


def stamp_of(moment: Instant) -> str:
    """Return a time as the broker writes it: IST, whole seconds."""
    return datetime_of(moment).strftime("%Y-%m-%d %H:%M:%S")
