"""What the broker refuses at once, with its codes: the shape of an order, its protection, its prices' logic."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fake_upstox.errors import bad
from tests.fake_upstox.listing import Listing
from tests.fake_upstox.market import paise

_TYPES = ("MARKET", "LIMIT", "SL", "SL-M")
_MOST_PROTECTION = 25
_LONGEST_TAG = 40
_DISCLOSED_SHARE = 10


@dataclass(frozen=True)
class Terms:
    """The terms of a place request, in paise and units."""

    listing: Listing
    side: str
    quantity: int
    product: str
    validity: str
    order_type: str
    price: int
    trigger: int
    disclosed: int
    tag: str | None
    slice: bool
    protection: float


def read_place(
    body: Mapping[str, Any], listings: Mapping[str, Listing], *, protection_known: bool = True
) -> Terms:
    """Return a place request's terms; raise ApiError with the broker's code for what it refuses at once."""
    key = body.get("instrument_token")
    if not key:
        raise bad("UDAPI1026", "The 'instrument_token' is required", "instrument_token")
    if not isinstance(key, str) or "|" not in key:
        raise bad("UDAPI1087", "Invalid instrument key format", "instrument_token", key)
    listing = listings.get(key)
    if listing is None or listing.kind == "INDEX":
        raise bad("UDAPI100011", "Invalid Instrument key", "instrument_token", key)
    side = body.get("transaction_type")
    if side not in ("BUY", "SELL"):
        raise bad("UDAPI1003", "The 'transaction_type' is invalid", "transactionType", side)
    product = body.get("product")
    if product not in ("I", "D", "MTF"):
        raise bad("UDAPI1005", "The 'product' is invalid", "product", product)
    tag = body.get("tag")
    if tag is not None and len(str(tag)) > _LONGEST_TAG:
        raise bad("UDAPI1119", f"The tag must be at most {_LONGEST_TAG} characters", "tag", tag)
    terms = Terms(
        listing=listing,
        side=side,
        quantity=_whole(body, "quantity"),
        product=product,
        validity=str(body.get("validity")),
        order_type=str(body.get("order_type")),
        price=paise(_number(body, "price")),
        trigger=paise(_number(body, "trigger_price")),
        disclosed=_whole(body, "disclosed_quantity"),
        tag=None if tag is None else str(tag),
        slice=bool(body.get("slice", False)),
        protection=_number(body, "market_protection") if protection_known else -1.0,
    )
    check_terms(terms)
    return terms


def check_terms(terms: Terms) -> None:
    """Raise ApiError for terms that contradict themselves."""
    if terms.quantity <= 0:
        raise bad("UDAPI1052", "The order quantity cannot be zero", "quantity", terms.quantity)
    if terms.order_type not in _TYPES:
        raise bad("UDAPI1004", "Valid order type is required", "orderType", terms.order_type)
    if terms.validity not in ("DAY", "IOC"):
        raise bad("UDAPI1056", "The 'validity' is invalid", "validity", terms.validity)
    if terms.disclosed and terms.disclosed * _DISCLOSED_SHARE < terms.quantity:
        raise bad(
            "UDAPI1039", "The disclosed quantity should be at least 10% of the quantity", "disclosedQuantity"
        )
    _check_prices(terms)
    if terms.order_type in ("MARKET", "SL-M"):
        _check_protection(terms.protection)


def _check_prices(terms: Terms) -> None:
    wants_price, wants_trigger = terms.order_type in ("LIMIT", "SL"), terms.order_type in ("SL", "SL-M")
    if wants_price and terms.price <= 0:
        code = "UDAPI1029" if terms.order_type == "LIMIT" else "UDAPI1043"
        raise bad(code, f"The 'price' is required for {terms.order_type} orders", "price", terms.price)
    if not wants_price and terms.price:
        raise bad("UDAPI1030", f"The 'price' is not required for {terms.order_type} orders", "price")
    if wants_trigger and terms.trigger <= 0:
        raise bad(
            "UDAPI1031", f"The 'trigger_price' is required for {terms.order_type} orders", "triggerPrice"
        )
    if not wants_trigger and terms.trigger:
        raise bad(
            "UDAPI1032", f"The 'trigger_price' is not allowed for {terms.order_type} orders", "triggerPrice"
        )
    if terms.order_type == "SL":
        reversed_prices = terms.price < terms.trigger if terms.side == "BUY" else terms.price > terms.trigger
        if reversed_prices:
            side = "above" if terms.side == "BUY" else "below"
            raise bad(
                "UDAPI1036", f"The price of a {terms.side} stop must be at or {side} its trigger", "price"
            )


def _check_protection(protection: float) -> None:
    if protection == 0:
        raise bad(
            "UDAPI1158",
            "Market orders are not allowed without market protection. Please provide market_protection",
            "marketProtection",
            protection,
        )
    if protection > _MOST_PROTECTION:
        raise bad("UDAPI1159", "The market protection cannot exceed 25%", "marketProtection", protection)
    if protection != -1 and protection < 1:
        raise bad("UDAPI1160", "The market protection is invalid", "marketProtection", protection)


def _number(body: Mapping[str, Any], name: str) -> float:
    value = body.get(name) or 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad("UDAPI10000", f"Invalid value of '{name}'", name, value)
    return float(value)


def _whole(body: Mapping[str, Any], name: str) -> int:
    value = _number(body, name)
    if value != int(value):
        raise bad("UDAPI10000", f"Invalid value of '{name}'", name, value)
    return int(value)
