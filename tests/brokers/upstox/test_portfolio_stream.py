"""The order stream at the fake broker: updates as they come, breaks, garbage, and a token that dies."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import config
from engine.brokers.upstox.portfolio_stream import PortfolioStream, StreamCounts, StreamState, orders_in
from engine.upstox.rest.records import BrokerOrderRow
from engine.upstox.rest.token import Token
from tests.fake_upstox import FakeSettings, RunningFake, running_fake
from tests.feeds.upstox.stand import signed_in, tell
from tests.recordings import EQ_A, made_packets, write_recording
from tests.upstox.sockets import QUICK, running, until

ORDER: dict[str, Any] = {
    "update_type": "order",
    "order_id": "1",
    "instrument_token": EQ_A,
    "quantity": 10,
    "transaction_type": "BUY",
    "status": "open",
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    packets = made_packets(EQ_A, seed=3, count=600)
    return write_recording(tmp_path_factory.mktemp("stream") / "a.json.gz", packets, indent=None)


@pytest.fixture
def fake(recording: Path) -> Iterator[RunningFake]:
    settings = FakeSettings(recordings=(recording,), speed=0, rate_limits=False, ping_seconds=0.2)
    with running_fake(settings) as served:
        yield served


class Owner:
    """Keeps what the stream tells."""

    def __init__(self) -> None:
        self.rows: list[BrokerOrderRow] = []
        self.states: list[StreamState] = []
        self.garbage = 0

    def _note_garbage(self) -> None:
        self.garbage += 1

    def stream(
        self,
        authorize: Callable[[], str],
        settings: config.FeedSettings = QUICK,
        token: Callable[[], object] | None = None,
    ) -> PortfolioStream:
        return PortfolioStream(
            authorize,
            settings,
            on_orders=self.rows.extend,
            on_state=self.states.append,
            on_garbage=self._note_garbage,
            token=token,
            chance=lambda: 0.0,
        )


async def trade(fake: RunningFake) -> None:
    """Trade at the broker from another platform, and let it happen."""
    order = {
        "instrument_token": EQ_A,
        "quantity": 10,
        "product": "I",
        "order_type": "MARKET",
        "transaction_type": "BUY",
    }
    await tell(fake, "orders", **order)
    await tell(fake, "clock", advance_seconds=3)


async def test_updates_of_every_platform_come_and_go_on_after_a_break(fake: RunningFake) -> None:
    owner, client = Owner(), signed_in(fake)
    stream = owner.stream(client.portfolio_feed_authorize)
    async with running(stream.run, stream.close):
        await until(lambda: stream.state.up)
        await trade(fake)
        await until(lambda: owner.rows and owner.rows[-1].status == "complete")
        await tell(fake, "disconnect", stream="portfolio")
        await until(lambda: stream.connections == 2 and stream.state.up)
        first = owner.rows[-1].order_id
        await trade(fake)
        await until(lambda: owner.rows[-1].status == "complete" and owner.rows[-1].order_id != first)
    client.close()
    assert [state.up for state in owner.states] == [True, False, True, False]
    assert stream.counts.updates == len(owner.rows)
    assert {row.instrument for row in owner.rows} == {EQ_A}
    assert owner.rows[-1].filled_quantity == 10
    assert len(fake.calls("authorize_portfolio")) == 2


async def test_garbage_asks_for_the_book_and_the_stream_goes_on(fake: RunningFake) -> None:
    owner, client = Owner(), signed_in(fake)
    stream = owner.stream(client.portfolio_feed_authorize)
    async with running(stream.run, stream.close):
        await until(lambda: stream.state.up)
        for fault in ("garbage-frame", "cut-frame", "empty-frame"):
            fake.plant(fault, stream="portfolio")
        await trade(fake)
        await until(lambda: owner.garbage == 3)
        await trade(fake)
        await until(lambda: owner.rows and owner.rows[-1].status == "complete")
    client.close()
    assert stream.counts.garbage == 3
    assert stream.connections == 1


async def test_a_half_open_line_is_given_up_for_want_of_pongs(fake: RunningFake) -> None:
    owner, client = Owner(), signed_in(fake)
    settings = QUICK.model_copy(update={"ping_seconds": 0.1, "pong_seconds": 0.1})
    stream = owner.stream(client.portfolio_feed_authorize, settings)
    async with running(stream.run, stream.close):
        await until(lambda: stream.state.up)
        fake.plant("half-open", stream="portfolio", seconds=0.5)
        await trade(fake)
        await until(lambda: stream.connections >= 2 and stream.state.up)
    client.close()
    assert owner.states[1].problem.startswith("expected an answer to a ping")


async def test_a_dead_token_is_told_and_a_new_one_taken_up(fake: RunningFake) -> None:
    tokens = [Token(fake.access_token)]
    owner, client = Owner(), signed_in(fake, lambda: tokens[0])
    patient = QUICK.model_copy(update={"first_wait_seconds": 10.0, "longest_wait_seconds": 30.0})
    await tell(fake, "token", act="kill")
    stream = owner.stream(client.portfolio_feed_authorize, patient, token=lambda: tokens[0])
    async with running(stream.run, stream.close):
        await until(lambda: owner.states)
        assert "sign in again with cockpit login" in stream.state.problem
        tokens[0] = Token((await tell(fake, "token"))["access_token"])
        await until(lambda: stream.state.up)
    client.close()
    assert not any("code=" in state.problem for state in owner.states)


@pytest.mark.parametrize(
    ("message", "orders", "broken", "other"),
    [
        (msgspec.json.encode(ORDER).decode(), 1, 0, 0),
        (msgspec.json.encode([ORDER, {"update_type": "position"}, 7]), 1, 1, 1),
        (msgspec.json.encode({name: ORDER[name] for name in ORDER if name != "update_type"}), 1, 0, 0),
        (msgspec.json.encode(ORDER | {"status": None}), 0, 1, 0),
        (msgspec.json.encode(ORDER | {"update_type": ["order"]}), 1, 0, 0),
        (msgspec.json.encode({"update_type": {"a": 1}}), 0, 1, 0),
        (msgspec.json.encode({"update_type": "holding"}), 0, 0, 1),
        (b"[" * 100_000 + b"]" * 100_000, 0, 1, 0),
        (b'{"update_type": "order", "a": ' + b"[" * 100_000, 0, 1, 0),
        ("[]", 0, 1, 0),
        ("", 0, 1, 0),
        (b"\xff\xfe", 0, 1, 0),
        ("null", 0, 1, 0),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_part_of_a_message_is_an_order_something_else_or_broken(
    message: str | bytes, orders: int, broken: int, other: int
) -> None:
    counts = StreamCounts()
    rows, found = orders_in(message, counts)
    assert (len(rows), found, counts.other) == (orders, broken, other)


def test_a_fill_without_its_price_is_no_news_but_asks_for_the_book() -> None:
    filled = ORDER | {"status": "complete", "filled_quantity": 10}
    assert orders_in(msgspec.json.encode(filled | {"average_price": 0}), StreamCounts()) == ([], 1)
    [row], broken = orders_in(msgspec.json.encode(filled | {"average_price": 100.5}), StreamCounts())
    assert (row.filled_value, broken) == (100_500, 0)
