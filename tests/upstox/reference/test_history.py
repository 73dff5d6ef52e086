"""An instrument's past from candles: asked for in spans the broker takes, honest about what is missing."""

from dataclasses import dataclass, field
from datetime import date, time, timedelta

import pytest

from config import Settings
from engine.market.calendar import load_calendar
from engine.market.candles import SETTLED
from engine.market.clock import MINUTE, instant_at, trading_date
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.quality import Quality
from engine.market.session import trading_day
from engine.upstox.reference.history import read_minutes, read_past, sessions_before
from engine.upstox.rest.outcome import CallFailed, TryLater
from engine.upstox.rest.quotes import BrokerCandle

DAY = date(2026, 11, 20)
SETTINGS = Settings()
CALENDAR = load_calendar()
TODAY = trading_day(DAY, SETTINGS.session, CALENDAR)
STOCK = Instrument("NSE_EQ|TEST", "TEST", InstrumentClass.STOCK, 10, 1, 100_000, Provenance.MASTER)
OPEN = TODAY.open(STOCK.kind)


@dataclass
class Source:
    """A broker that knows a steady market and keeps to the documented spans."""

    asked: list[tuple[str, date, date]] = field(default_factory=list)
    refused: frozenset[str] = frozenset()
    today: int = 100

    def candles(
        self, instrument: str, unit: str, interval: int, to: date, from_: date | None = None
    ) -> tuple[BrokerCandle, ...]:
        assert (instrument.startswith("NSE_"), interval) == (True, 1)
        first = to if from_ is None else from_
        self.asked.append((unit, first, to))
        if unit in self.refused:
            raise CallFailed(TryLater("UDAPI10005", "too many"))
        if unit == "minutes":
            assert (to - first).days <= 31
        found: list[BrokerCandle] = []
        while first <= to:
            if CALENDAR.is_trading_day(first):
                found += self._day(first) if unit == "days" else self._minutes(first, 375)
            first += timedelta(days=1)
        return tuple(reversed(found))

    def intraday_candles(self, instrument: str, unit: str, interval: int) -> tuple[BrokerCandle, ...]:
        assert (instrument.startswith("NSE_"), unit, interval) == (True, "minutes", 1)
        if "intraday" in self.refused:
            raise CallFailed(TryLater("UDAPI10005", "too many"))
        return tuple(self._minutes(DAY, self.today))

    def _day(self, day: date) -> list[BrokerCandle]:
        return [BrokerCandle(instant_at(day, time(0)), 10_000, 10_100, 9_900, 10_010, 1_000, 0)]

    def _minutes(self, day: date, count: int) -> list[BrokerCandle]:
        start = instant_at(day, time(9, 15))
        return [
            BrokerCandle(start + index * MINUTE, 10_000, 10_100, 9_900, 10_000, 60, 0)
            for index in range(count)
        ]


def test_a_start_at_eleven_knows_the_morning_the_range_and_the_day_before() -> None:
    now = instant_at(DAY, time(11, 0))
    past = read_past(Source(today=104), STOCK, TODAY, SETTINGS, CALENDAR, now)
    assert past.seed is not None
    assert (past.seed.until, len(past.seed.minutes)) == (now - SETTLED, 103)
    # The minute that has not settled is left out and nothing is said of it: nothing is wrong with it.
    assert past.notes == ()
    assert (past.seed.previous_close, past.previous_close) == (10_010, 10_010)
    assert past.range is not None
    assert (past.range.value, past.range.days, past.seed.average_range) == (200, 20, 200)
    (session,) = past.sessions
    assert (session.day, session.close, session.quality) == (date(2026, 11, 19), 10_010, Quality.ESTIMATED)


def test_before_the_open_there_is_no_seed_and_the_days_before_stand() -> None:
    source = Source(today=0)
    past = read_past(source, STOCK, TODAY, SETTINGS, CALENDAR, OPEN - MINUTE, sessions=5)
    assert past.seed is None
    assert [session.day for session in past.sessions] == list(sessions_before(CALENDAR, DAY, 5))
    assert past.notes == ()


@pytest.mark.parametrize(
    ("refused", "note"),
    [("intraday", "no today's minutes"), ("days", "no daily candles"), ("minutes", "no earlier minutes")],
)
def test_a_call_that_fails_costs_its_own_part_and_is_named(refused: str, note: str) -> None:
    source = Source(refused=frozenset({refused}))
    past = read_past(source, STOCK, TODAY, SETTINGS, CALENDAR, OPEN + 120 * MINUTE)
    assert any(text.startswith(f"{note}: too many") for text in past.notes)
    assert (past.seed is None) is (refused == "intraday")
    assert (past.range is None) is (refused == "days")
    assert (past.sessions == ()) is (refused == "minutes")


def test_an_index_has_no_profile_to_seed() -> None:
    index = Instrument("NSE_INDEX|X", "X", InstrumentClass.INDEX, 1, 1, 1, Provenance.MASTER)
    past = read_past(Source(), index, TODAY, SETTINGS, CALENDAR, OPEN + 120 * MINUTE)
    assert (past.seed, past.sessions) == (None, ())
    assert past.range is not None


def test_a_long_span_is_asked_for_in_months() -> None:
    source = Source()
    first, last = date(2026, 7, 1), date(2026, 9, 30)
    bars = read_minutes(source, STOCK.key, first, last)
    assert len(source.asked) == 4
    days = {trading_date(bar.start) for bar in bars}
    assert len(bars) == 375 * len(days)
    assert (min(days), max(days)) == (first, last)


def test_holidays_and_weekends_are_no_sessions() -> None:
    assert sessions_before(CALENDAR, date(2026, 11, 25), 2) == (date(2026, 11, 20), date(2026, 11, 23))
