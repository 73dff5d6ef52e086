"""Answers to start from: what the fake broker says to each call of the client, with trades on its books."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import config
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.rate_limits import CallBudget
from engine.upstox.rest.token import Token
from engine.upstox.rest.transport import HttpAnswer, Transport
from tests.fake_upstox import running_fake
from tests.recordings import EQ_A, made_packets, write_recording
from tests.upstox.rest.calls import READS, WRITES

_CANDLES = 20


class _Listening(Transport):
    """Keeps every body that comes."""

    def __init__(self) -> None:
        super().__init__(3.0, 5.0, loopback_allowed=True)
        self.heard: list[bytes] = []

    def request(self, method: str, url: str, **named: Any) -> HttpAnswer:  # noqa: ANN401
        answer = super().request(method, url, **named)
        self.heard.append(answer.body)
        return answer


def broker_bodies(folder: Path) -> Mapping[str, tuple[bytes, ...]]:
    """Return the fake's answers by the number of the call: reads first, then writes."""
    path = write_recording(folder / "fuzz.json.gz", made_packets(EQ_A, count=300), indent=None)
    found: dict[str, tuple[bytes, ...]] = {}
    with running_fake(recordings=(path,), speed=0.0, rate_limits=False) as fake:
        token, transport = Token(fake.access_token), _Listening()
        settings = config.UpstoxSettings(api_url=fake.api_url, order_url=fake.order_url)
        client = UpstoxClient(settings, lambda: token, transport, CallBudget(), sleep=lambda _: None)
        for side in ("BUY", "SELL", "BUY"):
            fake.control(
                "POST",
                "orders",
                {
                    "instrument_token": EQ_A,
                    "quantity": 10,
                    "product": "I",
                    "order_type": "MARKET",
                    "transaction_type": side,
                },
            )
            fake.control("POST", "clock", {"advance_seconds": 3})
        for number, call in enumerate((*READS, *WRITES)):
            transport.heard.clear()
            # A refusal is a body like any other.
            with suppress(CallFailed):
                call(client)
            found[str(number)] = tuple(map(_shortened, transport.heard))
        transport.close()
    book, one = found[str(READS.index(UpstoxClient.order_book))], b'{"status": "success", "data": %s}'
    rows = json.loads(book[0])["data"]
    # The fake knows no order under the names those calls ask for: what it would say of one.
    for number in range(len(READS) + len(WRITES)):
        if b'"errors"' in found[str(number)][0]:
            found[str(number)] += (*book, one % json.dumps(rows[0]).encode())
    return found


def _shortened(body: bytes) -> bytes:
    """Return a body with no more than a few candles: a month of them is slow to damage and no different."""
    table = json.loads(body)
    data = table.get("data")
    if isinstance(data, dict) and "candles" in data:
        data["candles"] = data["candles"][:_CANDLES]
    return json.dumps(table).encode()
