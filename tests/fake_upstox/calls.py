"""The log of calls: what was asked for and answered, never with a token, code or secret in it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.fake_upstox.shapes import Json

_SECRET = frozenset({"code", "client_secret", "access_token", "token", "totp", "pin", "state"})
_KEPT = 20_000


@dataclass
class Entry:
    """One call."""

    number: int
    at: float
    """Wall seconds on the fake's monotonic clock."""
    exchange_time: str
    name: str
    write: bool
    method: str
    path: str
    query: Mapping[str, Any]
    body: Json
    headers: Mapping[str, str]
    status: int | None = None
    code: str | None = None
    faults: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Return it for the control endpoint."""
        return {
            "number": self.number,
            "at": self.at,
            "exchange_time": self.exchange_time,
            "call": self.name,
            "write": self.write,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": self.body,
            "headers": self.headers,
            "status": self.status,
            "code": self.code,
            "faults": self.faults,
        }


class CallLog:
    """Every call in order, the newest kept."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._numbers = count(1)
        self.entries: list[Entry] = []

    def open(
        self,
        name: str,
        *,
        write: bool,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Json,
        headers: Mapping[str, str],
        exchange_time: str,
    ) -> Entry:
        """Note a call; the caller fills its status in."""
        entry = Entry(
            number=next(self._numbers),
            at=self._monotonic(),
            exchange_time=exchange_time,
            name=name,
            write=write,
            method=method,
            path=path,
            query=without_secrets(query),
            body=without_secrets(body),
            headers=headers,
        )
        self.entries.append(entry)
        if len(self.entries) > _KEPT:
            del self.entries[: _KEPT // 10]
        return entry


def without_secrets(value: Json) -> Json:
    """Return a value with every secret field left out."""
    if isinstance(value, Mapping):
        return {key: without_secrets(inner) for key, inner in value.items() if key not in _SECRET}
    if isinstance(value, list):
        return [without_secrets(inner) for inner in value]
    return value
