"""A line that behaves like an engine's, from a script: it keeps what was asked and answers as told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

from textual.pilot import Pilot

from cockpit.app import CockpitApp
from cockpit.state.flatten_guard import FlattenGuard
from cockpit.state.instrument_search import Found
from cockpit.state.rollout_reading import RolloutReading
from cockpit.terminal.kill_sending import KillKey
from engine.contract.commands import Command, CommandResult, Kill, Outcome
from engine.contract.views import ScreenView
from engine.link import PROTOCOL, VERSION, Ended, Incoming, LinkError, Welcome


class ScriptedLine:
    """Yields what ``say`` was given; ``sent`` and ``selected`` hold what the screen asked for, in order."""

    welcome = Welcome("demo", 4711, PROTOCOL, VERSION, screens=1)

    def __init__(self, news: Iterable[Incoming] = ()) -> None:
        self.sent: list[Command] = []
        self.selected: list[str] = []
        self.is_broken = False
        self.is_closed = False
        self.answer: Callable[[Command], CommandResult | None] = lambda _: None
        self._news: asyncio.Queue[Incoming] = asyncio.Queue()
        for item in news:
            self._news.put_nowait(item)

    @property
    def is_read(self) -> bool:
        """Whether everything said was taken."""
        return self._news.empty()

    def say(self, news: Incoming) -> None:
        self._news.put_nowait(news)

    async def __aiter__(self) -> AsyncIterator[Incoming]:
        while True:
            news = await self._news.get()
            yield news
            if isinstance(news, Ended):
                return

    async def send(self, command: Command) -> None:
        if self.is_broken:
            raise LinkError("expected a line to the engine, got one that is over; attach again")
        self.sent.append(command)
        if (answer := self.answer(command)) is not None:
            self.say(answer)

    async def select(self, instrument: str) -> None:
        if self.is_broken:
            raise LinkError("expected a line to the engine, got one that is over; attach again")
        self.selected.append(instrument)

    async def close(self) -> None:
        self.is_closed = True

    def trades(self) -> list[Command]:
        """Everything asked for but kills."""
        return [command for command in self.sent if not isinstance(command, Kill)]


class ScriptedKillSwitch:
    """Remembers the ids of the kills that went down the kill's own line."""

    def __init__(self) -> None:
        self.kills: list[bytes] = []

    def kill(self, kill_id: bytes) -> None:
        self.kills.append(kill_id)


class ScriptedSearcher:
    """Answers with what it was given; holds each answer back while ``gate`` is closed."""

    def __init__(self, answers: Mapping[str, Found], otherwise: Found | None = None) -> None:
        self.answers = answers
        self.otherwise = otherwise or Found()
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_closed = False

    async def find(self, text: str) -> Found:
        self.asked.append(text)
        await self.gate.wait()
        return self.answers.get(text, self.otherwise)

    async def close(self) -> None:
        self.is_closed = True


class ScriptedRollout:
    """Answers every reading with what it was given."""

    def __init__(self, reading: RolloutReading) -> None:
        self.reading = reading
        self.readings = 0

    async def read(self) -> RolloutReading:
        self.readings += 1
        return self.reading


class Clock:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def refusing(text: str) -> Callable[[Command], CommandResult]:
    return lambda command: CommandResult(command.id, Outcome.REFUSED, text)


class Desk:
    """One app on a scripted line with a standing clock; ids count up from 1."""

    def __init__(
        self,
        view: ScreenView | None,
        *,
        theme: str = "cockpit-dark",
        ascii_signs: bool = False,
        searcher: ScriptedSearcher | None = None,
        rollout: ScriptedRollout | None = None,
        drill_refusal: Callable[[], str] | None = None,
        embedded: bool = False,
    ) -> None:
        self.line = ScriptedLine([] if view is None else [view])
        self.switch = ScriptedKillSwitch()
        self.clock = Clock()
        self.guard: FlattenGuard | None = None
        self._ids = 0
        self.app = CockpitApp(
            self.line,
            KillKey(self.switch),
            frames_per_second=50,
            theme=theme,
            ascii_signs=ascii_signs,
            now=self.clock,
            new_id=self._next_id,
            searcher=searcher,
            rollout=rollout,
            drill_refusal=drill_refusal,
            guard=lambda: self.guard,
            embedded=embedded,
        )

    def _next_id(self) -> str:
        self._ids += 1
        return f"id-{self._ids}"

    async def settle(self, pilot: Pilot[None]) -> None:
        """Wait until what was said and pressed is on the screen."""
        await pilot.pause()
        await self.until(pilot, lambda: self.line.is_read and self.app.is_settled)
        await pilot.pause()

    async def until(self, pilot: Pilot[None], condition: Callable[[], bool]) -> None:
        """Wait for a condition; fail after a minute."""
        async with asyncio.timeout(60):
            while not condition():
                await pilot.pause(0.01)
