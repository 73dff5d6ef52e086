"""Sign-in, profile, funds, addresses, kill switch, charges."""

from typing import Any
from urllib.parse import urlencode

from engine.market.clock import MINUTE, datetime_of
from tests.fake_upstox.account import CLIENT_ID, CLIENT_SECRET, SegmentSwitch, token_death
from tests.fake_upstox.broker import Broker
from tests.fake_upstox.errors import FUNDS_CLOSED, ApiError, bad
from tests.fake_upstox.kernel import Call, Reply, Route, success
from tests.fake_upstox.margin import required_margin, used_margin
from tests.fake_upstox.market import paise
from tests.fake_upstox.notifier import post_token
from tests.fake_upstox.packets import rupees

_MOST_MARGIN_LINES = 20
_CRORE = 1e7


def dialog(call: Call) -> Reply:
    """Stand in for the sign-in page: everybody is who they say, and is sent back with a code."""
    query, account = call.query, call.broker.account
    redirect_uri = query.get("redirect_uri", "")
    known = account.redirect_uri in (None, redirect_uri)
    if query.get("client_id") != CLIENT_ID or not known or query.get("response_type") != "code":
        raise ApiError(
            401, "UDAPI100068", "Check your 'client_id' and 'redirect_uri'; one or both are incorrect"
        )
    answer = {"error": "access_denied"} if account.login_denied else {"code": account.new_code(redirect_uri)}
    if "state" in query:
        answer["state"] = query["state"]
    joint = "&" if "?" in redirect_uri else "?"
    return Reply(
        "", 302, {"Location": f"{redirect_uri}{joint}{urlencode(answer)}", "Content-Type": "text/html"}
    )


def exchange_code(call: Call) -> Reply:
    """Give a token for a code; the code is used up either way."""
    broker = call.broker
    broker.account.exchange_code(call.body or {})
    token = broker.account.issue_token(broker.agenda.moment)
    return Reply(broker.account.profile() | {"access_token": token, "extended_token": None})


def request_token(call: Call) -> Reply:
    """Start the approval on the phone; the control endpoint, or a notifier address, brings the token."""
    if call.parts["client_id"] != CLIENT_ID or (call.body or {}).get("client_secret") != CLIENT_SECRET:
        raise ApiError(401, "UDAPI100016", "Invalid Credentials")
    broker = call.broker
    post_token(broker, token_message(broker))
    expiry = datetime_of(broker.agenda.moment + 10 * MINUTE)
    return success(
        {
            "authorization_expiry": str(round(expiry.timestamp() * 1_000)),
            "notifier_url": broker.account.notifier_url,
        }
    )


def token_message(broker: Broker) -> dict[str, Any]:
    """Return what the broker posts to the notifier address after the approval."""
    now = broker.agenda.moment
    return {
        "client_id": CLIENT_ID,
        "user_id": broker.account.profile()["user_id"],
        "access_token": broker.account.issue_token(now),
        "token_type": "Bearer",
        "expires_at": str(token_death(now) // 1_000),
        "issued_at": str(now // 1_000),
        "message_type": "access_token",
    }


def totp_token(call: Call) -> Reply:
    """Give a token for a one-time password; the token in use dies."""
    body = call.body or {}
    if call.headers.get("x-api-key") != CLIENT_ID or not body.get("totp") or not body.get("pin"):
        raise ApiError(401, "UDAPI100016", "Invalid Credentials")
    broker = call.broker
    broker.account.kill_tokens()
    token = broker.account.issue_token(broker.agenda.moment)
    return success(broker.account.profile() | {"access_token": token})


def log_out(call: Call) -> Reply:
    """End the session."""
    call.broker.account.drop_token(call.token)
    return success(True)


def profile(call: Call) -> Reply:
    """Tell who the account is."""
    return success(call.broker.account.profile() | {"x_new_field": "later"})


def funds(call: Call) -> Reply:
    """Tell the money, third version."""
    exchange = call.broker.exchange
    prices = {key: exchange.market.quote(key).last for key, _ in exchange.positions}
    used = used_margin(exchange.positions.values(), prices)
    free = exchange.available()
    realised = sum(row.sell_value - row.buy_value for row in exchange.positions.values() if not row.quantity)
    blocks = {
        "total": rupees(used),
        "mtf": 0.0,
        "loss": {"total": rupees(min(realised, 0)), "realised": rupees(realised), "unrealised": 0.0},
        "span_exposure": 0.0,
        "cash_margin_var_elm": rupees(used),
        "premium_present": 0.0,
        "delivery_margin": {"total": 0.0, "equity": 0.0, "fo_settlement": 0.0},
    }
    cash = {
        "opening_balance": rupees(exchange.desk.capital),
        "added_today": 0.0,
        "withdrawn_today": 0.0,
        "amount_from_stock_sale": 0.0,
        "unpaid_charges": 0.0,
        "total": rupees(exchange.desk.capital),
    }
    pledge = {
        "total": 0.0,
        "margin_from_pledge": {"total": 0.0, "equity": 0.0, "mutual_funds": 0.0},
        "margin_used": {"total": 0.0},
    }
    return success(
        {
            "available_to_trade": {
                "total": rupees(free),
                "cash_available_to_trade": {"total": rupees(free), "cash": cash, "margin_used": blocks},
                "pledge_available_to_trade": pledge,
            },
            "unavailable_to_trade": {"total": 0.0, "unsettled_profit": None},
        }
    )


def old_funds(call: Call) -> Reply:
    """Tell the money, second version."""
    exchange = call.broker.exchange
    prices = {key: exchange.market.quote(key).last for key, _ in exchange.positions}
    equity = {
        "used_margin": rupees(used_margin(exchange.positions.values(), prices)),
        "payin_amount": 0.0,
        "span_margin": 0.0,
        "adhoc_margin": 0.0,
        "notional_cash": 0.0,
        "available_margin": rupees(exchange.available()),
        "exposure_margin": 0.0,
    }
    return success({"equity": equity, "commodity": dict.fromkeys(equity, 0.0)})


def static_ip(call: Call) -> Reply:
    """Tell the registered addresses."""
    return success(call.broker.account.ip_row())


def set_static_ip(call: Call) -> Reply:
    """Register addresses: once a calendar week, and every token dies."""
    account, now = call.broker.account, call.broker.agenda.moment
    wanted = (call.body or {}).get("primary_ip")
    if not wanted:
        raise bad("UDAPI1179", "The primary IP is invalid", "primary_ip", wanted)
    week = datetime_of(now).isocalendar()[:2]
    if account.ip_changed_at is not None and datetime_of(account.ip_changed_at).isocalendar()[:2] == week:
        raise bad("UDAPI1181", "The IP can be changed once in a calendar week")
    account.primary_ip, account.secondary_ip = str(wanted), (call.body or {}).get("secondary_ip")
    account.ip_changed_at = now
    account.kill_tokens()
    return success(account.ip_row() | {"access_tokens_invalidated": True})


def kill_switch(call: Call) -> Reply:
    """Tell the segments and their switches."""
    return success(call.broker.account.switches())


def set_kill_switch(call: Call) -> Reply:
    """Turn segments off or on again, all of them or none."""
    broker = call.broker
    turned: list[tuple[SegmentSwitch, bool, str]] = []
    for line in call.body or []:
        name, action = str(line.get("segment")), str(line.get("action"))
        switch = broker.account.check_switch(name, action, broker.agenda.moment)
        is_open = any(
            row.quantity and row.listing.segment == name for row in broker.exchange.positions.values()
        )
        if action == "DISABLE" and is_open:
            raise bad("UDAPI1184", "All open positions must be closed first", "segment", name)
        turned.append((switch, action == "DISABLE", name))
    for switch, off, name in turned:
        switch.killed, switch.killed_at = off, broker.agenda.moment
        if not off:
            broker.exchange.desk.inactive.discard(name)
            continue
        broker.exchange.desk.inactive.add(name)
        for order in list(broker.exchange.orders.values()):
            if order.listing.segment == name:
                broker.exchange.kill_order(order, "Order cancelled by kill switch")
    return success(broker.account.switches())


def margin(call: Call) -> Reply:
    """Tell what instruments would block."""
    lines = (call.body or {}).get("instruments") or []
    if len(lines) > _MOST_MARGIN_LINES:
        raise bad("UDAPI1111", f"The number of instruments is above {_MOST_MARGIN_LINES}", "instruments")
    rows = []
    for line in lines:
        listing = call.broker.listings.get(str(line.get("instrument_key")))
        if listing is None:
            raise bad("UDAPI100011", "Invalid Instrument key", "instrument_key", line.get("instrument_key"))
        price = paise(float(line.get("price") or 0)) or call.broker.market.quote(listing.key).last
        side = str(line.get("transaction_type"))
        need = required_margin(listing, side, int(line["quantity"]), price, str(line.get("product")))
        premium = listing.kind in ("CE", "PE") and side == "BUY"
        rows.append(
            {
                "span_margin": rupees(need) if listing.is_derivative and not premium else 0.0,
                "exposure_margin": 0.0,
                "equity_margin": 0.0 if listing.is_derivative else rupees(need),
                "net_buy_premium": rupees(need) if premium else 0.0,
                "additional_margin": 0.0,
                "total_margin": rupees(need),
                "tender_margin": 0.0,
            }
        )
    total = round(sum(row["total_margin"] for row in rows), 2)
    return success({"required_margin": total, "final_margin": total, "margins": rows})


def brokerage(call: Call) -> Reply:
    """Tell the charges of one order; rates of April 2026."""
    query = call.query
    listing = call.broker.listings.get(query.get("instrument_token", ""))
    if listing is None:
        raise bad("UDAPI100011", "Invalid Instrument key", "instrument_token", query.get("instrument_token"))
    turnover = int(query["quantity"]) * float(query["price"])
    selling = query.get("transaction_type") == "SELL"
    kind = "option" if listing.kind in ("CE", "PE") else "future" if listing.kind == "FUT" else "equity"
    share, stt, transaction, stamp = {
        "equity": (0.001, 0.00025, 306.99, 0.00003),
        "future": (0.0005, 0.0005, 182.99, 0.00002),
        "option": (1e9, 0.0015, 3_552.0, 0.00003),
    }[kind]
    fee = min(20.0, turnover * share)
    exchange, sebi = turnover * transaction / _CRORE, turnover * 10 / _CRORE
    taxes = {
        "gst": 0.18 * (fee + exchange + sebi),
        "stt": turnover * stt if selling else 0.0,
        "stamp_duty": 0.0 if selling else turnover * stamp,
    }
    others = {"transaction": exchange, "clearing": 0.0, "ipft": 0.0, "sebi_turnover": sebi}
    total = fee + sum(taxes.values()) + sum(others.values())
    charges = {
        "total": round(total, 2),
        "brokerage": round(fee, 2),
        "taxes": {name: round(value, 2) for name, value in taxes.items()},
        "otherTaxes": {name: round(value, 2) for name, value in others.items()},
        "other_charges": {name: round(value, 2) for name, value in others.items()},
        "dpPlan": {"name": "PLAN", "min_expense": 18.5},
    }
    return success({"charges": charges})


ROUTES = [
    Route("GET", "/v2/login/authorization/dialog", "login_dialog", dialog, signed_in=False),
    Route("POST", "/v2/login/authorization/token", "login_token", exchange_code, signed_in=False),
    Route(
        "POST", "/v3/login/auth/token/request/{client_id}", "token_request", request_token, signed_in=False
    ),
    Route("POST", "/v2/totp-login/authorization/token", "totp_token", totp_token, signed_in=False),
    Route("DELETE", "/v2/logout", "logout", log_out),
    Route("GET", "/v2/user/profile", "profile", profile),
    Route("GET", "/v3/user/get-funds-and-margin", "funds", funds, hours=FUNDS_CLOSED),
    Route("GET", "/v2/user/get-funds-and-margin", "funds_v2", old_funds, hours=FUNDS_CLOSED),
    Route("GET", "/v2/user/ip", "static_ip", static_ip),
    Route("PUT", "/v2/user/ip", "set_static_ip", set_static_ip),
    Route("GET", "/v2/user/kill-switch", "kill_switch", kill_switch),
    Route("POST", "/v2/user/kill-switch", "set_kill_switch", set_kill_switch),
    Route("POST", "/v2/charges/margin", "margin", margin),
    Route("GET", "/v2/charges/brokerage", "brokerage", brokerage),
]
