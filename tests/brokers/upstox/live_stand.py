"""A live broker of ours against the whole fake one, with a test's patience in between."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import time as clock_time

import config
from engine.brokers.upstox.broker import LiveBroker
from engine.brokers.upstox.keepalive import Upkeep
from engine.brokers.upstox.lanes import WIDTHS, LaneName
from engine.brokers.upstox.portfolio_stream import PortfolioStream, StreamState
from engine.market.side import Side
from engine.orders.messages import (
    BrokerEvent,
    CancelOrder,
    ModifyOrder,
    OrderReport,
    OrderType,
    PlaceOrder,
    ReadBook,
    ReadTag,
    Role,
)
from engine.rollout.stages import Stage, StageStanding
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.rate_limits import CallBudget
from engine.upstox.rest.token import Token
from engine.upstox.rest.transport import transport_for
from tests.fake_upstox import FakeSettings, RunningFake, running_fake
from tests.fake_upstox.broker import Broker
from tests.fake_upstox.desk import Desk
from tests.fake_upstox.limits import RateLimiter
from tests.rehearsal import FULL

STOCK = "NSE_EQ|INE027H01010"
OPTION = "NSE_FO|51460"
LAST = 1_081_30
"""Where the stock stands as long as nobody moves it, paise."""
PATIENCE = 60.0


def entry_of(
    tag: str, key: str = STOCK, quantity: int = 10, price: int = LAST + 20, stage: Stage | None = Stage.FULL
) -> PlaceOrder:
    """Return an entry as core sends it, judged by a stage."""
    return PlaceOrder(tag, key, Side.BUY, Role.ENTRY, OrderType.LIMIT, quantity, price, stage=stage)


@dataclass
class Live:
    """The broker of ours, what it has said, and the fake behind it."""

    fake: RunningFake
    token: str
    latched: threading.Event = field(default_factory=threading.Event)
    heard: list[BrokerEvent] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    """What a person had to mend, as it was told; empty once calls passed again."""
    standing: StageStanding = FULL
    """Where the rollout stands by its record."""
    budget: CallBudget = field(default_factory=CallBudget)
    widths: Mapping[LaneName, int] = field(default_factory=lambda: WIDTHS)
    patience: float = 0.6
    """How long a call waits for its answer, seconds."""

    def __post_init__(self) -> None:
        self.settings = config.UpstoxSettings(
            api_url=self.fake.api_url,
            order_url=self.fake.order_url,
            assets_url=self.fake.assets_url,
            connect_timeout_seconds=1.0,
            read_timeout_seconds=self.patience,
        )
        self._woken = threading.Condition()
        self.client, self.urgent = self.new_client(), self.new_client()
        self.broker = LiveBroker(
            self.client,
            self.urgent,
            clock=lambda: time.time_ns() // 1_000,
            wake=self._wake,
            latched=self.latched.is_set,
            stands=lambda _: self.standing,
            refused=self.refusals.append,
            widths=self.widths,
        )

    def new_client(self) -> UpstoxClient:
        return UpstoxClient(
            self.settings, lambda: Token(self.token), transport_for(self.settings), self.budget
        )

    def _wake(self) -> None:
        with self._woken:
            self._woken.notify_all()

    def take(self) -> list[BrokerEvent]:
        """Return everything heard so far, oldest first."""
        self.heard += self.broker.advance(time.time_ns())
        return self.heard

    def until(self, done: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Listen until something is so."""
        deadline = time.monotonic() + seconds
        while True:
            self.take()
            if done():
                return
            left = deadline - time.monotonic()
            assert left > 0, f"waited in vain; heard: {self.heard}"
            with self._woken:
                self._woken.wait(min(left, 0.05))

    def of(self, kind: type, tag: str = "") -> list[BrokerEvent]:
        """Return what was heard of a kind, perhaps of a tag alone."""
        return [one for one in self.heard if type(one) is kind and tag in ("", getattr(one, "tag", ""))]

    def wait_for(self, kind: type, tag: str = "", count: int = 1) -> BrokerEvent:
        """Return the ``count``-th event of a kind."""
        self.until(lambda: len(self.of(kind, tag)) >= count)
        return self.of(kind, tag)[count - 1]

    def reports(self, tag: str) -> list[OrderReport]:
        """Return the reports of an order."""
        return [one for one in self.heard if isinstance(one, OrderReport) and one.tag == tag]

    def wait_for_status(self, tag: str, status: str) -> OrderReport:
        """Return the first report of an order in a status."""
        self.until(lambda: any(one.status == status for one in self.reports(tag)))
        return next(one for one in self.reports(tag) if one.status == status)

    def enter(self, tag: str, quantity: int = 10, price: int = LAST + 20, key: str = STOCK) -> None:
        self.broker.submit(entry_of(tag, key, quantity, price), 0)

    def protect(self, tag: str, quantity: int = 10, trigger: int = LAST - 10_00) -> None:
        order = PlaceOrder(
            tag, STOCK, Side.SELL, Role.STOP, OrderType.STOP_LIMIT, quantity, trigger - 1_00, trigger
        )
        self.broker.submit(order, 0)

    def leave(self, tag: str, quantity: int = 10, price: int = LAST - 20) -> None:
        order = PlaceOrder(tag, STOCK, Side.SELL, Role.EXIT, OrderType.LIMIT, quantity, price)
        self.broker.submit(order, 0)

    def modify(self, tag: str, order_id: str, price: int, quantity: int = 10, request: str = "") -> None:
        order = ModifyOrder(request or f"{tag}-m1", tag, order_id, OrderType.LIMIT, quantity, price)
        self.broker.submit(order, 0)

    def cancel(self, tag: str, order_id: str = "") -> None:
        self.broker.submit(CancelOrder(f"{tag}-c1", tag, order_id), 0)

    def read(self, request: str) -> None:
        self.broker.submit(ReadBook(request), 0)

    def probe(self, request: str, tag: str) -> None:
        self.broker.submit(ReadTag(request, tag), 0)

    def at_broker(self, tag: str) -> list[dict[str, object]]:
        """Return the orders that the fake has under a tag."""
        return [row for row in self.fake.control("GET", "orders") if row["tag"] == tag]

    def placements(self, tag: str) -> int:
        """Return how often an order was sent."""
        return sum((call["body"] or {}).get("tag") == tag for call in self.fake.calls("place"))


@dataclass
class Stream:
    """The portfolio stream of a live broker with its upkeep, on a loop of its own."""

    live: Live
    states: list[StreamState] = field(default_factory=list)

    def wait_up(self, count: int = 1) -> None:
        self.live.until(lambda: sum(state.up for state in self.states) >= count)

    def wait_down(self) -> None:
        self.live.until(lambda: self.states and not self.states[-1].up)


@contextmanager
def fake_broker(settings: FakeSettings | None = None, **changes: object) -> Iterator[RunningFake]:
    """Serve a fake broker in the middle of its day."""
    with running_fake(settings, **{"start": clock_time(11, 0), "ping_seconds": 0.2, **changes}) as fake:
        yield fake


@contextmanager
def live_broker(
    fake: RunningFake, widths: Mapping[LaneName, int] = WIDTHS, patience: float = 0.6
) -> Iterator[Live]:
    """Put a live broker of ours before a fake one, whose account is as new."""
    live = Live(fake, fake.ask(begin_anew), widths=widths, patience=patience)
    live.client.prepare()
    live.urgent.prepare()
    try:
        yield live
    finally:
        live.broker.close()
        live.client.close()
        live.urgent.close()


def begin_anew(broker: Broker) -> str:
    """Empty an account, end its faults and return its token: what an earlier test left is gone."""
    exchange, account = broker.exchange, broker.account
    for order in exchange.orders.values():
        # What is still on its way finds it ended.
        order.status = "cancelled"
    for kept in (exchange.orders, exchange.trades, exchange.positions, exchange._working, exchange._caps):
        kept.clear()
    exchange.desk = Desk()
    exchange._publish = broker.portfolio.publish
    broker.faults.clear()
    broker.limiter = RateLimiter()
    broker.calls.entries.clear()
    broker.market.halted.clear()
    account.caller_address = account.primary_ip or ""
    for client, _ in broker.portfolio.clients:
        client.disconnect()
    broker.access_token = account.issue_token(broker.agenda.moment)
    broker.set_price(STOCK, LAST)
    return broker.access_token


@contextmanager
def streaming(live: Live, **changes: float) -> Iterator[Stream]:
    """Keep the portfolio stream open while the block runs, polls beside it."""
    stream, upkeep = Stream(live), Upkeep(live.broker)
    feed = config.FeedSettings(
        **{
            "ping_seconds": 1.0,
            "pong_seconds": 1.0,
            "open_seconds": 2.0,
            "first_wait_seconds": 0.02,
            "longest_wait_seconds": 0.2,
            **changes,
        }
    )
    started: list[tuple[PortfolioStream, asyncio.AbstractEventLoop]] = []
    ready = threading.Event()

    def told(state: StreamState) -> None:
        upkeep.stream_changed(up=state.up)
        stream.states.append(state)
        live._wake()

    async def serve() -> None:
        line = PortfolioStream(
            live.client.portfolio_feed_authorize,
            feed,
            on_orders=live.broker.take_rows,
            on_state=told,
            on_garbage=live.broker.poll,
        )
        started.append((line, asyncio.get_running_loop()))
        ready.set()
        await line.run()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    upkeep.start()
    assert ready.wait(PATIENCE)
    line, loop = started[0]
    try:
        stream.wait_up()
        yield stream
    finally:
        loop.call_soon_threadsafe(line.close)
        thread.join(PATIENCE)
        upkeep.close()
