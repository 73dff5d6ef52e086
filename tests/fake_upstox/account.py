"""Who may call: tokens, sign-in codes, registered addresses and the kill switch of the fake account."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

from engine.market.clock import IST, MINUTE, SECOND, Instant, datetime_of, instant_at
from tests.fake_upstox.errors import INVALID_TOKEN, WRONG_ADDRESS, ApiError, bad

USER = "FAKE01"
CLIENT_ID = "fake-client"
CLIENT_SECRET = "fake-secret"
_DEATH = time(3, 30)
_LOCK = 12 * 60 * MINUTE


def token_death(now: Instant) -> Instant:
    """Return when a token made now dies: the next 03:30 IST."""
    moment = datetime_of(now)
    today = instant_at(moment.date(), _DEATH)
    return today if now < today else instant_at(moment.date() + timedelta(days=1), _DEATH)


def make_token(now: Instant, number: int) -> str:
    """Return a token shaped as the broker's: a JWT whose signature means nothing."""
    claims = {
        "sub": USER,
        "jti": hashlib.sha256(f"fake-{number}".encode()).hexdigest()[:24],
        "isMultiClient": False,
        "isPlusPlan": False,
        "iat": now // SECOND,
        "iss": "udapi-gateway-service",
        "exp": token_death(now) // SECOND,
    }
    parts = [{"typ": "JWT", "key_id": "skae_v1.0", "alg": "HS256"}, claims]
    text = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{_encoded(hashlib.sha256(text.encode()).digest())}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class SegmentSwitch:
    """One segment's state."""

    active: bool = True
    killed: bool = False
    killed_at: Instant = 0


@dataclass
class Account:
    """Everything about identity; mutable by the control endpoint."""

    redirect_uri: str | None = None
    """None: whatever the dialog was opened with must come again at the exchange of the code."""
    notifier_url: str | None = None
    caller_address: str = "203.0.113.10"
    """The address that calls are pretended to come from."""
    primary_ip: str | None = "203.0.113.10"
    secondary_ip: str | None = None
    is_active: bool = True
    algo_names: frozenset[str] = frozenset()
    login_denied: bool = False
    read_only: bool = False
    """The token is of a kind that may look and not trade."""
    segments: dict[str, SegmentSwitch] = field(
        default_factory=lambda: {
            name: SegmentSwitch(active=name in ("NSE_EQ", "NSE_FO", "BSE_EQ", "BSE_FO"))
            for name in ("NSE_EQ", "BSE_EQ", "NSE_FO", "BSE_FO", "BCD_FO", "NCD_FO", "MCX_FO", "NSE_COM")
        }
    )
    _tokens: dict[str, Instant] = field(default_factory=dict)
    _codes: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    ip_changed_at: Instant | None = None

    def issue_token(self, now: Instant) -> str:
        """Return a fresh token, valid until it dies by the clock or by an act."""
        token = make_token(now, next(self._numbers))
        self._tokens[token] = token_death(now)
        return token

    def kill_tokens(self) -> None:
        """Invalidate every token made so far."""
        self._tokens.clear()

    def drop_token(self, token: str) -> None:
        """Invalidate one token."""
        self._tokens.pop(token, None)

    def check_token(self, header: str, now: Instant) -> str:
        """Return the caller's token; raise ApiError 401."""
        kind, _, token = header.partition(" ")
        death = self._tokens.get(token)
        if kind != "Bearer" or death is None or now >= death:
            raise ApiError(401, *INVALID_TOKEN)
        return token

    def check_address(self) -> None:
        """Raise ApiError 403 unless the caller's address is registered."""
        if self.caller_address not in (self.primary_ip, self.secondary_ip):
            raise ApiError(403, *WRONG_ADDRESS)

    def new_code(self, redirect_uri: str) -> str:
        """Return a sign-in code; it works once."""
        code = f"c{next(self._numbers):05d}x"
        self._codes[code] = redirect_uri
        return code

    def exchange_code(self, form: dict[str, Any]) -> None:
        """Use a code up; raise ApiError unless everything about it fits."""
        redirect_uri = self._codes.pop(str(form.get("code")), None)
        if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
            raise ApiError(401, "UDAPI100016", "Invalid Credentials")
        if form.get("grant_type") != "authorization_code":
            raise bad("UDAPI100058", "The 'grant_type' must be authorization_code", "grant_type")
        if redirect_uri is None:
            raise ApiError(401, "UDAPI100057", "Invalid Auth code")
        if form.get("redirect_uri") != redirect_uri:
            raise ApiError(
                401, "UDAPI100068", "Check your 'client_id' and 'redirect_uri'; one or both are incorrect"
            )

    def profile(self) -> dict[str, Any]:
        """Return the profile's fields."""
        return {
            "email": "trader@example.invalid",
            "exchanges": ["NSE", "NFO", "BSE", "BFO"],
            "products": ["D", "I", "MTF"],
            "broker": "UPSTOX",
            "user_id": USER,
            "user_name": "Fake Trader",
            "order_types": ["MARKET", "LIMIT", "SL", "SL-M"],
            "user_type": "individual",
            "poa": False,
            "ddpi": False,
            "is_active": self.is_active,
        }

    def switches(self) -> list[dict[str, Any]]:
        """Return the kill-switch call's rows."""
        return [
            {
                "segment": name,
                "segment_status": "ACTIVE" if switch.active else "INACTIVE",
                "kill_switch_enabled": switch.killed,
            }
            for name, switch in self.segments.items()
        ]

    def check_switch(self, name: str, action: str, now: Instant) -> SegmentSwitch:
        """Return the switch that an action may turn; raise ApiError otherwise."""
        switch = self.segments.get(name)
        if switch is None or not (switch.active or switch.killed):
            raise bad("UDAPI1186", "The segment is invalid or inactive", "segment", name)
        if action not in ("ENABLE", "DISABLE"):
            raise bad("UDAPI1188", "The action is invalid", "action", action)
        if action == "ENABLE" and switch.killed and now - switch.killed_at < _LOCK:
            raise bad("UDAPI1185", "The kill switch can be changed only after 12 hours", "segment", name)
        return switch

    def ip_row(self) -> dict[str, Any]:
        """Return the address call's fields."""
        changed = None if self.ip_changed_at is None else datetime_of(self.ip_changed_at)
        stamp = (changed or datetime(2025, 12, 1, 10, 0, tzinfo=IST)).strftime("%Y-%m-%d %H:%M:%S")
        return {
            "primary_ip": self.primary_ip,
            "secondary_ip": self.secondary_ip,
            "primary_ip_updated_at": stamp,
            "secondary_ip_updated_at": None if self.secondary_ip is None else stamp,
            "access_tokens_invalidated": None,
        }
