"""GTT orders: they live at the broker, not at the exchange, and become ordinary orders when their price comes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from engine.market.clock import SECOND, Instant, datetime_of
from tests.fake_upstox.errors import ApiError, bad
from tests.fake_upstox.exchange import Exchange
from tests.fake_upstox.listing import Listing
from tests.fake_upstox.market import paise
from tests.fake_upstox.order import Order, symbol_of
from tests.fake_upstox.others import in_pieces
from tests.fake_upstox.packets import rupees
from tests.fake_upstox.phases import Phase
from tests.fake_upstox.rules import Terms

_YEAR: Instant = 365 * 86_400 * 1_000_000
_MOST_RULES = 3
_LEAST_GAP_PERCENT = 10
"""A trailing gap is at least this share of the way from the last price to the stop."""


@dataclass
class Rule:
    """One leg."""

    strategy: str
    trigger_type: str
    trigger: int
    trailing_gap: float = 0.0
    protection: float = -1.0
    status: str = "PENDING"
    order: Order | None = None


@dataclass
class Gtt:
    """One GTT order."""

    gtt_id: str
    kind: str
    listing: Listing
    side: str
    quantity: int
    product: str
    created: Instant
    rules: list[Rule] = field(default_factory=list)
    pieces: int = 1
    every: Instant = 1_000_000
    """How its orders fill: in so many pieces, so far apart."""

    @property
    def pending(self) -> bool:
        """Say whether a leg still waits."""
        return any(rule.status == "PENDING" for rule in self.rules)

    def row(self) -> dict[str, Any]:
        """Return the details call's row."""
        return {
            "type": self.kind,
            "exchange": self.listing.segment,
            "quantity": self.quantity,
            "product": self.product,
            "trading_symbol": symbol_of(self.listing),
            "instrument_token": self.listing.key,
            "gtt_order_id": self.gtt_id,
            "created_at": self.created,
            "expires_at": self.created + _YEAR,
            "rules": [
                {
                    "strategy": rule.strategy,
                    "status": rule.status,
                    "message": "",
                    "trigger_type": rule.trigger_type,
                    "trigger_price": rupees(rule.trigger),
                    "transaction_type": self.side if rule.strategy == "ENTRY" else _opposite(self.side),
                    "order_id": None if rule.order is None else rule.order.order_id,
                    "trailing_gap": rule.trailing_gap,
                }
                for rule in self.rules
            ],
        }


class GttDesk:
    """The broker's watch over GTT orders."""

    def __init__(self, exchange: Exchange, publish: Callable[[Mapping[str, Any]], None]) -> None:
        self._exchange = exchange
        self._publish = publish
        self._numbers = count(1)
        self.orders: dict[str, Gtt] = {}

    def place(self, body: Mapping[str, Any]) -> Gtt:
        """Take a GTT order in; raise ApiError for a wrong shape."""
        listing = self._exchange.market.quote(str(body["instrument_token"])).listing
        rules = _read_rules(body)
        now = self._exchange.agenda.moment
        gtt = Gtt(
            gtt_id=f"GTT-C{datetime_of(now):%y%m%d}{next(self._numbers):06d}",
            kind=str(body["type"]),
            listing=listing,
            side=str(body.get("transaction_type")),
            quantity=int(body.get("quantity") or 0),
            product=str(body.get("product")),
            created=now,
            rules=rules,
            pieces=int(body.get("pieces", 1)),
            every=round(float(body.get("every", 1.0)) * SECOND),
        )
        if gtt.quantity <= 0:
            raise bad("UDAPI1126", "The GTT quantity is invalid", "quantity")
        _check_gaps(rules, self._exchange.market.quote(listing.key).last)
        self.orders[gtt.gtt_id] = gtt
        self._tell(gtt)
        if rules[0].trigger_type == "IMMEDIATE":
            self._fire(gtt, rules[0])
        return gtt

    def find(self, gtt_id: object) -> Gtt:
        """Return a GTT order; raise ApiError for an unknown id."""
        gtt = self.orders.get(str(gtt_id))
        if gtt is None:
            raise ApiError(404, "UDAPI1143", "GTT order not found", "gtt_order_id", gtt_id)
        return gtt

    def modify(self, body: Mapping[str, Any]) -> Gtt:
        """Replace the waiting legs."""
        gtt = self.find(body.get("gtt_order_id"))
        rules = _read_rules(body)
        _check_gaps(rules, self._exchange.market.quote(gtt.listing.key).last)
        quantity = int(body.get("quantity") or gtt.quantity)
        if quantity != gtt.quantity and gtt.rules[0].status != "PENDING":
            raise bad("UDAPI1126", "The GTT quantity is fixed once the entry is open", "quantity", quantity)
        gtt.quantity = quantity
        fresh = {rule.strategy: rule for rule in rules}
        gtt.rules = [
            fresh.get(rule.strategy, rule) if rule.status == "PENDING" else rule for rule in gtt.rules
        ]
        self._tell(gtt)
        return gtt

    def cancel(self, gtt_id: object) -> Gtt:
        """Cancel every waiting leg."""
        gtt = self.find(gtt_id)
        if not gtt.pending:
            raise bad("UDAPI1150", "The GTT order can not be cancelled", "gtt_order_id", gtt_id)
        for rule in gtt.rules:
            if rule.status == "PENDING":
                rule.status = "CANCELLED"
        self._tell(gtt)
        return gtt

    def _tell(self, gtt: Gtt) -> None:
        self._publish({"update_type": "gtt_order", **gtt.row()})

    def played(self, key: str) -> None:
        """Look whether a price wakes a leg; outside continuous trading nobody looks."""
        for gtt in self.orders.values():
            if gtt.listing.key != key or not gtt.pending:
                continue
            if self._exchange.phase(gtt.listing) is not Phase.CONTINUOUS:
                continue
            entry = gtt.rules[0]
            last = self._exchange.market.quote(key).last
            if entry.status == "PENDING":
                if last >= entry.trigger if entry.trigger_type == "ABOVE" else last <= entry.trigger:
                    self._fire(gtt, entry)
            elif entry.order is not None and entry.order.status == "complete":
                self._watch_exits(gtt, last)

    def _watch_exits(self, gtt: Gtt, last: int) -> None:
        long = gtt.side == "BUY"
        for rule in gtt.rules[1:]:
            above = (rule.strategy == "TARGET") == long
            if rule.strategy == "STOPLOSS" and rule.trailing_gap:
                gap = paise(rule.trailing_gap)
                rule.trigger = max(rule.trigger, last - gap) if long else min(rule.trigger, last + gap)
            if rule.status == "PENDING" and (last >= rule.trigger if above else last <= rule.trigger):
                self._fire(gtt, rule)
                for other in gtt.rules:
                    if other.status == "PENDING":
                        other.status = "CANCELLED"
                self._tell(gtt)
                return

    def _fire(self, gtt: Gtt, rule: Rule) -> None:
        rule.status = "COMPLETED"
        rule.order = self._exchange.place(
            Terms(
                listing=gtt.listing,
                side=gtt.side if rule.strategy == "ENTRY" else _opposite(gtt.side),
                quantity=gtt.quantity,
                product=gtt.product,
                validity="DAY",
                order_type="MARKET",
                price=0,
                trigger=0,
                disclosed=0,
                tag=None,
                slice=False,
                protection=rule.protection,
            ),
            placed_by="GTT",
        )
        in_pieces(self._exchange, rule.order, gtt.pieces, gtt.every)
        self._tell(gtt)


def _opposite(side: str) -> str:
    return "SELL" if side == "BUY" else "BUY"


def _check_gaps(rules: list[Rule], last: int) -> None:
    for rule in rules:
        least = abs(last - rule.trigger) * _LEAST_GAP_PERCENT // 100
        if rule.trailing_gap and paise(rule.trailing_gap) < least:
            raise bad("UDAPI1151", f"The trailing gap must be at least {rupees(least)}", "trailing_gap")


def _read_rules(body: Mapping[str, Any]) -> list[Rule]:
    kind, rows = body.get("type"), body.get("rules") or []
    fitting = len(rows) == 1 if kind == "SINGLE" else kind == "MULTIPLE" and 1 < len(rows) <= _MOST_RULES
    if not fitting:
        raise bad("UDAPI1136", "The number of rules does not fit the GTT type", "rules")
    rules = [
        Rule(
            strategy=str(row.get("strategy")),
            trigger_type=str(row.get("trigger_type")),
            trigger=paise(float(row.get("trigger_price") or 0)),
            trailing_gap=float(row.get("trailing_gap") or 0),
            protection=float(row.get("market_protection") or -1),
        )
        for row in rows
    ]
    strategies = [rule.strategy for rule in rules]
    if "ENTRY" not in strategies:
        raise bad("UDAPI1137", "An ENTRY rule is mandatory", "rules")
    if len(set(strategies)) != len(strategies) or not set(strategies) <= {"ENTRY", "TARGET", "STOPLOSS"}:
        raise bad("UDAPI1141", "The strategies must be unique", "rules")
    rules.sort(key=lambda rule: rule.strategy != "ENTRY")
    if any(rule.trigger_type != "IMMEDIATE" for rule in rules[1:]):
        raise bad("UDAPI1151", "Exit rules must be IMMEDIATE", "rules")
    return rules
