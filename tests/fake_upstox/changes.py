"""Modify and cancel at the fake broker: accepted at once, applied a little later, refused when too late."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.market.clock import SECOND
from tests.fake_upstox.errors import ApiError, bad
from tests.fake_upstox.exchange import Exchange
from tests.fake_upstox.market import paise
from tests.fake_upstox.matching import Fill
from tests.fake_upstox.order import STOPS, Order, facts_of
from tests.fake_upstox.phases import Phase
from tests.fake_upstox.risk_checks import HALTED, refusal, trigger_refusal
from tests.fake_upstox.rules import Terms, check_terms

_UNTOUCHABLE = (Phase.AUCTION_QUIET, Phase.AUCTION_MATCHING)


def find_order(exchange: Exchange, order_id: str | None) -> Order:
    """Return an order that calls can see; raise ApiError as the broker does."""
    if not order_id:
        raise bad("UDAPI1003", "The 'order_id' is required", "order_id")
    if not order_id.isalnum():
        raise bad("UDAPI1023", "The 'order_id' is malformed", "order_id", order_id)
    order = exchange.orders.get(order_id)
    if order is None or not exchange.visible(order):
        raise ApiError(404, "UDAPI100010", "Order not found", "order_id", order_id)
    return order


def cancel_order(exchange: Exchange, order_id: str | None) -> Order:
    """Start a cancel."""
    order = find_order(exchange, order_id)
    fault = exchange.faults.take("refuse-cancel", **facts_of(order))
    if fault is not None and fault.facts.get("fill"):
        _fill_whole(exchange, order)
    if fault is not None or order.terminal:
        raise bad("UDAPI100040", "Order is already cancelled/rejected/completed and can not be cancelled")
    if exchange.faults.take("ignore-cancel", **facts_of(order)) is not None:
        return order
    if order.is_amo:
        exchange.record(order, "cancelled after market order")
        return order
    exchange.record(order, "cancel pending")
    if exchange.faults.take("lose-cancel", **facts_of(order)) is not None:
        return order
    exchange.agenda.after(exchange.delays.change, lambda: _finish_cancel(exchange, order))
    return order


def _finish_cancel(exchange: Exchange, order: Order) -> None:
    if order.terminal:
        return
    phase = exchange.phase(order.listing)
    locked = phase is Phase.AUCTION_LIMIT and order.order_type == "MARKET"
    if phase in _UNTOUCHABLE or locked:
        exchange.record(order, "not cancelled", "16390 : Order can not be cancelled in this session")
        return
    late = exchange.faults.take("late-fill", **facts_of(order))
    exchange.record(order, "cancelled")
    if late is not None:
        price = order.limit or order.price or exchange.market.quote(order.listing.key).last
        quantity = int(late.value("quantity", order.left))
        exchange.agenda.after(
            round(late.value("delay", 0.5) * SECOND),
            lambda: exchange.fill(order, [Fill(min(quantity, order.left), price)] if order.left else []),
        )


def _fill_whole(exchange: Exchange, order: Order) -> None:
    if order.left and not order.terminal:
        order.triggered = True
        quote = exchange.market.quote(order.listing.key)
        exchange.fill(order, [Fill(order.left, order.trigger or order.limit or quote.last)])


def modify_order(exchange: Exchange, body: Mapping[str, Any]) -> Order:
    """Start a modify; the old terms hold until it is done."""
    order = find_order(exchange, body.get("order_id"))
    wanted = _new_terms(order, body)
    check_terms(wanted)
    fault = exchange.faults.take("refuse-modify", **facts_of(order))
    if order.terminal or (fault is not None and fault.facts.get("at_once")):
        raise bad("UDAPI100041", "Order is already cancelled/rejected/completed and can not be modified")
    if order.changes >= exchange.readings.most_changes:
        raise bad("UDAPI100041", "Maximum number of modifications of the order reached", "order_id")
    if exchange.faults.take("ignore-modify", **facts_of(order)) is not None:
        return order
    order.requests += 1
    order.changes += 1
    if order.is_amo:
        exchange.record(order, "modify after market order req received")
        _apply(order, wanted)
        return order
    exchange.record(order, "modify validation pending")
    if exchange.faults.take("lose-modify", **facts_of(order)) is not None:
        return order
    refused = None if fault is None else str(fault.facts.get("text", "RMS:Order modification refused"))
    exchange.agenda.after(exchange.delays.validation, lambda: _pend(exchange, order))
    exchange.agenda.after(exchange.delays.change, lambda: _finish_modify(exchange, order, wanted, refused))
    return order


def _pend(exchange: Exchange, order: Order) -> None:
    if not order.terminal:
        exchange.record(order, "modify pending")


def _new_terms(order: Order, body: Mapping[str, Any]) -> Terms:
    return Terms(
        listing=order.listing,
        side=order.side,
        quantity=int(body.get("quantity") or order.quantity),
        product=order.product,
        validity=str(body.get("validity") or order.validity),
        order_type=str(body.get("order_type") or order.order_type),
        price=paise(float(body.get("price") or 0)),
        trigger=paise(float(body.get("trigger_price") or 0)),
        disclosed=int(body.get("disclosed_quantity") or 0),
        tag=order.tag,
        slice=False,
        protection=float(body.get("market_protection") or 0),
    )


def _finish_modify(exchange: Exchange, order: Order, wanted: Terms, refused: str | None) -> None:
    if order.terminal:
        return
    wanted = _meant(exchange, order, wanted)
    reason = refused or _refusal(exchange, order, wanted)
    if reason is not None:
        exchange.record(order, "not modified", reason)
        return
    _apply(order, wanted)
    exchange.requeue(order)
    exchange.record(order, "modified")
    if not order.live:
        return
    if order.waits_for_trigger:
        exchange.record(order, "trigger pending")
        return
    exchange.reprice(order)
    exchange.record(order, "open")
    exchange.match(order)


def _meant(exchange: Exchange, order: Order, wanted: Terms) -> Terms:
    """Return terms whose quantity is the whole of the order, whatever the broker takes a change's to mean."""
    rest = exchange.readings.quantity_is_rest
    return replace(wanted, quantity=wanted.quantity + order.filled) if rest else wanted


def _may_become(exchange: Exchange, order: Order, wanted: Terms) -> str | None:
    readings, was, wanted_stop = exchange.readings, order.waits_for_trigger, wanted.order_type in STOPS
    if exchange.market.is_halted(order.listing) and readings.halt_refuses:
        return HALTED
    if was and not wanted_stop and not readings.stop_becomes_limit:
        return "16416 : A stop loss order can not be changed into another order type"
    if order.order_type not in STOPS and wanted_stop and not readings.limit_becomes_stop:
        return "16417 : The order can not be changed into a stop loss order"
    return None


def _refusal(exchange: Exchange, order: Order, wanted: Terms) -> str | None:
    refused = _may_become(exchange, order, wanted)
    if refused is not None:
        return refused
    if wanted.quantity <= order.filled:
        return f"16300 : Order quantity {wanted.quantity} is not above the traded quantity {order.filled}"
    quote = exchange.market.quote(order.listing.key)
    trial = replace(order, history=[])
    _apply(trial, wanted)
    return refusal(trial, quote, exchange.phase(order.listing)) or trigger_refusal(trial, quote)


def _apply(order: Order, wanted: Terms) -> None:
    order.quantity = wanted.quantity
    order.validity = wanted.validity
    order.order_type = wanted.order_type
    order.price = wanted.price
    order.trigger = wanted.trigger
    order.disclosed = wanted.disclosed
    order.protection = wanted.protection
    if order.shown_type:
        # What a fault let rest as something else is from here on what it was changed into.
        order.shown_type, order.held = "", False
    if order.order_type not in STOPS:
        order.triggered = False
