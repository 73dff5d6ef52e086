"""The control endpoint: plant faults, change the world, look at what happened. No token needed, loopback only."""

from collections.abc import Callable
from datetime import time
from typing import Any

from engine.market.clock import SECOND, instant_at, isoformat
from tests.fake_upstox.broker import Broker
from tests.fake_upstox.burst import start_burst
from tests.fake_upstox.changes import cancel_order, modify_order
from tests.fake_upstox.clock import speed_of
from tests.fake_upstox.closing import plan_square_off
from tests.fake_upstox.market import paise
from tests.fake_upstox.matching import Fill
from tests.fake_upstox.notifier import post_token
from tests.fake_upstox.others import close_by_phone, phone_order, square_off
from tests.fake_upstox.rest_account import token_message
from tests.fake_upstox.scenarios import play_scenario
from tests.fake_upstox.shapes import Json

Answer = dict[str, Any] | list[Any]
Act = Callable[[Broker, dict[str, Any]], Answer]


def control(broker: Broker, method: str, path: str, body: dict[str, Any]) -> Answer:
    """Do one control request; raise ValueError for an unknown one or a wrong body."""
    act = _ACTS.get(f"{method} {path.strip('/')}")
    if act is None:
        raise ValueError(f"expected one of {', '.join(_ACTS)}, got {method} {path}")
    return act(broker, body)


def _plant(broker: Broker, body: dict[str, Any]) -> Answer:
    if "fault" not in body:
        raise ValueError('expected {"fault": NAME, ...}, got no fault')
    fault = broker.faults.plant(str(body["fault"]), body)
    if fault.name == "flap":
        _cut(broker, str(fault.facts.get("stream", "market")))
    return fault.told()


def _faults(broker: Broker, _: dict[str, Any]) -> Answer:
    return broker.faults.told()


def _clear(broker: Broker, body: dict[str, Any]) -> Answer:
    broker.faults.clear(body.get("fault"))
    return broker.faults.told()


def _scenario(broker: Broker, body: dict[str, Any]) -> Answer:
    play_scenario(broker, str(body.get("scenario")))
    return {"scenario": body["scenario"]}


def _state(broker: Broker, body: dict[str, Any]) -> Answer:
    for name, value in body.items():
        if name not in _SETTERS:
            raise ValueError(f"expected one of {', '.join(_SETTERS)}, got {name!r}")
        _SETTERS[name](broker, value)
    return _told_state(broker, {})


def _told_state(broker: Broker, _: dict[str, Any]) -> Answer:
    desk, account = broker.exchange.desk, broker.account
    return {
        "day": broker.day.isoformat(),
        "now": isoformat(broker.agenda.moment),
        "speed": _speed(broker),
        "tape_ended": broker.agenda.tape_ended,
        "capital": desk.capital / 100,
        "halted": sorted(broker.market.halted),
        "locked": sorted(broker.market.locked),
        "inactive": sorted(desk.inactive),
        "primary_ip": account.primary_ip,
        "caller_ip": account.caller_address,
        "master_version": broker.files.version,
        "market_clients": broker.feed.state(),
        "portfolio_clients": len(broker.portfolio.clients),
        "portfolio_events": broker.portfolio.published,
        "controls": broker.feed.told_controls,
    }


def _set_ip(broker: Broker, value: Json) -> None:
    broker.account.caller_address = broker.account.primary_ip or "" if value == "registered" else str(value)


def _set_segment(broker: Broker, value: Json) -> None:
    for name, active in dict(value).items():
        broker.account.segments[name].active = bool(active)
        (broker.exchange.desk.inactive.discard if active else broker.exchange.desk.inactive.add)(name)


def _set_halted(broker: Broker, value: Json) -> None:
    broker.market.halted = set(value)
    broker.feed.tell_phase()
    if not value:
        for order in broker.exchange.working():
            broker.exchange.match(order)


def _set_locked(broker: Broker, value: Json) -> None:
    for key, side in dict(value).items():
        broker.lock(key, side)


def _set_terms(broker: Broker, value: Json) -> None:
    for key, terms in dict(value).items():
        if not set(terms) <= {"tick", "lot", "freeze"}:
            raise ValueError(f"expected tick, lot or freeze, got {', '.join(terms)}")
        broker.relist(key, terms.get("tick"), terms.get("lot"), terms.get("freeze"))


def _set_bands(broker: Broker, value: Json) -> None:
    for key, (lower, upper) in dict(value).items():
        quote = broker.market.quote(key)
        quote.lower, quote.upper = paise(lower), paise(upper)


def _set_prices(broker: Broker, value: Json) -> None:
    for key, price in dict(value).items():
        broker.set_price(key, paise(price))


def _set_cutoff(broker: Broker, value: Json) -> None:
    broker.exchange.desk.intraday_cutoff = None if value is None else time.fromisoformat(value)


def _set_master(broker: Broker, value: Json) -> None:
    broker.files.cut = value.get("cut")
    broker.files.unlisted = frozenset(value.get("unlisted", ()))
    broker.files.change(value.get("rows", {}), frozenset(value.get("removed", ())))


_SETTERS: dict[str, Callable[[Broker, Any], None]] = {
    "caller_ip": _set_ip,
    "primary_ip": lambda broker, value: setattr(broker.account, "primary_ip", value),
    "secondary_ip": lambda broker, value: setattr(broker.account, "secondary_ip", value),
    "segments": _set_segment,
    "is_active": lambda broker, value: setattr(broker.account, "is_active", bool(value)),
    "capital": lambda broker, value: setattr(broker.exchange.desk, "capital", paise(value)),
    "check_margin": lambda broker, value: setattr(broker.exchange.desk, "check_margin", bool(value)),
    "reject_all": lambda broker, value: setattr(broker.exchange.desk, "reject_all", value),
    "intraday_cutoff": _set_cutoff,
    "square_off_after": lambda broker, value: plan_square_off(broker.exchange, float(value)),
    "halted": _set_halted,
    "bands": _set_bands,
    "prices": _set_prices,
    "locked": _set_locked,
    "terms": _set_terms,
    "master": _set_master,
    "readings": lambda broker, value: broker.exchange.readings.take(dict(value)),
    "rate_limits": lambda broker, value: setattr(broker.limiter, "enabled", bool(value)),
    "shared_write_limit": lambda broker, value: setattr(broker.limiter, "shared_writes", bool(value)),
    "block_seconds": lambda broker, value: broker.limiter.block(float(value)),
    "connection_limit": lambda broker, value: setattr(broker, "connection_limit", int(value)),
    "algo_names": lambda broker, value: setattr(broker.account, "algo_names", frozenset(value)),
    "holidays": lambda broker, value: setattr(broker, "extra_holidays", list(value)),
    "read_only": lambda broker, value: setattr(broker.account, "read_only", bool(value)),
    "login_denied": lambda broker, value: setattr(broker.account, "login_denied", bool(value)),
    "redirect_uri": lambda broker, value: setattr(broker.account, "redirect_uri", value),
    "notifier_url": lambda broker, value: setattr(broker.account, "notifier_url", value),
}


def _token(broker: Broker, body: dict[str, Any]) -> Answer:
    """Kill every token, or issue a new one; only the new one's text is answered."""
    if body.get("act") == "kill":
        broker.account.kill_tokens()
        return {"killed": True}
    if body.get("act") == "approve":
        message = token_message(broker)
        post_token(broker, message)
        return message
    broker.access_token = broker.account.issue_token(broker.agenda.moment)
    return {"access_token": broker.access_token}


def _clock(broker: Broker, body: dict[str, Any]) -> Answer:
    if "skew_seconds" in body:
        broker.clock.skew = round(float(body["skew_seconds"]) * SECOND)
    if "speed" in body:
        broker.clock.set_speed(speed_of(str(body["speed"])))
    if "advance_seconds" in body:
        broker.advance(broker.clock.now() + round(float(body["advance_seconds"]) * SECOND))
    if "time" in body:
        broker.advance(instant_at(broker.day, time.fromisoformat(str(body["time"]))))
    return {"now": isoformat(broker.clock.now()), "speed": _speed(broker)}


def _speed(broker: Broker) -> Json:
    return "max" if broker.clock.is_fastest else broker.clock.speed


def _disconnect(broker: Broker, body: dict[str, Any]) -> Answer:
    stream = body.get("stream")
    if stream not in ("market", "portfolio"):
        raise ValueError(f"expected stream market or portfolio, got {stream!r}")
    return {"disconnected": _cut(broker, stream)}


def _cut(broker: Broker, stream: str) -> int:
    clients = (
        [subscriber.client for subscriber in broker.feed.subscribers]
        if stream == "market"
        else [client for client, _ in broker.portfolio.clients]
    )
    for client in clients:
        client.disconnect()
    return len(clients)


def _outage(broker: Broker, body: dict[str, Any]) -> Answer:
    """Close the port for some seconds: nobody answers, not even here."""
    seconds = float(body.get("seconds", 3.0))
    broker.go_dark(seconds)
    return {"dark_seconds": seconds}


def _orders(broker: Broker, _: dict[str, Any]) -> Answer:
    return [
        order.row() | {"history": order.history, "live": order.live}
        for order in broker.exchange.orders.values()
    ]


def _positions(broker: Broker, _: dict[str, Any]) -> Answer:
    exchange = broker.exchange
    return [row.row(exchange.market.quote(key).last) for (key, _), row in exchange.positions.items()]


def _trades(broker: Broker, _: dict[str, Any]) -> Answer:
    return [trade.row() for trade in broker.exchange.trades]


def _calls(broker: Broker, _: dict[str, Any]) -> Answer:
    return [entry.told() for entry in broker.calls.entries]


def _clear_calls(broker: Broker, _: dict[str, Any]) -> Answer:
    broker.calls.entries.clear()
    return []


def _phone_order(broker: Broker, body: dict[str, Any]) -> Answer:
    return phone_order(broker.exchange, body, broker.listings).row()


def _close_by_phone(broker: Broker, body: dict[str, Any]) -> Answer:
    listing = broker.listings[str(body["instrument_token"])]
    return [order.row() for order in close_by_phone(broker.exchange, listing, body)]


def _square_off(broker: Broker, body: dict[str, Any]) -> Answer:
    return [order.row() for order in square_off(broker.exchange, body)]


def _waiting_order(broker: Broker, body: dict[str, Any]) -> Answer:
    """Leave a GTT order at the broker, as another platform does; ``pieces`` and ``every`` say how it fills."""
    return broker.gtt.place(body).row()


def _cancel_waiting(broker: Broker, body: dict[str, Any]) -> Answer:
    return broker.gtt.cancel(body.get("gtt_order_id")).row()


def _waiting_orders(broker: Broker, _: dict[str, Any]) -> Answer:
    return [gtt.row() for gtt in broker.gtt.orders.values()]


def _events(broker: Broker, body: dict[str, Any]) -> Answer:
    return [event.told() for event in broker.exchange.journal.events[int(body.get("from", 0)) :]]


def _overnight(broker: Broker, body: dict[str, Any]) -> Answer:
    listing = broker.listings[str(body["instrument_token"])]
    position = broker.exchange.position(listing, str(body.get("product", "D")))
    position.overnight = int(body["quantity"])
    position.overnight_value = position.overnight * paise(float(body["price"]))
    return position.event()


def _act_on_order(broker: Broker, body: dict[str, Any]) -> Answer:
    """Cancel, fill, trigger, release or re-open an order from the broker's side."""
    exchange = broker.exchange
    chosen = [
        order
        for order in exchange.orders.values()
        if body.get("order_id") in (None, order.order_id)
        and body.get("tag") in (None, order.tag)
        and not (order.terminal and body["act"] != "fill")
    ]
    for order in chosen:
        if body["act"] == "cancel":
            exchange.kill_order(order, str(body.get("text", "Order cancelled by RMS")))
        elif body["act"] == "phone-cancel":
            cancel_order(exchange, order.order_id)
        elif body["act"] == "phone-modify":
            modify_order(exchange, body | {"order_id": order.order_id})
        elif body["act"] == "trigger":
            exchange.trigger(order)
        elif body["act"] == "release":
            exchange.release(order)
        elif body["act"] == "fill":
            wanted = min(int(body.get("quantity", order.left)), order.left)
            price = (
                paise(float(body["price"]))
                if "price" in body
                else order.limit or order.trigger or order.price
            )
            exchange.fill(order, [Fill(wanted, price)] if wanted else [])
        else:
            raise ValueError(f"expected cancel, fill, trigger, release or a phone act, got {body['act']!r}")
    return [order.row() for order in chosen]


def _burst(broker: Broker, body: dict[str, Any]) -> Answer:
    rate, seconds = float(body.get("rate", 1_000)), float(body.get("seconds", 5))
    start_burst(broker, rate, seconds)
    return {"rate": rate, "seconds": seconds}


_ACTS: dict[str, Act] = {
    "POST faults": _plant,
    "GET faults": _faults,
    "DELETE faults": _clear,
    "POST scenario": _scenario,
    "POST state": _state,
    "GET state": _told_state,
    "POST token": _token,
    "POST clock": _clock,
    "GET clock": _clock,
    "POST disconnect": _disconnect,
    "GET orders": _orders,
    "POST orders": _phone_order,
    "POST orders/act": _act_on_order,
    "GET positions": _positions,
    "POST positions/overnight": _overnight,
    "POST positions/close": _close_by_phone,
    "POST positions/square-off": _square_off,
    "POST gtt": _waiting_order,
    "GET gtt": _waiting_orders,
    "DELETE gtt": _cancel_waiting,
    "GET events": _events,
    "GET trades": _trades,
    "GET calls": _calls,
    "DELETE calls": _clear_calls,
    "POST burst": _burst,
    "POST outage": _outage,
}
