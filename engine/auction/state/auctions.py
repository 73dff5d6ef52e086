"""Every instrument's auction under one clock: the door through which updates enter and contexts leave."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from engine.auction.state.applied import AppliedUpdate
from engine.auction.state.auction import Auction
from engine.auction.state.context_builder import read_context
from engine.auction.values.context import Context, Hole, Quality, RowReading
from engine.auction.values.levels import PriorLevels
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.continuity import Continuity, HoleTracker
from engine.market.instrument import Instrument
from engine.market.seed import InstrumentSeed, MissedMinutes
from engine.market.session import TradingDay
from engine.market.staleness import STALE_AFTER
from engine.market.update import MarketUpdate
from engine.settings.sections import AuctionSections

__all__ = ["AppliedUpdate", "Auction", "Auctions", "RowReading"]

LONG_HOLE: Final = 30 * SECOND
"""A hole above this length marks figures as GAP …"""
GAP_SHADOW: Final = 10 * MINUTE
"""… for this long after its end."""


class Auctions:
    """The auctions of all followed instruments on one trading day; the only writer of each of them."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        day: TradingDay,
        settings: AuctionSections,
        prior: Mapping[str, PriorLevels] | None = None,
    ) -> None:
        """Follow instruments on one day; ``prior`` is what earlier sessions left, where anything is known."""
        self.day = day
        self.settings = settings
        self.instruments: dict[str, Instrument] = {}
        self.tracker = HoleTracker()
        self.unknown = 0
        """Updates of instruments that nobody follows: counted, then ignored."""
        self._auctions: dict[str, Auction] = {}
        self._continuity: dict[str, Continuity] = {}
        self._open: Instant = 0
        self._close: Instant = 0
        for key, instrument in instruments.items():
            self.follow(instrument, None if prior is None else prior.get(key))
        self._newest: Instant | None = None
        self._newest_arrival: Instant = 0
        self._clock_offset = 0
        self._contexts: dict[str, tuple[int, Context]] = {}

    def follow(self, instrument: Instrument, prior: PriorLevels | None = None) -> None:
        """Follow one more instrument; ``prior`` is what earlier sessions left of it."""
        key = instrument.key
        opening, close = self.day.open(instrument.kind), self.day.close(instrument.kind)
        self._open = min(self._open, opening) if self.instruments else opening
        self._close = max(self._close, close)
        self.instruments[key] = instrument
        self._auctions[key] = Auction(instrument, opening, close, self.settings, prior)
        self._continuity[key] = Continuity(opening, close, self.tracker)

    def learn(self, past: InstrumentSeed | MissedMinutes) -> None:
        """Take in what a history source knows: the past before the first update, or minutes that were missed.

        What is known by packets, or by an earlier seed, stays as it is.
        """
        auction = self._auctions.get(past.instrument)
        if auction is None:
            return
        if isinstance(past, MissedMinutes):
            auction.backfill(past.minutes)
        elif not auction.begun:
            self.seed(past)

    def seed(self, seed: InstrumentSeed) -> None:
        """Take an instrument's past before its first update; raise ValueError for an unknown one or a late call."""
        self._known(seed.instrument).seed(seed)
        if not seed.estimated or seed.volume > sum(seed.volume_rows.values()):
            self._continuity[seed.instrument].start(seed.volume, seed.until)
        # Else the total is the candles' own, which may differ from the feed's: its first packet is the baseline.

    def apply(self, update: MarketUpdate) -> AppliedUpdate:
        """Take one update and say what it closed; never raises for a strange one."""
        key = update.instrument
        continuity = self._continuity.get(key)
        if continuity is None:
            self.unknown += 1
            return AppliedUpdate(key)
        accepted = continuity.accept(update)
        arrival, time = update.arrival, update.trade_time
        newest = self._newest
        if newest is None:
            self._newest, self._clock_offset = time, arrival - time
        else:
            if time > newest:
                self._newest = time
            if arrival - time < self._clock_offset:
                self._clock_offset = arrival - time
        self._newest_arrival = arrival
        if accepted.stale:
            return AppliedUpdate(key)
        return self._auctions[key].apply(update, accepted)

    def auction(self, key: str) -> Auction:
        """Return an instrument's auction; raise ValueError for one that is not followed."""
        return self._known(key)

    def continuity(self, key: str) -> Continuity:
        """Return an instrument's packet record; raise ValueError for one that is not followed."""
        self._known(key)
        return self._continuity[key]

    @property
    def newest(self) -> Instant | None:
        """The newest trade time of all instruments; None before the first update."""
        return self._newest

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The holes of the tape as known now, in time order."""
        return self.tracker.holes

    def stale(self, now: Instant) -> bool:
        """Say whether the market lags more than 5 s behind ``now`` (on the arrival clock) while it is open.

        The clocks are compared by the fastest packet so far: prices may be old while packets keep coming.
        """
        if self._newest is None:
            return True
        exchange_now = now - self._clock_offset
        return self._open <= exchange_now < self._close and exchange_now - self._newest > STALE_AFTER

    def context(self, key: str) -> Context:
        """Return the reading of an instrument as of the newest update; equal until something changed."""
        auction = self._known(key)
        cached = self._contexts.get(key)
        known = cached is not None and cached[0] == auction.revision
        holes = self.holes
        quality = self._quality(auction, holes)
        if cached and known and cached[1].holes == holes:
            context = cached[1]
            if context.quality is not quality:
                context = replace(context, quality=quality)
        else:
            context = read_context(auction, holes, quality)
        self._contexts[key] = (auction.revision, context)
        return context

    def _quality(self, auction: Auction, holes: tuple[Hole, ...]) -> Quality:
        if auction.last is None or auction.time is None:
            return Quality.NOT_READY
        if self.stale(self._newest_arrival):
            return Quality.STALE
        since = auction.time - GAP_SHADOW
        if any(hole.end > since and hole.end - hole.start > LONG_HOLE for hole in holes):
            return Quality.GAP
        return Quality.LIVE if auction.partial_since is None else Quality.PARTIAL

    def _known(self, key: str) -> Auction:
        auction = self._auctions.get(key)
        if auction is None:
            raise ValueError(f"expected one of the followed instruments, got {key!r}")
        return auction
