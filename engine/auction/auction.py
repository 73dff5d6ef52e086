"""The auction of one instrument: profile, brackets, balance, range, VWAP and bars, one packet at a time."""

from typing import Final

import msgspec

from config import Settings
from engine.auction.bars import MinuteBars
from engine.auction.brackets import Brackets
from engine.auction.context import AverageRange, ProfileReading, Quality, RowReading
from engine.auction.placement import Placement
from engine.auction.row_size import estimate_range, height_of_rupees, row_height
from engine.auction.spread import SpreadWindow
from engine.auction.tpo_profile import row_letters, tpo_rows
from engine.auction.value_area import Rows, find_poc, find_value_area
from engine.auction.volume_profile import VolumeProfile
from engine.market.clock import MINUTE, Instant
from engine.market.continuity import Accepted
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.seed import InstrumentSeed
from engine.market.update import Bar, MarketUpdate

ROW_FROZEN_AFTER: Final = 30 * MINUTE
PRE_OPEN: Final = 30 * MINUTE
"""How long before continuous trading the day's own volume may begin."""
RANGE_DAYS: Final = 20
"""Earlier days behind an average daily range that a seed hands over."""
WILDEST_RATIO: Final = 20
WILDEST_STEP: Final[Paise] = 1_000_00
"""A price above the previous close times the ratio plus the step is a broken packet, even for an option."""
DAY_BAR: Final = "1d"
"""What the past of a late start comes from when no seed gave it: the feed's own day bar."""


class Applied(msgspec.Struct, frozen=True, gc=False):
    """What one update did to the auction of its instrument."""

    instrument: str
    increment: int = 0
    """Volume placed in the profile, units; 0 for a book-only, stale or out-of-session packet."""
    accepted: bool = False
    """False when the packet was older than what is known and moved nothing."""
    minute_closed: bool = False
    five_minutes_closed: bool = False
    bracket_closed: bool = False
    after_hole: bool = False
    """First event after a hole: its volume was traded somewhere unknown."""


class Auction:
    """One instrument's auction; the only owner of its state. Times are instants, prices paise, volumes units."""

    __slots__ = (
        "_base_turnover",
        "_base_volume",
        "_event_price",
        "_event_time",
        "_freeze_time",
        "_percent",
        "_range",
        "_row_frozen",
        "_rule",
        "_started",
        "_ticks_per_row",
        "_turnover",
        "_volume",
        "average_price",
        "bars",
        "brackets",
        "implausible",
        "instrument",
        "last",
        "off_grid",
        "open",
        "partial_since",
        "placement",
        "previous_close",
        "profile",
        "revision",
        "seeded_from",
        "session_close",
        "session_open",
        "spreads",
        "time",
        "trades",
    )

    def __init__(
        self, instrument: Instrument, session_open: Instant, session_close: Instant, settings: Settings
    ) -> None:
        self.instrument = instrument
        self.session_open = session_open
        self.session_close = session_close
        self.profile = VolumeProfile()
        self.brackets = Brackets(
            session_open,
            session_close,
            bracket_minutes=settings.profile.bracket_minutes,
            balance_minutes=settings.profile.initial_balance_minutes,
        )
        self.bars = MinuteBars(settings.stop.atr_period)
        self.spreads = SpreadWindow()
        self.placement = Placement()
        self.time: Instant | None = None
        """Newest trade time of an accepted packet, in or out of the session."""
        self.open: Paise | None = None
        self.last: Paise | None = None
        self.previous_close: Paise | None = None
        self.average_price: Paise | None = None
        """The broker's own day VWAP."""
        self.trades = 0
        self.implausible = 0
        """Packets whose last price no instrument can have: ignored."""
        self.off_grid = 0
        """Last prices that were no multiple of the tick."""
        self.partial_since: Instant | None = None
        self.seeded_from: str | None = None
        self.revision = 0
        """Grows with every packet or seed that changed anything."""
        self._rule = settings.profile.value_area_rule
        self._percent = settings.profile.value_area_pct
        self._started = False
        self._freeze_time = session_open + ROW_FROZEN_AFTER
        self._base_turnover = 0
        self._base_volume = 0
        self._turnover = 0
        self._volume = 0
        self._event_price = 0
        self._event_time: Instant = 0
        self._range: AverageRange | None = None
        self._ticks_per_row: int | None = None
        self._row_frozen = False
        if settings.profile.row != "auto":
            self._freeze_row(height_of_rupees(settings.profile.row, instrument.tick))

    def seed(self, seed: InstrumentSeed) -> None:
        """Take the session's past from a feed that knows it; raise ValueError once the session is under way."""
        if self._started or self.profile.total:
            raise ValueError(
                f"expected the past of {seed.instrument} before its first update, got it after: seed first"
            )
        tick = self.instrument.tick
        for price, volume in sorted(seed.volume_rows.items()):
            self.profile.add(price // tick, volume)
        minutes = tuple(bar for bar in seed.minutes if self.session_open <= bar.start < self.session_close)
        for bar in minutes:
            self.bars.add(bar)
            self.placement.add_sure(bar.start, bar.volume)
        self.brackets.seed(minutes, seed.day, seed.until)
        self._base_turnover, self._base_volume = seed.turnover, seed.volume
        self.open, self.last = seed.day.open, seed.day.close
        self.previous_close = seed.previous_close or None
        self.time = seed.until
        self.seeded_from = seed.source
        if self.profile.total != seed.volume:
            self.partial_since = seed.until
        self._event_price, self._event_time = seed.day.close, seed.until
        self._started = True
        if seed.average_range is not None:
            self._range = AverageRange(seed.average_range, Quality.LIVE, RANGE_DAYS)
            self._size_row(self._range)
        elif seed.until >= self._freeze_time:
            early = [bar for bar in minutes if bar.start < self._freeze_time] or [seed.day]
            span = max(bar.high for bar in early) - min(bar.low for bar in early)
            self._range = estimate_range(span, early[-1].close)
            self._size_row(self._range)
        self.revision += 1

    def apply(self, update: MarketUpdate, accepted: Accepted) -> Applied:
        """Take a packet that is not older than its predecessors; ``accepted`` says what it adds to the record.

        A packet whose last trade lies outside the continuous session changes no profile, bracket or VWAP; only
        the completed minute it may carry is kept.
        """
        time = update.trade_time
        self.revision += 1
        if self.time is None or time > self.time:
            self.time = time
        self.previous_close = update.previous_close or self.previous_close
        minute = update.minute
        if not self.session_open <= time < self.session_close or update.auction:
            return self._pass_by(update, minute)
        if not self._plausible(update.last):
            self.implausible += 1
            return Applied(self.instrument.key)
        if self._range is None and time >= self._freeze_time and self.last is not None:
            self._freeze_estimate()
        ended = self.brackets.advance(time)
        if not self._started:
            self._begin(update)
        price = update.last
        day = update.day
        if day is not None and not (self._plausible(day.high) and self._plausible(day.low)):
            day = None
        self.last = price
        if self.open is None and day is not None:
            self.open = day.open
        if update.average_price is not None:
            self.average_price = update.average_price
        self.brackets.trade(time, price, day)
        increment, late = accepted.increment, accepted.after_hole
        if increment > 0:
            self._place(update, increment, late=late)
        if update.bids and update.asks:
            spread = update.asks[0][0] - update.bids[0][0]
            if spread > 0:
                self.spreads.add(update.arrival, spread)
        if minute is None or self.bars.knows(minute):
            return Applied(
                self.instrument.key, increment, accepted=True, bracket_closed=ended, after_hole=late
            )
        return self._close_minute(update, minute, increment, ended=ended, late=late)

    @property
    def ticks_per_row(self) -> int | None:
        """Return the row height in ticks: frozen after 09:45, provisional before; None before the first packet."""
        if self._ticks_per_row is not None:
            return self._ticks_per_row
        estimate = self.average_range
        return None if estimate is None else row_height(estimate.value, self.instrument.tick)

    @property
    def row(self) -> Paise | None:
        """Return the row height in paise."""
        height = self.ticks_per_row
        return None if height is None else height * self.instrument.tick

    @property
    def row_frozen(self) -> bool:
        """Say whether the row height is settled for the day."""
        return self._row_frozen

    @property
    def average_range(self) -> AverageRange | None:
        """Return the average daily range: known, or estimated from today's (growing until 09:45)."""
        if self._range is not None:
            return self._range
        high, low = self.brackets.high, self.brackets.low
        if high is None or low is None or self.last is None:
            return None
        return estimate_range(high - low, self.last)

    @property
    def vwap_fraction(self) -> tuple[int, int] | None:
        """Return turnover (paise times units) and volume of the session's VWAP, the unseen past included.

        (atp₀·vtt₀ + Σ price·increment) / (vtt₀ + Σ increment), where atp₀ and vtt₀ are the broker's own figures
        in the first packet or what the seed says.
        """
        volume = self._base_volume + self._volume
        return (self._base_turnover + self._turnover, volume) if volume else None

    def volume_reading(self, ticks_per_row: int | None = None) -> ProfileReading | None:
        """Return POC and value area of the volume profile, at the day's row unless another is given."""
        height = ticks_per_row or self.ticks_per_row
        return None if height is None else self._read(self.profile.view(height), height)

    def tpo_reading(self, ticks_per_row: int | None = None) -> ProfileReading | None:
        """Return POC and value area of the TPO profile, at the day's row unless another is given."""
        height = ticks_per_row or self.ticks_per_row
        if height is None:
            return None
        return self._read(tpo_rows(self.brackets.brackets, height * self.instrument.tick), height)

    def rows(self) -> tuple[RowReading, ...]:
        """Return the ladder's rows at the day's row, lowest first; empty before the first packet."""
        height, row = self.ticks_per_row, self.row
        if height is None or row is None:
            return ()
        letters = row_letters(self.brackets.brackets, row)
        volumes = self.profile.view(height)
        reading = self._read(volumes, height)
        low, high = min(letters, default=0), max(letters, default=-1)
        if volumes is not None:
            last = volumes.low + len(volumes.counts) - 1
            low, high = (min(low, volumes.low), max(high, last)) if letters else (volumes.low, last)
        value = range(0) if reading is None else range(reading.val // row, reading.vah // row + 1)
        return tuple(
            RowReading(
                price=number * row,
                volume=_count(volumes, number),
                letters=letters.get(number, ""),
                in_value=number in value,
            )
            for number in range(low, high + 1)
        )

    def _read(self, rows: Rows | None, height: int) -> ProfileReading | None:
        if rows is None:
            return None
        poc, ties = find_poc(rows.counts)
        lowest, highest = find_value_area(rows.counts, poc, self._rule, self._percent)
        row = height * self.instrument.tick
        return ProfileReading(
            row=row,
            rule=self._rule,
            poc=(rows.low + poc) * row,
            val=(rows.low + lowest) * row,
            vah=(rows.low + highest) * row,
            total=sum(rows.counts),
            ties=ties,
            rows=len(rows.counts),
        )

    def _begin(self, update: MarketUpdate) -> None:
        self._started = True
        if self._event_time:
            return
        self._event_price, self._event_time = update.last, update.trade_time
        self.partial_since = update.trade_time
        self.brackets.start_late(update.trade_time)
        self.seeded_from = None if update.day is None else DAY_BAR
        self._rebase(update)

    def _rebase(self, update: MarketUpdate) -> None:
        # A snapshot may still carry the figures of the day before: those are no part of this session.
        if update.average_price is not None and update.trade_time >= self.session_open - PRE_OPEN:
            self._base_turnover = update.average_price * update.volume
            self._base_volume = update.volume

    def _pass_by(self, update: MarketUpdate, minute: Bar | None) -> Applied:
        time = update.trade_time
        if not self._started and time < self.session_open:
            self._event_price, self._event_time = update.last, time
            self._rebase(update)
        if not self._started and time >= self.session_close:
            self.partial_since = time
        ended = self.brackets.advance(time)
        if minute is None or minute.start <= self.bars.newest or not self._completed(minute, time):
            return Applied(self.instrument.key, accepted=True, bracket_closed=ended)
        fives = self.bars.add(minute)
        return Applied(
            self.instrument.key,
            accepted=True,
            minute_closed=True,
            five_minutes_closed=fives,
            bracket_closed=ended,
        )

    def _place(self, update: MarketUpdate, increment: int, *, late: bool) -> None:
        time, price = update.trade_time, update.last
        tick, remainder = divmod(price, self.instrument.tick)
        if remainder:
            self.off_grid += 1
        self.profile.add(tick, increment)
        self._turnover += price * increment
        self._volume += increment
        self.trades += 1
        exact = increment == update.last_quantity
        move = abs(price - self._event_price)
        self.placement.add(increment, move, self._event_time, time, exact=exact)
        if not late and (exact or move <= (self.row or 0)):
            self.placement.add_sure(time - time % MINUTE, increment)
        self._event_price = price
        self._event_time = max(time, self._event_time)

    def _close_minute(
        self, update: MarketUpdate, minute: Bar, increment: int, *, ended: bool, late: bool
    ) -> Applied:
        if not self._completed(minute, update.trade_time):
            return Applied(self.instrument.key, increment, True, bracket_closed=ended, after_hole=late)
        closed = minute.start > self.bars.newest
        fives = self.bars.add(minute)
        self.brackets.correct(minute)
        ended = self.brackets.advance(minute.start + MINUTE) or ended
        return Applied(self.instrument.key, increment, True, closed, fives, ended, late)

    def _completed(self, minute: Bar, time: Instant) -> bool:
        """Say whether a minute is of this session and not from the future: that would block all before it."""
        return (
            self.session_open <= minute.start < self.session_close
            and minute.start <= time
            and self._plausible(minute.high)
            and self._plausible(minute.low)
        )

    def _plausible(self, price: Paise) -> bool:
        """Say whether a price may be real: one broken packet must not stretch the profile over a million rows."""
        reference = self.previous_close or self.last
        return price > 0 and (reference is None or price <= WILDEST_RATIO * reference + WILDEST_STEP)

    def _freeze_estimate(self) -> None:
        self._range = self.average_range
        if self._range is not None:
            self._size_row(self._range)

    def _size_row(self, average: AverageRange) -> None:
        if not self._row_frozen:
            self._freeze_row(row_height(average.value, self.instrument.tick))

    def _freeze_row(self, height: int) -> None:
        self._ticks_per_row = height
        self._row_frozen = True
        self.profile.follow(height)


def _count(rows: Rows | None, number: int) -> int:
    index = -1 if rows is None else number - rows.low
    return rows.counts[index] if rows is not None and 0 <= index < len(rows.counts) else 0
