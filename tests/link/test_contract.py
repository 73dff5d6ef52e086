"""What a screen may rely on, over a Unix socket and inside one process alike."""

import asyncio

import pytest

from engine.contract.commands import (
    CommandResult,
    ExitPosition,
    Follow,
    Kill,
    Outcome,
    PauseEntries,
    RunPreflight,
    Unfollow,
)
from engine.contract.views import ScreenView
from engine.link import Ended, LinkError, LinkRefusedError
from tests.link.samples import ChangingEngine, Engine, Opener, make_view, read_until, until


def _servers(attach: Opener) -> list[object]:
    return list(attach.servers.values())  # type: ignore[attr-defined]


async def test_a_screen_is_welcomed_and_shown_the_present_picture(attach: Opener) -> None:
    engine = Engine()
    link = await attach(engine, "tty1")
    assert (link.welcome.world, link.welcome.screens) == ("demo", 1)
    assert await read_until(link, ScreenView) == engine.view
    assert engine.screens == [("attached", "tty1", 1)]


async def test_a_command_reaches_the_engine_and_its_answer_the_screen(attach: Opener) -> None:
    engine = Engine()
    link = await attach(engine, "tty1")
    await link.send(PauseEntries("a", paused=True))
    assert await read_until(link, CommandResult) == CommandResult("a", Outcome.ACCEPTED, "heard from tty1")
    assert engine.commands == [PauseEntries("a", paused=True)]


async def test_commands_of_one_screen_are_done_in_order(attach: Opener) -> None:
    engine = Engine()
    link = await attach(engine)
    for number in range(50):
        await link.send(PauseEntries(str(number), paused=True))
    await until(lambda: len(engine.commands) == 50)
    assert [command.id for command in engine.commands] == [str(number) for number in range(50)]


async def test_a_kill_overtakes_commands_that_wait(attach: Opener) -> None:
    engine = Engine()
    engine.hold = asyncio.Event()
    link = await attach(engine)
    for number in range(10):
        await link.send(PauseEntries(str(number), paused=True))
    await link.send(Kill("kill", "tty1"))
    await until(lambda: bool(engine.commands))
    assert [command.id for command in engine.commands] == ["kill"]


async def test_an_exit_does_not_stand_in_line_behind_what_waits_for_the_broker(attach: Opener) -> None:
    engine = Engine()
    engine.slow = asyncio.Event()
    link = await attach(engine)
    await link.send(RunPreflight("checks"))
    await link.send(Follow("follow", "INFY"))
    await link.send(Unfollow("unfollow", "NSE_EQ|X"))
    await link.send(ExitPosition("exit", "NSE_EQ|X"))
    await link.send(PauseEntries("pause", paused=True))
    await until(lambda: len(engine.commands) == 2)
    assert [command.id for command in engine.commands] == ["exit", "pause"]
    engine.slow.set()
    await until(lambda: len(engine.commands) == 5)
    assert [command.id for command in engine.commands[2:]] == ["checks", "follow", "unfollow"]


async def test_more_commands_than_fit_are_refused_and_the_kill_still_passes(attach: Opener) -> None:
    engine = Engine()
    engine.hold = asyncio.Event()
    link = await attach(engine)
    for number in range(100):
        await link.send(PauseEntries(str(number), paused=True))
    await link.send(Kill("kill", "tty1"))
    outcomes: dict[str, Outcome] = {}
    while len(outcomes) < 101:
        result = await read_until(link, CommandResult)
        outcomes[result.id] = result.outcome
        if result.id == "kill":
            engine.hold.set()
    assert outcomes["kill"] is Outcome.ACCEPTED
    assert outcomes["0"] is Outcome.ACCEPTED
    assert outcomes["99"] is Outcome.REFUSED
    assert len(engine.commands) == sum(outcome is Outcome.ACCEPTED for outcome in outcomes.values())


async def test_the_selection_chooses_the_picture(attach: Opener) -> None:
    engine = Engine()
    link = await attach(engine)
    await link.select("NSE_EQ|X")
    await until(lambda: "NSE_EQ|X" in engine.selections)


async def test_an_unchanged_picture_is_not_sent_again(attach: Opener) -> None:
    engine = Engine()
    link = await attach(engine)
    seen: list[int] = []

    async def read() -> None:
        seen_views = (news.number async for news in link if isinstance(news, ScreenView))
        async for number in seen_views:
            seen.append(number)  # noqa: PERF401 - each is looked at while more come

    reading = asyncio.create_task(read())
    await until(lambda: seen == [1])
    engine.view = make_view(2)
    made = engine.views_made
    await until(lambda: engine.views_made > made + 3)
    engine.view = make_view(3, trading="PAUSED")
    await until(lambda: 3 in seen)
    assert seen == [1, 3]
    reading.cancel()


async def test_every_screen_is_shown_its_own_copy(attach: Opener) -> None:
    engine = Engine()
    first, second = await attach(engine, "one"), await attach(engine, "two")
    assert second.welcome.screens == 2
    assert await read_until(first, ScreenView) == await read_until(second, ScreenView)


async def test_a_screen_that_does_not_read_gets_no_pictures_and_the_others_do(attach: Opener) -> None:
    engine = ChangingEngine()
    await attach(engine, "stalled")
    reading = await attach(engine, "reading")
    last = await read_until(reading, ScreenView, lambda view: view.number > 60)
    assert last.number > 60


async def test_a_screen_that_reads_again_soon_sees_the_present(attach: Opener) -> None:
    engine = ChangingEngine()
    stalled = await attach(engine, "stalled")
    reading = await attach(engine, "reading")
    present = await read_until(reading, ScreenView, lambda view: view.number > 60)
    assert (await read_until(stalled, ScreenView, lambda view: view.number >= present.number)).number > 60


async def test_detaching_is_noticed_and_the_engine_goes_on(attach: Opener) -> None:
    engine = Engine()
    first, second = await attach(engine, "one"), await attach(engine, "two")
    await first.close()
    await until(lambda: ("detached", "one", 1) in engine.screens)
    await second.send(PauseEntries("a", paused=True))
    assert (await read_until(second, CommandResult)).outcome is Outcome.ACCEPTED


async def test_a_closed_line_ends_its_iteration_and_refuses_commands(attach: Opener) -> None:
    link = await attach(Engine())
    await read_until(link, ScreenView)
    await link.close()
    assert [news async for news in link][-1] == Ended("detached")
    with pytest.raises(LinkError):
        await link.send(PauseEntries("a", paused=True))


async def test_what_is_asked_just_before_detaching_is_done(attach: Opener) -> None:
    engine = ChangingEngine()
    link = await attach(engine)
    await until(lambda: engine.views_made > 0)
    for number in range(30):
        await link.send(PauseEntries(str(number), paused=True))
    await link.send(Kill("kill", "tty1"))
    await link.close()
    await until(lambda: len(engine.commands) == 31)


async def test_a_command_under_way_survives_its_screen(attach: Opener) -> None:
    engine = Engine()
    engine.hold = asyncio.Event()
    link = await attach(engine)
    await link.send(PauseEntries("a", paused=True))
    await link.close()
    await until(lambda: len(engine.screens) == 2)
    engine.hold.set()
    await until(lambda: len(engine.commands) == 1)


async def test_the_engines_end_is_told(attach: Opener) -> None:
    link = await attach(Engine())
    await read_until(link, ScreenView)
    for server in _servers(attach):
        await server.close("closed for the day")  # type: ignore[attr-defined]
    assert [news async for news in link][-1] == Ended("closed for the day")


async def test_another_version_is_refused_with_both_named(attach: Opener) -> None:
    with pytest.raises(LinkRefusedError, match=r"expected protocol 1, version 0\.1\.0, got .*9\.9\.9"):
        await attach(Engine(), version="9.9.9")


async def test_a_failing_command_is_answered_and_the_line_lives_on(attach: Opener) -> None:
    engine = Engine()
    engine.failure = RuntimeError("broken")
    link = await attach(engine)
    await link.send(PauseEntries("a", paused=True))
    assert (await read_until(link, CommandResult)).outcome is Outcome.REFUSED
    engine.failure = None
    await link.send(PauseEntries("b", paused=True))
    assert (await read_until(link, CommandResult)).outcome is Outcome.ACCEPTED


async def test_more_screens_than_there_are_seats_are_refused(attach: Opener) -> None:
    engine = Engine()
    for number in range(16):
        await attach(engine, str(number))
    with pytest.raises(LinkRefusedError, match="too many screens"):
        await attach(engine, "one too many")
