"""The way of live orders stays open: a fault of our own in its stream costs a moment, never the stream."""

import asyncio
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

import config
from engine.brokers.upstox.broker import LiveBroker
from engine.feeds.upstox.clock import LiveClock
from engine.rollout.stages import StageStanding
from engine.runtime.live.order_gateway import OrderWay
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.rate_limits import CallBudget
from engine.upstox.rest.records import BrokerOrderRow
from engine.upstox.rest.token import TokenStore
from engine.upstox.rest.transport import transport_for
from tests.account.phone import buy_by_phone
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import wait_until
from tests.recordings import EQ_A, EQ_B


class Faulty:
    """Takes the broker's rows, but breaks at the first that the stream, on the loop's thread, brings."""

    def __init__(self) -> None:
        self.calls = 0
        self.taken: list[BrokerOrderRow] = []

    def __call__(self, rows: Iterable[BrokerOrderRow]) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        self.calls += 1
        if self.calls == 1:
            raise KeyError("a fault of our own")
        self.taken += rows


async def test_an_order_stream_that_broke_on_our_side_is_opened_again_and_closes_in_peace(
    market_at_ten: RunningFake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = Faulty()
    monkeypatch.setattr(LiveBroker, "take_rows", lambda _, rows: faulty(rows))
    settings = config.Settings(
        upstox=config.UpstoxSettings(
            api_url=market_at_ten.api_url,
            order_url=market_at_ten.order_url,
            assets_url=market_at_ten.assets_url,
        )
    )
    token, budget = TokenStore(tmp_path, market_at_ten.access_token), CallBudget()
    client = UpstoxClient(settings.upstox, token, transport_for(settings.upstox), budget)
    way = OrderWay(
        settings,
        client,
        token,
        budget,
        LiveClock("wall"),
        tmp_path / "place.sqlite",
        latched=lambda: False,
        stands=lambda _: StageStanding(),
        wake=lambda: None,
        refused=lambda _: None,
    )

    def streams() -> bool:
        return not way.alarms and bool(market_at_ten.control("GET", "state")["portfolio_clients"])

    def follow_the_stream() -> None:
        wait_until(streams, "the stream")
        buy_by_phone(market_at_ten, EQ_A)
        wait_until(lambda: way.alarms, "the fault to show")
        wait_until(streams, "the stream behind the fault")
        buy_by_phone(market_at_ten, EQ_B)
        wait_until(lambda: faulty.taken, "the stream's next rows")

    way.start()
    await asyncio.to_thread(follow_the_stream)
    await way.close()
    way.exchange.close()
    client.close()
