"""What we ask the broker for: new orders and changes, in paise and units."""

import msgspec

from engine.market.price import Paise
from engine.upstox.rest import records


class NewOrder(msgspec.Struct, frozen=True):
    """An order to place: intraday, good for the day, no disclosed part. Prices in paise, units in whole lots."""

    instrument: str
    side: str
    order_type: str
    quantity: int
    price: Paise
    trigger_price: Paise
    tag: str
    product: str = records.INTRADAY
    slice: bool = False
    """Let the broker split above the freeze quantity; only where nobody here knows that quantity."""
    market_protection: float | None = None


class ChangedOrder(msgspec.Struct, frozen=True):
    """New terms for a live order; SL may become LIMIT."""

    order_id: str
    order_type: str
    quantity: int
    price: Paise
    trigger_price: Paise
