"""An instrument's past from the broker: today's minutes for a late start, earlier sessions, the average range."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Protocol

from engine.auction.prior.backfill import session_from_minutes
from engine.auction.prior.history import SessionProfile
from engine.market.calendar import Calendar, CalendarError
from engine.market.candles import (
    SETTLED,
    UNSETTLED,
    DailyRange,
    average_daily_range,
    close_before,
    seed_from_minutes,
    settle_minutes,
)
from engine.market.clock import Instant, trading_date
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.seed import InstrumentSeed
from engine.market.session import TradingDay, trading_day
from engine.market.update import Bar, MarketUpdate
from engine.settings.sections import PastSections
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.quotes import BrokerCandle

_MINUTES_SPAN: Final = timedelta(days=28)
"""One call of 1-minute candles covers a month at most (UDAPI1148)."""
_DAYS_BACK: Final = timedelta(days=45)
"""Calendar days that surely hold 20 sessions."""


class CandleSource(Protocol):
    """What we ask of the broker's client."""

    def candles(
        self, instrument: str, unit: str, interval: int, to: date, from_: date | None = None
    ) -> tuple[BrokerCandle, ...]:
        """Return historical bars; raises CallFailed."""
        ...

    def intraday_candles(self, instrument: str, unit: str, interval: int) -> tuple[BrokerCandle, ...]:
        """Return today's bars; raises CallFailed."""
        ...


@dataclass(frozen=True, slots=True)
class InstrumentPast:
    """What the broker's candles say of one instrument before now. Everything volumetric is ESTIMATED."""

    instrument: str
    seed: InstrumentSeed | None
    """Today from the open to the newest trustworthy minute; None before the first."""
    sessions: tuple[SessionProfile, ...]
    """Earlier sessions, oldest first."""
    range: DailyRange | None
    previous_close: Paise | None
    notes: tuple[str, ...] = field(default=())
    """What could not be had or was left out, in words."""


def read_past(
    source: CandleSource,
    instrument: Instrument,
    day: TradingDay,
    settings: PastSections,
    calendar: Calendar,
    now: Instant,
    *,
    sessions: int = 1,
    standing: MarketUpdate | None = None,
    settled: int = SETTLED,
) -> InstrumentPast:
    """Return an instrument's past; a call that fails leaves its part out and is named in the notes.

    ``sessions`` earlier ones are rebuilt, 20 at most. ``settled`` is how old, in microseconds, a minute must be.
    """
    notes: list[str] = []
    days = _asked(notes, "daily candles", lambda: read_days(source, instrument.key, day.day))
    known_range = average_daily_range(days, day.day)
    close = close_before(days, day.day)
    earlier = _earlier_sessions(source, instrument, day.day, settings, calendar, sessions, days, notes)
    seed = None
    opening, end = day.open(instrument.kind), day.close(instrument.kind)
    if now > opening and instrument.tradable:
        candles = _asked(notes, "today's minutes", lambda: read_minutes_today(source, instrument.key))
        known = settle_minutes(candles, opening, end, now, settled)
        notes += [
            f"{count} of today's minutes left out: {reason}"
            for reason, count in sorted(known.left_out.items())
            if reason != UNSETTLED
        ]
        seed = seed_from_minutes(
            instrument,
            known.bars,
            close or 0,
            average_range=known_range,
            standing=standing,
        )
    return InstrumentPast(instrument.key, seed, earlier, known_range, close, tuple(notes))


def read_minutes_today(source: CandleSource, key: str) -> tuple[Bar, ...]:
    """Return today's 1-minute candles as the broker has them now; raises CallFailed."""
    return _bars(source.intraday_candles(key, "minutes", 1))


def read_minutes(source: CandleSource, key: str, first: date, last: date) -> tuple[Bar, ...]:
    """Return earlier days' 1-minute candles, both days included, in as many calls as the broker needs.

    Raises CallFailed.
    """
    bars: list[Bar] = []
    while first <= last:
        until = min(last, first + _MINUTES_SPAN)
        bars += _bars(source.candles(key, "minutes", 1, until, first))
        first = until + timedelta(days=1)
    return tuple(bars)


def read_days(source: CandleSource, key: str, before: date, back: timedelta = _DAYS_BACK) -> tuple[Bar, ...]:
    """Return the daily candles before a date; raises CallFailed. Yesterday's arrives about 07:00 the next morning."""
    candles = source.candles(key, "days", 1, before - timedelta(days=1), before - back)
    return tuple(bar for bar in _bars(candles) if trading_date(bar.start) < before)


def sessions_before(calendar: Calendar, day: date, count: int) -> tuple[date, ...]:
    """Return the newest trading days before a date that the calendar covers, oldest first."""
    found: list[date] = []
    before = day - timedelta(days=1)
    while len(found) < count and before >= max(calendar.covered_from, day - 2 * _DAYS_BACK):
        if calendar.is_trading_day(before) and calendar.special(before) is None:
            found.append(before)
        before -= timedelta(days=1)
    return tuple(reversed(found))


def _earlier_sessions(
    source: CandleSource,
    instrument: Instrument,
    day: date,
    settings: PastSections,
    calendar: Calendar,
    count: int,
    days: Sequence[Bar],
    notes: list[str],
) -> tuple[SessionProfile, ...]:
    wanted = sessions_before(calendar, day, count) if instrument.tradable else ()
    if not wanted:
        return ()
    minutes = _asked(
        notes, "earlier minutes", lambda: read_minutes(source, instrument.key, wanted[0], wanted[-1])
    )
    by_day: defaultdict[date, list[Bar]] = defaultdict(list)
    for bar in minutes:
        by_day[trading_date(bar.start)].append(bar)
    closes = {trading_date(bar.start): bar.close for bar in days}
    found: list[SessionProfile] = []
    for one in wanted:
        try:
            schedule = trading_day(one, settings.session, calendar)
        except CalendarError:
            continue
        end = schedule.close(instrument.kind)
        known = settle_minutes(by_day[one], schedule.open(instrument.kind), end, end + SETTLED)
        session = session_from_minutes(
            instrument,
            known.bars,
            schedule,
            settings,
            previous_close=close_before(days, one) or 0,
            close=closes.get(one),
            average_range=average_daily_range(days, one),
        )
        if session is None:
            notes.append(f"no minutes of {one}")
        else:
            found.append(session)
    return tuple(found)


def _asked(notes: list[str], what: str, ask: Callable[[], tuple[Bar, ...]]) -> tuple[Bar, ...]:
    try:
        return ask()
    except CallFailed as error:
        notes.append(f"no {what}: {error}")
        return ()


def _bars(candles: Iterable[BrokerCandle]) -> tuple[Bar, ...]:
    return tuple(Bar(one.start, one.open, one.high, one.low, one.close, one.volume) for one in candles)
