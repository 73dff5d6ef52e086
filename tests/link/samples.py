"""Pictures, handlers and waits that the tests of the line share."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from engine.contract.commands import Command, CommandResult, Outcome
from engine.contract.views import (
    EventLine,
    HeaderView,
    KillScope,
    PerformanceView,
    RiskView,
    ScreenView,
    Severity,
)
from engine.link import Ended, Incoming, Link, ScreenIdentity

PATIENCE = 60.0

Kind = TypeVar("Kind")


def make_view(number: int, *, trading: str = "AUTO", lines: int = 1) -> ScreenView:
    """A complete picture; ``lines`` event lines make it as heavy as wanted."""
    header = HeaderView(
        "simulated",
        "PAPER",
        trading,
        "continuous",
        1,
        60,
        None,
        "LIVE",
        5,
        1,
        replay_paused=False,
        manual_armed=False,
        realised=0,
        open=0,
        charges=0,
    )
    risk = RiskView(1, 0, 1, 0.0, False, 0, 1, 0, 0, 1, 0, 3, 0, 8, 0)
    performance = PerformanceView(0, 0, None, None, None, None, None, None, 0, None)
    events = tuple(EventLine(line, 1, Severity.INFO, "x" * 80) for line in range(lines))
    return ScreenView(
        number, header, (), None, (), (), (), risk, performance, events, None, KillScope(0, 0, 0)
    )


class Engine:
    """A handler that notes what it is asked and shows what it is told to."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.screens: list[tuple[str, str, int]] = []
        self.view: ScreenView | None = make_view(1)
        self.views_made = 0
        self.selections: list[str | None] = []
        self.hold: asyncio.Event | None = None
        self.slow: asyncio.Event | None = None
        self.failure: Exception | None = None

    async def on_command(self, command: Command, screen: ScreenIdentity) -> CommandResult:
        from engine.contract.commands import Follow, Kill, RunPreflight, Unfollow

        if self.hold is not None and not isinstance(command, Kill):
            await self.hold.wait()
        if self.slow is not None and isinstance(command, Follow | Unfollow | RunPreflight):
            await self.slow.wait()
        if self.failure is not None:
            raise self.failure
        self.commands.append(command)
        return CommandResult(command.id, Outcome.ACCEPTED, f"heard from {screen.name}")

    def view_for(self, instrument: str | None) -> ScreenView | None:
        self.views_made += 1
        self.selections.append(instrument)
        return self.view

    def attached(self, screen: ScreenIdentity, screens: int) -> None:
        self.screens.append(("attached", screen.name, screens))

    def detached(self, screen: ScreenIdentity, screens: int) -> None:
        self.screens.append(("detached", screen.name, screens))


class ChangingEngine(Engine):
    """An engine whose every picture differs from the last, heavy enough to fill a socket soon."""

    def view_for(self, instrument: str | None) -> ScreenView | None:
        self.views_made += 1
        self.selections.append(instrument)
        return make_view(self.views_made, trading=f"AUTO {self.views_made}", lines=400)


async def until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Return as soon as the condition holds, however long the machine takes up to ``patience`` seconds."""
    async with asyncio.timeout(patience):
        while not condition():  # noqa: ASYNC110 - conditions of other processes have no event
            await asyncio.sleep(0.002)


def wait_until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """The same for tests without a loop."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition never held")
        time.sleep(0.002)


async def read_until(link: Link, kind: type[Kind], accept: Callable[[Kind], bool] = lambda _: True) -> Kind:
    """Return the next thing of a kind that is acceptable."""
    async with asyncio.timeout(PATIENCE):
        async for news in link:
            if isinstance(news, kind) and accept(news):
                return news
            if isinstance(news, Ended):
                raise AssertionError(f"the line ended: {news.reason}")
    raise AssertionError("the line ended without a word")


Opener = Callable[..., Awaitable[Link]]
__all__ = [
    "PATIENCE",
    "ChangingEngine",
    "Engine",
    "Incoming",
    "Opener",
    "make_view",
    "read_until",
    "until",
    "wait_until",
]
