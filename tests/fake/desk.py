"""A caller of the fake broker with nothing of ours in between: plain HTTP, plain websockets."""

import gzip
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlencode, urlsplit

from websockets.sync.client import ClientConnection, connect

from engine.feeds.wire.frames import feed_messages
from engine.market.clock import instant_at
from tests.fake_upstox import FakeSettings, RunningFake, running_fake
from tests.fake_upstox.shapes import Json, Message
from tests.recordings import DAY, EQ_A, OPT_A, made_packets, write_recording

PATIENCE = 60.0


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Json:
        return json.loads(self.text)

    @property
    def data(self) -> Json:
        return self.json["data"]

    @property
    def code(self) -> str:
        return str(self.json["errors"][0]["error_code"])


@dataclass
class Desk:
    """A signed-in caller; time stands still until it steps."""

    fake: RunningFake
    token: str = field(default="", repr=False)

    def call(
        self,
        method: str,
        path: str,
        body: Json = None,
        *,
        signed: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        address = urlsplit(self.fake.api_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=PATIENCE)
        sent = {"Accept": "application/json", **(headers or {})}
        if signed:
            sent["Authorization"] = f"Bearer {self.token or self.fake.access_token}"
        payload = None
        if isinstance(body, str):
            payload = body.encode()
        elif body is not None:
            payload, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        try:
            connection.request(method, path, payload, sent)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def get(self, path: str, **query: str) -> Answer:
        return self.call("GET", f"{path}?{urlencode(query)}" if query else path)

    def file(self, name: str) -> list[dict[str, Json]]:
        answer = self.call("GET", f"/market-quote/instruments/exchange/{name}", signed=False)
        return list(json.loads(gzip.decompress(answer.body)))

    def step(self, seconds: float = 0.1) -> None:
        self.fake.control("POST", "clock", {"advance_seconds": seconds})

    def go_to(self, clock: str) -> None:
        self.fake.control("POST", "clock", {"time": clock})

    def state(self, **changes: Json) -> Json:
        return self.fake.control("POST", "state", changes)

    def send(self, **changes: Json) -> Answer:
        """Send a place request; by default a limit buy of 10 well below the market."""
        body = {
            "quantity": 10,
            "product": "I",
            "validity": "DAY",
            "price": 990.0,
            "instrument_token": EQ_A,
            "order_type": "LIMIT",
            "transaction_type": "BUY",
            "disclosed_quantity": 0,
            "trigger_price": 0,
            "is_amo": False,
            "tag": "t-1",
            "slice": False,
        }
        return self.call("POST", "/v3/order/place", body | changes)

    def place(self, **changes: Json) -> str:
        """Place an order, let it arrive, and return its id."""
        answer = self.send(**changes)
        assert answer.status == 200, answer.text
        self.step()
        return str(answer.data["order_ids"][0])

    def order(self, order_id: str) -> Json:
        return self.get("/v2/order/details", order_id=order_id).data

    def statuses(self, order_id: str) -> list[str]:
        return [row["status"] for row in self.get("/v2/order/history", order_id=order_id).data]

    def modify(self, order_id: str, **changes: Json) -> Answer:
        body = {
            "order_id": order_id,
            "order_type": "LIMIT",
            "validity": "DAY",
            "price": 991.0,
            "trigger_price": 0,
        }
        answer = self.call("PUT", "/v3/order/modify", body | changes)
        self.step()
        return answer

    def cancel(self, order_id: str) -> Answer:
        answer = self.call("DELETE", f"/v3/order/cancel?order_id={order_id}")
        self.step()
        return answer

    def price(self, rupees: float, key: str = EQ_A) -> None:
        self.state(prices={key: rupees})

    def position(self, key: str = EQ_A) -> int:
        rows = self.get("/v2/portfolio/short-term-positions").data
        return sum(int(row["quantity"]) for row in rows if row["instrument_token"] == key)

    @contextmanager
    def market(self) -> Iterator[ClientConnection]:
        url = self.get("/v3/feed/market-data-feed/authorize").data["authorized_redirect_uri"]
        with connect(url, open_timeout=PATIENCE, close_timeout=0.2, compression=None) as socket:
            yield socket

    @contextmanager
    def portfolio(self, kinds: str = "order,position") -> Iterator[ClientConnection]:
        path = f"/v2/feed/portfolio-stream-feed/authorize?{urlencode({'update_types': kinds})}"
        url = self.call("GET", path).data["authorizedRedirectUri"]
        with connect(url, open_timeout=PATIENCE, close_timeout=0.2, compression=None) as socket:
            yield socket


def subscribe(socket: ClientConnection, *keys: str, mode: str = "full") -> None:
    control = {"guid": "g", "method": "sub", "data": {"mode": mode, "instrumentKeys": list(keys)}}
    socket.send(json.dumps(control).encode())


def frame(socket: ClientConnection) -> Message:
    payload = socket.recv(PATIENCE)
    assert isinstance(payload, bytes)
    return feed_messages().FeedResponse.FromString(payload)


def event(socket: ClientConnection) -> Json:
    payload = socket.recv(PATIENCE)
    assert isinstance(payload, str)
    return json.loads(payload)


def made_tape(folder: Path) -> tuple[Path, ...]:
    """Write a made session of a stock near 1,000 and an option near 500: 300 packets each."""
    files = []
    for key, price, tick, lot in ((EQ_A, 1_000.0, 0.1, 1), (OPT_A, 500.0, 0.05, 35)):
        path = folder / f"{key.replace('|', '_')}.json.gz"
        files.append(write_recording(path, made_packets(key, count=300, price=price, tick=tick, lot=lot)))
    return tuple(files)


@contextmanager
def desk_at(tape: tuple[Path, ...], **changes: Json) -> Iterator[Desk]:
    """Serve a tape whose clock stands still; changes are fields of FakeSettings."""
    settings = FakeSettings(recordings=tape, speed=0, ping_seconds=0.2)
    with running_fake(settings, **changes) as fake:
        yield Desk(fake)


def late_tape(folder: Path) -> tuple[Path, ...]:
    """Write a made session of the stock that begins at 15:19:40."""
    start = instant_at(DAY, time(15, 19, 40))
    return (write_recording(folder / "late.json.gz", made_packets(EQ_A, count=120, start=start)),)


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread brings about; fail when it never comes."""
    deadline = monotonic() + PATIENCE
    while not holds():
        assert monotonic() < deadline, "expected it to come true, it never did"
        sleep(0.005)
