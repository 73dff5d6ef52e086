"""The simulated feed looks like the recorded one: rates, repeats, spreads, quirks, and bars that fit the trades."""

from collections import Counter, defaultdict
from datetime import time
from itertools import pairwise
from statistics import median

import pytest

from config import SimulatorSettings
from engine.feeds.simulator import open_simulator
from engine.market.clock import MINUTE, SECOND, instant_at
from engine.market.instrument import Instrument
from engine.market.update import Bar, MarketUpdate

Stream = list[MarketUpdate]
Market = tuple[dict[str, Instrument], dict[str, Stream]]


@pytest.fixture(scope="module", params=[7, 1_234])
def market(request: pytest.FixtureRequest) -> Market:
    """An hour of each instrument."""
    feed = open_simulator(SimulatorSettings(seed=request.param, instruments=10), start=time(10, 30))
    end = instant_at(feed.day, time(11, 30))
    streams: dict[str, Stream] = defaultdict(list)
    while (update := feed.read()) is not None and update.arrival < end:
        streams[update.instrument].append(update)
    return dict(feed.instruments), streams


def traded(update: MarketUpdate) -> tuple[int, int, int, int]:
    return update.trade_time, update.last, update.last_quantity, update.volume


def content(update: MarketUpdate) -> tuple[object, ...]:
    return (*traded(update), update.bids, update.asks)


def pairs(stream: Stream) -> list[tuple[MarketUpdate, MarketUpdate]]:
    return list(pairwise(stream))


def test_updates_come_about_once_a_second(market: Market) -> None:
    for stream in market[1].values():
        assert 0.55 <= len(stream) / 3_600 <= 1.5
    everything = sum(len(stream) for stream in market[1].values())
    assert 30_000 <= everything <= 40_000


def test_arrivals_never_step_back_and_follow_the_trades(market: Market) -> None:
    for stream in market[1].values():
        assert all(earlier.arrival <= later.arrival for earlier, later in pairs(stream))
        delays = [update.arrival - update.trade_time for update in stream]
        assert min(delays) > 0
        assert 0.2 * SECOND < median(delays) < 4 * SECOND


def test_repeats_and_book_only_updates_have_the_measured_shares(market: Market) -> None:
    for key, stream in market[1].items():
        count = len(stream) - 1
        repeats = sum(content(a) == content(b) for a, b in pairs(stream)) / count
        same_trade = sum(traded(a) == traded(b) for a, b in pairs(stream)) / count
        assert 0.05 <= repeats <= 0.13, key
        assert 0.28 <= same_trade <= 0.74, key


def test_volume_steps_back_only_in_a_few_swapped_pairs(market: Market) -> None:
    swaps = Counter[str]()
    for key, stream in market[1].items():
        for earlier, later in pairs(stream):
            if later.volume < earlier.volume:
                swaps[key] += 1
                assert later.arrival == earlier.arrival
                assert later.trade_time <= earlier.trade_time
    assert 2 <= sum(swaps.values()) <= 30
    assert max(swaps.values()) <= 6


def test_most_volume_comes_in_steps_larger_than_the_last_trade(market: Market) -> None:
    for key, stream in market[1].items():
        steps = volume = last_quantities = larger = 0
        for earlier, later in pairs(stream):
            step = later.volume - earlier.volume
            if step > 0 and later.volume > stream[0].volume:
                steps += 1
                volume += step
                last_quantities += later.last_quantity
                larger += step > later.last_quantity
                assert later.last_quantity <= step or later.arrival == earlier.arrival
        assert 0.35 <= larger / steps <= 0.75, key
        assert last_quantities / volume < 0.75, key


def test_prices_and_quantities_lie_on_the_exchange_grid(market: Market) -> None:
    instruments, streams = market
    for key, stream in streams.items():
        tick, lot = instruments[key].tick, instruments[key].lot
        for update in stream:
            prices = [update.last, *(price for price, _ in (*update.bids, *update.asks))]
            assert all(price % tick == 0 for price in prices)
            sizes = [update.last_quantity, update.volume, *(size for _, size in (*update.bids, *update.asks))]
            assert all(size % lot == 0 and size > 0 for size in sizes)


def test_books_have_five_levels_in_order_and_never_cross(market: Market) -> None:
    for stream in market[1].values():
        for update in stream:
            bids = [price for price, _ in update.bids]
            asks = [price for price, _ in update.asks]
            assert len(bids) == len(asks) == 5
            assert bids == sorted(set(bids), reverse=True)
            assert asks == sorted(set(asks))
            assert bids[0] < asks[0]


def test_spreads_are_a_few_ticks_and_the_last_price_is_sometimes_outside(market: Market) -> None:
    instruments, streams = market
    for key, stream in streams.items():
        spreads = [(update.asks[0][0] - update.bids[0][0]) // instruments[key].tick for update in stream]
        assert min(spreads) >= 1
        assert median(spreads) <= (20 if instruments[key].lot > 1 else 6)
        outside = sum(not u.bids[0][0] <= u.last <= u.asks[0][0] for u in stream) / len(stream)
        assert 0.03 <= outside <= 0.75, key


def test_a_price_keeps_its_depth_for_a_while(market: Market) -> None:
    for key, stream in market[1].items():
        kept = seen = 0
        for earlier, later in pairs(stream):
            before = dict(earlier.bids)
            for price, size in later.bids:
                if price in before:
                    seen += 1
                    kept += before[price] == size
        assert 0.5 <= kept / seen <= 0.95, key


def test_day_bars_hold_every_price_and_their_volume_lags(market: Market) -> None:
    lagging = 0
    for stream in market[1].values():
        for update in stream:
            day = update.day
            assert day is not None
            assert day.low <= update.last <= day.high
            assert day.low <= day.open <= day.high
            assert day.close == update.last
            assert day.volume <= update.volume
            lagging += day.volume < update.volume
    assert 0.14 <= lagging / sum(map(len, market[1].values())) <= 0.41


def test_the_minute_bar_is_the_last_completed_one_of_the_trade_clock(market: Market) -> None:
    for key, stream in market[1].items():
        bars: dict[int, Bar] = {}
        late = 0
        for update in stream:
            bar = update.minute
            assert bar is not None
            minute = update.trade_time // MINUTE * MINUTE
            assert bar.start < minute
            late += bar.start < minute - MINUTE
            assert bars.setdefault(bar.start, bar) == bar
        assert late / len(stream) < 0.05, key
        assert len(bars) >= 55


def test_minute_bars_agree_with_the_trades_inside(market: Market) -> None:
    missed = seen = 0
    for stream in market[1].values():
        bars = {update.minute.start: update.minute for update in stream if update.minute is not None}
        lasts: dict[int, list[int]] = defaultdict(list)
        for update in stream:
            lasts[update.trade_time // MINUTE * MINUTE].append(update.last)
        for start, bar in bars.items():
            if start not in lasts or start == min(lasts):
                continue
            assert bar.low <= min(lasts[start])
            assert max(lasts[start]) <= bar.high
            seen += 2
            missed += (bar.low < min(lasts[start])) + (max(lasts[start]) < bar.high)
        starts = sorted(set(bars) & set(lasts))[2:-2]
        before = max(u.volume for u in stream if u.trade_time < starts[0])
        after = max(u.volume for u in stream if u.trade_time < starts[-1] + MINUTE)
        inside = sum(bar.volume for start, bar in bars.items() if starts[0] <= start <= starts[-1])
        assert abs(inside - (after - before)) < 0.02 * inside
    assert 0.1 <= missed / seen <= 0.6


def test_the_day_vwap_stays_inside_the_day(market: Market) -> None:
    for stream in market[1].values():
        for update in stream:
            assert update.day is not None
            assert update.average_price is not None
            assert update.day.low <= update.average_price <= update.day.high


def test_the_largest_step_is_a_small_part_of_the_day(market: Market) -> None:
    for key, stream in market[1].items():
        moves = sorted(abs(later.last - earlier.last) for earlier, later in pairs(stream))
        daily = stream[-1].day
        assert daily is not None
        assert moves[-1] < 0.2 * (daily.high - daily.low), key


def test_no_hole_opens_in_the_tape_of_the_whole_market(market: Market) -> None:
    start = max(stream[0].arrival for stream in market[1].values())
    times = sorted({u.trade_time for stream in market[1].values() for u in stream if u.trade_time > start})
    assert max(later - earlier for earlier, later in pairwise(times)) < 3 * SECOND


def test_open_interest_belongs_to_derivatives_and_moves_every_three_minutes(market: Market) -> None:
    instruments, streams = market
    for key, stream in streams.items():
        values = [update.open_interest for update in stream]
        if instruments[key].lot == 1:
            assert set(values) == {None}
        else:
            assert 15 <= len(set(values)) <= 25
