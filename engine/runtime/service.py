"""One world's engine while it runs: paces the playback, carries out effects, answers screens, ends when it may.

The loop is the only owner of the core. The exchange's file and the ledger are written by a thread, in order, each
batch of the exchange behind the journal that explains it; the loop never waits for a disk except for an entry's
intent.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from engine.brokers.paper import PaperExchange
from engine.brokers.records import Cursor
from engine.brokers.store import Batch, ExchangeError
from engine.commands import (
    Command,
    CommandResult,
    Kill,
    Outcome,
    PauseReplay,
    Rearm,
    SetReplaySpeed,
    StopEngine,
)
from engine.core import Answer, Core, Effect, LatchChanged, Rearmed, Record
from engine.latch import Latch, LatchError, LatchState
from engine.ledger.records import Entry
from engine.ledger.store import Ledger, LedgerError
from engine.link import ScreenIdentity
from engine.link.kill_line import KillRequest
from engine.market.clock import SECOND, Instant
from engine.orders.messages import PlaceOrder, Refused, Request, Role
from engine.performance.metrics import EquityMark
from engine.presenter import Presenter, Surroundings
from engine.runtime.pace import UNPACED, Pace
from engine.runtime.playback import Outside, Playback
from engine.views import View

_SLICE_SECONDS: Final = 0.008
"""How long the loop may step before it looks at screens and kills again."""
_COMMIT_SECONDS: Final = 0.25
_LONGEST_WAIT: Final = 0.1
_DISK_PATIENCE: Final = 0.010
_MOST_BEHIND_SECONDS: Final = 2
SPEEDS: Final = (1, 2, 5, 10, 30, UNPACED)

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Divided:
    requests: list[Request] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    answers: list[CommandResult] = field(default_factory=list)


def _divide(effects: list[Effect]) -> _Divided:
    divided = _Divided()
    for effect in effects:
        match effect:
            case Record():
                divided.records.append(effect)
            case Answer():
                divided.answers.append(effect.result)
            case LatchChanged():
                continue
            case _:
                divided.requests.append(effect)
    return divided


class Service:
    """Owns the loop's side of one run; screens reach it through the link's handler methods."""

    def __init__(
        self,
        *,
        playback: Playback,
        pace: Pace,
        exchange: PaperExchange,
        ledger: Ledger | None,
        run: str,
        latch: Latch,
        presenter: Presenter,
        beat: Callable[[], None],
        idle_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._playback = playback
        self._pace = pace
        self._exchange = exchange
        self._ledger = ledger
        self._run = run
        self._latch = latch
        self._presenter = presenter
        self._beat = beat
        self._idle_seconds = idle_seconds
        self._monotonic = monotonic
        self._inbox: deque[tuple[Outside, asyncio.Future[CommandResult] | None]] = deque()
        self._waiting: dict[str, list[asyncio.Future[CommandResult]]] = {}
        self._news = asyncio.Event()
        self._entries: list[Entry] = []
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="exchange-file")
        self._writing: Future[None] | None = None
        self._unsaved = False
        self._last_commit = monotonic()
        self._screens = 0
        self._alone_since = monotonic()
        self._stopping = ""
        self.equity: list[EquityMark] = []
        """The account at each mark since this service began."""
        self.problems: list[str] = []
        """What the disks refused, newest last; shown as alarms."""

    @property
    def core(self) -> Core:
        """Return the core this service drives."""
        return self._playback.core

    def note(self, entry: Entry) -> None:
        """Take a journaled input in; it is written before the exchange's next batch."""
        self._entries.append(entry)

    async def run_until_stopped(self) -> str:
        """Run until a person or idleness ends the engine; return why."""
        while not self._stopping:
            self._beat()
            self._news.clear()
            await self._take_inbox()
            await self._advance()
            self._pace.slip(self._playback.now, _MOST_BEHIND_SECONDS * SECOND * max(1, self._pace.speed))
            self._commit_when_due()
            self._end_when_idle()
            await self._rest()
        await self.flush()
        return self._stopping

    async def run_to_the_end(self) -> None:
        """Run unpaced until the feed has ended and everything in flight has arrived."""
        while not self._playback.ended:
            self._beat()
            await self._take_inbox()
            await self._advance()
            self._commit_when_due()
            await asyncio.sleep(0)
        while (due := self._exchange.next_due()) is not None and due <= self._playback.now + 5 * SECOND:
            await self.carry_out(self._playback.step())
        await self.flush()

    def stop(self, reason: str) -> None:
        """End the loop after the step under way."""
        self._stopping = self._stopping or reason
        self._news.set()

    def kill(self, request: KillRequest) -> None:
        """Pass on a kill that came over its own line; the latch is already set. On the loop."""
        self._inbox.appendleft((Kill(request.command, request.by, request.reason), None))
        self._news.set()

    async def on_command(self, command: Command, _screen: ScreenIdentity) -> CommandResult:
        """Do or refuse what a screen asks."""
        match command:
            case Kill():
                self._latch.set(command.id, command.by, command.reason, patience=0)
            case SetReplaySpeed():
                return self._change_speed(command)
            case PauseReplay():
                self._hold(held=command.paused)
            case Rearm():
                return await self._rearm(command)
            case StopEngine():
                return self._stop_when_flat(command)
        answered: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        self._inbox.append((command, answered))
        self._news.set()
        return await answered

    def view_for(self, instrument: str | None) -> View | None:
        """Return the picture for a selection."""
        return self._presenter.view(self.core, self._surroundings(), instrument)

    def attached(self, _screen: ScreenIdentity, screens: int) -> None:
        """Note a new screen."""
        self._screens = screens

    def detached(self, _screen: ScreenIdentity, screens: int) -> None:
        """Note that a screen is gone."""
        self._screens = screens
        self._alone_since = self._monotonic()

    async def carry_out(self, effects: list[Effect]) -> None:
        """Do what the core wants: durable intents, then requests; answers to who asked."""
        while effects:
            divided = _divide(effects)
            effects = []
            self._show_latch()
            self._note_equity(divided.records)
            durable = await self._record(divided)
            for request in divided.requests:
                refusal = self._refusal(request, durable=durable)
                if refusal is None:
                    self._exchange.submit(request, self._playback.now)
                else:
                    effects += self._playback.tell(refusal)
            self._unsaved = self._unsaved or bool(divided.requests or divided.records)
            self._answer(divided.answers)

    async def flush(self) -> None:
        """Write everything that is not yet on disk, and wait for it."""
        self._unsaved = True
        while self._unsaved or self._writing is not None:
            if self._writing is not None:
                await asyncio.wait([asyncio.wrap_future(self._writing)])
                self._finish_writing()
            if self._unsaved:
                self._commit()

    def close(self) -> None:
        """End the writing thread."""
        self._writer.shutdown(wait=True)

    async def _take_inbox(self) -> None:
        while self._inbox:
            command, answered = self._inbox.popleft()
            now = self._pace.target(self._playback.now)
            if answered is not None:
                self._waiting.setdefault(getattr(command, "id", ""), []).append(answered)
            await self.carry_out(self._playback.tell(command, now))

    async def _advance(self) -> None:
        ends = self._monotonic() + _SLICE_SECONDS
        while (due := self._playback.next_due()) is not None and not self._stopping:
            target = self._pace.target(self._playback.now)
            if target is not None and due > target:
                return
            effects = self._playback.step()
            if effects:
                await self.carry_out(effects)
                self._commit_when_due()
            if self._playback.ended and self._pace.speed == UNPACED:
                self._pace.change_speed(1, self._playback.now)
                return
            if self._inbox or self._monotonic() > ends:
                return

    async def _rest(self) -> None:
        due = self._playback.next_due()
        seconds = _LONGEST_WAIT if due is None else self._pace.seconds_until(due, self._playback.now)
        if self._inbox or seconds <= 0:
            await asyncio.sleep(0)
            return
        try:
            await asyncio.wait_for(self._news.wait(), min(seconds, _LONGEST_WAIT))
        except TimeoutError:
            return

    async def _record(self, divided: _Divided) -> bool:
        """Append records; return whether they are durable. Only an entry waits longer than the disk's patience."""
        if self._ledger is None:
            return True
        if not divided.records and not divided.requests:
            return True
        wanted = bool(divided.requests)
        future = self._ledger.append(self._run, divided.records, self._take_entries(), durable=wanted)
        if not wanted:
            return True
        patience = None if any(_is_entry(request) for request in divided.requests) else _DISK_PATIENCE
        done, _ = await asyncio.wait([asyncio.wrap_future(future)], timeout=patience)
        if not done:
            return False
        error = future.exception()
        if error is not None:
            self._note_problem(str(error))
        return error is None

    def _note_equity(self, records: list[Record]) -> None:
        account = self.core.limits.account
        for record in records:
            if record.kind == "equity" and isinstance(record.payload, dict):
                net = record.payload["net"]
                if isinstance(net, int):
                    self.equity.append((record.time, account + net))

    def _take_entries(self) -> list[Entry]:
        entries, self._entries = self._entries, []
        return entries

    def _refusal(self, request: Request, *, durable: bool) -> Refused | None:
        if not _is_entry(request) or not isinstance(request, PlaceOrder):
            return None
        if self._latch.is_set:
            return Refused(request.tag, "LATCHED", "the kill latch is set; nothing was sent")
        if not durable:
            return Refused(request.tag, "LEDGER", "the ledger cannot be written; nothing was sent")
        return None

    def _show_latch(self) -> None:
        """Carry the core's latch to the file; neither waits for the disk."""
        latch = self.core.latch
        if latch is None:
            return
        if not self._latch.is_set:
            self._latch.set(latch.id, latch.by, latch.reason, patience=0)
        self._latch.mark(LatchState(latch.state.value))

    def _answer(self, answers: list[CommandResult]) -> None:
        for result in answers:
            for answered in self._waiting.pop(result.id, []):
                if not answered.done():
                    answered.set_result(result)

    def _commit_when_due(self) -> None:
        self._finish_writing()
        due = self._monotonic() - self._last_commit >= _COMMIT_SECONDS
        if self._writing is None and (self._unsaved or due):
            self._commit()

    def _commit(self) -> None:
        playback = self._playback
        self._last_commit = self._monotonic()
        self._unsaved = False
        reached = self._reached() if self._pace.held else playback.now
        offset = self._pace.offset_if_released(reached)
        batch = self._exchange.capture(
            Cursor(self._run, playback.updates, reached, offset, playback.sequence)
        )
        if batch is None or self._ledger is None:
            return
        journaled = self._ledger.append(self._run, [], self._take_entries(), durable=True)
        self._writing = self._writer.submit(self._write, journaled, batch)

    def _write(self, journaled: "Future[None]", batch: Batch) -> None:
        journaled.result()
        self._exchange.write(batch)

    def _finish_writing(self) -> None:
        if self._writing is None or not self._writing.done():
            return
        error = self._writing.exception()
        self._writing = None
        if isinstance(error, LedgerError | ExchangeError):
            self._note_problem(str(error))
        elif error is not None:
            raise error

    def _note_problem(self, text: str) -> None:
        if not self.problems or self.problems[-1] != text:
            _logger.error("%s", text)
            self.problems = [*self.problems[-4:], text]

    def _change_speed(self, command: SetReplaySpeed) -> CommandResult:
        if command.speed not in SPEEDS:
            return CommandResult(
                command.id, Outcome.REFUSED, f"expected a speed of {SPEEDS}, got {command.speed}"
            )
        if self._playback.ended:
            return CommandResult(command.id, Outcome.REFUSED, "the market has ended")
        self._pace.change_speed(command.speed, self._playback.now)
        self._news.set()
        word = "as fast as possible" if command.speed == UNPACED else f"at {command.speed}×"
        return CommandResult(command.id, Outcome.ACCEPTED, f"the market plays {word}")

    def _hold(self, *, held: bool) -> None:
        reached = self._playback.now
        if held and not self._pace.held:
            now = self._pace.hold(reached)
            self._playback.hold(now)
            self._exchange.hold(held=True, now=now)
        elif not held and self._pace.held:
            now = self._pace.release(reached)
            self._playback.shift(self._pace.pause_offset, now)
            self._exchange.hold(held=False, now=now)
        self._unsaved = True

    async def _rearm(self, command: Rearm) -> CommandResult:
        refusal = ""
        if self.core.limits.stopped:
            refusal = "the daily loss limit was reached; the latch stays until the next trading day"
        elif not self._exchange.flat:
            refusal = "expected a flat book with no order live, got open ones; the latch stays"
        else:
            try:
                await asyncio.to_thread(self._latch.rearm)
            except LatchError as error:
                refusal = str(error)
        if refusal:
            return CommandResult(command.id, Outcome.REFUSED, refusal)
        self._inbox.append((Rearmed(command.by), None))
        self._news.set()
        return CommandResult(command.id, Outcome.ACCEPTED, "the latch is cleared")

    def _stop_when_flat(self, command: StopEngine) -> CommandResult:
        if self._screens > 1:
            text = f"expected no other screen, got {self._screens - 1} more attached"
        elif not self._exchange.flat:
            text = "expected a flat book with no order live, got open ones; flatten first"
        else:
            self.stop("stopped by a person")
            return CommandResult(command.id, Outcome.ACCEPTED, "the engine ends")
        return CommandResult(command.id, Outcome.REFUSED, text)

    def _end_when_idle(self) -> None:
        if self._screens or not self._exchange.flat:
            self._alone_since = self._monotonic() if self._screens else self._alone_since
            return
        if self._monotonic() - self._alone_since >= self._idle_seconds:
            self.stop("flat, and no screen was attached")

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            now=self._reached(),
            speed=self._pace.speed,
            held=self._pace.held,
            ended=self._playback.ended,
            problems=tuple(self.problems),
            end=self._playback.feed.last_arrival,
        )

    def _reached(self) -> Instant:
        target = self._pace.target(self._playback.now)
        return self._playback.now if target is None else target


def _is_entry(request: Request) -> bool:
    return isinstance(request, PlaceOrder) and request.role is Role.ENTRY
