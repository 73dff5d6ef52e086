"""The simulated market as a feed: the same day each time, its past joined to its stream without a seam."""

from datetime import date, time, timedelta
from hashlib import sha256
from itertools import islice

import msgspec
import pytest

from config import SessionSettings, SimulatorSettings
from engine.feeds.feed import PulledFeed
from engine.feeds.simulator import DEFAULT_DAY, DEFAULT_START, SimulatorFeed, open_simulator
from engine.market.clock import MINUTE, SECOND, instant_at
from engine.market.instrument import InstrumentClass, Provenance
from engine.market.session import CalendarError, trading_day
from engine.market.update import MarketUpdate

FIRST_DAY_OF_SEED_7 = "f30d51e839e3a28977895b08df8328b83ca5755ac9a0a4daf53626b0267ce023"
"""Digest of the first 5,000 updates; changes only together with the version inside ``identity``."""


def settings_of(seed: int = 7, instruments: int = 8) -> SimulatorSettings:
    return SimulatorSettings(seed=seed, instruments=instruments)


def read(feed: PulledFeed, count: int) -> list[MarketUpdate]:
    return [item for item in islice(iter(feed.read, None), count) if isinstance(item, MarketUpdate)]


def read_until(feed: PulledFeed, clock: time) -> list[MarketUpdate]:
    end = instant_at(feed.day, clock)
    found: list[MarketUpdate] = []
    while (update := feed.read()) is not None and update.arrival < end:
        assert isinstance(update, MarketUpdate)
        found.append(update)
    return found


def opened_at(clock: time, seed: int = 7) -> SimulatorFeed:
    return open_simulator(settings_of(seed), start=clock)


def test_the_same_settings_give_the_same_updates_at_every_cursor() -> None:
    first, second = opened_at(DEFAULT_START), opened_at(DEFAULT_START)
    assert first.identity == second.identity
    assert first.seeds == second.seeds
    assert read(first, 4_000) == read(second, 4_000)


def test_the_updates_of_a_seed_never_change_between_machines_and_versions() -> None:
    encoded = msgspec.msgpack.encode(read(opened_at(DEFAULT_START), 5_000))
    assert sha256(encoded).hexdigest() == FIRST_DAY_OF_SEED_7


@pytest.mark.parametrize(
    ("chosen", "day", "start"),
    [
        (settings_of(seed=8), DEFAULT_DAY, DEFAULT_START),
        (settings_of(instruments=7), DEFAULT_DAY, DEFAULT_START),
        (settings_of(), DEFAULT_DAY, time(11)),
        (settings_of(), date(2026, 11, 19), DEFAULT_START),
    ],
    ids=["seed", "instruments", "start", "day"],
)
def test_another_day_has_another_identity_and_other_updates(
    chosen: SimulatorSettings, day: date, start: time
) -> None:
    other = open_simulator(chosen, day, start=start)
    feed = opened_at(DEFAULT_START)
    assert feed.identity != other.identity
    assert read(feed, 200) != read(other, 200)


def test_a_later_start_shows_the_same_day_from_there_on() -> None:
    early = opened_at(time(10, 50))
    late = opened_at(time(11, 5))
    read_until(early, time(11, 5))
    assert read(early, 2_001)[1:] == read(late, 2_002)[2:]


def test_more_instruments_leave_the_others_as_they_were() -> None:
    small = open_simulator(settings_of(instruments=6))
    large = open_simulator(settings_of(instruments=10))
    kept = set(small.instruments)
    assert list(large.instruments)[:6] == list(small.instruments)
    theirs = [update for update in read(large, 2_000) if update.instrument in kept]
    assert read(small, len(theirs)) == theirs


def test_the_default_day_is_a_trading_day_and_other_days_are_refused() -> None:
    assert opened_at(DEFAULT_START).day == DEFAULT_DAY == date(2026, 11, 20)
    with pytest.raises(CalendarError):
        open_simulator(settings_of(), date(2026, 11, 21))


@pytest.mark.parametrize("count", [6, 8, 10])
def test_instruments_are_simulated_ones_of_several_classes(count: int) -> None:
    instruments = open_simulator(settings_of(instruments=count)).instruments
    assert len(instruments) == count
    kinds = {instrument.kind for instrument in instruments.values()}
    assert {InstrumentClass.AUCTION_STOCK, InstrumentClass.OPTION} <= kinds
    for key, instrument in instruments.items():
        assert key == instrument.key
        assert instrument.provenance is Provenance.SIMULATED
        assert instrument.freeze_quantity >= instrument.lot >= 1
        if instrument.expiry is not None:
            assert instrument.expiry > DEFAULT_DAY + timedelta(days=6)
            assert instrument.expiry.weekday() == 1


def test_seeds_are_whole_pasts() -> None:
    feed = opened_at(DEFAULT_START)
    start = instant_at(feed.day, DEFAULT_START)
    opening = instant_at(feed.day, time(9, 15))
    assert [seed.instrument for seed in feed.seeds] == list(feed.instruments)
    for seed in feed.seeds:
        tick = feed.instruments[seed.instrument].tick
        assert start - 20 * SECOND < seed.until <= start
        assert sum(seed.volume_rows.values()) == seed.volume == seed.day.volume
        assert sum(price * volume for price, volume in seed.volume_rows.items()) == seed.turnover
        assert min(seed.volume_rows) == seed.day.low
        assert max(seed.volume_rows) == seed.day.high
        assert all(price % tick == 0 for price in seed.volume_rows)
        assert [bar.start for bar in seed.minutes] == [opening + n * MINUTE for n in range(74)]
        assert max(bar.high for bar in seed.minutes) <= seed.day.high
        assert min(bar.low for bar in seed.minutes) >= seed.day.low
        assert sum(bar.volume for bar in seed.minutes) < seed.volume
        assert seed.average_range is not None
        assert seed.average_range < seed.previous_close


def test_the_stream_goes_on_where_the_seeds_end() -> None:
    start = time(10, 30, 20)
    feed = opened_at(start)
    waiting = {seed.instrument: seed for seed in feed.seeds}
    while waiting:
        update = feed.read()
        assert update is not None
        seed = waiting.pop(update.instrument, None)
        if seed is None:
            continue
        assert seed.average_range is not None
        assert update.arrival >= instant_at(feed.day, start)
        assert update.volume >= seed.volume
        assert update.trade_time >= seed.until
        assert abs(update.last - seed.day.close) < seed.average_range // 20
        assert update.previous_close == seed.previous_close
        assert update.minute == seed.minutes[-1]
        assert update.average_price is not None
        assert abs(update.average_price - seed.turnover / seed.volume) < seed.average_range / 50


def test_opened_before_the_open_there_is_no_past() -> None:
    feed = opened_at(time(9, 0))
    assert feed.seeds == ()
    opening = instant_at(feed.day, time(9, 15))
    waiting = read(feed, len(feed.instruments))
    assert [update.instrument for update in waiting] == list(feed.instruments)
    assert all(update.arrival < opening and update.auction and update.volume == 0 for update in waiting)
    first = feed.read()
    assert first is not None
    assert opening <= first.trade_time < first.arrival
    assert first.minute is None


def test_every_instrument_trades_until_its_own_close_and_then_the_feed_ends() -> None:
    feed = open_simulator(settings_of(instruments=8), start=time(15, 10))
    day = trading_day(feed.day, SessionSettings())
    last: dict[str, MarketUpdate] = {}
    while (update := feed.read()) is not None:
        last[update.instrument] = update
    assert feed.read() is None
    assert feed.last_arrival == max(update.arrival for update in last.values())
    for key, instrument in feed.instruments.items():
        close = day.close(instrument.kind)
        assert close - 15 * SECOND < last[key].arrival < close


def test_opened_after_the_close_there_is_nothing() -> None:
    feed = opened_at(time(16, 0))
    assert feed.last_arrival is None
    assert feed.read() is None
    assert len(feed.seeds) == len(feed.instruments)
