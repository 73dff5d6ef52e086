"""A recorded day from its first to its last update without a screen, as fast as the machine allows."""

import asyncio
import contextlib
import gc
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import config
from engine.brokers.cursor_file import ExchangeError
from engine.contract.replay_speeds import UNPACED
from engine.core import Attended, Latched
from engine.host.liveness import EngineLock
from engine.ledger.records import JournalEntry, LedgerError
from engine.ledger.store import Ledger
from engine.presenter import Presenter
from engine.runtime.end_conditions import EndsWhenIdle
from engine.runtime.pace import PlayedPace
from engine.runtime.plan import MarketChoice
from engine.runtime.report import build_report
from engine.runtime.run import RunError, begin_run, honour_latch, ledger_run
from engine.runtime.service import Service
from engine.system.errors import CockpitError
from engine.world.directories import World, WorldDirectory
from engine.world.latch_file import LatchFile, wall_clock


class HeadlessError(CockpitError):
    """The replay cannot be done; the text says what was expected, what came and what to do."""


def replay(
    choice: MarketChoice, settings: config.Settings, directory: WorldDirectory | None, *, speed: int = UNPACED
) -> dict[str, object]:
    """Play a choice to its end and return the report; ``directory`` keeps the run, None throws it away.

    Raises HeadlessError for unusable recordings, a day without trading, or a world that is in use.
    """
    began = time.perf_counter()
    try:
        with _place(directory) as place, _frozen_collector():
            return asyncio.run(
                _play(choice, settings, place, keep=directory is not None, speed=speed, began=began)
            )
    except (RunError, LedgerError, ExchangeError) as error:
        raise HeadlessError(str(error)) from error


async def _play(
    choice: MarketChoice,
    settings: config.Settings,
    place: WorldDirectory,
    *,
    keep: bool,
    speed: int,
    began: float,
) -> dict[str, object]:
    entries: list[JournalEntry] = []
    ledger = Ledger.open(place.ledger) if keep else None
    latch = LatchFile(place.latch)
    name = f"replay-{wall_clock() // 1_000}"
    try:
        if ledger is not None and (interrupted := ledger.open_run()) is not None:
            raise HeadlessError(
                f"expected no replay under way in {place.path}, got run {interrupted.run} cut off; finish it with "
                "`cockpit`, or leave out --keep"
            )
        prepared = begin_run(
            name,
            choice,
            settings,
            exchange_path=place.exchange if keep else None,
            journal=entries.append,
            ledger=ledger,
        )
        if ledger is not None:
            ledger.begin_run(ledger_run(prepared.plan, place.world.value, wall_clock()))
            ledger.thin()
        playback = prepared.playback
        service = Service(
            playback=playback,
            pace=PlayedPace(time.monotonic, playback.now, speed=speed),
            exchange=prepared.exchange,
            ledger=ledger,
            run=name,
            latch=latch,
            presenter=Presenter((), {}),
            beat=lambda: None,
            ending=EndsWhenIdle(0.0, time.monotonic),
        )
        for entry in entries:
            service.note(entry)
        playback.divert(service.note if keep else _forget)
        record = latch.record
        latched = None if record is None else Latched(record.by, record.reason, record.command)
        alone = playback.tell(Attended(attended=False, reachable=False))
        service.begin_with([*prepared.effects, *alone, *honour_latch(playback, latched)])
        try:
            await service.run_to_the_end()
        finally:
            service.close()
        if ledger is not None:
            ledger.end_run(name, playback.now)
        report = build_report(playback, time.perf_counter() - began, prepared.plan.past)
        prepared.exchange.close()
        return report
    finally:
        latch.close()
        if ledger is not None:
            ledger.close()


def _forget(entry: JournalEntry) -> None:
    del entry


@contextlib.contextmanager
def _place(directory: WorldDirectory | None) -> Iterator[WorldDirectory]:
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="cockpit-replay-") as temporary:
            place = WorldDirectory(World.REPLAY, Path(temporary))
            yield place
        return
    directory.create()
    lock = EngineLock.acquire(directory)
    if lock is None:
        raise HeadlessError(f"an engine runs in {directory.path}; stop it, or leave out --keep")
    with lock:
        yield directory


@contextlib.contextmanager
def _frozen_collector() -> Iterator[None]:
    """Hold the cycle collector: a replay makes no cycles worth looking for, and looking costs a quarter of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
