"""The broker's side of one paper or live run: clock, feed, recording, orders' way, sign-in and checks.

Frames are stamped, recorded and put on the tape as they come; the playback takes them from there. What a person must
know of all this lasts as alarms or is told to the core as notes. Everything here belongs to the loop, but for calls
that wait for the broker: those have threads.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from engine.brokers.upstox.exchange import AccountExchange
from engine.contract.commands import CommandResult, Follow, Outcome, Unfollow
from engine.contract.views import AlarmRank, LastingAlarm, PreflightView
from engine.core import Checked, Noted
from engine.feeds.live_tape import LiveTape
from engine.feeds.recordings.frames_format import Broken, Connected
from engine.feeds.recordings.recorder import Recorder
from engine.feeds.upstox.clock import LiveClock
from engine.feeds.upstox.market_feed import FeedState, MarketFeed
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import Frame, Indication
from engine.ledger.store import Ledger
from engine.market.clock import SECOND, Instant
from engine.market.ticks import ticks_of
from engine.orders.attention import Attention
from engine.runtime.live.day_setup import DaySetup, Opener
from engine.runtime.live.order_gateway import OrderWay
from engine.runtime.live.pre_open import pre_open_notes
from engine.runtime.live.preflight import Checks
from engine.runtime.live.run_services import RunServices
from engine.runtime.live.supervise import kept_up
from engine.runtime.live.tape import recorder_of, tape_of_opening, tape_of_plan
from engine.runtime.live_services import Asked
from engine.runtime.plan import RunMode, RunPlan
from engine.runtime.run import RunError
from engine.runtime.service import Service
from engine.settings.loading import Configuration
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.rate_limits import CallBudget
from engine.upstox.rest.token import TokenStore
from engine.upstox.rest.transport import transport_for
from engine.world.directories import Home, WorldDirectory

_CHECK_AGAIN_SECONDS: Final = 120.0
"""Between two checks while the last ones say no."""
_LOOK_SECONDS: Final = 0.02
"""Between two looks for the feed's first word."""

_logger: Final = logging.getLogger(__name__)


class AccountMarket:
    """Owns the lines to the broker, the tape and the recording of one run; the service's broker side."""

    def __init__(
        self,
        home: Home,
        directory: WorldDirectory,
        configuration: Configuration,
        market: RunMode,
        ledger: Ledger,
        *,
        latched: Callable[[], bool],
    ) -> None:
        self._home = home
        self._directory = directory
        settings = self._settings = configuration.settings
        self._ledger = ledger
        self._latched = latched
        self._loop = asyncio.get_running_loop()
        self.clock = LiveClock(settings.session.clock)
        self._token = TokenStore(home.root, settings.upstox.access_token)
        transport = transport_for(settings.upstox)
        self._budget = CallBudget()
        self._client = UpstoxClient(settings.upstox, self._token, transport, self._budget)
        self.opener = Opener(home.root, settings, self._client, transport)
        self.checks = Checks(configuration, home, market, self._token, self.clock)
        self._decoder = PacketDecoder()
        self._feed = MarketFeed(
            self._authorize,
            settings.feed,
            self.clock,
            self._decoder,
            on_frame=self._on_frame,
            on_state=self._on_feed_state,
            token=self._token,
        )
        self._feeding: asyncio.Task[None] | None = None
        self._closing = False
        self._tape: LiveTape | None = None
        self._recorder: Recorder | None = None
        self._run: RunServices | None = None
        """What serves the run, and what works beside it; None before it goes and after it ended."""
        self._way: OrderWay | None = None
        self._told_unrecorded = False
        self._checking: asyncio.Task[Checked] | None = None
        self._indications: dict[str, Indication] = {}
        self._feed_problem = "not connected yet"
        self._lost_at: Instant | None = None

    # What the service shows and asks.

    @property
    def alarms(self) -> tuple[LastingAlarm, ...]:
        """Return what is wrong as long as it lasts: what holds up orders or prices before what does not."""
        found: list[str] = []
        lesser: list[str] = []
        if self._feed_problem:
            found.append(f"the market feed is down: {self._feed_problem}")
        elif self._feed.quiet:
            found.append(f"the market feed: {self._feed.quiet}")
        token = self._token()
        if token is None:
            found.append(f"not signed in; {self._token.problem() or 'cockpit login'}")
        elif token.expires is not None and token.expires <= self.clock.now():
            found.append("the sign-in has run out; cockpit login")
        if self._recorder is not None and self._recorder.failure is not None:
            lesser.append(self._recorder.failure)
        if self._run is not None and self._run.lists.problem:
            lesser.append(f"the run goes by older lists of what may be traded: {self._run.lists.problem}")
        if self._way is not None:
            found += self._way.alarms
        return (
            *(LastingAlarm(text) for text in found),
            *(LastingAlarm(text, AlarmRank.LESSER) for text in lesser),
        )

    @property
    def signed_in_until(self) -> Instant | None:
        """Return when the token dies; None when there is none or it does not say."""
        token = self._token()
        return None if token is None else token.expires

    @property
    def preflight(self) -> PreflightView | None:
        """Return the checks as last made."""
        return self.checks.view

    @property
    def notes(self) -> Mapping[str, str]:
        """Return what auctions indicate, by instrument."""
        if self._tape is None or self._run is None:
            return {}
        return pre_open_notes(self._indications, self._tape, self._run.service.core.market_state)

    def reached(self) -> Instant:
        """Return how far time may go in the run: not beyond a frame that is being read."""
        now, pending = self.clock.now(), self._feed.pending
        return now if pending is None else min(now, pending)

    async def obey(self, command: Asked) -> CommandResult:
        """Follow, unfollow or check again."""
        refusal, text = await self._do(command)
        return CommandResult(command.id, Outcome.REFUSED if refusal else Outcome.ACCEPTED, refusal or text)

    # Before the run.

    async def connect(self) -> None:
        """Open the feed; where the feed is the clock, wait for its first word. Raises RunError."""
        if self._feeding is None:
            self._feeding = asyncio.ensure_future(
                kept_up("the market feed", self._feed.run, over=lambda: self._closing)
            )
        seconds = self._settings.feed.open_seconds + self._settings.preflight.first_update_seconds
        deadline = time.monotonic() + seconds
        while not self.clock.running:
            if time.monotonic() > deadline:
                raise RunError(
                    f"expected the feed to tell the time within {seconds:g} s (session.clock = feed), got nothing: "
                    f"{self._feed_problem or 'connected and silent'}"
                )
            await asyncio.sleep(_LOOK_SECONDS)

    def begin_tape(self, run: str, opening: DaySetup) -> LiveTape:
        """Return the tape of a new run, and record it from now on. Any thread."""
        return self._listen(tape_of_opening(run, opening, self.clock.now(), self._decoder.rejected))

    def resume_tape(self, plan: RunPlan) -> LiveTape:
        """Return the tape of a run that was cut off: its recording first, then what arrives. Any thread."""
        return self._listen(tape_of_plan(plan, self._home, self.clock.now(), self._decoder.rejected))

    def open_exchange(self) -> AccountExchange:
        """Return where live orders go, with a client and threads of its own for what protects. Any thread."""
        self._way = OrderWay(
            self._settings,
            self._client,
            self._token,
            self._budget,
            self.clock,
            self._directory.place,
            latched=self._latched,
            wake=self._wake_from_outside,
            refused=self._refused_from_outside,
        )
        return self._way.exchange

    def leave_exchange(self) -> None:
        """Forget an exchange that was opened for a look; its owner has closed it. Any thread."""
        self._way = None

    # While the run goes.

    def go(self, service: Service, verdict: Checked) -> None:
        """Serve a run from now on: what arrives wakes it, what a person must know is told to its core."""
        tape = self._tape
        if tape is None:
            raise RuntimeError("expected a tape, got none")
        run = self._run = RunServices(
            service,
            tape,
            feed=self._feed,
            decoder=self._decoder,
            opener=self.opener,
            ledger=self._ledger,
            recorder=self._recorder,
            client=self._client,
            now=self.clock.now,
            note=self._note,
        )
        run.start(deaf=lambda: bool(self._feed_problem), checks=self._check_until_go)
        self._feed.unsubscribe(set(service.core.instruments) - set(service.core.watchlist))
        if verdict.reason:
            service.tell(verdict)
        if self._way is not None:
            self._way.start()
        run.sessions.look()
        service.wake()

    def check_soon(self) -> None:
        """Make the checks beside a run that could not wait for them; until they say go it enters nothing."""
        self._checking = asyncio.ensure_future(self._check())

    async def _check_until_go(self) -> None:
        """Make the checks again while they say no: a busy minute of the machine must not cost a day of entries."""
        while True:
            await asyncio.sleep(_CHECK_AGAIN_SECONDS)
            if self.checks.verdict.reason and not self.checks.running:
                await self._check()

    async def _check(self) -> Checked:
        verdict = await self.checks.make(feed_in_use=True)
        if self._unrecorded:
            verdict = Checked(self._unrecorded)
        self._tell(verdict)
        return verdict

    @property
    def _unrecorded(self) -> str:
        """Return why a live run may open nothing more: without its recording a death would leave trades unguarded."""
        if self._way is None or self._recorder is None or self._recorder.failure is None:
            return ""
        return f"live entries need the recording: {self._recorder.failure}"

    def finish_tape(self, now: Instant) -> None:
        """Say that the session is over: what comes now is neither played nor recorded."""
        if self._tape is not None:
            self._tape.finish(now)
        if self._recorder is not None:
            self._loop.run_in_executor(None, self._recorder.close, "the day is over", now)

    async def close(self) -> None:
        """End the lines and the recording."""
        run, self._run = self._run, None
        self._closing = True
        if run is not None:
            run.stop()
        if self._checking is not None:
            self._checking.cancel()
        if self._way is not None:
            await self._way.close()
        await self._feed.close()
        if self._feeding is not None:
            await self._feeding
        if self._recorder is not None:
            await asyncio.to_thread(self._recorder.close, "the engine ended", self.clock.now())
        self._client.close()

    def attend(self, attention: Attention) -> None:
        """Watch the broker's orders as closely as what is at stake asks for."""
        if self._way is not None:
            self._way.attend(attention)

    def flush(self) -> bool:
        """Hand what was recorded to the system: a run's place never stands beyond its recording, while there is one."""
        recorder = self._recorder
        if recorder is None or recorder.flush():
            return True
        if self._unrecorded and not self._told_unrecorded and self._run is not None:
            self._told_unrecorded = True
            self._tell(Checked(self._unrecorded))
        return recorder.failure is not None

    def _listen(self, tape: LiveTape) -> LiveTape:
        """Record from now on and subscribe; what arrives goes on the tape."""
        recorder = recorder_of(tape, self._home, self._settings)

        def begin() -> None:
            if self._recorder is not None:
                self._loop.run_in_executor(None, self._recorder.close, "begun anew", tape.begins)
            self._tape, self._recorder = tape, recorder
            self._decoder.know(ticks_of(tape.instruments))
            self._decoder.break_off()
            self._feed.subscribe(tape.instruments)

        self._loop.call_soon_threadsafe(begin)
        return tape

    async def _authorize(self) -> str:
        return await asyncio.to_thread(self._client.market_feed_authorize)

    def _on_frame(self, raw: bytes, frame: Frame, arrival: Instant) -> None:
        tape = self._tape
        if tape is None or tape.finished:
            return
        if self._recorder is not None:
            self._recorder.frame(raw, arrival)
        self._indications.update(frame.indications)
        for key in self._decoder.take_unfit():
            instrument = tape.instruments[key]
            self._note(
                "alarm",
                f"{instrument.symbol}: nothing of it can be read, for its listed tick of {instrument.tick / 100:.2f} "
                "is wider than the steps it trades in; it is not traded until the list is right",
            )
        if frame.updates:
            tape.arrive(frame.updates)
            self._wake()
        if self._run is not None:
            self._run.sessions.take(frame)

    def _on_feed_state(self, state: FeedState) -> None:
        now = self.clock.now()
        if state.connected:
            if self._lost_at is not None:
                seconds = (now - self._lost_at) / SECOND
                self._note(
                    "good", f"the market feed is back after {seconds:.1f} s; what traded meanwhile is a gap"
                )
                if self._run is not None:
                    self._run.catch_up()
            self._feed_problem, self._lost_at = "", None
            if self._recorder is not None:
                self._recorder.note(Connected(), now)
            return
        if not self._feed_problem:
            self._lost_at = now
            self._note("alarm", f"the market feed is lost: {state.problem}")
            if self._recorder is not None:
                self._recorder.note(Broken(state.problem), now)
        self._feed_problem = state.problem or "not connected"
        if self._run is not None:
            self._run.sessions.lost()

    def _on_refusal(self, why: str) -> None:
        """Pause entries while the broker takes no order of ours; once it does, the checks say whether they may go."""
        self.checks.heard(why)
        if self._run is None:
            return
        if why:
            self._tell(Checked(f"the broker refuses us: {why}"))
        elif not self.checks.running:
            self.check_soon()

    def _refused_from_outside(self, why: str) -> None:
        self._loop.call_soon_threadsafe(self._on_refusal, why)

    def _note(self, severity: str, text: str) -> None:
        self._tell(Noted(severity, text))

    def _tell(self, event: Checked | Noted) -> None:
        if self._run is not None:
            self._run.service.tell(event)

    def _wake(self) -> None:
        if self._run is not None:
            self._run.service.wake()

    def _wake_from_outside(self) -> None:
        self._loop.call_soon_threadsafe(self._wake)

    async def _do(self, command: Asked) -> tuple[str, str]:
        if self._run is None:
            return "the run has not begun", ""
        if isinstance(command, Follow):
            return await self._run.follow(command)
        if isinstance(command, Unfollow):
            return await self._run.unfollow(command)
        if self.checks.running:
            return "the checks are being made", ""
        verdict = await self._check()
        return "", f"NO-GO: {verdict.reason}" if verdict.reason else "GO"
