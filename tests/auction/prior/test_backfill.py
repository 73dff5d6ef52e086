"""Earlier sessions and the pre-open, from what the broker says instead of what was recorded."""

from dataclasses import replace

import pytest

from config import Settings
from engine.auction.prior.backfill import session_from_minutes
from engine.auction.prior.history import prior_levels
from engine.auction.prior.pre_open import read_pre_open
from engine.auction.values.context import Quality
from engine.auction.values.levels import PriorLevels
from engine.market.clock import MINUTE
from engine.market.session import trading_day
from engine.market.update import Bar
from tests.auction.builders import CLOSE, DAY, OPEN, STOCK

SETTINGS = Settings()
TODAY = trading_day(DAY, SETTINGS.session)


def minutes(count: int = 375) -> list[Bar]:
    """A day around 100 rupees: most volume between 100.00 and 100.50."""
    bars = []
    for index in range(count):
        low = 10_000 + 10 * (index % 7) - (200 if 100 <= index < 110 else 0)
        bars.append(Bar(OPEN + index * MINUTE, low, low + 50, low, low + 50, 700))
    return bars


def test_a_session_of_candles_is_estimated_and_says_so() -> None:
    session = session_from_minutes(STOCK, minutes(), TODAY, SETTINGS, previous_close=9_950, close=10_033)
    assert session is not None
    assert (session.quality, session.source) == (Quality.ESTIMATED, "CANDLES")
    assert (session.day, session.open, session.close, session.previous_close) == (DAY, 10_000, 10_033, 9_950)
    assert (session.high, session.low) == (10_110, 9_800)
    assert 10_000 <= session.val <= session.poc <= session.vah <= 10_110
    assert sum(session.volumes) == session.volume == 375 * 700
    assert len(session.brackets) == 13
    assert session.slot_volumes[0] == 5 * 700


def test_levels_after_it_are_estimated() -> None:
    session = session_from_minutes(STOCK, minutes(), TODAY, SETTINGS, previous_close=9_950, close=10_033)
    assert session is not None
    levels = prior_levels([session], 10_033, DAY.replace(day=16))
    assert levels is not None
    assert levels.quality is Quality.ESTIMATED


def test_without_a_daily_candle_the_last_minute_closes_the_session() -> None:
    bars = minutes()
    session = session_from_minutes(STOCK, bars, TODAY, SETTINGS, previous_close=9_950)
    assert session is not None
    assert session.close == bars[-1].close


def test_minutes_of_another_day_are_no_session() -> None:
    stray = [Bar(CLOSE + MINUTE, 100, 100, 100, 100, 1)]
    assert session_from_minutes(STOCK, stray, TODAY, SETTINGS, previous_close=9_950) is None


def levels() -> PriorLevels:
    session = session_from_minutes(STOCK, minutes(), TODAY, SETTINGS, previous_close=9_950, close=10_033)
    assert session is not None
    found = prior_levels([session], 10_033, DAY.replace(day=16))
    assert found is not None
    return replace(found, val=10_000, vah=10_060, row=10, high=10_110, low=9_800)


@pytest.mark.parametrize(
    ("price", "location", "outside"),
    [
        (10_030, "inside prior value", 0),
        (10_060, "inside prior value", 0),
        (10_070, "inside prior range", 10),
        (9_900, "inside prior range", -100),
        (10_200, "above prior range", 140),
        (9_700, "below prior range", -300),
    ],
)
def test_the_indicative_price_is_placed_against_earlier_value(
    price: int, location: str, outside: int
) -> None:
    reading = read_pre_open(price, 1_200, 10_033, levels(), STOCK.tick)
    assert reading is not None
    assert (reading.location, reading.outside_value) == (location, outside)
    assert (reading.gap, reading.quantity) == (price - 10_033, 1_200)


def test_a_gap_stands_without_earlier_levels() -> None:
    reading = read_pre_open(10_100, None, 10_000, None, STOCK.tick)
    assert reading is not None
    assert (reading.gap, reading.gap_pct, reading.quantity, reading.location) == (100, 1.0, 0, "")
    assert reading.note == "no earlier session is known"


def test_levels_that_the_previous_close_denies_are_not_used() -> None:
    reading = read_pre_open(10_100, 5, 20_000, levels(), STOCK.tick)
    assert reading is not None
    assert (reading.location, reading.outside_value) == ("", 0)
    assert "is not the" in reading.note


@pytest.mark.parametrize(("price", "close"), [(None, 10_000), (0, 10_000), (10_000, None), (10_000, 0)])
def test_before_a_price_is_named_nothing_is_read(price: int | None, close: int | None) -> None:
    assert read_pre_open(price, 1, close, levels(), STOCK.tick) is None
