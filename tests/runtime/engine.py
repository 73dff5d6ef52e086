"""One run on real files and its service, under a wall clock that stands until told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine.brokers.cursor_file import ExchangeError
from engine.brokers.paper.exchange import PaperExchange
from engine.contract.commands import (
    ArmManual,
    Command,
    CommandResult,
    ManualOrder,
    PauseReplay,
    Side,
)
from engine.ledger.records import JournalEntry
from engine.ledger.store import Ledger
from engine.link import ScreenIdentity
from engine.presenter import Presenter
from engine.runtime.end_conditions import EndsWhenIdle
from engine.runtime.pace import PlayedPace
from engine.runtime.run import PreparedRun, begin_on, ledger_run
from engine.runtime.service import Service
from engine.world.latch_file import LatchFile
from tests.runtime.market import TapeFeed, plan, tape

LENGTH = 2_000
BUY = list(tape().instruments)[1]
OTHER = list(tape().instruments)[2]
SCREEN = ScreenIdentity(1, "a screen")


@dataclass
class Wall:
    """A wall clock that stands until told."""

    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Engine:
    """One run on real files, and its service."""

    home: Path
    run: PreparedRun[PaperExchange]
    ledger: Ledger
    latch: LatchFile
    service: Service
    wall: Wall
    ended: "asyncio.Task[str] | None" = None
    beats: list[int] = field(default_factory=list)

    @property
    def exchange(self) -> PaperExchange:
        return self.run.exchange

    async def ask(self, command: Command) -> CommandResult:
        return await self.service.on_command(command, SCREEN)

    async def until(self, met: Callable[[], bool], *, step: float = 0.05) -> None:
        """Let the wall and the loop go on until something holds; a run that ends first fails the test."""
        async with asyncio.timeout(60):
            while not met():
                assert self.ended is None or not self.ended.done(), "the run ended before"
                self.wall.seconds += step
                self.service.wake()
                await asyncio.sleep(0)

    async def ready(self) -> None:
        """Let the market begin, and arm manual entry."""
        await self.until(lambda: self.run.playback.updates > 100)
        await self.ask(ArmManual("arm", armed=True))

    async def holding(self, instrument: str = BUY) -> None:
        """Let the engine hold a protected position, with its market held still."""
        await self.ready()
        await self.ask(ManualOrder("open", instrument, Side.SELL))
        await self.until(lambda: any(trade.protected_after is not None for trade in self.service.core.trades))
        await self.ask(PauseReplay("still", paused=True))


@asynccontextmanager
async def engine(
    home: Path, *, speed: int = 1, idle: float = 1e9, running: bool = True
) -> AsyncIterator[Engine]:
    """Start an engine on the tape and end it, whatever happened."""
    entries: list[JournalEntry] = []
    ledger = Ledger.open(home / "ledger.sqlite")
    planned = plan(LENGTH, setups="off")
    run = begin_on(
        TapeFeed(tape(), LENGTH),
        tape().day,
        planned,
        exchange_path=home / "exchange.sqlite",
        journal=entries.append,
    )
    ledger.begin_run(ledger_run(planned, "demo", 0))
    latch = LatchFile(home / "latch")
    wall = Wall()
    service = Service(
        playback=run.playback,
        pace=PlayedPace(wall, run.playback.now, speed=speed),
        exchange=run.exchange,
        ledger=ledger,
        run=planned.run,
        latch=latch,
        presenter=Presenter((), {}),
        beat=lambda: None,
        ending=EndsWhenIdle(idle, wall),
        monotonic=wall,
    )
    for entry in entries:
        service.note(entry)
    run.playback.divert(service.note)
    service.begin_with(run.effects)
    one = Engine(home, run, ledger, latch, service, wall)
    if running:
        one.ended = asyncio.create_task(service.run_until_stopped())
    try:
        yield one
    finally:
        service.stop("the test is over")
        if one.ended is not None:
            with suppress(ExchangeError):
                await one.ended
        service.close()
        run.exchange.close()
        with suppress(Exception):
            ledger.close()
        latch.close()


def runs(test: Callable[[Path], Awaitable[None]]) -> Callable[[Path], None]:
    """Run a test's coroutine on a loop of its own."""

    def wrapped(tmp_path: Path) -> None:
        asyncio.run(_awaited(test(tmp_path)))

    wrapped.__name__, wrapped.__doc__ = test.__name__, test.__doc__
    return wrapped


async def _awaited(work: Awaitable[None]) -> None:
    await work
