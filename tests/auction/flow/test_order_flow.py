"""Aggressor rules, order-flow imbalance, footprint and absorption, on made packets and against a naive reading."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import ProfileSettings, Settings
from engine.auction.flow.absorption import Absorber, Nearest, absorption_threshold
from engine.auction.flow.footprint import (
    FootprintRow,
    Imbalance,
    Stack,
    find_imbalances,
    find_stacks,
    footprint_rows,
)
from engine.auction.flow.order_flow import OrderFlow
from engine.auction.profile.value_area import Rows
from engine.auction.values.levels import Absorption, DeltaReading
from engine.market.clock import SECOND
from engine.market.update import MarketUpdate
from tests.auction.builders import CLOSE, KEY, OPEN, TICK, at, damaged_feeds, feeds, make_market, make_update


@st.composite
def quoted_feeds(draw: st.DrawFn) -> list[MarketUpdate]:
    """Draw a feed whose books lean either way, lag, cross or are missing."""
    packets = []
    for packet in draw(feeds(max_size=30)):
        bid = packet.last + TICK * draw(st.integers(-4, 3))
        ask = bid + TICK * draw(st.integers(0, 4))
        packets.append(
            msgspec.structs.replace(
                packet,
                bids=((bid, draw(st.integers(1, 50))),) if draw(st.booleans()) else (),
                asks=((ask, draw(st.integers(1, 50))),) if draw(st.integers(0, 4)) else (),
            )
        )
    return packets


def side_by(quote: MarketUpdate | None, price: int, otherwise: int) -> int:
    if quote is None or not quote.bids or not quote.asks:
        return otherwise
    middle = (quote.bids[0][0] + quote.asks[0][0]) / 2
    return 1 if price > middle else -1 if price < middle else otherwise


def naive_rules(packets: Sequence[MarketUpdate]) -> tuple[int, int, int, int, int]:
    """Return net volume under the three rules, volume inside the spread and the imbalance, all at once."""
    nets = [0, 0, 0]
    inside = imbalance = 0
    for index, packet in enumerate(packets):
        before = packets[index - 1] if index else None
        size = packet.volume - max((p.volume for p in packets[:index]), default=packet.volume)
        if size > 0:
            # Event prices in order, the first packet's included: the last one that differs gives the direction.
            prices = [packets[0].last] + [
                b.last for a, b in pairwise(packets[: index + 1]) if b.volume > a.volume
            ]
            moves = [b - a for a, b in pairwise(prices) if a != b]
            direction = 0 if not moves else 1 if moves[-1] > 0 else -1
            nets[0] += size * side_by(before, packet.last, direction)
            nets[1] += size * side_by(packet, packet.last, direction)
            nets[2] += size * direction
            if before is not None and before.bids and before.asks:
                inside += size * (before.bids[0][0] < packet.last < before.asks[0][0])
        if before is not None and all((packet.bids, packet.asks, before.bids, before.asks)):
            (bid, bid_size), (ask, ask_size) = packet.bids[0], packet.asks[0]
            (old_bid, old_bid_size), (old_ask, old_ask_size) = before.bids[0], before.asks[0]
            imbalance += (bid >= old_bid) * bid_size - (bid <= old_bid) * old_bid_size
            imbalance -= (ask <= old_ask) * ask_size - (ask >= old_ask) * old_ask_size
    return nets[0], nets[1], nets[2], inside, imbalance


def figures(flow: OrderFlow) -> tuple[int, int, int, int, int]:
    return flow.previous_quote, flow.same_quote, flow.tick_rule, flow.inside, flow.imbalance


@given(quoted_feeds())
def test_incremental_equals_a_naive_reading_after_every_packet(packets: list[MarketUpdate]) -> None:
    market = make_market()
    for count, packet in enumerate(packets, start=1):
        market.apply(packet)
        assert figures(market.auction(KEY).flow) == naive_rules(packets[:count])


@given(damaged_feeds())
def test_repeats_and_older_packets_change_no_order_flow(
    pair: tuple[list[MarketUpdate], list[MarketUpdate]],
) -> None:
    found = []
    for packets in pair:
        market = make_market()
        for packet in packets:
            market.apply(packet)
        flow = market.auction(KEY).flow
        found.append((figures(flow), flow.bars, flow.absorptions))
    assert found[0] == found[1]


@given(quoted_feeds())
def test_mirrored_prices_change_the_sign(packets: list[MarketUpdate]) -> None:
    def mirrored(packet: MarketUpdate) -> MarketUpdate:
        return msgspec.structs.replace(
            packet,
            last=20_000 - packet.last,
            bids=tuple((20_000 - price, size) for price, size in packet.asks),
            asks=tuple((20_000 - price, size) for price, size in packet.bids),
            day=None,
            minute=None,
        )

    plain, mirror = make_market(), make_market()
    for packet in packets:
        plain.apply(msgspec.structs.replace(packet, day=None, minute=None))
        mirror.apply(mirrored(packet))
    one, other = figures(plain.auction(KEY).flow), figures(mirror.auction(KEY).flow)
    assert other == (-one[0], -one[1], -one[2], one[3], -one[4])


@given(quoted_feeds(), st.sampled_from([OPEN - SECOND, CLOSE, CLOSE + SECOND]))
def test_packets_outside_the_session_change_no_order_flow(packets: list[MarketUpdate], moment: int) -> None:
    market = make_market()
    for packet in packets:
        market.apply(packet)
    before = figures(market.auction(KEY).flow)
    late = make_update(moment, 9_000, packets[-1].volume + 50, bids=((8_990, 1),), asks=((9_010, 9),))
    market.apply(late)
    assert figures(market.auction(KEY).flow) == before


def test_the_quote_before_the_trade_decides() -> None:
    flow = OrderFlow()
    flow.begin(10_000)
    flow.take(((9_990, 5),), ((10_010, 5),))
    flow.take(((10_010, 5),), ((10_030, 5),), 7, 10_010, 1_001, OPEN)
    assert (flow.previous_quote, flow.same_quote, flow.tick_rule) == (7, -7, 7)
    rules = (("LR-prev", 7), ("same", -7), ("tick", 7))
    assert flow.reading == DeltaReading("LR-prev", 7, -7, 7, 0.0, 10, rules, agreed_share=0.0)
    assert flow.reading.sign == 0


def test_the_first_trade_at_the_first_price_has_no_side() -> None:
    flow = OrderFlow()
    flow.begin(10_000)
    flow.take((), (), 7, 10_000, 1_000, OPEN)
    assert (flow.previous_quote, flow.total, flow.bars) == (0, 7, {})
    assert flow.agreed == 7


def rows_of(*pairs: tuple[int, int]) -> tuple[FootprintRow, ...]:
    return tuple(FootprintRow(index * 10, bought, sold) for index, (bought, sold) in enumerate(pairs))


def test_diagonal_imbalances_compare_with_the_other_side_one_row_away() -> None:
    rows = rows_of((0, 10), (30, 10), (29, 40), (13, 1))
    assert find_imbalances(rows) == (Imbalance(10, 1), Imbalance(20, -1))
    assert find_imbalances(rows_of((0, 0))) == ()


def test_a_thin_row_is_no_imbalance() -> None:
    assert find_imbalances(rows_of((3, 0), (90, 10), (20, 60))) == (Imbalance(10, 1),)


def test_three_imbalances_in_a_row_are_a_stack() -> None:
    rows = rows_of((9, 0), (9, 0), (9, 0), (9, 0))
    assert find_stacks(rows) == (Stack(0, 30, 1, 4),)
    assert find_stacks(rows_of((9, 0), (9, 0), (4, 9), (9, 0))) == ()
    assert find_stacks(rows_of((0, 9), (0, 9), (0, 9))) == (Stack(0, 20, -1, 3),)


def test_the_footprint_groups_ticks_into_rows() -> None:
    bars = [{100: [5, 1], 101: [0, 2]}, {104: [1, 0]}]
    assert footprint_rows(bars, 2, 10) == (
        FootprintRow(1_000, 5, 3),
        FootprintRow(1_020, 0, 0),
        FootprintRow(1_040, 1, 0),
    )
    assert footprint_rows([], 2, 10) == ()


def press(absorber: Absorber, seconds: int, row: int, volume: int = 40, *, refilled: bool = True) -> int:
    side = absorber.sign
    return absorber.take(row, seconds * SECOND, (side, side, side), volume, 100, refilled=refilled)


@pytest.mark.parametrize("sign", [1, -1])
def test_pressure_that_does_not_get_through_is_absorbed_once(sign: int) -> None:
    absorber = Absorber(sign)
    assert press(absorber, 0, 0) == 0
    assert press(absorber, 20, sign) == 0
    assert press(absorber, 25, 0) == 0
    assert press(absorber, 29, 0) == 0
    assert press(absorber, 30, 0) == 160
    assert press(absorber, 40, 0) == 0


def test_price_getting_through_ends_the_stand() -> None:
    absorber = Absorber(1)
    press(absorber, 0, 0, 100)
    press(absorber, 10, 2)
    assert press(absorber, 40, 0, 10) == 0
    assert press(absorber, 41, 2, 60) == 100


def test_price_falling_away_ends_the_stand() -> None:
    absorber = Absorber(1)
    press(absorber, 0, 0, 100)
    absorber.take(-4, 10 * SECOND, (-1, -1, -1), 5, 100, refilled=True)
    assert press(absorber, 40, 0) == 0


def test_absorption_needs_every_rule_and_a_refill() -> None:
    absorber = Absorber(1)
    press(absorber, 0, 0, 200, refilled=False)
    assert press(absorber, 40, 0, 200, refilled=False) == 0
    doubtful = Absorber(1)
    doubtful.take(0, 0, (1, 1, -1), 500, 100, refilled=True)
    assert doubtful.take(0, 40 * SECOND, (1, -1, 1), 99, 100, refilled=True) == 0
    assert press(doubtful, 41, 0, 1) == 100


def test_the_stand_that_came_nearest_is_remembered_with_what_it_lacked() -> None:
    absorber = Absorber(-1)
    press(absorber, 0, 0, 500)
    assert absorber.nearest is None, "it was not held long enough"
    absorber = Absorber(-1)
    press(absorber, 0, 0, 30)
    press(absorber, 30, 0, 30)
    press(absorber, 40, -2, 30)
    press(absorber, 75, -2, 10)
    assert absorber.nearest == Nearest(60, 100, 0, 30 * SECOND)
    press(absorber, 80, -2, 60)
    assert absorber.nearest == Nearest(60, 100, 0, 30 * SECOND), "an absorption is no near miss"


def test_the_threshold_is_three_median_rows() -> None:
    assert absorption_threshold(None) == 0
    assert absorption_threshold(Rows(0, [5, 0, 9, 100])) == 27
    assert absorption_threshold(Rows(0, [5, 0, 10])) == 23


def test_the_market_reports_buyers_absorbed_at_a_high() -> None:
    market = make_market(settings=Settings(profile=ProfileSettings(row=0.1)))
    volume = 0
    market.apply(make_update(OPEN - SECOND, 9_950, volume))

    def trade(clock: str, price: int, size: int, bid: int, ask: int) -> None:
        nonlocal volume
        volume += size
        market.apply(make_update(at(clock), price, volume, bids=((bid, 50),), asks=((ask, 50),)))

    for number in range(5):
        trade(f"10:00:{number:02}", 9_950 + 10 * number, 10, 9_940 + 10 * number, 9_960 + 10 * number)
    trade("10:01:00", 9_990, 1, 9_990, 10_000)
    for number in range(5):
        trade(f"10:01:{10 + 8 * number}", 10_000, 20, 9_990, 10_000)
        assert (market.context(KEY).absorptions == ()) == (number < 4)
    (found,) = market.context(KEY).absorptions
    assert found == Absorption(at("10:01:42"), 10_000, "BUY", 100)
