"""The account's lines to the broker: clock, sign-in, calls, the market feed and the checks.

Whole before a run begins, and the same to its end. What arrives is handed to one listener at a time: nobody first, then
the tape of the run, then the run's broker side.
"""

import asyncio
import time
from typing import Final, Protocol

from engine.feeds.upstox.clock import LiveClock
from engine.feeds.upstox.market_feed import FeedState, MarketFeed
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import Frame
from engine.market.clock import SECOND, Instant
from engine.market.ticks import ticks_of
from engine.runtime.live.day_setup import Opener
from engine.runtime.live.preflight import Checks
from engine.runtime.live.run_tape import RunTape
from engine.runtime.live.supervise import kept_up
from engine.runtime.plan import RunMode
from engine.runtime.run import RunError
from engine.settings.loading import Configuration
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.rate_limits import CallBudget
from engine.upstox.rest.token import TokenStore
from engine.upstox.rest.transport import transport_for
from engine.world.directories import Home

_LOOK_SECONDS: Final = 0.02
"""Between two looks for the feed's first word."""


class LineListener(Protocol):
    """Who is told what arrives. On the loop."""

    def on_frame(self, raw: bytes, frame: Frame, arrival: Instant) -> None:
        """Take a frame in."""
        ...

    def on_connected(self, after: float | None, now: Instant) -> None:
        """Note that the feed is connected, ``after`` so many seconds without; None where it never was."""
        ...

    def on_lost(self, problem: str, now: Instant, *, first: bool) -> None:
        """Note that the feed is not connected; ``first`` says that this is news."""
        ...

    def on_refusal(self, why: str) -> None:
        """Note why the broker takes no call of ours; empty once it does."""
        ...

    def on_orders(self) -> None:
        """Note that something of the broker's orders waits to be taken in."""
        ...


class _Nobody:
    """Before a run has a tape there is nobody to tell."""

    def on_frame(self, raw: bytes, frame: Frame, arrival: Instant) -> None:
        """Do nothing."""

    def on_connected(self, after: float | None, now: Instant) -> None:
        """Do nothing."""

    def on_lost(self, problem: str, now: Instant, *, first: bool) -> None:
        """Do nothing."""

    def on_refusal(self, why: str) -> None:
        """Do nothing."""

    def on_orders(self) -> None:
        """Do nothing."""


class AccountLines:
    """Owns the lines of one engine's account; they belong to the loop, but for calls, which have threads."""

    def __init__(self, home: Home, configuration: Configuration, market: RunMode) -> None:
        self.home = home
        settings = self.settings = configuration.settings
        self._loop = asyncio.get_running_loop()
        self.clock = LiveClock(settings.session.clock)
        self.token = TokenStore(home.root, settings.upstox.access_token)
        transport = transport_for(settings.upstox)
        self.budget = CallBudget()
        self.client = UpstoxClient(settings.upstox, self.token, transport, self.budget)
        self.opener = Opener(home.root, settings, self.client, transport)
        self.checks = Checks(configuration, home, market, self.token, self.clock)
        self.decoder = PacketDecoder()
        self.feed = MarketFeed(
            self._authorize,
            settings.feed,
            self.clock,
            self.decoder,
            on_frame=self._on_frame,
            on_state=self._on_feed_state,
            token=self.token,
        )
        self.feed_problem = "not connected yet"
        """Why the feed is not connected; empty while it is."""
        self._lost_at: Instant | None = None
        self._listener: LineListener = _Nobody()
        self._tapes: list[RunTape] = []
        self._feeding: list[asyncio.Task[None]] = []
        self._closing = False

    def reached(self) -> Instant:
        """Return how far time may go in the run: not beyond a frame that is being read."""
        now, pending = self.clock.now(), self.feed.pending
        return now if pending is None else min(now, pending)

    async def connect(self) -> None:
        """Open the feed; where the feed is the clock, wait for its first word. Raises RunError."""
        if not self._feeding:
            going = kept_up("the market feed", self.feed.run, over=lambda: self._closing)
            self._feeding.append(asyncio.ensure_future(going))
        seconds = self.settings.feed.open_seconds + self.settings.preflight.first_update_seconds
        deadline = time.monotonic() + seconds
        while not self.clock.running:
            if time.monotonic() > deadline:
                raise RunError(
                    f"expected the feed to tell the time within {seconds:g} s (session.clock = feed), got nothing: "
                    f"{self.feed_problem or 'connected and silent'}"
                )
            await asyncio.sleep(_LOOK_SECONDS)

    def follow(self, tape: RunTape) -> RunTape:
        """Put what arrives on a tape from now on, and subscribe to what it follows. Any thread."""

        def begin() -> None:
            for earlier in self._tapes:
                self._loop.run_in_executor(None, earlier.end, "begun anew", tape.live.begins)
            self._tapes = [tape]
            self._listener = tape
            self.decoder.know(ticks_of(tape.live.instruments))
            self.decoder.break_off()
            self.feed.subscribe(tape.live.instruments)

        self._loop.call_soon_threadsafe(begin)
        return tape

    def serve(self, listener: LineListener) -> None:
        """Tell a listener what arrives from now on. On the loop."""
        self._listener = listener

    def on_refusal(self, why: str) -> None:
        """Take in why the broker takes no order of ours, or an empty text once it does. Any thread."""
        self._loop.call_soon_threadsafe(self._refused, why)

    def on_orders(self) -> None:
        """Take in that something of the broker's orders waits. Any thread."""
        self._loop.call_soon_threadsafe(self._orders_wait)

    async def close(self) -> None:
        """End the lines and the recording."""
        self._closing = True
        self._listener = self._tapes[-1] if self._tapes else _Nobody()
        await self.feed.close()
        for going in self._feeding:
            await going
        for tape in self._tapes:
            await asyncio.to_thread(tape.end, "the engine ended", self.clock.now())
        self.client.close()

    async def _authorize(self) -> str:
        return await asyncio.to_thread(self.client.market_feed_authorize)

    def _on_frame(self, raw: bytes, frame: Frame, arrival: Instant) -> None:
        self._listener.on_frame(raw, frame, arrival)

    def _on_feed_state(self, state: FeedState) -> None:
        now = self.clock.now()
        if state.connected:
            after = None if self._lost_at is None else (now - self._lost_at) / SECOND
            self.feed_problem, self._lost_at = "", None
            self._listener.on_connected(after, now)
            return
        first = not self.feed_problem
        if first:
            self._lost_at = now
        self.feed_problem = state.problem or "not connected"
        self._listener.on_lost(state.problem, now, first=first)

    def _orders_wait(self) -> None:
        self._listener.on_orders()

    def _refused(self, why: str) -> None:
        self.checks.heard(why)
        self._listener.on_refusal(why)
