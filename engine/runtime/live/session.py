"""The broker's side of one paper or live run: what it shows and asks of feed, recording, orders, sign-in and checks.

Whole when made, and made with the run's service. What a person must know of all this lasts as alarms or is told to the
core as notes. Everything here belongs to the loop, but for calls that wait for the broker: those have threads.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from engine.contract.commands import CommandResult, Follow, Outcome, Unfollow
from engine.contract.views import AlarmRank, LastingAlarm, PreflightView
from engine.core import Checked, Noted
from engine.feeds.wire.frames import Frame
from engine.ledger.preflight_verdicts import verdict_record
from engine.ledger.store import Ledger
from engine.market.clock import Instant
from engine.orders.attention import Attention
from engine.runtime.live.account_lines import AccountLines
from engine.runtime.live.order_gateway import OrderWay
from engine.runtime.live.pre_open import pre_open_notes
from engine.runtime.live.preflight import UNDER_WAY
from engine.runtime.live.run_services import RunServices
from engine.runtime.live.run_tape import RunTape
from engine.runtime.live.stage_watch import StageWatch
from engine.runtime.live.supervise import kept_up
from engine.runtime.live_services import Asked
from engine.runtime.service import Service

_CHECK_AGAIN_SECONDS: Final = 120.0
"""Between two checks while the last ones say no."""


class AccountMarket:
    """Owns what serves one run beside its service; ``way`` is that of live orders, None in paper."""

    def __init__(
        self,
        service: Service,
        lines: AccountLines,
        tape: RunTape,
        way: OrderWay | None,
        ledger: Ledger,
        stages: StageWatch,
        verdict: Checked,
        *,
        run: str,
    ) -> None:
        """Take the parts of a run; ``verdict`` is what the checks said of it, or that they are still to be made."""
        self._ledger = ledger
        self._stages = stages
        self._following_stages: asyncio.Task[None] | None = None
        self._run_name = run
        self._service = service
        self._lines = lines
        self._tape = tape
        self._way = way
        self._verdict = verdict
        self._run = RunServices(
            service,
            tape.live,
            feed=lines.feed,
            decoder=lines.decoder,
            opener=lines.opener,
            ledger=ledger,
            recorder=tape.recorder,
            client=lines.client,
            now=lines.clock.now,
            note=self._note,
        )
        self._going = False
        self._told_unrecorded = False
        self._checking: set[asyncio.Future[Checked]] = set()

    # What the service shows and asks.

    @property
    def alarms(self) -> tuple[LastingAlarm, ...]:
        """What is wrong as long as it lasts: what holds up orders or prices before what does not."""
        lines = self._lines
        found: list[str] = []
        lesser: list[str] = []
        if lines.feed_problem:
            found.append(f"the market feed is down: {lines.feed_problem}")
        elif lines.feed.quiet:
            found.append(f"the market feed: {lines.feed.quiet}")
        token = lines.token()
        if token is None:
            found.append(f"not signed in; {lines.token.problem() or 'cockpit login'}")
        elif token.expires is not None and token.expires <= lines.clock.now():
            found.append("the sign-in has run out; cockpit login")
        if self._tape.failure is not None:
            lesser.append(self._tape.failure)
        if self._run.lists.problem:
            lesser.append(f"the run goes by older lists of what may be traded: {self._run.lists.problem}")
        if self._way is not None:
            found += self._way.alarms
        return (
            *(LastingAlarm(text) for text in found),
            *(LastingAlarm(text, AlarmRank.LESSER) for text in lesser),
        )

    @property
    def signed_in_until(self) -> Instant | None:
        """When the token dies; None when there is none or it does not say."""
        token = self._lines.token()
        return None if token is None else token.expires

    @property
    def preflight(self) -> PreflightView | None:
        """The checks as last made."""
        return self._lines.checks.view

    @property
    def notes(self) -> Mapping[str, str]:
        """What auctions indicate, by instrument."""
        tape = self._tape
        return pre_open_notes(tape.indications, tape.live, self._service.core.market_state)

    async def obey(self, command: Asked) -> CommandResult:
        """Follow, unfollow or check again."""
        refusal, text = await self._do(command)
        return CommandResult(command.id, Outcome.REFUSED if refusal else Outcome.ACCEPTED, refusal or text)

    def attend(self, attention: Attention) -> None:
        """Watch the broker's orders as closely as what is at stake asks for."""
        if self._way is not None:
            self._way.attend(attention)

    def flush(self) -> bool:
        """Hand what was recorded to the system: a run's place never stands beyond its recording, while there is one."""
        if self._tape.flush():
            return True
        if self._unrecorded and not self._told_unrecorded and self._going:
            self._told_unrecorded = True
            self._service.tell(Checked(self._unrecorded))
        return self._tape.failure is not None

    # While the run goes.

    def go(self) -> None:
        """Serve the run from now on: what arrives wakes it, what a person must know is told to its core."""
        service, lines = self._service, self._lines
        self._going = True
        lines.serve(self)
        self._run.start(deaf=lambda: bool(lines.feed_problem), checks=self._check_until_go)
        lines.feed.unsubscribe(set(service.core.instruments) - set(service.core.watchlist))
        if self._verdict.reason:
            service.tell(self._verdict)
        if self._verdict is not UNDER_WAY:
            self._keep(self._verdict)
        if self._way is not None:
            self._way.start()
            self._following_stages = asyncio.ensure_future(
                kept_up("the look at the rollout's stages", self._follow_stages)
            )
        self._run.sessions.look()
        service.wake()
        if self._verdict is UNDER_WAY:
            # What could not be waited for is made beside the run; until it says go nothing is entered.
            self._check_soon()

    def stop(self) -> None:
        """End what works beside the run."""
        self._run.stop()
        if self._following_stages is not None:
            self._following_stages.cancel()
        for checking in self._checking:
            checking.cancel()

    def on_frame(self, raw: bytes, frame: Frame, arrival: Instant) -> None:
        """Record a frame and put its updates on the tape."""
        tape = self._tape
        if tape.live.finished:
            return
        tape.record(raw, frame, arrival)
        for key in self._lines.decoder.take_unfit():
            instrument = tape.live.instruments[key]
            self._note(
                "alarm",
                f"{instrument.symbol}: nothing of it can be read, for its listed tick of {instrument.tick / 100:.2f} "
                "is wider than the steps it trades in; it is not traded until the list is right",
            )
        if frame.updates:
            tape.live.arrive(frame.updates)
            self._service.wake()
        self._run.sessions.take(frame)

    def on_connected(self, after: float | None, now: Instant) -> None:
        """Say that the feed is back, and ask for what it did not tell meanwhile."""
        if after is not None:
            self._note("good", f"the market feed is back after {after:.1f} s; what traded meanwhile is a gap")
            self._run.catch_up()
        self._tape.on_connected(after, now)

    def on_lost(self, problem: str, now: Instant, *, first: bool) -> None:
        """Say that the feed is lost."""
        if first:
            self._note("alarm", f"the market feed is lost: {problem}")
        self._tape.on_lost(problem, now, first=first)
        self._run.sessions.lost()

    def on_refusal(self, why: str) -> None:
        """Pause entries while the broker takes no order of ours; once it does, the checks say whether they may go."""
        if why:
            self._service.tell(Checked(f"the broker refuses us: {why}"))
        elif not self._lines.checks.running:
            self._check_soon()

    def on_orders(self) -> None:
        """Wake the run: something of the broker's orders waits for it."""
        self._service.wake()

    async def _follow_stages(self) -> None:
        """Tell the core of a stage that falls: lowered in a shell, or by what its own day has just broken."""
        core = self._service.core

        def facts() -> object:
            return len(core.closed_trades), core.limits.stopped, core.manager.stages

        await self._stages.follow(facts, self._service.tell)

    def _check_soon(self) -> None:
        """Make the checks beside the run."""
        checking = asyncio.ensure_future(self._check())
        self._checking.add(checking)
        checking.add_done_callback(self._checking.discard)

    async def _check_until_go(self) -> None:
        """Make the checks again while they say no: a busy minute of the machine must not cost a day of entries."""
        while True:
            await asyncio.sleep(_CHECK_AGAIN_SECONDS)
            if self._lines.checks.verdict.reason and not self._lines.checks.running:
                await self._check()

    async def _check(self) -> Checked:
        verdict = await self._lines.checks.make(feed_in_use=True)
        if self._unrecorded:
            verdict = Checked(self._unrecorded)
        self._keep(verdict)
        self._service.tell(verdict)
        return verdict

    def _keep(self, verdict: Checked) -> None:
        """Write a verdict down: the rollout asks for GO on each traded day."""
        record = verdict_record(verdict.reason, self._lines.clock.now())
        self._ledger.append(self._run_name, [record], durable=False)

    @property
    def _unrecorded(self) -> str:
        """Why a live run may open nothing more: without its recording a death would leave trades unguarded."""
        if self._way is None or self._tape.failure is None:
            return ""
        return f"live entries need the recording: {self._tape.failure}"

    def _note(self, severity: str, text: str) -> None:
        self._service.tell(Noted(severity, text))

    async def _do(self, command: Asked) -> tuple[str, str]:
        if not self._going:
            return "the run has not begun", ""
        if isinstance(command, Follow):
            return await self._run.follow(command)
        if isinstance(command, Unfollow):
            return await self._run.unfollow(command)
        if self._lines.checks.running:
            return "the checks are being made", ""
        verdict = await self._check()
        return "", f"NO-GO: {verdict.reason}" if verdict.reason else "GO"
