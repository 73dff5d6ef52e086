import random
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.candles import (
    SETTLED,
    average_daily_range,
    close_before,
    seed_from_minutes,
    settle_minutes,
    spread_volume,
    unbroken_tail,
)
from engine.market.clock import MINUTE, Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.update import Bar, MarketUpdate

DAY = date(2026, 11, 20)
OPEN = instant_at(DAY, time(9, 15))
CLOSE = instant_at(DAY, time(15, 30))
STOCK = Instrument("NSE_EQ|TEST", "TEST", InstrumentClass.STOCK, 10, 1, 100_000, Provenance.MASTER)


def minute(index: int, low: int = 10_000, high: int = 10_050, volume: int = 100) -> Bar:
    return Bar(OPEN + index * MINUTE, low, high, low, high, volume)


@st.composite
def minutes(draw: st.DrawFn) -> list[Bar]:
    bars = []
    for index in draw(st.lists(st.integers(0, 374), max_size=30, unique=True)):
        low = draw(st.integers(100, 120)) * 10
        high = low + draw(st.integers(0, 20)) * 10
        opened, closed = (draw(st.integers(low // 10, high // 10)) * 10 for _ in range(2))
        bars.append(Bar(OPEN + index * MINUTE, opened, high, low, closed, draw(st.integers(0, 5_000))))
    return bars


@given(minutes(), st.randoms(use_true_random=False))
def test_the_order_of_the_answer_changes_nothing(bars: list[Bar], chance: random.Random) -> None:
    shuffled = list(bars)
    chance.shuffle(shuffled)
    known = settle_minutes(bars, OPEN, CLOSE, CLOSE + SETTLED)
    assert settle_minutes(shuffled, OPEN, CLOSE, CLOSE + SETTLED) == known
    starts = [bar.start for bar in known.bars]
    assert starts == sorted(set(starts))


@given(minutes())
def test_every_unit_is_placed_inside_the_range_of_its_minute(bars: list[Bar]) -> None:
    rows = spread_volume(bars, STOCK.tick)
    assert sum(rows.values()) == sum(bar.volume for bar in bars)
    assert all(volume > 0 and price % STOCK.tick == 0 for price, volume in rows.items())
    if rows:
        traded = [bar for bar in bars if bar.volume]
        assert min(bar.low for bar in traded) <= min(rows) <= max(rows) <= max(bar.high for bar in traded)


@given(minutes())
def test_a_seed_adds_up(bars: list[Bar]) -> None:
    known = settle_minutes(bars, OPEN, CLOSE, CLOSE + SETTLED)
    seed = seed_from_minutes(STOCK, known.bars, 10_000)
    if not known.bars:
        assert seed is None
        return
    assert seed is not None
    assert (seed.estimated, seed.source, seed.until) == (True, "CANDLES", known.end)
    assert sum(seed.volume_rows.values()) == seed.volume == sum(bar.volume for bar in bars)
    assert seed.turnover == sum(price * units for price, units in seed.volume_rows.items())
    assert (seed.day.low, seed.day.high) == (min(bar.low for bar in bars), max(bar.high for bar in bars))


def test_what_does_not_divide_goes_nearest_to_the_close() -> None:
    bar = Bar(OPEN, 1_000, 1_030, 1_000, 1_020, 6)
    assert spread_volume([bar], 10) == {1_000: 1, 1_010: 2, 1_020: 2, 1_030: 1}


def test_a_minute_is_not_trusted_before_120_seconds_have_passed() -> None:
    bars = [minute(0), minute(1)]
    assert len(settle_minutes(bars, OPEN, CLOSE, OPEN + MINUTE + SETTLED).bars) == 1
    known = settle_minutes(bars, OPEN, CLOSE, OPEN + MINUTE + SETTLED - 1)
    assert (known.bars, known.left_out, known.end) == ((), {"unsettled": 2}, None)


@pytest.mark.parametrize(
    ("candle", "reason"),
    [
        (minute(-1), "outside"),
        (minute(375), "outside"),
        (Bar(OPEN + 1, 100, 100, 100, 100, 1), "outside"),
        (minute(1, low=0), "impossible"),
        (minute(1, low=200, high=100), "impossible"),
        (Bar(OPEN, 90, 120, 100, 110, 1), "impossible"),
        (minute(3), "repeated"),
    ],
)
def test_a_candle_that_cannot_be_used_is_counted(candle: Bar, reason: str) -> None:
    known = settle_minutes([minute(3, volume=7), candle], OPEN, CLOSE, CLOSE + SETTLED)
    assert known.left_out == {reason: 1}
    assert len(known.bars) == 1


def test_an_overflowed_volume_is_unknown_and_the_prices_stay() -> None:
    known = settle_minutes([minute(0), minute(1, volume=-2_000)], OPEN, CLOSE, CLOSE + SETTLED)
    assert [bar.volume for bar in known.bars] == [100, 0]
    assert known.left_out == {"broken volume": 1}


def test_a_standing_snapshot_gives_the_exchanges_own_totals() -> None:
    standing = MarketUpdate(
        instrument=STOCK.key,
        arrival=OPEN + 9 * MINUTE,
        trade_time=OPEN + 8 * MINUTE,
        last=10_040,
        last_quantity=1,
        volume=500,
        previous_close=9_900,
        average_price=10_020,
        day=Bar(OPEN, 10_000, 10_090, 9_990, 10_040, 480),
    )
    seed = seed_from_minutes(STOCK, [minute(0), minute(1)], 1, standing=standing)
    assert seed is not None
    assert (seed.volume, sum(seed.volume_rows.values())) == (500, 200)
    assert (seed.until, seed.turnover, seed.previous_close) == (OPEN + 8 * MINUTE, 500 * 10_020, 9_900)
    assert (seed.day.high, seed.day.low) == (10_090, 9_990)


def test_the_newest_minutes_in_a_row_warm_the_atr() -> None:
    bars = [minute(index) for index in (0, 1, 3, 4, 5)]
    assert unbroken_tail(bars) == tuple(bars[2:])
    assert unbroken_tail(bars[:1]) == (bars[0],)
    assert unbroken_tail([]) == ()


def daily(days_before: int, high: int, low: int = 10_000) -> Bar:
    start: Instant = instant_at(DAY - timedelta(days=days_before), time(0))
    return Bar(start, low, high, low, high, 1)


def test_the_average_range_stands_on_at_most_twenty_earlier_days() -> None:
    days = [daily(number, 10_000 + (100 if number <= 20 else 9_000)) for number in range(30)]
    found = average_daily_range(reversed(days), DAY)
    assert found is not None
    assert (found.value, found.days) == (100, 20)
    assert average_daily_range(days[:1], DAY) is None
    assert close_before(days, DAY) == 10_100
    assert close_before(days[:1], DAY) is None
