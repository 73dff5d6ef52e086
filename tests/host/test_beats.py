"""The sign of life of a live loop: whatever the loop has to catch up with, nobody takes it for dead."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from engine.contract.commands import CommandResult, Outcome
from engine.contract.views import LastingAlarm, PreflightView
from engine.core import Noted
from engine.ledger.records import JournalEntry
from engine.ledger.store import Ledger
from engine.market.clock import Instant
from engine.orders.attention import Attention
from engine.presenter import Presenter
from engine.runtime.end_conditions import EndsWhenIdle
from engine.runtime.live_services import Asked
from engine.runtime.pace import LivePace
from engine.runtime.run import begin_on, ledger_run
from engine.runtime.service import Service
from engine.world.latch_file import LatchFile
from tests.runtime.engine import Wall, runs
from tests.runtime.market import TapeFeed, plan, tape

LENGTH = 2_000
A_MOMENT = 64
"""Updates: two turns of the loop."""


class Quiet:
    """A broker's side that has nothing to say."""

    alarms: tuple[LastingAlarm, ...] = ()
    signed_in_until: Instant | None = None
    preflight: PreflightView | None = None
    notes: Mapping[str, str] = {}

    def go(self) -> None:
        """Bring nothing."""

    def stop(self) -> None:
        """End nothing."""

    def attend(self, attention: Attention) -> None:
        """Watch nothing."""

    def flush(self) -> bool:
        """Keep nothing."""
        return True

    async def obey(self, command: Asked) -> CommandResult:
        """Refuse."""
        return CommandResult(command.id, Outcome.REFUSED, "nobody is there")


@runs
async def test_an_event_behind_a_long_backlog_of_the_market_does_not_silence_the_loop(home: Path) -> None:
    entries: list[JournalEntry] = []
    ledger, latch = Ledger.open(home / "ledger.sqlite"), LatchFile(home / "latch")
    planned = plan(LENGTH, setups="off")
    run = begin_on(
        TapeFeed(tape(), LENGTH),
        tape().day,
        planned,
        exchange_path=home / "exchange.sqlite",
        journal=entries.append,
    )
    ledger.begin_run(ledger_run(planned, "account", 0))
    beats: list[int] = []
    playback, wall = run.playback, Wall()

    def beat() -> None:
        beats.append(playback.updates)
        if playback.updates >= LENGTH:
            service.stop("the backlog is played")

    service = Service(
        playback=playback,
        pace=LivePace(lambda: tape().updates[LENGTH - 1].arrival),
        exchange=run.exchange,
        ledger=ledger,
        run=planned.run,
        latch=latch,
        presenter=Presenter((), {}),
        beat=beat,
        ending=EndsWhenIdle(1e9, wall),
        broker_side=lambda _: Quiet(),
        monotonic=wall,
    )
    playback.divert(service.note)
    service.tell(Noted("info", "behind the backlog"))
    async with asyncio.timeout(60):
        await service.run_until_stopped()
    gaps = [after - before for before, after in zip(beats, [*beats[1:], LENGTH], strict=True)]
    assert max(gaps) <= A_MOMENT
    service.close()
    run.exchange.close()
    ledger.close()
    latch.close()
