"""What each packet adds to the record: volume steps, repeats, packets from the past, and holes in the tape.

A packet stands for every trade since the last one, so size is the step of the running maximum of day volume and
nothing else. Holes are found on the trade clock: packets keep coming while trades are missing.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import time
from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant, instant_at, trading_date
from engine.market.update import MarketUpdate

HOLE: Final = 10 * SECOND
"""A span without any trade of any instrument counts as a hole above this length."""


@dataclass(frozen=True, slots=True, order=True)
class Hole:
    """A span over 10 s in which no instrument traded, on the trade clock."""

    start: Instant
    end: Instant


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """What one update is to the record of its instrument."""

    increment: int = 0
    """Units traded in the continuous session since the last packet; 0 means book only."""
    stale: bool = False
    """Older than what is already known: it must move nothing, the book included."""
    duplicate: bool = False
    """Repeats trade time, price, quantity and volume of the packet before it."""
    after_hole: bool = False
    """The first trade after a hole: its volume has no known price."""


_BOOK_ONLY: Final = Accepted()
_DUPLICATE: Final = Accepted(duplicate=True)
_STALE: Final = Accepted(stale=True)


class HoleTracker:
    """Spans without a trade of any instrument, exact at any time whatever the order trades arrive in."""

    __slots__ = ("_ends", "_newest", "_oldest", "_starts")

    def __init__(self) -> None:
        self._starts: list[Instant] = []
        self._ends: list[Instant] = []
        self._oldest: Instant | None = None
        self._newest: Instant | None = None

    @property
    def newest(self) -> Instant | None:
        """The newest trade time of all instruments, or None before the first."""
        return self._newest

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The holes as known now, in time order; a late trade can split or close one."""
        return tuple(map(Hole, self._starts, self._ends))

    def observe(self, trade_time: Instant, previous: Instant | None = None) -> bool:
        """Record a trade; return whether a hole lies between the instrument's ``previous`` trade and this one."""
        newest, oldest = self._newest, self._oldest
        if newest is None or oldest is None:
            self._newest = self._oldest = trade_time
            return False
        if trade_time > newest:
            if trade_time - newest > HOLE:
                self._starts.append(newest)
                self._ends.append(trade_time)
            self._newest = trade_time
        elif trade_time < oldest:
            if oldest - trade_time > HOLE:
                self._starts.insert(0, trade_time)
                self._ends.insert(0, oldest)
            self._oldest = trade_time
        elif self._ends and trade_time < self._ends[-1]:
            self._split(trade_time)
        return previous is not None and self._between(previous, trade_time)

    def _split(self, trade_time: Instant) -> None:
        index = bisect_left(self._ends, trade_time)
        start, end = self._starts[index], self._ends[index]
        if not start < trade_time < end:
            return
        halves = [(a, b) for a, b in ((start, trade_time), (trade_time, end)) if b - a > HOLE]
        self._starts[index : index + 1] = [a for a, _ in halves]
        self._ends[index : index + 1] = [b for _, b in halves]

    def _between(self, previous: Instant, trade_time: Instant) -> bool:
        if not self._starts or previous > self._starts[-1]:
            return False
        index = bisect_left(self._starts, previous)
        return index < len(self._ends) and self._ends[index] <= trade_time


class Continuity:
    """The record of one instrument over its continuous session [open, close).

    The first packet of the day is the baseline: what was traded before it has no price here. Packets whose last
    trade belongs to an earlier day say nothing of today but that nothing has traded yet. Counters cover every
    packet, volume only trades inside the session.
    """

    __slots__ = (
        "_baseline_time",
        "_close",
        "_day_start",
        "_earlier_volume",
        "_holes",
        "_open",
        "_previous",
        "_restarted_volume",
        "_seen",
        "auction_volume",
        "baseline",
        "duplicates",
        "earlier_day",
        "last_trade_time",
        "newest_trade_time",
        "out_of_order",
        "rejected",
        "trades",
        "unseen_volume",
        "updates",
        "volume",
        "volume_maximum",
    )

    def __init__(self, session_open: Instant, session_close: Instant, holes: HoleTracker) -> None:
        self._open = session_open
        self._close = session_close
        self._day_start = instant_at(trading_date(session_open), time(0))
        self._holes = holes
        self._earlier_volume: int | None = None
        self._restarted_volume = 0
        self._previous: MarketUpdate | None = None
        self._seen = False
        self._baseline_time: Instant = 0
        self.updates = 0
        self.duplicates = 0
        self.out_of_order = 0
        """Updates of the day whose volume stepped back."""
        self.earlier_day = 0
        """Updates whose last trade belongs to a day before: they never count as this day's."""
        self.rejected = 0
        """Packets that could not be read; counted by whoever reads them."""
        self.trades = 0
        """Volume-bearing updates inside the session."""
        self.volume = 0
        """Units traded inside the session since the baseline."""
        self.unseen_volume = 0
        """Units that a snapshot after a break brought: traded, but nobody knows at which price."""
        self.auction_volume = 0
        """Units that came with auction fields: no part of the continuous profile."""
        self.baseline: int | None = None
        """Day volume before our record, units."""
        self.volume_maximum = 0
        """Running maximum of day volume."""
        self.last_trade_time: Instant | None = None
        """Trade time of the newest volume-bearing update inside the session."""
        self.newest_trade_time: Instant = 0

    def start(self, volume: int, trade_time: Instant) -> None:
        """Set the baseline from a seed, before the first update: units traded so far and when."""
        self.baseline = self.volume_maximum = volume
        self._baseline_time = self.newest_trade_time = trade_time
        self._seen = True

    def reject(self) -> None:
        """Count a packet of this instrument that could not be read."""
        self.rejected += 1

    def accept(self, update: MarketUpdate) -> Accepted:
        """Count an update and say what it adds; an update of another instrument is the caller's fault."""
        self.updates += 1
        previous, self._previous = self._previous, update
        volume, trade_time = update.volume, update.trade_time
        duplicate = (
            previous is not None
            and trade_time == previous.trade_time
            and volume == previous.volume
            and update.last == previous.last
            and update.last_quantity == previous.last_quantity
        )
        if duplicate:
            self.duplicates += 1
        if trade_time < self._day_start:
            return self._see_earlier_day(update, duplicate=duplicate)
        if not self._seen:
            if self._earlier_volume is None:
                self.start(volume, trade_time)
                return _BOOK_ONLY
            self.start(min(self._restarted_volume, volume), self.newest_trade_time)
        step = volume - self.volume_maximum
        if step < 0:
            self.out_of_order += 1
            return Accepted(stale=True, duplicate=True) if duplicate else _STALE
        if step == 0:
            if trade_time < self.newest_trade_time:
                return Accepted(stale=True, duplicate=True) if duplicate else _STALE
            self.newest_trade_time = trade_time
            return _DUPLICATE if duplicate else _BOOK_ONLY
        self.volume_maximum = volume
        self.newest_trade_time = max(self.newest_trade_time, trade_time)
        if update.snapshot:
            self.unseen_volume += step
            return _BOOK_ONLY
        if update.auction:
            self.auction_volume += step
            return _BOOK_ONLY
        if not self._open <= trade_time < self._close:
            return _BOOK_ONLY
        self.trades += 1
        self.volume += step
        since = self._baseline_time if self.last_trade_time is None else self.last_trade_time
        after_hole = self._holes.observe(trade_time, since)
        if self.last_trade_time is None or trade_time > self.last_trade_time:
            self.last_trade_time = trade_time
        return Accepted(increment=step, after_hole=after_hole)

    def _see_earlier_day(self, update: MarketUpdate, *, duplicate: bool) -> Accepted:
        """Take a packet in whose last trade is of a day before, as they come before today's first one."""
        self.earlier_day += 1
        if self._seen:
            return Accepted(stale=True, duplicate=duplicate)
        if self._earlier_volume is not None and update.volume < self._earlier_volume:
            # The day volume has begun anew while the last trade still stands: from here on it is today's.
            self._restarted_volume, self._earlier_volume = update.volume, 0
        elif self._earlier_volume == 0:
            self._restarted_volume = update.volume
        else:
            self._earlier_volume = update.volume
        self.newest_trade_time = update.trade_time
        return _DUPLICATE if duplicate else _BOOK_ONLY
