"""What risk management and the exchange refuse after the broker said yes: a text, and no code."""

from tests.fake_upstox.market import Quote
from tests.fake_upstox.order import Order
from tests.fake_upstox.packets import rupees
from tests.fake_upstox.phases import Phase

HALTED = "16113 : Trading in the market is halted"
"""What a halted exchange answers where it refuses instead of letting orders rest."""


def refusal(order: Order, quote: Quote, phase: Phase) -> str | None:
    """Return why an order's own terms are refused, or None."""
    return (
        _quantity_refusal(order)
        or _price_refusal(order, quote)
        or _stop_width_refusal(order)
        or _phase_refusal(order, phase)
    )


def trigger_refusal(order: Order, quote: Quote) -> str | None:
    """Return why the exchange refuses a stop whose trigger the market has passed."""
    if not order.waits_for_trigger:
        return None
    if order.side == "BUY" and order.trigger <= quote.last:
        return f"RMS:Rule: Trigger price {rupees(order.trigger)} is below LTP {rupees(quote.last)} for stop loss buy"
    if order.side == "SELL" and order.trigger >= quote.last:
        return f"RMS:Rule: Trigger price {rupees(order.trigger)} is above LTP {rupees(quote.last)} for stop loss sell"
    return None


def range_refusal(order: Order, quote: Quote) -> str | None:
    """Return why a limit lies outside the range that the exchange protects, or None."""
    if quote.collar is None or not order.limit:
        return None
    low, high = quote.collar
    if low <= order.limit <= high:
        return None
    return f"17080 : The Price is out of the limit price protection range {rupees(low)} - {rupees(high)}"


def holdings_refusal(order: Order, held: int) -> str | None:
    """Return why shares that are not held cannot be sold for delivery, or None."""
    delivery = order.listing.kind == "EQ" and order.product != "I"
    if order.side == "SELL" and delivery and order.quantity > held:
        return (
            f"RMS:Rule: Check holdings including BTST holdings, {max(held, 0)} available for {order.quantity}"
        )
    return None


def _quantity_refusal(order: Order) -> str | None:
    listing = order.listing
    if order.quantity % listing.lot:
        return f"16115 : Order quantity should be in multiples of lot size {listing.lot}"
    if order.quantity > listing.freeze:
        return f"RMS:Rule: Order quantity {order.quantity} exceeds freeze quantity {listing.freeze}"
    if order.product == "I" and not listing.intraday:
        return "RMS:Blocked for intraday (product I) trading in this security"
    return None


def _price_refusal(order: Order, quote: Quote) -> str | None:
    tick = order.listing.tick
    for price in (order.price, order.trigger):
        if price % tick:
            return f"16283 : The order price {rupees(price)} is not multiple of the tick size {rupees(tick)}"
        if price and not quote.lower <= price <= quote.upper:
            band = f"{rupees(quote.lower)} - {rupees(quote.upper)}"
            return f"17070 : The Price is out of the current execution range {band}"
    return None


def _stop_width_refusal(order: Order) -> str | None:
    """Return why a stop's limit lies too far from its trigger: 3 %, options 20 %."""
    if not (order.trigger and order.price):
        return None
    percent = 20 if order.listing.kind in ("CE", "PE") else 3
    if 100 * abs(order.price - order.trigger) <= percent * order.trigger:
        return None
    return (
        f"16448 : Difference between limit price {rupees(order.price)} and trigger price {rupees(order.trigger)} "
        f"is beyond the permissible range of {percent}%"
    )


def _phase_refusal(order: Order, phase: Phase) -> str | None:
    if phase in (Phase.AUCTION_QUIET, Phase.AUCTION_MATCHING):
        return "16387 : Order entry is not allowed in this session"
    if phase is Phase.AUCTION_LIMIT and order.order_type == "MARKET":
        return "16388 : Market orders are not allowed in this session"
    if phase in (Phase.AUCTION_ENTRY, Phase.AUCTION_LIMIT) and (
        order.order_type in ("SL", "SL-M") or order.validity == "IOC" or order.disclosed
    ):
        return (
            "16389 : Stop loss, IOC and disclosed quantity orders are not allowed in closing auction session"
        )
    return None


def auction_refusal(order: Order, quote: Quote) -> str | None:
    """Return why a price lies outside the closing auction's band of 3 % around the reference price."""
    reach = quote.reference * 3 // 100
    if order.order_type == "LIMIT" and abs(order.price - quote.reference) > reach:
        return f"17071 : The Price is out of the closing auction range of {rupees(quote.reference)}"
    return None
