"""What a screen may ask of a running engine, and who does it: the playback, the latch, the broker's side or core."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

from engine.brokers.exchange import Exchange
from engine.contract.commands import (
    ArmManual,
    Command,
    CommandResult,
    Kill,
    ManualOrder,
    NoteTrade,
    Outcome,
    QuoteTicket,
    Rearm,
    RestOrder,
    SendTicket,
    SetReplaySpeed,
)
from engine.contract.replay_speeds import SPEEDS, UNPACED
from engine.contract.tickets import TicketQuote
from engine.core import Rearmed
from engine.ledger.by_a_person import BY_A_PERSON
from engine.ledger.kept import Kept, kept_words, record_of
from engine.ledger.store import Ledger
from engine.runtime.armed_screen import ELSEWHERE, ArmedScreen
from engine.runtime.durability import settled
from engine.runtime.live_services import Asked, BrokerSide
from engine.runtime.pace import Pace
from engine.runtime.playback import Playback
from engine.runtime.replies import Replies
from engine.runtime.run_place import reached
from engine.runtime.waiting_inputs import WaitingInputs
from engine.world.latch_file import LatchError, LatchFile, wall_clock

_DISK_PATIENCE: Final = 5.0
"""Seconds that a note waits to be on disk."""
_SHOWN: Final = 64
"""Answers to tickets that may still be sent: a screen asks anew several times a second."""
_NEVER_SHOWN: Final = (
    "expected a ticket as it was just shown, got another; look again and send what stands there"
)


class ScreenCommands:
    """Answers each command once; ``ending`` says why the engine ends, empty while it does not."""

    def __init__(
        self,
        *,
        playback: Playback,
        pace: Pace,
        exchange: Exchange,
        latch: LatchFile,
        inputs: WaitingInputs,
        replies: Replies,
        broker_side: BrokerSide | None,
        ledger: Ledger | None,
        ending: Callable[[], str],
        run: str,
    ) -> None:
        self._playback = playback
        self._pace = pace
        self._exchange = exchange
        self._latch = latch
        self._inputs = inputs
        self._replies = replies
        self._broker_side = broker_side
        self._ledger = ledger
        self._ending = ending
        self._run = run
        self._armed = ArmedScreen()
        self._shown: deque[tuple[ManualOrder | RestOrder, TicketQuote | None]] = deque(maxlen=_SHOWN)

    def left(self, screen: int) -> None:
        """Switch manual entry off that a screen armed which is gone."""
        if self._armed.leaves(screen):
            self._inputs.put(ArmManual(f"left-{screen}-{self._playback.sequence}", armed=False))

    async def obey(self, command: Command, screen: int) -> CommandResult:
        """Do or refuse what a screen asks; the same id asked again gets the same answer."""
        known = self._replies.given(command.id)
        if known is not None:
            return known
        armed = self._playback.core.manual_armed
        if isinstance(command, QuoteTicket):
            return self._quote(command, ELSEWHERE if self._armed.elsewhere(screen, armed=armed) else "")
        if refusal := self._armed.refusal(command, screen, armed=armed):
            return self._replies.remember(CommandResult(command.id, Outcome.REFUSED, refusal))
        if isinstance(command, SendTicket) and (command.order, command.shown) not in self._shown:
            return self._replies.remember(CommandResult(command.id, Outcome.REFUSED, _NEVER_SHOWN))
        if isinstance(command, SetReplaySpeed):
            return self._replies.remember(self._change_speed(command))
        if isinstance(command, Rearm):
            return self._replies.remember(await self._rearm(command))
        if isinstance(command, Kept):
            return self._replies.remember(await self._keep(command))
        if isinstance(command, Asked) and self._broker_side is not None:
            return self._replies.remember(await self._broker_side.obey(command))
        answered: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        if isinstance(command, Kill):
            self._latch.set(command.id, command.by, command.reason, patience=0)
            self._inputs.overtake(command, answered)
        elif ending := self._ending():
            return CommandResult(command.id, Outcome.REFUSED, f"the engine ends: {ending}")
        else:
            self._inputs.put(command, answered)
        return await answered

    def _quote(self, command: QuoteTicket, refusal: str) -> CommandResult:
        """Let core say what would leave now; a question is no input of the run, so it is written nowhere."""
        now = reached(self._playback, self._pace)
        answer = self._playback.core.person.quote(command, now)
        if answer.quote is not None and refusal and not answer.quote.refusal:
            answer = replace(answer, quote=replace(answer.quote, refusal=refusal))
        self._shown.append((command.order, answer.quote))
        return answer

    def _change_speed(self, command: SetReplaySpeed) -> CommandResult:
        if command.speed not in SPEEDS:
            allowed = ", ".join(str(speed) for speed in SPEEDS if speed != UNPACED)
            return CommandResult(
                command.id, Outcome.REFUSED, f"expected a speed of {allowed} or max, got {command.speed}"
            )
        if self._playback.ended:
            return CommandResult(command.id, Outcome.REFUSED, "the market has ended")
        self._pace.change_speed(command.speed, self._playback.now)
        self._inputs.wake()
        word = "as fast as possible" if command.speed == UNPACED else f"at {command.speed}×"
        return CommandResult(command.id, Outcome.ACCEPTED, f"the market plays {word}")

    async def _keep(self, command: Kept) -> CommandResult:
        """Write what a person tells of a trade, a day or a drill; core decides nothing by it and never hears of it."""
        if self._ledger is None:
            return CommandResult(command.id, Outcome.REFUSED, "this run keeps no record")
        try:
            if isinstance(command, NoteTrade) and not command.run:
                command = msgspec.structs.replace(command, run=self._run)
            record = record_of(command, wall_clock())
        except ValueError as error:
            return CommandResult(command.id, Outcome.REFUSED, str(error))
        written = self._ledger.append(BY_A_PERSON, [record], durable=True)
        if not await settled(written, _DISK_PATIENCE):
            text = f"not on disk yet, the engine keeps it and tries again: {self._ledger.problem or 'the disk is slow'}"
            return CommandResult(command.id, Outcome.REFUSED, text)
        return CommandResult(command.id, Outcome.ACCEPTED, kept_words(command))

    async def _rearm(self, command: Rearm) -> CommandResult:
        refusal = ""
        if self._playback.core.limits.stopped:
            refusal = "the daily loss limit was reached; the latch stays until the next trading day"
        elif open_book := await asyncio.to_thread(self._exchange.confirm_flat):
            refusal = f"expected a flat book with no order live: {open_book}; the latch stays"
        else:
            try:
                await asyncio.to_thread(self._latch.rearm)
            except LatchError as error:
                refusal = str(error)
        if refusal:
            return CommandResult(command.id, Outcome.REFUSED, refusal)
        self._inputs.put(Rearmed(command.by))
        return CommandResult(command.id, Outcome.ACCEPTED, "the latch is cleared")
