"""What is done for ever beside a run outlives faults of our own; checks that break keep entries paused and say why."""

import asyncio
from pathlib import Path

import pytest

import config
from engine.feeds.upstox.clock import LiveClock
from engine.home import Home
from engine.runtime.account import checks as checks_module
from engine.runtime.account.beside import kept_up
from engine.runtime.account.checks import Checks
from engine.runtime.plan import Market
from engine.upstox.token import TokenStore


async def test_work_beside_a_run_that_breaks_is_begun_again_until_it_is_cancelled() -> None:
    begun: list[int] = []
    again = asyncio.Event()

    async def work() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise KeyError("a fault of our own")
        again.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        task = asyncio.ensure_future(kept_up("the work", work, again_after=0.0))
        await again.wait()
        task.cancel()
        await asyncio.wait([task])
    assert (len(begun), task.cancelled()) == (3, True)


async def test_checks_that_break_say_no_go_and_may_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("a fault of our own")

    monkeypatch.setattr(checks_module, "run_preflight", broken)
    home = Home(tmp_path)
    made = Checks(
        config.Configuration(config.Settings(), {}),
        home,
        Market.LIVE,
        TokenStore(tmp_path),
        LiveClock("wall"),
    )
    verdict = await made.make(feed_in_use=True)
    assert verdict.reason == "the checks broke: KeyError; engine.log says where"
    assert not made.running
    assert not made.view.go
