"""One world's engine while it runs: paces the playback, carries out effects, answers screens, ends when it may.

The loop is the only owner of the core, and everything that reaches the core does so between two steps. The loop
never waits for a disk, but for an entry's intent, and for that only briefly.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from engine.brokers.cursor_file import Cursor
from engine.brokers.exchange import Exchange
from engine.contract.commands import Command, CommandResult, Kill, Outcome, StopEngine
from engine.contract.views import AlarmRank, LastingAlarm, ScreenView
from engine.core import Attended, Checked, Core, Effect, LatchChanged, Rearmed
from engine.core.attention import attention_of
from engine.ledger.records import JournalEntry
from engine.ledger.store import Ledger
from engine.link import ScreenIdentity
from engine.link.kill_line import KillRequest
from engine.market.clock import SECOND, Instant
from engine.orders.messages import Request
from engine.presenter import Presenter, ViewFacts
from engine.runtime.durability import Durability, settled
from engine.runtime.effects import divide
from engine.runtime.end_conditions import Ending
from engine.runtime.final_check import enters, last_refusal
from engine.runtime.graceful_stop import PAUSED, Leaving
from engine.runtime.live_services import BrokerSide
from engine.runtime.pace import Pace
from engine.runtime.playback import Outside, Playback, command_id
from engine.runtime.replies import Replies, reply
from engine.runtime.run_place import place_of, reached, surroundings_of
from engine.runtime.screen_commands import ScreenCommands
from engine.runtime.waiting_inputs import WaitingInputs
from engine.world.latch_file import LatchFile, LatchFileState

_SLICE_SECONDS: Final = 0.008
"""How long the loop may step before it looks at screens and kills again."""
_BURST: Final = 32
"""Steps between two looks at the clock."""
_LONGEST_WAIT: Final = 0.25
_DISK_PATIENCE: Final = 0.010
"""Seconds a reducing order waits for its intent to be on disk."""
_INTENT_PATIENCE: Final = 0.25
"""Seconds an entry waits; then it is refused. The loop stands still for so long at most."""
_LIVE_COMMIT: Final = 1.0
"""Seconds between two commits of a live run while only the market moves: each has the recording flushed."""
_MOST_BEHIND_SECONDS: Final = 2.0
_AFTER_END: Final = 5 * SECOND
"""What is in flight when the feed ends may arrive within so long."""


class Service:
    """Owns the loop's side of one run; screens reach it through the link's handler methods."""

    def __init__(
        self,
        *,
        playback: Playback,
        pace: Pace,
        exchange: Exchange,
        ledger: Ledger | None,
        run: str,
        latch: LatchFile,
        presenter: Presenter,
        beat: Callable[[], None],
        ending: Ending,
        broker_side: "Callable[[Service], BrokerSide] | None" = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._playback = playback
        self._pace = pace
        self._exchange = exchange
        self._run = run
        self._latch = latch
        self._presenter = presenter
        self._beat = beat
        self._ending = ending
        self._monotonic = monotonic
        self._inputs = WaitingInputs()
        side = self._broker_side = None if broker_side is None else broker_side(self)
        if side is None:
            self._durability = Durability(ledger, exchange, run, self._where, monotonic)
        else:
            self._durability = Durability(
                ledger, exchange, run, self._where, monotonic, every=_LIVE_COMMIT, before=side.flush
            )
        self._replies = Replies()
        self._commands = ScreenCommands(
            playback=playback,
            pace=pace,
            exchange=exchange,
            latch=latch,
            inputs=self._inputs,
            replies=self._replies,
            broker_side=side,
            ledger=ledger,
            ending=lambda: self._stopping,
            run=run,
        )
        self._outset: list[Effect] = []
        self._screens = 0
        self._stopping = ""
        self.displaced = ""
        """Why the engine's place is its own no more; empty while it is. Then nothing is entered."""
        self.refused_start = ""
        """What is told of another engine's start that gave way to this one; empty when a person knows."""
        self._leaving = Leaving(monotonic)
        self._follow_hold()

    @property
    def core(self) -> Core:
        """The core this service drives."""
        return self._playback.core

    @property
    def problems(self) -> tuple[LastingAlarm, ...]:
        """What the disks refuse now; shown as alarms."""
        latch = self._latch.problem
        texts = (*self._durability.problems, *(() if latch is None else (latch,)))
        vital = (text for text in (self.displaced, self.refused_start) if text)
        own = (*(LastingAlarm(text, AlarmRank.VITAL) for text in vital), *map(LastingAlarm, texts))
        return own if self._broker_side is None else (*own, *self._broker_side.alarms)

    def note(self, entry: JournalEntry) -> None:
        """Take a journaled input in; it is written before the exchange's next batch."""
        self._durability.note(entry)

    def begin_with(self, effects: Iterable[Effect]) -> None:
        """Carry out first what the core wanted while the run was made."""
        self._outset += effects

    async def run_until_stopped(self) -> str:
        """Run until a person or idleness ends the engine; return why. Raises what ends a run by force."""
        try:
            if self._broker_side is not None:
                self._broker_side.go()
            await self._begin()
            while not self._stopping:
                self._beat()
                self._inputs.begin_step()
                await self._take_inbox()
                await self._advance()
                self._attend()
                self._pace.slip(self._playback.next_due(), self._playback.now, _MOST_BEHIND_SECONDS)
                self._durability.commit_when_due()
                self._end_when_over()
                await self._rest()
            await self._durability.flush()
        finally:
            self._refuse_waiting()
        return self._stopping

    async def run_to_the_end(self) -> None:
        """Run until the feed has ended and everything in flight has arrived."""
        await self._begin()
        while not self._playback.ended:
            self._beat()
            await self._take_inbox()
            await self._advance()
            self._durability.commit_when_due()
            await self._rest()
        end = self._playback.now + _AFTER_END
        while (due := self._exchange.next_due()) is not None and due <= end:
            await self.carry_out(self._playback.play(None, 1))
        await self._durability.flush()

    def stop(self, reason: str) -> None:
        """End the loop after the step under way."""
        self._stopping = self._stopping or reason
        self._inputs.wake()

    def leave(self, reason: str) -> None:
        """End as soon as the book may be left alone; asked twice is asked once. At once where nothing lives on."""
        if not self._exchange.lives_on:
            self.stop(reason)
        elif self._leaving.ask(reason):
            self._inputs.put(PAUSED)

    def kill(self, request: KillRequest) -> None:
        """Pass on a kill that came over its own line; the latch is already set. On the loop."""
        self._inputs.overtake(Kill(request.command, request.by, request.reason))

    async def on_command(self, command: Command, screen: ScreenIdentity) -> CommandResult:
        """Do or refuse what a screen asks; the same id asked again gets the same answer."""
        return await self._commands.obey(command, screen.number)

    def view_for(self, instrument: str | None) -> ScreenView | None:
        """Return the picture for a selection."""
        return self._presenter.view(self.core, self._surroundings(), instrument)

    def attached(self, _screen: ScreenIdentity, screens: int) -> None:
        """Note a new screen."""
        self._follow_screens(screens)

    def detached(self, screen: ScreenIdentity, screens: int) -> None:
        """Note that a screen is gone."""
        self._commands.left(screen.number)
        self._follow_screens(screens)

    def tell(self, event: Outside) -> None:
        """Give the core an input from outside, after those that wait. On the loop."""
        # Once it leaves, nothing may let entries go any more.
        if not (self._leaving.wish and isinstance(event, Checked)):
            self._inputs.put(event)

    async def told(self, event: Outside) -> None:
        """Give the core an input from outside and return once it was taken in, or the engine has ended."""
        taken: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        self._inputs.put(event, taken)
        await taken

    def wake(self) -> None:
        """Look at the market and the exchange again now: something has arrived. On the loop."""
        self._inputs.wake()

    async def carry_out(self, effects: list[Effect]) -> None:
        """Do what the core wants: durable intents, then requests; answers to who asked."""
        while effects:
            divided = divide(effects)
            effects = []
            self._show_latch(divided.latch)
            if divided.requests and self._exchange.lives_on:
                self._playback.mark()
            written = self._durability.append(divided.records, durable=bool(divided.requests))
            if divided.requests:
                self._durability.touch()
                durable = await settled(written, _DISK_PATIENCE)
                if not durable:
                    divided.requests.sort(key=lambda request: enters(request, self.core.orders))
                for request in divided.requests:
                    if not durable and enters(request, self.core.orders):
                        durable = await settled(written, _INTENT_PATIENCE)
                    effects += self._submit(request, durable=durable)
            elif divided.records:
                self._durability.touch()
            self._replies.answer(divided.answers)

    def close(self) -> None:
        """End what works beside the run, and the writing thread."""
        if self._broker_side is not None:
            self._broker_side.stop()
        self._durability.close()

    async def _begin(self) -> None:
        effects, self._outset = self._outset, []
        await self.carry_out(effects)
        if self._ending.needs_attendance and not self._screens:
            # Nobody has left, so nobody would be missed: the first screen may never come.
            self.tell(Attended(attended=False))

    async def _take_inbox(self) -> None:
        while self._inputs and not self._stopping:
            if await self._plays_first(self._inputs.first):
                continue
            event, answered = self._inputs.take()
            if isinstance(event, StopEngine):
                reply(answered, self._replies.remember(self._stop_when_flat(event)))
                continue
            if isinstance(event, Rearmed) and self._latch.is_set:
                # Somebody killed again, or the kill found something: the newer word counts.
                continue
            name = command_id(event)
            if answered is not None and name:
                self._replies.expect(name, answered)
            effects = self._playback.tell(event, self._reached())
            self._follow_hold()
            await self.carry_out(effects)
            if not name:
                reply(answered, CommandResult("", Outcome.ACCEPTED, ""))

    async def _plays_first(self, event: Outside) -> bool:
        """Say whether something was played that arrived before an event does: only a kill overtakes a live market.

        So a recording holds what the run decided on, in the run's order.
        """
        due = self._playback.next_due()
        target = self._pace.target(self._playback.now)
        if (
            self._broker_side is None
            or isinstance(event, Kill)
            or due is None
            or target is None
            or due > target
        ):
            return False
        effects = self._playback.play(target, _BURST)
        await self.carry_out(effects)
        # A long backlog is no death, and none of it may be lost to one.
        self._beat()
        self._durability.commit_when_due()
        await asyncio.sleep(0)
        return True

    async def _advance(self) -> None:
        playback = self._playback
        ends = self._monotonic() + _SLICE_SECONDS
        while (due := playback.next_due()) is not None and not self._stopping:
            target = self._pace.target(playback.now)
            if target is not None and due > target:
                return
            effects = playback.play(target, _BURST)
            if effects:
                await self.carry_out(effects)
                self._durability.commit_when_due()
            if playback.ended and self._pace.is_unpaced:
                self._pace.change_speed(1, playback.now)
                return
            if self._inputs or self._monotonic() > ends:
                return

    def _attend(self) -> None:
        """Let the broker's side know how closely its orders must be watched now."""
        if self._broker_side is not None:
            core = self.core
            self._broker_side.attend(attention_of(core.manager, core.market_state, self._playback.now))

    async def _rest(self) -> None:
        due = self._playback.next_due()
        seconds = _LONGEST_WAIT if due is None else self._pace.seconds_until(due, self._playback.now)
        if self._inputs or self._stopping or seconds <= 0:
            await asyncio.sleep(0)
            return
        await self._inputs.sleep(min(seconds, _LONGEST_WAIT))

    def _submit(self, request: Request, *, durable: bool) -> list[Effect]:
        """Send a request, or tell the core that it was not: the last look at the latch before it leaves."""
        latched, displaced = self._latch.is_set, self.displaced
        refusal = last_refusal(
            request, self.core.orders, latched=latched, durable=durable, displaced=displaced
        )
        if refusal is not None:
            return self._playback.tell(refusal)
        self._exchange.submit(request, self._playback.now)
        if latched:
            self._latch.note_order()
        return []

    def _show_latch(self, changes: list[LatchChanged]) -> None:
        """Carry the core's latch to the file; neither waits for the disk."""
        for change in changes:
            if not self._latch.is_set:
                self._latch.set(change.command, change.by, change.reason, patience=0)
            self._latch.mark(LatchFileState(change.state), change.detail, change.answers)

    def _follow_hold(self) -> None:
        """Hold or release the market as the core was told."""
        now = self._playback.now
        held = self._playback.held
        if held and not self._pace.held:
            self._pace.hold(now)
            self._exchange.hold(held=True, now=now)
        elif not held and self._pace.held:
            stood = self._pace.release(now)
            self._playback.shift(self._playback.pause_offset + stood, now)
            self._exchange.hold(held=False, now=now)

    def _refuse_waiting(self) -> None:
        """Answer everybody who still waits: the loop has ended."""
        reason = (
            f"the engine ends: {self._stopping}"
            if self._stopping
            else "the engine failed; engine.log says why"
        )
        for event, answered in self._inputs.take_all():
            reply(answered, CommandResult(command_id(event), Outcome.REFUSED, reason))
        self._replies.refuse_all(reason)

    def _stop_when_flat(self, command: StopEngine) -> CommandResult:
        if self._screens > 1:
            text = f"expected no other screen, got {self._screens - 1} more attached"
        elif not self._exchange.flat or self.core.orders.live():
            text = "expected a flat book with no order live or in doubt, got open ones; flatten first"
        else:
            self.stop("stopped by a person")
            return CommandResult(command.id, Outcome.ACCEPTED, "the engine ends")
        return CommandResult(command.id, Outcome.REFUSED, text)

    def _end_when_over(self) -> None:
        reason = self._ending.reason(flat=self._exchange.flat, now=self._reached())
        reason = reason or self._leaving.reason(self.core)
        if reason:
            self.stop(reason)

    def _follow_screens(self, screens: int) -> None:
        watched, self._screens = self._screens > 0, screens
        self._ending.attended(screens)
        if self._ending.needs_attendance and watched != (screens > 0):
            self.tell(Attended(attended=screens > 0))

    def _where(self) -> Cursor:
        return place_of(self._run, self._playback, self._pace)

    def _surroundings(self) -> ViewFacts:
        return surroundings_of(self._playback, self._pace, self._broker_side, self.problems, self._latch)

    def _reached(self) -> Instant:
        return reached(self._playback, self._pace)
