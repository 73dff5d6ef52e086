"""The footprint in the context: ended bars are read once, and it is what reading every bar anew would say."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import ProfileSettings, Settings
from engine.auction.flow.footprint import find_imbalances, find_stacks, footprint_rows
from engine.auction.flow.footprint_reading import STACKS_SHOWN, Footprint
from engine.auction.flow.order_flow import BAR
from engine.auction.state.auction import Auction
from engine.auction.state.auctions import Auctions
from engine.auction.values.levels import DiagonalImbalance, StackedImbalance
from engine.market.clock import MINUTE
from engine.market.session import trading_day
from engine.market.update import MarketUpdate
from tests.auction.builders import DAY, KEY, OPEN, climb, feeds, make_market, make_update
from tests.recordings import EQ_A, OPT_A, recorded_tape


def read_anew(auction: Auction) -> Footprint:
    """Return the footprint of all bars, as the replay's report read it before the context held it."""
    height, tick = auction.ticks_per_row, auction.instrument.tick
    bars = auction.flow.bars
    if height is None or not bars:
        return Footprint()
    sides = {1: "BUY", -1: "SELL"}
    stacks = [
        StackedImbalance(slot * BAR, stack.low, stack.high, sides[stack.sign], stack.rows)
        for slot in sorted(bars)
        for stack in find_stacks(footprint_rows([bars[slot]], height, tick))
    ]
    newest = max(bars)
    imbalances = tuple(
        DiagonalImbalance(newest * BAR, one.price, sides[one.sign])
        for one in find_imbalances(footprint_rows([bars[newest]], height, tick))
    )
    rows = footprint_rows(bars.values(), height, tick)
    deltas = {row.price: row.bought - row.sold for row in rows if row.bought or row.sold}
    return Footprint(tuple(stacks[-STACKS_SHOWN:]), imbalances, deltas)


def check(market: Auctions, key: str = KEY) -> None:
    auction, context = market.auction(key), market.context(key)
    anew = read_anew(auction)
    assert auction.footprint == anew
    assert (context.stacked_imbalances, context.diagonal_imbalances) == (anew.stacks, anew.imbalances)
    shown = {row.price: row.delta for row in auction.rows() if row.delta is not None}
    assert shown == anew.deltas


@given(feeds(), st.booleans())
def test_the_footprint_is_what_reading_every_bar_anew_says(
    packets: list[MarketUpdate], settled: bool
) -> None:
    market = make_market(settings=Settings(profile=ProfileSettings(row=0.2)) if settled else Settings())
    for packet in packets:
        market.apply(packet)
        check(market)


@pytest.mark.parametrize(("key", "row"), [(EQ_A, "auto"), (EQ_A, 0.1), (OPT_A, "auto")])
def test_the_footprint_of_a_recorded_day_is_what_reading_every_bar_anew_says(
    key: str, row: float | Literal["auto"]
) -> None:
    tape, settings = recorded_tape(), Settings(profile=ProfileSettings(row=row))
    market = Auctions(tape.instruments, trading_day(DAY, settings.session), settings)
    for number, update in enumerate(tape.updates):
        market.apply(update)
        if number % 2_500 == 0:
            check(market, key)
    check(market, key)


def test_an_ended_bar_is_read_once_and_again_when_a_late_trade_reaches_it() -> None:
    market = make_market(settings=Settings(profile=ProfileSettings(row=0.1)))
    market.apply(make_update(OPEN - MINUTE, 10_000, 0))
    volume = 0
    for number in range(4):
        volume = climb(market, OPEN + number * BAR, 10_000 + 10 * number, volume)
        check(market)
    auction = market.auction(KEY)
    before = auction.footprint
    assert [(stack.time, stack.side) for stack in before.stacks] == [
        (OPEN + number * BAR, "BUY") for number in range(4)
    ]
    assert auction.footprint is before
    volume = climb(market, OPEN + 3 * BAR + MINUTE, 10_100, volume)
    check(market)
    after = auction.footprint
    assert all(kept is known for kept, known in zip(after.stacks[:3], before.stacks[:3], strict=True))
    assert after.stacks[3] is not before.stacks[3]
    late = make_update(OPEN + BAR + 2 * MINUTE, 9_000, volume + 900, bids=((8_990, 5),), asks=((9_010, 5),))
    market.apply(late)
    assert auction.flow.late_trades == 1
    assert auction.footprint != after
    check(market)
