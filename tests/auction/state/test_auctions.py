"""All instruments under one clock: staleness, holes, quality, strangers and the context's cache."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import ProfileSettings, Settings
from engine.auction.report.auction_report import instrument_report
from engine.auction.state.auctions import Auctions
from engine.auction.values.context import Hole, Quality
from engine.market.clock import MINUTE, SECOND
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.price import MAX_PAISE
from engine.market.update import Bar, MarketUpdate
from tests.auction.builders import CLOSE, KEY, OPEN, STOCK, at, bar, make_market, make_update

OTHER = Instrument("NSE_FO|1", "OPTION", InstrumentClass.OPTION, 5, 35, 1_800, Provenance.INFERRED)


def trade(market: Auctions, clock: str, volume: int, key: str = KEY) -> bool:
    return market.apply(make_update(at(clock), 10_000, volume, instrument=key)).after_hole


def test_an_update_of_a_stranger_is_counted_and_ignored() -> None:
    market = make_market()
    applied = market.apply(make_update(at("10:00"), 10_000, 5, instrument="NSE_EQ|NOBODY"))
    assert (applied.accepted, market.unknown) == (False, 1)


def test_asking_for_a_stranger_names_it() -> None:
    market = make_market()
    for ask in (market.context, market.auction, market.continuity):
        with pytest.raises(ValueError, match="NSE_EQ"):
            ask("NSE_EQ|NOBODY")


def test_an_older_packet_moves_nothing() -> None:
    market = make_market()
    market.apply(make_update(at("10:00"), 10_000, 5))
    market.apply(make_update(at("10:01"), 10_050, 9))
    before = market.context(KEY)
    applied = market.apply(
        make_update(at("10:00:30"), 9_000, 7, minute=bar(at("09:59"), 1, 2), day=bar(OPEN, 9_000, 11_000))
    )
    assert not applied.accepted
    assert market.context(KEY) == before
    assert market.continuity(KEY).out_of_order == 1


def test_the_first_trade_after_a_hole_is_unplaced_for_each_instrument() -> None:
    market = make_market(STOCK, OTHER)
    for key in (KEY, OTHER.key):
        trade(market, "10:00", 1, key)
        trade(market, "10:00:01", 2, key)
    assert trade(market, "10:00:40", 10)
    assert not trade(market, "10:00:41", 11)
    assert trade(market, "10:00:45", 30, OTHER.key)
    assert not trade(market, "10:00:46", 31, OTHER.key)
    assert market.holes == (Hole(at("10:00:01"), at("10:00:40")),)
    assert market.auction(KEY).placement.unplaced(market.holes) == 8
    assert market.auction(OTHER.key).placement.unplaced(market.holes) == 28


def test_a_pause_of_one_instrument_is_no_hole_while_another_trades() -> None:
    market = make_market(STOCK, OTHER)
    trade(market, "10:00", 1)
    for second in range(0, 60, 5):
        trade(market, f"10:00:{second:02}", second + 1, OTHER.key)
    assert not trade(market, "10:00:58", 500)
    assert market.holes == ()


def test_a_late_trade_inside_a_hole_heals_it_and_its_unplaced_volume() -> None:
    market = make_market(STOCK, OTHER)
    trade(market, "10:00", 1)
    trade(market, "10:00", 1, OTHER.key)
    trade(market, "10:00:01", 2)
    assert trade(market, "10:00:15", 10)
    trade(market, "10:00:08", 2, OTHER.key)
    assert market.holes == ()
    assert market.auction(KEY).placement.unplaced(market.holes) == 0
    assert market.context(KEY).holes == ()


def test_stale_compares_the_newest_trade_with_the_fastest_clock() -> None:
    market = make_market()
    assert market.stale(at("10:00"))
    behind = -6 * SECOND
    market.apply(make_update(at("10:00"), 10_000, 1, arrival=at("10:00") + behind))
    market.apply(make_update(at("10:00:10"), 10_000, 2, arrival=at("10:00:10") + behind + SECOND))
    assert not market.stale(at("10:00:15") + behind)
    assert market.stale(at("10:00:16") + behind)
    assert not market.stale(CLOSE + behind)


def test_packets_that_keep_coming_with_old_trades_are_stale() -> None:
    market = make_market()
    market.apply(make_update(at("10:00"), 10_000, 1, arrival=at("10:00")))
    market.apply(make_update(at("10:00:01"), 10_000, 2, arrival=at("10:01:30")))
    assert market.context(KEY).quality is Quality.STALE


def test_a_long_hole_marks_figures_for_ten_minutes() -> None:
    market = make_market()
    market.apply(make_update(OPEN - SECOND, 10_000, 0))
    trade(market, "10:00", 1)
    trade(market, "10:01", 2)
    assert market.context(KEY).quality is Quality.GAP
    for second in range(61, 676, 5):
        market.apply(make_update(at("10:00") + second * SECOND, 10_000, second))
    assert market.context(KEY).quality is Quality.LIVE


def test_a_context_stays_the_same_object_until_something_changes() -> None:
    market = make_market(STOCK, OTHER)
    trade(market, "10:00", 1)
    trade(market, "10:00:01", 2)
    first = market.context(KEY)
    assert market.context(KEY) is first
    trade(market, "10:00:02", 3, OTHER.key)
    assert market.context(KEY) is first
    trade(market, "10:00:30", 4, OTHER.key)
    trade(market, "10:00:31", 5, OTHER.key)
    assert market.context(KEY).holes == market.holes
    trade(market, "10:00:32", 4)
    assert market.context(KEY) is not first


def test_context_before_any_update_is_not_ready_and_empty() -> None:
    context = make_market().context(KEY)
    assert context.quality is Quality.NOT_READY
    assert (context.last, context.row, context.volume_profile, context.atr) == (None, None, None, None)
    assert context.day_type.name == "UNKNOWN"
    assert context.time == OPEN


@st.composite
def strange_bars(draw: st.DrawFn) -> Bar:
    prices = st.integers(0, MAX_PAISE) | st.integers(9_000, 11_000)
    return Bar(
        start=OPEN + draw(st.integers(-600, 600)) * MINUTE,
        open=draw(prices),
        high=draw(prices),
        low=draw(prices),
        close=draw(prices),
        volume=draw(st.integers(0, 10**9)),
    )


strange_updates = st.builds(
    make_update,
    st.integers(OPEN - 86_400 * SECOND, CLOSE + 86_400 * SECOND),
    st.integers(0, MAX_PAISE) | st.integers(9_000, 11_000),
    st.integers(0, 10**10) | st.integers(0, 1_000),
    last_quantity=st.integers(0, 10**9),
    average_price=st.none() | st.integers(0, MAX_PAISE),
    day=st.none() | strange_bars(),
    minute=st.none() | strange_bars(),
    previous_close=st.sampled_from([0, 10_000]),
    bids=st.just(()) | st.tuples(st.tuples(st.integers(0, MAX_PAISE), st.integers(0, 10**9))),
    asks=st.just(()) | st.tuples(st.tuples(st.integers(0, MAX_PAISE), st.integers(0, 10**9))),
    auction=st.booleans(),
    snapshot=st.booleans(),
)


@settings(max_examples=200)
@given(st.lists(strange_updates, max_size=12))
def test_whatever_a_packet_holds_every_reading_stands(updates: list[MarketUpdate]) -> None:
    market = make_market(settings=Settings(profile=ProfileSettings(row=100.0)))
    market.apply(make_update(OPEN - SECOND, 10_000, 0))
    for update in updates:
        market.apply(update)
        context = market.context(KEY)
        market.auction(KEY).rows()
        json.dumps(instrument_report(market, KEY), allow_nan=False)
        for reading in (context.volume_profile, context.tpo_profile):
            assert reading is None or reading.val <= reading.poc <= reading.vah
    assert market.continuity(KEY).updates == len(updates) + 1


def test_an_impossible_price_is_ignored_and_noted() -> None:
    market = make_market()
    trade(market, "10:00", 1)
    applied = market.apply(make_update(at("10:00:01"), MAX_PAISE, 5))
    assert not applied.accepted
    wild = bar(at("09:59"), 1, MAX_PAISE)
    market.apply(make_update(at("10:00:02"), 10_010, 9, day=wild, minute=wild))
    context = market.context(KEY)
    assert (context.high, context.low, context.last, context.minutes) == (10_010, 10_000, 10_010, ())
    assert "1 packets with impossible prices ignored" in context.notes


def test_at_most_two_hours_of_minutes_are_shown() -> None:
    market = make_market()
    for number in range(150):
        start = OPEN + number * MINUTE
        market.apply(make_update(start + MINUTE, 10_000, number, minute=bar(start, 10_000, 10_000)))
    assert len(market.context(KEY).minutes) == 120
    assert market.context(KEY).minutes[-1].start == OPEN + 149 * MINUTE


def test_a_bar_whose_low_is_above_its_high_is_no_bar() -> None:
    market = make_market()
    trade(market, "10:00", 1)
    upside_down = bar(at("09:59"), 10_020, 9_990)
    market.apply(make_update(at("10:00:02"), 10_010, 9, day=upside_down, minute=upside_down))
    context = market.context(KEY)
    assert (context.high, context.low, context.minutes) == (10_010, 10_000, ())
    assert [(bracket.low, bracket.high) for bracket in context.brackets] == [(10_000, 10_010)]
