"""GTT orders as the broker lists them: they wait at the broker, not at the exchange, until a price comes."""

from typing import Final

import msgspec

from engine.market.price import Paise
from engine.upstox.rest.fields import Row, needed_text, needed_whole, paise, text
from engine.upstox.rest.listed import Listed, listed

_OVER: Final = frozenset({"COMPLETED", "FAILED", "CANCELLED", "EXPIRED", "REJECTED"})
"""Statuses of a leg after which it fires no more; any other word, a new one too, may still fire."""

_ENTRY: Final = "ENTRY"


class GttLeg(msgspec.Struct, frozen=True):
    """One rule of a GTT order."""

    strategy: str
    """ENTRY, TARGET or STOPLOSS."""
    status: str
    trigger_type: str
    """ABOVE, BELOW or IMMEDIATE; an exit of a position of the same GTT order is IMMEDIATE and knows its side."""
    trigger_price: Paise
    side: str
    order_id: str
    """The order that it became; empty while it waits."""

    @property
    def waiting(self) -> bool:
        """Whether it may still fire."""
        return self.status not in _OVER and not self.order_id


class GttRow(msgspec.Struct, frozen=True):
    """One GTT order of the account."""

    gtt_id: str
    instrument: str
    symbol: str
    product: str
    quantity: int
    legs: tuple[GttLeg, ...]

    @property
    def waiting(self) -> tuple[GttLeg, ...]:
        """The legs that may fire next: its exits only once its entry has fired."""
        legs = tuple(leg for leg in self.legs if leg.waiting)
        return tuple(leg for leg in legs if leg.strategy == _ENTRY) or legs


def gtts_of(data: object) -> Listed[GttRow]:
    """Return the account's GTT orders; raise FieldError for what is no list."""
    return listed(data, "GTT orders", gtt_of)


def gtt_of(row: Row) -> GttRow:
    """Return one GTT order; raise FieldError when a field that decides is missing."""
    rules = row.get("rules")
    return GttRow(
        gtt_id=needed_text(row, "gtt_order_id"),
        instrument=needed_text(row, "instrument_token", "instrument_key"),
        symbol=text(row, "trading_symbol", "tradingsymbol"),
        product=text(row, "product"),
        quantity=needed_whole(row, "quantity"),
        legs=tuple(_leg(rule) for rule in rules if isinstance(rule, dict)) if isinstance(rules, list) else (),
    )


def _leg(rule: Row) -> GttLeg:
    return GttLeg(
        strategy=text(rule, "strategy").upper(),
        status=text(rule, "status").strip().upper(),
        trigger_type=text(rule, "trigger_type").upper(),
        trigger_price=paise(rule, "trigger_price") or 0,
        side=text(rule, "transaction_type").upper(),
        order_id=text(rule, "order_id"),
    )
