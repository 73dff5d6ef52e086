"""What the broker's risk system and the exchange refuse, in words like theirs. Margin is not checked.

A malformed request is refused at the door with the broker's error code and leaves no order; one that is well formed
becomes an order and is then rejected with a text, as the real chain does it. Only LIMIT and SL exist here, so
a market order without protection cannot be expressed.
"""

from datetime import date
from typing import Final

from engine.brokers.paper.fill_rules import stop_reached
from engine.brokers.paper.price_limits import price_band
from engine.brokers.paper.records import InstrumentDepth
from engine.market.instrument import Instrument
from engine.market.price import Paise, rupees_of
from engine.market.side import Side
from engine.orders.messages import ModifyOrder, OrderType, PlaceOrder
from engine.risk.stop_limit import taken_limit, widest_percent

TAG_LENGTH: Final = 40

Terms = PlaceOrder | ModifyOrder


def door_refusal(terms: Terms, instrument: Instrument | None) -> tuple[str, str] | None:
    """Return error code and message of a request that never becomes an order; None for a well-formed one."""
    stop = terms.order_type is OrderType.STOP_LIMIT
    checks = (
        (instrument is None or not instrument.tradable, "UDAPI100011", "Invalid instrument key"),
        (len(terms.tag) > TAG_LENGTH, "UDAPI1119", f"Tag exceeds {TAG_LENGTH} characters"),
        (terms.quantity <= 0, "UDAPI1052", f"Quantity must be greater than zero, got {terms.quantity}"),
        (terms.price <= 0, "UDAPI1007", "Price is required for LIMIT and SL orders"),
        (stop and terms.trigger_price <= 0, "UDAPI1029", "Trigger price is required for SL orders"),
        (not stop and terms.trigger_price != 0, "UDAPI1030", "Trigger price must be 0 for LIMIT orders"),
    )
    return next(((code, text) for failed, code, text in checks if failed), None)


def rejection(terms: Terms, side: Side, instrument: Instrument, depth: InstrumentDepth, day: date) -> str:
    """Return why risk system or exchange reject well-formed terms; empty when they are taken."""
    stop = terms.order_type is OrderType.STOP_LIMIT
    return (
        _quantity(terms.quantity, instrument)
        or _off_tick("Price", terms.price, instrument)
        or (_off_tick("Trigger price", terms.trigger_price, instrument) if stop else "")
        or (_stop_terms(terms, side, depth) or _stop_width(terms, side, instrument) if stop else "")
        or _out_of_band(terms, instrument, depth, day)
    )


def out_of_range(price: Paise, instrument: Instrument, depth: InstrumentDepth, day: date) -> str:
    """Return the exchange's refusal of a limit price outside the range; empty inside it or while none is known."""
    band = price_band(instrument.kind, depth, day)
    if band is None or band[0] <= price <= band[1]:
        return ""
    low, high = rupees_of(band[0]), rupees_of(band[1])
    if instrument.is_option:
        return f"17070 : The Price is out of the current execution range {low:.2f} to {high:.2f}"
    found = f"Order Price :{rupees_of(price):.2f}"
    return f"RMS:Circuit breach, {found}, Low Price Range:{low:.2f} High Price Range:{high:.2f}"


def _quantity(quantity: int, instrument: Instrument) -> str:
    if quantity % instrument.lot:
        return f"RMS:Order quantity {quantity} is not a multiple of the lot size {instrument.lot}"
    if quantity > instrument.freeze_quantity:
        return f"RMS:Order quantity {quantity} exceeds the freeze quantity {instrument.freeze_quantity}"
    return ""


def _off_tick(name: str, price: Paise, instrument: Instrument) -> str:
    if price % instrument.tick == 0:
        return ""
    return f"16388 : {name} {rupees_of(price):.2f} is not a multiple of the tick size {rupees_of(instrument.tick):.2f}"


def _stop_terms(terms: Terms, side: Side, depth: InstrumentDepth) -> str:
    trigger = rupees_of(terms.trigger_price)
    beyond = "above" if side is Side.BUY else "below"
    if (terms.price - terms.trigger_price) * side.sign < 0:
        return f"RMS:Limit price {rupees_of(terms.price):.2f} must be at or {beyond} the trigger price {trigger:.2f}"
    if depth.last > 0 and stop_reached(side, terms.trigger_price, depth.last):
        last = f"the last traded price {rupees_of(depth.last):.2f}"
        return f"RMS:Trigger price {trigger:.2f} for {side.lower()} order must be {beyond} {last}"
    return ""


def _stop_width(terms: Terms, side: Side, instrument: Instrument) -> str:
    if taken_limit(instrument, side.opposite, terms.trigger_price, terms.price) == terms.price:
        return ""
    most, trigger = widest_percent(instrument), rupees_of(terms.trigger_price)
    return (
        f"16448 : Difference between limit price {rupees_of(terms.price):.2f} and trigger price {trigger:.2f} "
        f"is beyond the permissible range of {most}%"
    )


def _out_of_band(terms: Terms, instrument: Instrument, depth: InstrumentDepth, day: date) -> str:
    if terms.order_type is OrderType.LIMIT:
        return out_of_range(terms.price, instrument, depth, day)
    if instrument.is_option:
        return ""
    return out_of_range(terms.trigger_price, instrument, depth, day) or out_of_range(
        terms.price, instrument, depth, day
    )
