"""What is done for ever beside a run outlives faults of our own; checks that break keep entries paused and say why."""

import asyncio
from pathlib import Path
from typing import Literal

import pytest

import config
from engine.feeds.upstox.clock import LiveClock
from engine.market.clock import SECOND
from engine.preflight.report import Report
from engine.runtime.live import preflight as checks_module
from engine.runtime.live.preflight import Checks
from engine.runtime.live.supervise import kept_up
from engine.runtime.plan import RunMode
from engine.settings.loading import Configuration
from engine.upstox.rest.token import TokenStore
from engine.world.directories import Home


async def test_work_beside_a_run_that_breaks_is_begun_again_until_it_is_cancelled() -> None:
    begun: list[int] = []
    again = asyncio.Event()

    async def work() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise KeyError("a fault of our own")
        again.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(60):
        task = asyncio.ensure_future(kept_up("the work", work, again_after=0.0))
        await again.wait()
        task.cancel()
        await asyncio.wait([task])
    assert (len(begun), task.cancelled()) == (3, True)


def checks_of(root: Path, clock: LiveClock | None = None) -> Checks:
    return Checks(
        Configuration(config.Settings(), {}),
        Home(root),
        RunMode.LIVE,
        TokenStore(root),
        clock or LiveClock("wall"),
    )


async def test_checks_that_break_say_no_go_and_may_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("a fault of our own")

    monkeypatch.setattr(checks_module, "run_preflight", broken)
    made = checks_of(tmp_path)
    verdict = await made.make(feed_in_use=True)
    assert verdict.reason == "the checks broke, engine.log says where: 'a fault of our own' (KeyError)"
    assert not made.running
    assert not made.view.go


async def test_a_refusal_of_the_broker_that_comes_while_the_checks_are_made_outweighs_their_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = checks_of(tmp_path)
    go = Report("live", 1, 0.1, ())

    def refused_meanwhile(*_: object, **__: object) -> Report:
        made.heard("the token is dead")
        return go

    monkeypatch.setattr(checks_module, "run_preflight", refused_meanwhile)
    assert (await made.make(feed_in_use=True)).reason == "the broker refuses us: the token is dead"


async def test_a_refusal_that_ends_while_the_checks_are_made_has_them_made_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = checks_of(tmp_path)
    made.heard("the token is dead")
    calls: list[str] = []

    def mended_meanwhile(*_: object, **__: object) -> Report:
        calls.append(made.refusal)
        made.heard("")
        return Report("live", 1, 0.1, ())

    monkeypatch.setattr(checks_module, "run_preflight", mended_meanwhile)
    assert (await made.make(feed_in_use=True)).reason == ""
    assert calls == ["the token is dead", ""]


@pytest.mark.parametrize(
    ("mode", "feed_at", "by_machine"), [("feed", 9, True), ("feed", 1_030, False), ("wall", 9, False)]
)
async def test_checks_made_before_the_feed_told_the_time_say_by_which_clock_they_were_made(
    mode: Literal["wall", "feed"],
    feed_at: int,
    by_machine: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = LiveClock(mode, wall=lambda: 1_000 * SECOND, monotonic=lambda: 5.0)
    made = checks_of(tmp_path, clock)
    monkeypatch.setattr(
        checks_module, "run_preflight", lambda *_, **__: Report("live", 1_000 * SECOND, 0.1, ())
    )
    await made.make(feed_in_use=False)
    assert (made.view.time, made.view.by_machine) == (1_000 * SECOND, False), "nothing is known to differ yet"
    clock.observe(feed_at * SECOND)
    assert (made.view.time, made.view.by_machine) == (1_000 * SECOND, by_machine)
    await made.make(feed_in_use=True)
    assert (made.view.time, made.view.by_machine) == (clock.now(), False)
