"""The auction of one instrument: profile, brackets, balance, range, VWAP and bars, one packet at a time."""

from collections.abc import Iterable
from typing import Final

from engine.auction.flow.absorption import absorption_threshold
from engine.auction.flow.footprint_reading import Footprint, FootprintMemo
from engine.auction.flow.order_flow import OrderFlow
from engine.auction.flow.spread import SpreadWindow
from engine.auction.profile.placed_volume import VolumeRecord
from engine.auction.profile.profile_reading import read_ladder, read_profile
from engine.auction.profile.row_height_formula import estimate_range, height_of_rupees, row_height
from engine.auction.profile.tpo_profile import row_letters, tpo_rows
from engine.auction.profile.value_area import Rows
from engine.auction.session.bars import MinuteBars
from engine.auction.session.brackets import Brackets
from engine.auction.session.development import Development
from engine.auction.session.opening import OpeningPath, retrace_opening
from engine.auction.state.applied import AppliedUpdate
from engine.auction.state.plausible import Plausible
from engine.auction.structure.location import check_prior
from engine.auction.structure.tpo_structure import StructureMemo
from engine.auction.values.context import AverageRange, ProfileReading, Quality, RowReading
from engine.auction.values.levels import PriorLevels
from engine.market.clock import MINUTE, Instant
from engine.market.continuity import Accepted
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.seed import InstrumentSeed
from engine.market.update import Bar, MarketUpdate
from engine.settings.sections import AuctionSections

ROW_FROZEN_AFTER: Final = 30 * MINUTE
PRE_OPEN: Final = 30 * MINUTE
"""How long before continuous trading the day's own volume may begin."""
LEAST_DAYS: Final = 5
"""Earlier days that make an average daily range."""
DAY_BAR: Final = "1d"
"""What the past of a late start comes from when no seed gave it: the feed's own day bar."""


class Auction:
    """One instrument's auction; the only owner of its state. Times are instants, prices paise, volumes units."""

    __slots__ = (
        "_first_minute",
        "_footprints",
        "_freeze_time",
        "_frozen_row",
        "_joins",
        "_next_minute",
        "_nothing_new",
        "_percent",
        "_plausible",
        "_range",
        "_row_frozen",
        "_rule",
        "_seen",
        "_started",
        "_ticks_per_row",
        "_unseen_until",
        "average_price",
        "bars",
        "brackets",
        "closing_price",
        "development",
        "flow",
        "implausible",
        "instrument",
        "last",
        "open",
        "opening",
        "partial_since",
        "placement",
        "placements",
        "prior",
        "profile",
        "record",
        "revision",
        "seeded_from",
        "session_close",
        "session_open",
        "spreads",
        "structures",
        "time",
        "vwap",
    )

    def __init__(
        self,
        instrument: Instrument,
        session_open: Instant,
        session_close: Instant,
        settings: AuctionSections,
        prior: PriorLevels | None = None,
    ) -> None:
        self.instrument = instrument
        self.prior = prior
        """What earlier sessions left, as it was handed over; read it through the context, where it is checked."""
        self.session_open = session_open
        self.session_close = session_close
        self.record = VolumeRecord(instrument.tick)
        self.profile = self.record.profile
        self.placement = self.record.placement
        self.placements = self.record.placements
        self.vwap = self.record.vwap
        self.brackets = Brackets(
            session_open,
            session_close,
            bracket_minutes=settings.profile.bracket_minutes,
            balance_minutes=settings.profile.initial_balance_minutes,
        )
        self.bars = MinuteBars(settings.stop.atr_period)
        self.spreads = SpreadWindow()
        self.flow = OrderFlow()
        self._footprints = FootprintMemo()
        self.structures = StructureMemo()
        self.opening: OpeningPath | None = None
        """The path of the first hour; None until a whole record with a known average range begins."""
        self.development = Development()
        self.time: Instant | None = None
        """Newest trade time of an accepted packet, in or out of the session."""
        self.open: Paise | None = None
        self.last: Paise | None = None
        self.closing_price: Paise | None = None
        """The newest last price from after the session: nearer to the official close than the last trade in it."""
        self.average_price: Paise | None = None
        """The broker's own day VWAP."""
        self.implausible = 0
        """Packets whose last price no instrument can have: ignored."""
        self.partial_since: Instant | None = None
        self.seeded_from: str | None = None
        self.revision = 0
        """Grows with every packet or seed that changed anything."""
        self._rule = settings.profile.value_area_rule
        self._percent = settings.profile.value_area_pct
        self._plausible = Plausible()
        self._seen: Instant = 0
        """Trade time of the newest packet of the session that was taken in whole."""
        self._nothing_new = AppliedUpdate(instrument.key, accepted=True)
        self._started = False
        self._unseen_until: Instant = 0
        """Where an index's record began: it may still tell of a change that is older."""
        self._joins = False
        """Whether the next packet is the first after an estimated past."""
        self._freeze_time = session_open + ROW_FROZEN_AFTER
        self._next_minute = session_open
        self._first_minute: Instant = 0
        self._range: AverageRange | None = None
        self._ticks_per_row: int | None = None
        self._row_frozen = False
        self._frozen_row: Paise = 0
        """Row height once it is settled; 0 before."""
        if settings.profile.row != "auto":
            self._freeze_row(height_of_rupees(settings.profile.row, instrument.tick))

    def seed(self, seed: InstrumentSeed) -> None:
        """Take the session's past from a feed that knows it; raise ValueError once the session is under way."""
        if self.begun:
            raise ValueError(
                f"expected the past of {seed.instrument} before its first update, got it after: seed first"
            )
        minutes = tuple(bar for bar in seed.minutes if self.session_open <= bar.start < self.session_close)
        for bar in minutes:
            self.bars.add(bar)
        self.brackets.seed(minutes, seed.day, seed.until)
        self.record.seed(seed, minutes)
        self.open, self.last = seed.day.open, seed.day.close
        self._plausible.know(seed.previous_close)
        self.time = seed.until
        self.seeded_from = seed.source
        if seed.estimated or self.profile.total != seed.volume:
            self.partial_since = seed.until
        self._joins = seed.estimated
        self._remember(seed.day.close, seed.until)
        self._started = True
        if seed.average_range is not None and seed.range_days >= LEAST_DAYS:
            self._range = AverageRange(seed.average_range, Quality.LIVE, seed.range_days)
            self._size_row(self._range)
        self._adopt_prior()
        if self._range is not None and minutes and self.brackets.from_open:
            self.opening = retrace_opening(
                minutes, seed.day, self.brackets.opening_end, self.brackets.hour_end, self._range.value
            )
        if self._range is None and seed.until >= self._freeze_time:
            early = [bar for bar in minutes if bar.start < self._freeze_time] or [seed.day]
            span = max(bar.high for bar in early) - min(bar.low for bar in early)
            self._range = estimate_range(span, early[-1].close)
            self._size_row(self._range)
        self.revision += 1

    def backfill(self, minutes: Iterable[Bar]) -> bool:
        """Take in minutes that the feed did not tell, for the bars alone; say whether any was missing."""
        inside = [bar for bar in minutes if self.session_open <= bar.start < self.session_close]
        if not self.bars.backfill(bar for bar in inside if self._plausible.bar(bar, self.last)):
            return False
        self.revision += 1
        return True

    def apply(self, update: MarketUpdate, accepted: Accepted) -> AppliedUpdate:
        """Take a packet that is not older than its predecessors; ``accepted`` says what it adds to the record.

        A packet whose last trade lies outside the continuous session changes no profile, bracket or VWAP; only
        the completed minute it may carry is kept.
        """
        time = update.trade_time
        self.revision += 1
        if self.time is None or time > self.time:
            self.time = time
        self._plausible.know(update.previous_close)
        minute = update.minute
        if not self.session_open <= time < self.session_close or update.auction:
            return self._pass_by(update, minute)
        if not self._plausible.price(update.last, self.last):
            self.implausible += 1
            return AppliedUpdate(self.instrument.key)
        if (
            time == self._seen
            and update.last == self.last
            and not accepted.increment
            and self._repeats(update, time)
        ):
            return self._see_book(update)
        if time >= self._next_minute:
            self._turn_minute(time)
        ended = self.brackets.advance(time)
        if ended:
            self._sample()
        if not self._started:
            self._begin(update)
        elif self._joins:
            self._join(update, accepted)
        price = update.last
        day = None if update.day is None or not self._plausible.bar(update.day, self.last) else update.day
        self.last = price
        self._seen = time
        if self.open is None and day is not None:
            self.open = day.open
        if update.average_price is not None:
            self.average_price = update.average_price
        if self.opening is not None and time < self.brackets.hour_end:
            self.opening.see(price, day, time)
        if time < self._unseen_until:
            self.brackets.widen(price, day)
        else:
            self.brackets.trade(time, price, day)
        increment, late = accepted.increment, accepted.after_hole
        self._trade(update, increment, late=late)
        if minute is None or self.bars.knows(minute):
            return AppliedUpdate(
                self.instrument.key, increment, accepted=True, bracket_closed=ended, after_hole=late
            )
        return self._close_minute(update, minute, increment, ended=ended, late=late)

    def _repeats(self, update: MarketUpdate, time: Instant) -> bool:
        """Say whether a packet with the last trade of the one before shows nothing new but its book.

        More than half of all packets do; what they repeat would change nothing a second time.
        """
        day, minute, session = update.day, update.minute, self.brackets
        if time >= self._next_minute or self.open is None or session.high is None or session.low is None:
            return False
        if self.opening is not None and time < session.hour_end:
            return False
        return (day is None or (day.high <= session.high and day.low >= session.low)) and (
            minute is None or self.bars.knows(minute)
        )

    def _see_book(self, update: MarketUpdate) -> AppliedUpdate:
        if update.average_price is not None:
            self.average_price = update.average_price
        self._trade(update, 0, late=False)
        return self._nothing_new

    @property
    def begun(self) -> bool:
        """Whether the session is under way here, by a packet or by a seed: it takes no past any more."""
        return self._started or bool(self.profile.total)

    @property
    def beat(self) -> tuple[int, ...]:
        """What changes when a 5-minute bar or a bracket has ended, and with little else.

        The start of the newest completed 5-minute bar, the number of the bracket in which the newest trade lies, and
        how many have traded.
        """
        session = self.brackets
        time = session.session_open if self.time is None else self.time
        return self.bars.newest_five, (time - session.session_open) // session.length, session.traded

    @property
    def previous_close(self) -> Paise | None:
        """The close of the session before; None while the feed has not named it."""
        return self._plausible.close

    @property
    def ticks_per_row(self) -> int | None:
        """The row height in ticks: frozen after 09:45, provisional before; None before the first packet."""
        if self._ticks_per_row is not None:
            return self._ticks_per_row
        estimate = self.average_range
        return None if estimate is None else row_height(estimate.value, self.instrument.tick)

    @property
    def row(self) -> Paise | None:
        """The row height in paise."""
        height = self.ticks_per_row
        return None if height is None else height * self.instrument.tick

    @property
    def row_frozen(self) -> bool:
        """Whether the row height is settled for the day."""
        return self._row_frozen

    @property
    def average_range(self) -> AverageRange | None:
        """The average daily range: known, or estimated from today's (growing until 09:45)."""
        if self._range is not None:
            return self._range
        high, low = self.brackets.high, self.brackets.low
        if high is None or low is None or self.last is None:
            return None
        return estimate_range(high - low, self.last)

    @property
    def footprint(self) -> Footprint:
        """The footprint at the day's row; empty before the first packet."""
        return self._footprints.read(self.flow, self.ticks_per_row, self.instrument.tick)

    def volume_reading(self, ticks_per_row: int | None = None) -> ProfileReading | None:
        """Return POC and value area of the volume profile, at the day's row unless another is given."""
        height = ticks_per_row or self.ticks_per_row
        if height is None:
            return None
        row = height * self.instrument.tick
        return read_profile(self.profile.view(height), row, self._rule, self._percent)

    def tpo_reading(self, ticks_per_row: int | None = None) -> ProfileReading | None:
        """Return POC and value area of the TPO profile, at the day's row unless another is given."""
        height = ticks_per_row or self.ticks_per_row
        if height is None:
            return None
        row = height * self.instrument.tick
        return read_profile(tpo_rows(self.brackets.brackets, row), row, self._rule, self._percent)

    def read_rows(self, rows: Rows | None, row: Paise) -> ProfileReading | None:
        """Return POC and value area of any rows by this auction's rule; ``row`` is their height in paise."""
        return read_profile(rows, row, self._rule, self._percent)

    def rows(self) -> tuple[RowReading, ...]:
        """Return the ladder's rows at the day's row, lowest first; empty before the first packet."""
        height, row = self.ticks_per_row, self.row
        if height is None or row is None:
            return ()
        volumes = self.profile.view(height)
        reading = read_profile(volumes, row, self._rule, self._percent)
        estimated = self.record.estimated.view(height)
        letters = row_letters(self.brackets.brackets, row)
        return read_ladder(volumes, letters, reading, row, estimated, self.footprint.deltas)

    def _begin(self, update: MarketUpdate) -> None:
        self._started = True
        self._adopt_prior()
        if self.record.event_time:
            if self._range is not None and self.seeded_from is None:
                opened = update.last if update.day is None else update.day.open
                self.opening = OpeningPath(opened, self.brackets.opening_end, self._range.value)
            return
        self._remember(update.last, update.trade_time)
        # Nothing trades between a trade and the packet that tells of it; an index moves without any.
        begins = update.trade_time
        if not self.instrument.tradable:
            begins = self._unseen_until = max(begins, min(update.arrival, self.session_close - 1))
        self.partial_since = begins
        self.brackets.start_late(begins)
        self.seeded_from = None if update.day is None else DAY_BAR
        self._rebase(update)

    def _join(self, update: MarketUpdate, accepted: Accepted) -> None:
        """Go on from an estimated past: exact from here on, and VWAP by the broker's own figure where it may."""
        self._joins = False
        self.partial_since = update.trade_time
        if not accepted.increment:
            self._rebase(update)
            self._remember(update.last, update.trade_time)

    def _adopt_prior(self) -> None:
        """Take the average range of enough earlier days, once the feed has confirmed that they are this price's."""
        prior = check_prior(self.prior, self.previous_close)
        if prior is None or not prior.ready or prior.average_range is None or self._range is not None:
            return
        if prior.range_days >= LEAST_DAYS:
            self._range = AverageRange(prior.average_range, Quality.LIVE, prior.range_days)
            self._size_row(self._range)

    def _rebase(self, update: MarketUpdate) -> None:
        # A snapshot may still carry the figures of the day before: those are no part of this session.
        if update.average_price is not None and update.trade_time >= self.session_open - PRE_OPEN:
            self.vwap.rebase(update.average_price * update.volume, update.volume)

    def _pass_by(self, update: MarketUpdate, minute: Bar | None) -> AppliedUpdate:
        time = update.trade_time
        seen_before = self.instrument.tradable or update.arrival < self.session_open
        if not self._started and time < self.session_open and seen_before:
            self._remember(update.last, time)
            self._rebase(update)
        if not self._started and time >= self.session_close:
            self.partial_since = time
        if time >= self.session_close and self._plausible.price(update.last, self.last):
            self.closing_price = update.last
        ended = self.brackets.advance(time)
        if ended:
            self._sample()
        if minute is None or minute.start <= self.bars.newest or not self._completed(minute, time):
            return AppliedUpdate(self.instrument.key, accepted=True, bracket_closed=ended)
        fives = self.bars.add(minute)
        return AppliedUpdate(
            self.instrument.key,
            accepted=True,
            minute_closed=True,
            five_minutes_closed=fives,
            bracket_closed=ended,
        )

    def _trade(self, update: MarketUpdate, increment: int, *, late: bool) -> None:
        bids, asks = update.bids, update.asks
        if increment > 0:
            row = self._frozen_row or self.row or 0
            tick = self.record.place(update, increment, row, late=late)
            self.flow.take(bids, asks, increment, update.last, tick, update.trade_time)
        else:
            self.flow.take(bids, asks)
        if bids and asks:
            spread = asks[0][0] - bids[0][0]
            if spread > 0:
                self.spreads.add(update.arrival, spread)

    def _close_minute(
        self, update: MarketUpdate, minute: Bar, increment: int, *, ended: bool, late: bool
    ) -> AppliedUpdate:
        if not self._completed(minute, update.trade_time):
            return AppliedUpdate(self.instrument.key, increment, True, bracket_closed=ended, after_hole=late)
        closed = minute.start > self.bars.newest
        fives = self.bars.add(minute)
        self.brackets.correct(minute)
        if self.brackets.advance(minute.start + MINUTE):
            self._sample()
            ended = True
        return AppliedUpdate(self.instrument.key, increment, True, closed, fives, ended, late)

    def _completed(self, minute: Bar, time: Instant) -> bool:
        """Say whether a minute is of this session and not from the future: that would block all before it."""
        return (
            self.session_open <= minute.start < self.session_close
            and minute.start <= time
            and self._plausible.bar(minute, self.last)
        )

    def _remember(self, price: Paise, time: Instant) -> None:
        """Set what the next event is compared with."""
        self.record.remember(price, time)
        self.flow.begin(price)

    def _turn_minute(self, time: Instant) -> None:
        """Do what is due once a minute at most, on everything known before this packet."""
        minute = time - time % MINUTE
        if self.last is None:
            self._first_minute = minute
            return
        self._next_minute = minute + MINUTE
        if self._range is None and time >= self._freeze_time:
            self._range = self.average_range
            if self._range is not None:
                self._size_row(self._range)
        if minute > self._first_minute:
            self.vwap.sample(minute)
        if self._ticks_per_row is not None:
            self.flow.threshold = absorption_threshold(self.profile.view(self._ticks_per_row))
        if self.development.awaits_balance(time, self.brackets.balance_end):
            reading = self.volume_reading()
            self.development.balance_poc = None if reading is None else reading.poc

    def _sample(self) -> None:
        self.development.sample(self.brackets, self.volume_reading(), self.flow.previous_quote)

    def _size_row(self, average: AverageRange) -> None:
        if not self._row_frozen:
            self._freeze_row(row_height(average.value, self.instrument.tick))

    def _freeze_row(self, height: int) -> None:
        self._ticks_per_row = height
        self._row_frozen = True
        self._frozen_row = height * self.instrument.tick
        self.record.follow(height)
        self.flow.follow(height, self._frozen_row)
