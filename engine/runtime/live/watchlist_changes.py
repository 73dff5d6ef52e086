"""What is followed changes while the run goes: added from a search, dropped when nothing of it is open."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from engine.core import Core, Followed, Noted, Unfollowed
from engine.feeds.live_tape import LiveTape
from engine.feeds.recordings.frames_format import InstrumentsAdded as RecordedFollow
from engine.feeds.recordings.frames_format import InstrumentsDropped as RecordedUnfollow
from engine.feeds.recordings.recorder import Recorder
from engine.feeds.upstox.market_feed import MarketFeed
from engine.feeds.wire.decoding import PacketDecoder
from engine.ledger.records import LedgerError
from engine.ledger.store import Ledger
from engine.market.clock import Instant, datetime_of
from engine.market.seed import InstrumentSeed
from engine.market.ticks import ticks_of
from engine.runtime.live.day_setup import Opener, levels_of
from engine.runtime.run import RunError, read_plan
from engine.runtime.service import Service

MOST_FOLLOWED: Final = 50


@dataclass(frozen=True, slots=True)
class _Found:
    """What a wish to follow means, and what the broker's candles say of its session so far."""

    followed: Followed
    seed: InstrumentSeed | None = None
    notes: tuple[str, ...] = ()
    """What could not be had of its past."""


class Following:
    """Owns the changes to a run's watchlist: feed, tape, recording, plan and core hear of each in that order."""

    def __init__(
        self,
        service: Service,
        tape: LiveTape,
        feed: MarketFeed,
        decoder: PacketDecoder,
        opener: Opener,
        ledger: Ledger,
        recorder: Recorder | None,
        now: Callable[[], Instant],
    ) -> None:
        self._service = service
        self._tape = tape
        self._feed = feed
        self._decoder = decoder
        self._opener = opener
        self._ledger = ledger
        self._recorder = recorder
        self._now = now
        self._busy = asyncio.Lock()

    async def follow(self, text: str) -> tuple[str, str]:
        """Follow what a text means today; return (why not, what was done), one of them empty."""
        async with self._busy:
            try:
                found = await asyncio.to_thread(self._resolve, text, self._now())
            except RunError as error:
                return str(error), ""
            if isinstance(found, str):
                return found, ""
            return await self._add(found)

    async def take_in(self, key: str) -> str:
        """Follow what the account holds and nobody follows, for the kill must be able to close it; return why not.

        No setup trades it, and the most that may be followed does not count.
        """
        async with self._busy:
            try:
                found = await asyncio.to_thread(self._held, key, self._now())
            except RunError as error:
                return str(error)
            if isinstance(found, str):
                return found
            refusal, _ = await self._add(found)
            return refusal

    async def unfollow(self, key: str) -> tuple[str, str]:
        """Follow an instrument no more; return (why not, what was done), one of them empty."""
        core = self._core
        if key not in core.watchlist:
            return f"expected an instrument that is followed, got {key}", ""
        kept = core.why_kept(key)
        if kept:
            return f"it stays: {kept}", ""
        await self._service.told(Unfollowed(key))
        if key in core.watchlist:
            # Something of ours was under way in it.
            return f"it stays: {core.why_kept(key) or 'the engine ends'}", ""
        self._feed.unsubscribe((key,))
        if self._recorder is not None:
            self._recorder.note(RecordedUnfollow((key,)), self._now())
        return "", f"{core.instruments[key].symbol} is followed no more"

    @property
    def _core(self) -> Core:
        return self._service.core

    def _resolve(self, text: str, now: Instant) -> _Found | str:
        day = self._core.day
        shelf = self._opener.shelf(now, day.day)
        instruments, problems = self._opener.resolve((text,), shelf, day.day)
        if not instruments:
            return "; ".join(problem.reason for problem in problems) or f"{text} is not known"
        past = self._opener.past_of(instruments[0], day, now)
        levels = levels_of(past, (), day.day, self._core.settings.profile)
        return _Found(Followed(instruments[0], levels), past.seed, past.notes)

    def _held(self, key: str, now: Instant) -> _Found | str:
        """Return what the account holds by the master alone: closing it needs nobody's leave."""
        listing = self._opener.shelf(now, self._core.day.day).directory.by_key.get(key)
        if listing is None:
            return f"{key} is not in the broker's list of instruments"
        return _Found(Followed(listing.instrument, judged=False))

    async def _add(self, found: _Found) -> tuple[str, str]:
        followed, instrument = found.followed, found.followed.instrument
        watched = self._core.watchlist
        if instrument.key in watched:
            return f"{instrument.symbol} is followed already", ""
        if followed.judged and len(watched) >= MOST_FOLLOWED:
            return f"{MOST_FOLLOWED} instruments are followed, the most there may be; remove one first", ""
        try:
            await asyncio.to_thread(self._amend_plan, followed)
        except (LedgerError, RunError) as error:
            return f"nothing was added: {error}", ""
        self._tape.follow(instrument)
        self._decoder.know(ticks_of({instrument.key: instrument}))
        await self._service.told(followed)
        if instrument.key not in self._core.watchlist:
            return "it is not followed: it was let go at once, or the engine ends", ""
        for note in found.notes:
            self._service.tell(Noted("warning", f"{instrument.symbol}: {note}"))
        # Followed before and put aside, it keeps what it knows.
        known = self._core.market.auction(instrument.key).begun
        seed = None if known or self._tape.finished else found.seed
        self._hand_over(followed, seed)
        self._feed.subscribe((instrument.key,))
        if known:
            return "", f"{instrument.symbol} is followed again; what traded meanwhile is not in its profile"
        return "", f"{instrument.symbol} is followed; its profile is {_known_of(seed)}"

    def _hand_over(self, followed: Followed, seed: InstrumentSeed | None) -> None:
        """Record what is followed, and put its past on the tape ahead of its first update."""
        key, now = followed.instrument.key, self._now()
        seeds = () if seed is None else (msgspec.structs.replace(seed, arrival=now),)
        if self._recorder is not None:
            prior = {} if followed.prior is None else {key: followed.prior}
            self._recorder.note(RecordedFollow((followed.instrument,), prior, seeds), now)
            # The plan knows the name already: whoever comes back by it must find its past too.
            self._recorder.flush()
        self._tape.arrive(seeds)
        self._service.wake()

    def _amend_plan(self, followed: Followed) -> None:
        """Let the run's plan know it first: who opens the book without an engine must know what is in it."""
        run = self._ledger.run(self._tape.identity)
        if run is None:
            raise RunError(f"expected run {self._tape.identity} in the ledger, got none")
        plan = read_plan(run)
        if followed.instrument.key in plan.by_key:
            return
        prior = plan.prior
        if followed.prior is not None:
            prior = {**prior, followed.instrument.key: followed.prior}
        amended = msgspec.structs.replace(
            plan, instruments=(*plan.instruments, followed.instrument), prior=prior
        )
        self._ledger.amend_plan(plan.run, msgspec.json.encode(amended).decode())


def _known_of(seed: InstrumentSeed | None) -> str:
    if seed is None:
        return "PARTIAL, known from now on"
    return f"ESTIMATED from 1-minute candles until {datetime_of(seed.until):%H:%M}, its own from then on"
