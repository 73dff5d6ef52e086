"""What the broker says about the account: person, funds, static address, segments, margin and charges."""

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.system.plain_text import plain
from engine.upstox.rest.fields import (
    FieldError,
    Row,
    flag,
    number,
    paise,
    row_of,
    rows_of,
    section,
    stamp,
    text,
    texts,
)


class Profile(msgspec.Struct, frozen=True):
    """Whose account it is and what it may do. Reading it proves the token."""

    user_id: str
    user_name: str
    broker: str
    exchanges: tuple[str, ...]
    products: tuple[str, ...]
    order_types: tuple[str, ...]
    active: bool | None


class Funds(msgspec.Struct, frozen=True):
    """Money in paise; None where the broker does not say."""

    available: Paise | None
    """Free for trades: cash and pledge together."""
    cash: Paise | None
    pledge: Paise | None
    used: Paise | None
    opening_balance: Paise | None
    sale_proceeds: Paise | None = None
    """Of the cash, what today's sales of stock brought: not for trades."""


class StaticIp(msgspec.Struct, frozen=True):
    """The addresses registered for order writes; empty where none is."""

    primary: str
    secondary: str
    primary_updated: Instant
    secondary_updated: Instant


class SegmentState(msgspec.Struct, frozen=True):
    """One segment of the account. ``killed`` is the broker's own lock; None where it does not say."""

    segment: str
    active: bool
    killed: bool | None


class Margin(msgspec.Struct, frozen=True):
    """Margin that a basket would need, paise."""

    required: Paise
    final: Paise | None


class Brokerage(msgspec.Struct, frozen=True):
    """Charges of one order, paise; None where the broker does not say."""

    total: Paise | None
    brokerage: Paise | None
    gst: Paise | None
    stt: Paise | None
    stamp_duty: Paise | None
    transaction: Paise | None
    sebi: Paise | None


def profile_of(data: object) -> Profile:
    """Return a profile from the broker's answer."""
    row = row_of(data, "a profile")
    return Profile(
        user_id=text(row, "user_id"),
        user_name=plain(text(row, "user_name")),
        broker=text(row, "broker"),
        exchanges=texts(row, "exchanges"),
        products=texts(row, "products"),
        order_types=texts(row, "order_types"),
        active=flag(row, "is_active"),
    )


def funds_of(data: object) -> Funds:
    """Return funds from the V3 answer."""
    row = row_of(data, "funds")
    free = section(row, "available_to_trade")
    cash, pledge = section(free, "cash_available_to_trade"), section(free, "pledge_available_to_trade")
    return Funds(
        available=paise(free, "total"),
        cash=paise(cash, "total"),
        pledge=paise(pledge, "total"),
        used=paise(section(cash, "margin_used"), "total"),
        opening_balance=paise(section(cash, "cash"), "opening_balance"),
        sale_proceeds=paise(section(cash, "cash"), "amount_from_stock_sale"),
    )


def static_ip_of(data: object) -> StaticIp:
    """Return the registered addresses."""
    row = row_of(data, "the registered addresses")
    return StaticIp(
        primary=text(row, "primary_ip"),
        secondary=text(row, "secondary_ip"),
        primary_updated=stamp(row, "primary_ip_updated_at"),
        secondary_updated=stamp(row, "secondary_ip_updated_at"),
    )


def segments_of(data: object) -> tuple[SegmentState, ...]:
    """Return the account's segments."""
    return tuple(_segment(row) for row in rows_of(data, "segments"))


def margin_of(data: object) -> Margin:
    """Return a margin answer; raise FieldError when it names no margin."""
    row = row_of(data, "a margin")
    required = paise(row, "required_margin")
    if required is None:
        raise FieldError(f"expected required_margin, got {row.get('required_margin')!r}")
    return Margin(required, paise(row, "final_margin"))


def brokerage_of(data: object) -> Brokerage:
    """Return the charges of an order, whichever spelling the broker uses."""
    row = section(row_of(data, "charges"), "charges")
    taxes = section(row, "taxes")
    other = section(row, "otherTaxes", "other_taxes", "other_charges")
    return Brokerage(
        total=paise(row, "total"),
        brokerage=paise(row, "brokerage"),
        gst=paise(taxes, "gst"),
        stt=paise(taxes, "stt"),
        stamp_duty=paise(taxes, "stamp_duty"),
        transaction=paise(other, "transaction"),
        sebi=paise(other, "sebi_turnover"),
    )


def _segment(row: Row) -> SegmentState:
    killed = flag(row, "kill_switch_enabled")
    return SegmentState(text(row, "segment"), text(row, "segment_status").upper() == "ACTIVE", killed)


def latency_of(envelope: Row) -> float | None:
    """Return the milliseconds a request spent inside the broker; None when it does not say."""
    return number(section(envelope, "metadata"), "latency")
