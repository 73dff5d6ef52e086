"""What the fake broker blocks for a position or an order: round shares, enough to refuse what cannot be paid."""

from collections.abc import Iterable

from tests.fake_upstox.listing import Listing
from tests.fake_upstox.positions import Position

_INTRADAY_SHARE = 20
_FUTURE_SHARE = 12
_WRITER_SHARE = 15


def required_margin(listing: Listing, side: str, quantity: int, price: int, product: str) -> int:
    """Return the paise blocked for opening a quantity at a price."""
    if listing.kind == "FUT":
        return quantity * price * _FUTURE_SHARE // 100
    if listing.is_derivative:
        return quantity * price if side == "BUY" else quantity * listing.strike * _WRITER_SHARE // 100
    return quantity * price * (_INTRADAY_SHARE if product == "I" else 100) // 100


def used_margin(positions: Iterable[Position], prices: dict[str, int]) -> int:
    """Return the paise blocked by open positions."""
    return sum(
        required_margin(
            position.listing,
            "BUY" if position.quantity > 0 else "SELL",
            abs(position.quantity),
            prices[position.listing.key],
            position.product,
        )
        for position in positions
        if position.quantity
    )
