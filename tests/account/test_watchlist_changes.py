"""What is followed changes while orders are on their way: what something is open in keeps its market data."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

import config
from engine.contract.commands import ManualOrder, Side
from engine.feeds.live_tape import LiveTape
from engine.feeds.upstox.clock import LiveClock
from engine.feeds.upstox.market_feed import MarketFeed
from engine.feeds.wire.decoding import PacketDecoder
from engine.runtime.live.day_setup import Opener
from engine.runtime.live.watchlist_changes import Following
from tests.runtime.engine import BUY, OTHER, Engine, engine
from tests.runtime.market import tape


async def no_address() -> str:
    raise AssertionError("nothing is to be connected here")


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Engine]:
    async with engine(tmp_path) as found:
        await found.ready()
        yield found


def following_of(running: Engine) -> tuple[Following, MarketFeed]:
    """Return the changes to a running engine's watchlist, and the feed that they lead."""
    decoder = PacketDecoder()
    feed = MarketFeed(
        no_address,
        config.FeedSettings(),
        LiveClock("wall"),
        decoder,
        on_frame=lambda _raw, _frame, _arrival: None,
        on_state=lambda _: None,
    )
    core = running.service.core
    feed.subscribe(core.watchlist)
    made = LiveTape("run", tape().day.day, core.instruments, begins=0)
    following = Following(
        running.service,
        made,
        feed,
        decoder,
        cast("Opener", None),
        running.ledger,
        None,
        lambda: running.run.playback.now,
    )
    return following, feed


async def drive(running: Engine, asked: "asyncio.Future[tuple[str, str]]") -> tuple[str, str]:
    await running.until(asked.done)
    return asked.result()


async def test_an_order_ahead_of_a_removal_keeps_the_instrument_and_its_data(running: Engine) -> None:
    following, feed = following_of(running)
    # It is asked for before the core hears of the order, and heard behind it.
    asked = asyncio.ensure_future(following.unfollow(BUY))
    running.service.tell(ManualOrder("open", BUY, Side.SELL))
    refusal, _ = await drive(running, asked)
    assert refusal == "it stays: a position is open in it"
    assert BUY in running.service.core.watchlist
    assert BUY in feed.keys


async def test_a_removed_instrument_is_subscribed_no_more(running: Engine) -> None:
    following, feed = following_of(running)
    refusal, text = await drive(running, asyncio.ensure_future(following.unfollow(OTHER)))
    assert (refusal, text.endswith("is followed no more")) == ("", True)
    assert OTHER not in running.service.core.watchlist
    assert OTHER not in feed.keys
