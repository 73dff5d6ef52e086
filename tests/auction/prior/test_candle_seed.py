"""A session joined in its middle with the past from 1-minute candles: what they tell exactly, what they guess."""

from itertools import groupby

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Settings
from engine.auction.report.auction_report import instrument_report
from engine.auction.state.auction import LEAST_DAYS
from engine.auction.state.auctions import Auctions
from engine.auction.state.structure_reading import read_zones
from engine.auction.structure.tpo_structure import StructureMemo
from engine.auction.values.context import Context, Quality
from engine.market.candles import DailyRange, seed_from_minutes
from engine.market.clock import MINUTE, SECOND, isoformat
from engine.market.seed import InstrumentSeed
from engine.market.session import trading_day
from engine.market.update import Bar
from tests.auction.builders import (
    CLOSE,
    DAY,
    KEY,
    OPEN,
    STOCK,
    Trade,
    at,
    bar,
    conflate,
    make_market,
    make_update,
    tapes,
)
from tests.auction.session.openings import AUCTION, DRIVE, PRIOR, REVERSE, TEST_DRIVE, Path


def minutes_of(tape: list[Trade]) -> tuple[Bar, ...]:
    """Return the exchange's candles of a tape."""
    found = []
    for start, trades in groupby(tape, key=lambda trade: trade.time // MINUTE * MINUTE):
        inside = list(trades)
        prices = [trade.price for trade in inside]
        volume = sum(trade.quantity for trade in inside)
        found.append(Bar(start, prices[0], max(prices), min(prices), prices[-1], volume))
    return tuple(found)


def seed_of(minutes: tuple[Bar, ...], average_range: DailyRange | None = None) -> InstrumentSeed:
    seed = seed_from_minutes(STOCK, minutes, 10_000, average_range=average_range)
    assert seed is not None
    return seed


def joined(minutes: tuple[Bar, ...], average_range: DailyRange | None = None) -> Auctions:
    market = make_market()
    market.seed(seed_of(minutes, average_range))
    return market


def quiet(until: str, since: str = "09:15") -> tuple[Bar, ...]:
    """Minutes that go up a tick each and come back within the next."""
    count = (at(until) - at(since)) // MINUTE
    return tuple(
        bar(at(since) + index * MINUTE, 9_900 + 10 * index, 9_950 + 10 * index) for index in range(count)
    )


@given(tapes(min_size=3))
def test_what_minutes_hold_exactly_equals_the_record_of_every_trade(tape: list[Trade]) -> None:
    tape = [Trade(OPEN, 10_000, 10), *tape]
    minutes = minutes_of(tape)
    late = joined(minutes)
    whole = make_market()
    whole.apply(make_update(OPEN - SECOND, 10_000, 0))
    for packet in conflate(tape, range(len(tape))):
        whole.apply(packet)
    end = min(minutes[-1].start + MINUTE, CLOSE)
    whole.auction(KEY).brackets.advance(end)
    one, other = late.context(KEY), whole.context(KEY)
    assert [(b.letter, b.low, b.high) for b in one.brackets] == [
        (b.letter, b.low, b.high) for b in other.brackets
    ]
    assert (one.high, one.low, one.last, one.open) == (other.high, other.low, other.last, other.open)
    assert one.initial_balance == other.initial_balance
    assert one.opening_range == other.opening_range
    assert one.rotation_factor == other.rotation_factor
    assert one.volume_profile is not None
    assert one.volume_profile.total == one.estimated_volume == sum(trade.quantity for trade in tape)


def test_it_is_partial_from_the_end_of_the_minutes_and_then_from_the_first_packet() -> None:
    market = joined(quiet("11:00"))
    assert market.context(KEY).partial_since == at("11:00")
    assert market.auction(KEY).seeded_from == "CANDLES"
    market.apply(make_update(at("11:02:07"), 10_940, 5_000))
    context = market.context(KEY)
    assert (context.quality, context.partial_since) == (Quality.PARTIAL, at("11:02:07"))
    assert "PARTIAL from 11:02" in context.notes


def test_seeded_rows_are_marked_estimated_row_by_row_and_seen_ones_are_not() -> None:
    market = joined(quiet("11:00"))
    auction = market.auction(KEY)
    assert all(row.estimated == row.volume for row in auction.rows())
    market.apply(make_update(at("11:02"), 10_940, 5_000))
    market.apply(make_update(at("11:02:01"), 10_940, 5_040))
    rows = auction.rows()
    assert sum(row.volume - row.estimated for row in rows) == 40
    assert [row.volume - row.estimated for row in rows if row.price <= 10_940][-1] == 40
    quality = instrument_report(market, KEY)["quality"]
    assert isinstance(quality, dict)
    assert (
        quality["partial"],
        quality["partial_since"],
        quality["seeded_from"],
        quality["estimated_volume"],
    ) == (
        True,
        isoformat(at("11:02")),
        "CANDLES",
        1_050,
    )
    assert market.context(KEY).value_weak.endswith("96 % of the volume ESTIMATED, PARTIAL")


def test_atr_bars_balance_opening_range_and_brackets_are_ready_at_once() -> None:
    context = joined(quiet("11:00")).context(KEY)
    assert context.atr == 50
    assert len(context.five_minutes) == 21
    assert context.initial_balance is not None
    assert (context.initial_balance.low, context.initial_balance.high) == (9_900, 10_540)
    assert context.initial_balance.complete
    assert context.opening_range == (9_900, 9_990)
    assert [(one.letter, one.complete) for one in context.brackets] == [
        ("A", True),
        ("B", True),
        ("C", True),
        ("D", False),
    ]
    assert context.row is not None


def test_the_minute_that_the_feed_delivers_next_goes_on_without_a_break() -> None:
    market = joined(quiet("11:00"))
    market.apply(make_update(at("11:01:02"), 10_940, 5_000, minute=bar(at("11:00"), 10_940, 11_010)))
    context = market.context(KEY)
    assert context.minutes[-1].start == at("11:00")
    assert context.atr is not None
    assert context.brackets[-1].high == 11_010


def test_a_minute_lost_between_candles_and_feed_leaves_the_average_true_range_not_ready() -> None:
    market = joined(quiet("11:00"))
    market.apply(make_update(at("11:02:02"), 10_940, 5_000, minute=bar(at("11:01"), 10_940, 10_990)))
    assert market.context(KEY).atr is None
    assert "ATR NOT READY: minutes missing" in market.context(KEY).notes


def test_candles_that_count_more_than_the_feed_do_not_silence_it() -> None:
    market = joined(quiet("11:00"))
    assert sum(one.volume for one in quiet("11:00")) == 1_050
    market.apply(make_update(at("11:00:30"), 10_940, 1_000))
    applied = market.apply(make_update(at("11:00:31"), 10_950, 1_007))
    assert (applied.accepted, applied.increment) == (True, 7)


def test_a_standing_snapshot_is_the_baseline_and_what_it_adds_stays_unplaced() -> None:
    market = make_market()
    snapshot = make_update(at("11:00:30"), 10_940, 2_000, average_price=10_400, snapshot=True)
    seed = seed_from_minutes(STOCK, quiet("11:00"), 10_000, standing=snapshot)
    assert seed is not None
    market.seed(seed)
    market.apply(snapshot)
    applied = market.apply(make_update(at("11:00:31"), 10_950, 2_010, last_quantity=10, average_price=10_403))
    assert applied.increment == 10
    context = market.context(KEY)
    assert context.volume_profile is not None
    assert context.volume_profile.total == 1_050 + 10
    assert context.vwap == (2_000 * 10_400 + 10 * 10_950 + 1_005) // 2_010


def test_the_vwap_follows_the_brokers_own_from_the_first_packet_and_the_deviation_only_what_was_seen() -> (
    None
):
    market = joined(quiet("11:00"))
    market.apply(make_update(at("11:00:30"), 10_940, 3_000, average_price=10_500))
    assert market.context(KEY).vwap == 10_500
    assert market.context(KEY).vwap_deviation is None
    market.apply(make_update(at("11:00:31"), 10_960, 3_010, average_price=10_502))
    market.apply(make_update(at("11:00:32"), 10_980, 3_020, average_price=10_503))
    assert market.context(KEY).vwap_deviation == 10


def test_minutes_that_do_not_reach_back_leave_balance_opening_and_first_bracket_unknown() -> None:
    market = joined(quiet("11:00", since="10:05"))
    context = market.context(KEY)
    assert context.initial_balance is None
    assert context.opening_range is None
    assert [(one.letter, one.complete) for one in context.brackets] == [
        ("B", False),
        ("C", True),
        ("D", False),
    ]
    assert str(context.open_type.evidence["reason"]).startswith("late start at 11:00")


def test_a_day_bar_alone_leaves_the_bracket_it_joins_partial() -> None:
    market = make_market()
    day = bar(OPEN, 9_900, 10_200)
    market.seed(InstrumentSeed(KEY, at("11:05"), "DAY BAR", {}, (), day, 600, 6_000_000, 9_800))
    for clock in ("11:05:10", "11:15"):
        market.apply(make_update(at(clock), 10_000, 700))
    assert [(one.letter, one.complete) for one in market.context(KEY).brackets] == [
        ("D", False),
        ("E", False),
    ]


def retraced(path: Path, until: str, missing: str = "") -> Context:
    """Join at a time with the minutes of a path, levels of earlier days known, and see the rest of it."""
    trades = [Trade(at(clock), price, 1) for clock, price in path]
    minutes = tuple(one for one in minutes_of(trades) if one.start < at(until))
    if missing:
        minutes = tuple(one for one in minutes if one.start != at(missing))
    settings = Settings()
    market = Auctions({KEY: STOCK}, trading_day(DAY, settings.session), settings, {KEY: PRIOR})
    seed = seed_of(minutes)
    if missing:
        prices = [price for clock, price in path if at(clock) < at(until)]
        seed = replace_day(seed, max(prices), min(prices))
    market.seed(seed)
    volume = 10
    for clock, price in [*path, ("09:45", path[-1][1])]:
        if at(clock) >= at(until):
            market.apply(make_update(at(clock), price, volume := volume + 1))
    return market.context(KEY)


def replace_day(seed: InstrumentSeed, high: int, low: int) -> InstrumentSeed:
    return msgspec.structs.replace(seed, day=msgspec.structs.replace(seed.day, high=high, low=low))


@pytest.mark.parametrize("until", ["09:31", "09:45"])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        (DRIVE, "OPEN-DRIVE"),
        (TEST_DRIVE, "OPEN-TEST-DRIVE"),
        (REVERSE, "OPEN-REJECTION-REVERSE"),
        (AUCTION, "OPEN-AUCTION IN RANGE"),
    ],
)
def test_the_open_type_is_read_off_the_minutes_of_the_opening_and_says_so(
    path: Path, name: str, until: str
) -> None:
    reading = retraced(path, until).open_type
    assert reading.name == name, reading.evidence
    assert str(reading.evidence["path"]).startswith("1-minute bars until 09:")


def test_minutes_of_the_opening_that_lack_the_days_extreme_name_no_open_type() -> None:
    reading = retraced(REVERSE, "09:31", missing="09:25").open_type
    assert reading.name == "UNKNOWN"
    assert str(reading.evidence["reason"]).startswith("the minutes of the opening")


def test_after_a_late_start_the_day_bar_still_tells_how_far_the_first_hour_went() -> None:
    market = make_market()
    market.apply(make_update(at("09:32"), 10_040, 500, day=bar(OPEN, 9_950, 10_100)))
    reading = market.context(KEY).open_type
    assert reading.name == "UNKNOWN"
    assert (
        reading.evidence["open"],
        reading.evidence["first_hour_up"],
        reading.evidence["first_hour_down"],
    ) == (
        99.5,
        1.5,
        0.0,
    )


@pytest.mark.parametrize("days", [1, 4, 5, 20])
def test_a_range_of_fewer_than_five_days_is_an_estimate(days: int) -> None:
    minutes = tuple(bar(OPEN + index * MINUTE, 10_000, 10_000 + 10 * index) for index in range(40))
    found = joined(minutes, DailyRange(800, days)).auction(KEY).average_range
    assert found is not None
    if days >= LEAST_DAYS:
        assert (found.value, found.quality, found.days) == (800, Quality.LIVE, days)
    else:
        assert found.value != 800
        assert found.quality is Quality.ESTIMATED


@given(st.integers(1, 360))
def test_a_zone_of_guessed_volume_is_loose(count: int) -> None:
    minutes = tuple(
        bar(OPEN + index * MINUTE, 10_000 + 20 * index, 10_000 + 20 * index + 30) for index in range(count)
    )
    market = joined(minutes, average_range=DailyRange(800, 20))
    auction = market.auction(KEY)
    structure = StructureMemo().read(auction.brackets, auction.row)
    assert structure is not None
    volumes = auction.profile.view(auction.ticks_per_row or 1)
    assert all(zone.loose_share == 1 for zone in read_zones(auction, structure, volumes, ()))
