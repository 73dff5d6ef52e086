"""VWAP, deviation and slope against exact arithmetic over the same events."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.profile.vwap import Vwap
from engine.market.clock import MINUTE, SECOND
from engine.market.seed import InstrumentSeed
from engine.market.update import MarketUpdate
from tests.auction.builders import KEY, OPEN, at, bar, feeds, make_market, make_update

events = st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=40)


@given(events)
def test_deviation_is_exact_and_blind_to_order(trades: list[tuple[int, int]]) -> None:
    first, second = Vwap(), Vwap()
    shuffled = sorted(trades, key=lambda trade: (trade[1] * 7919) % 101)
    for price, volume in trades:
        first.add(price, volume)
    for price, volume in shuffled:
        second.add(price, volume)
    total = sum(volume for _, volume in trades)
    mean = Fraction(sum(price * volume for price, volume in trades), total)
    variance = sum(volume * (price - mean) ** 2 for price, volume in trades) / total
    fraction = first.variance_fraction
    assert fraction is not None
    assert Fraction(fraction[0], fraction[1] ** 2) == variance
    deviation = first.deviation
    assert deviation is not None
    assert (2 * deviation - 1) ** 2 <= 4 * variance or deviation == 0
    assert 4 * variance < (2 * deviation + 1) ** 2
    assert first.variance_fraction == second.variance_fraction


def test_nothing_traded_has_no_deviation_or_slope() -> None:
    vwap = Vwap()
    assert (vwap.fraction, vwap.value, vwap.deviation, vwap.slope(OPEN)) == (None, None, None, None)


def test_what_was_traded_before_the_record_counts_in_the_average_alone() -> None:
    vwap = Vwap()
    vwap.rebase(100 * 10_000, 100)
    assert (vwap.value, vwap.deviation) == (10_000, None)
    vwap.add(10_300, 50)
    assert (vwap.value, vwap.deviation) == (10_100, 0)


def test_the_slope_is_the_change_over_an_hour() -> None:
    market = make_market()
    market.apply(make_update(OPEN - SECOND, 10_000, 100, average_price=10_000))
    market.apply(make_update(OPEN + SECOND, 10_000, 200))
    market.apply(make_update(at("09:16:30"), 10_400, 400))
    assert market.context(KEY).vwap_slope is None
    market.apply(make_update(at("10:14:59"), 10_400, 401))
    assert market.context(KEY).vwap_slope is None
    market.apply(make_update(at("10:16:00"), 10_400, 600))
    context = market.context(KEY)
    assert context.vwap == round((200 * 10_000 + 400 * 10_400) / 600)
    assert context.vwap_slope == context.vwap - 10_000
    assert context.deviation_minutes == 61


@given(feeds(max_size=40))
def test_slope_and_deviation_look_at_nothing_later(packets: list[MarketUpdate]) -> None:
    market = make_market()
    seen: list[tuple[int, int | None]] = []
    for packet in packets:
        minute = packet.trade_time // MINUTE * MINUTE
        if seen and minute > seen[-1][0]:
            seen.append((minute, market.context(KEY).vwap))
        elif not seen:
            seen.append((minute, None))
        market.apply(packet)
        context = market.context(KEY)
        base = [value for moment, value in seen if moment <= context.time - 60 * MINUTE and value is not None]
        assert context.vwap_slope == (context.vwap - base[-1] if base and context.vwap is not None else None)


def test_a_seed_gives_deviation_and_slope_of_the_past() -> None:
    market = make_market()
    minutes = tuple(bar(OPEN + number * MINUTE, 10_000 + number, 10_000 + number) for number in range(90))
    rows = {9_990: 450, 10_090: 450}
    market.seed(
        InstrumentSeed(
            instrument=KEY,
            until=OPEN + 90 * MINUTE,
            source="GENERATED",
            volume_rows=rows,
            minutes=minutes,
            day=bar(OPEN, 9_990, 10_090),
            volume=900,
            turnover=10_040 * 900,
            previous_close=10_000,
        )
    )
    context = market.context(KEY)
    assert (context.vwap, context.vwap_deviation, context.deviation_minutes) == (10_040, 50, 90)
    first_half_hour = sum(10_000 + number for number in range(30)) / 30
    assert context.vwap_slope == pytest.approx(10_040 - first_half_hour, abs=1)
    assert context.opening_range == (10_000, 10_004)
    assert context.open_type.name == "UNKNOWN"
