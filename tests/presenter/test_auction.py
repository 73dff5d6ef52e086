"""The auction's picture is its context in words: nothing is left out, and nothing is worked out anew."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given

from config import ProfileSettings, Settings
from engine.auction.state.auctions import Auctions
from engine.contract.auction_views import (
    AuctionView,
    GapView,
)
from engine.contract.views import (
    LadderView,
)
from engine.market.clock import MINUTE, SECOND
from engine.market.quality import Quality
from engine.market.session import trading_day
from engine.market.update import MarketUpdate
from engine.orders.quote import Quote
from engine.presenter.auction import build_auction
from engine.presenter.evidence import describe_evidence
from engine.presenter.ladder import build_ladder
from tests.auction.builders import DAY, KEY, OPEN, STOCK, bar, climb, feeds, make_market, make_update
from tests.auction.prior.sessions import days_back, levels_of, session

SETTINGS = Settings(profile=ProfileSettings(row=0.1))


def market_after(prior_quality: Quality = Quality.LIVE) -> Auctions:
    """Return a day that opens 0.40 above the range of the day before, and whose buyers lift it in three bars."""
    (before,) = days_back(1)
    prior = levels_of(
        session(before, low=9_900, high=9_950, value=(9_910, 9_920, 9_940)), previous_close=None
    )
    prior = replace(prior, quality=prior_quality, reason="built from candles" * (not prior.ready))
    market = Auctions({KEY: STOCK}, trading_day(DAY, SETTINGS.session), SETTINGS, {KEY: prior})
    market.apply(make_update(OPEN - MINUTE, 10_000, 0))
    market.apply(make_update(OPEN, 9_990, 0, day=bar(OPEN, 9_990, 9_990)))
    volume = 0
    for number in range(3):
        volume = climb(market, OPEN + 5 * number * MINUTE, 10_000 + 10 * number, volume)
    return market


def ladder_of(market: Auctions) -> LadderView:
    context, rows = market.context(KEY), market.auction(KEY).rows()
    return build_ladder(context, rows, Quote(), (), SETTINGS.profile, 0)


@given(feeds(max_size=30))
def test_the_picture_of_any_feed_is_its_context_and_travels_whole(packets: list[MarketUpdate]) -> None:
    market = make_market(settings=SETTINGS)
    for packet in packets:
        market.apply(packet)
    context = market.context(KEY)
    view = build_auction(context)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(view), type=AuctionView) == view
    assert (view.day_type.name, view.open_type.name) == (context.day_type.name, context.open_type.name)
    assert len(view.day_type.evidence) == len(context.day_type.evidence)
    assert view.day_type.falsifier == context.day_type.falsifier
    assert {one.level: one.state for one in view.acceptance} == context.acceptance
    assert sorted((one.name, one.price, one.note) for one in view.levels) == sorted(
        (one.name, one.price, one.note) for one in context.levels
    )
    assert [one.price for one in view.levels] == sorted((one.price for one in view.levels), reverse=True)
    assert (view.order_flow is None) == (context.delta is None)
    if view.order_flow is not None:
        flow, rules = market.auction(KEY).flow, {one.name: one.delta for one in view.order_flow.rules}
        assert rules == {"LR-prev": flow.previous_quote, "same": flow.same_quote, "tick": flow.tick_rule}
        assert (view.order_flow.low, view.order_flow.high) == (min(rules.values()), max(rules.values()))
        assert view.order_flow.delta == rules[view.order_flow.rule]
    net = sum(row.delta or 0 for row in ladder_of(market).rows)
    assert net == market.auction(KEY).flow.previous_quote


def test_the_picture_says_where_the_auction_stands_and_who_pressed() -> None:
    view = build_auction(market_after().context(KEY))
    assert view.gap == GapView(up=True, size=9_990 - 9_950, filled_share=0.0)
    assert view.location == "above prior range"
    assert view.open_type.evidence == ("reason no average daily range of at least 5 earlier days",)
    assert view.value_weak == "8 rows"
    flow = view.order_flow
    assert flow is not None
    assert (flow.delta, flow.low, flow.high) == (1_800, 1_300, 1_800), (
        "the tick rule differs where a bar begins lower"
    )
    assert [(one.time - OPEN) // MINUTE for one in flow.stacked] == [10, 5, 0], "newest first"
    assert {one.side for one in flow.stacked} == {"BUY"}
    assert {(one.time - OPEN) // MINUTE for one in flow.diagonal} == {10}


@pytest.mark.parametrize(
    ("quality", "mark"), [(Quality.LIVE, "PDH"), (Quality.ESTIMATED, "PDH~"), (Quality.NOT_READY, None)]
)
def test_a_mark_says_how_far_its_level_may_be_trusted(quality: Quality, mark: str | None) -> None:
    market = market_after(quality)
    market.apply(make_update(OPEN + 20 * MINUTE, 9_940, 9_000))
    marks = [mark for row in ladder_of(market).rows for mark in row.marks]
    assert [one for one in marks if one.startswith("PDH")] == ([] if mark is None else [mark])
    (level,) = [one for one in build_auction(market.context(KEY)).levels if one.name == "PDH"]
    assert level.quality == quality.value
    assert "POC" in marks


def test_a_row_without_an_aggressor_has_no_delta() -> None:
    market = make_market(settings=SETTINGS)
    market.apply(make_update(OPEN - MINUTE, 10_000, 0))
    market.apply(make_update(OPEN + SECOND, 10_000, 50))
    assert [(row.price, row.volume, row.delta) for row in ladder_of(market).rows] == [(10_000, 50, None)]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.82, "range share 0.82"),
        (0.123456789, "range share 0.123457"),
        (25_912.35, "range share 25,912.35"),
        (1_085.0, "range share 1,085"),
        (3, "range share 3"),
        (None, "range share ?"),
        ("", "range share none"),
        ("up", "range share up"),
    ],
)
def test_evidence_is_told_in_words_and_no_price_loses_its_paise(
    value: float | str | None, words: str
) -> None:
    assert describe_evidence({"range_share": value}) == (words,)
