"""A past that stands before the first update of an auction."""

import pytest

from engine.auction.values.context import Quality
from engine.market.clock import MINUTE
from engine.market.seed import InstrumentSeed
from tests.auction.builders import (
    KEY,
    OPEN,
    at,
    bar,
    make_market,
    make_update,
)
from tests.auction.state.playing import play


def make_seed(until: str = "11:00", average_range: int | None = None) -> InstrumentSeed:
    minutes = tuple(
        bar(OPEN + index * MINUTE, 9_900 + index, 10_000 + index, 9_950 + index)
        for index in range((at(until) - OPEN) // MINUTE)
    )
    rows = {9_900: 100, 9_950: 300, 10_000: 200}
    return InstrumentSeed(
        instrument=KEY,
        until=at(until),
        source="GENERATED",
        volume_rows=rows,
        minutes=minutes,
        day=bar(OPEN, 9_900, minutes[-1].high, minutes[-1].close, 600),
        volume=600,
        turnover=sum(price * volume for price, volume in rows.items()),
        previous_close=9_800,
        average_range=average_range,
    )


def test_a_seeded_past_stands_before_the_first_update_and_counts_as_known() -> None:
    market = make_market()
    market.seed(make_seed(average_range=1_600))
    context = market.context(KEY)
    assert context.quality is not Quality.PARTIAL
    assert context.partial_since is None
    assert market.auction(KEY).seeded_from == "GENERATED"
    assert context.row == 20
    assert context.average_range is not None
    assert context.average_range.quality is Quality.LIVE
    assert context.volume_profile is not None
    assert context.volume_profile.total == 600
    assert context.volume_profile.poc == 9_940
    assert context.vwap == 9_958
    assert context.initial_balance is not None
    assert (context.initial_balance.low, context.initial_balance.high) == (9_900, 10_059)
    assert [bracket.letter for bracket in context.brackets] == ["A", "B", "C", "D"]
    assert [bracket.complete for bracket in context.brackets] == [True, True, True, False]
    assert context.atr == 100
    assert len(context.five_minutes) == 21
    assert context.placed_volumes == (10,) * 105
    assert (context.open, context.last, context.previous_close) == (9_900, 10_054, 9_800)


def test_updates_after_a_seed_continue_its_volume() -> None:
    market = make_market()
    market.seed(make_seed())
    applied = market.apply(make_update(at("11:00:01"), 10_050, 650))
    assert applied.increment == 50
    context = market.context(KEY)
    assert context.volume_profile is not None
    assert context.volume_profile.total == 650
    assert context.vwap == (600 * 9_958_33 // 100 + 50 * 10_050 + 325) // 650


def test_a_seed_without_rows_leaves_the_profile_partial() -> None:
    market = make_market()
    seed = make_seed()
    market.seed(
        InstrumentSeed(
            instrument=KEY,
            until=seed.until,
            source="DAY BAR",
            volume_rows={},
            minutes=(),
            day=seed.day,
            volume=600,
            turnover=seed.turnover,
            previous_close=9_800,
        )
    )
    assert market.context(KEY).partial_since == at("11:00")
    assert market.context(KEY).initial_balance is None


def test_a_seed_after_the_first_update_is_refused() -> None:
    market = play([make_update(at("10:00"), 10_000, 5)])
    with pytest.raises(ValueError, match="seed first"):
        market.seed(make_seed())
