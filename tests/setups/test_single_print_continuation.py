from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.values.context import Context, Hole, Quality
from engine.auction.values.levels import Node, NodeKind, Zone
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.setups.signal import Refusal, Signal
from engine.setups.single_print_continuation import SinglePrintContinuation
from tests.setups.builders import (
    HIGH,
    LOW,
    PRIOR,
    ROW,
    STOCK,
    Day,
    bar_start,
    changed,
    make_context,
    mirror,
    plain,
    say,
)

Bars = tuple[tuple[int, int, int], ...]
EDGE = 101_000
ZONE = Zone(low=EDGE, high=101_200, rows=5, letter="E", loose_share=0.2)
NODES = (
    Node(NodeKind.HIGH, 100_800, 900),
    Node(NodeKind.HIGH, 101_800, 700),
    Node(NodeKind.HIGH, 102_000, 600),
)
READY: dict[str, Any] = {"nodes": NODES}
UP = (101_100, 101_500, 101_400)
HIGHER = (101_300, 101_600, 101_500)
RETEST = (101_020, 101_350, 101_150)
DAY: Bars = (UP, *[HIGHER] * 11, RETEST)
"""Brackets C and D close above the zone; the first bar of E comes back to its edge and holds."""


def contexts(bars: Bars, zone: Zone | None = ZONE, **fields: object) -> Iterator[Context]:
    """Give out a day; the zone is there until the bar that fills it."""
    for count in range(1, len(bars) + 1):
        filled = count > 1 and bars[count - 1][0] <= ZONE.high
        zones = () if zone is None or filled else (zone,)
        yield changed(make_context(Day(bars[:count])), {"zones": zones} | READY | fields)


def run(bars: Bars, zone: Zone | None = ZONE, **fields: object) -> list[Signal | Refusal]:
    return say(SinglePrintContinuation(STOCK.key), contexts(bars, zone, **fields))


def test_the_retest_of_an_accepted_edge_is_a_long_to_the_next_node() -> None:
    (signal,) = run(DAY)
    assert isinstance(signal, Signal)
    assert (signal.side, signal.price, signal.stop_reference) == (Side.BUY, 101_150, EDGE - 2 * ROW)
    assert (signal.target_1, signal.target_2, signal.edge) == (101_800, 102_000, EDGE)
    assert (signal.evidence["accepted_at"], signal.evidence["zone"]) == ("11:15", "single prints")
    # Twelve of 25 bars lie wholly beyond the edge.
    assert signal.evidence["volume_beyond_share"] == 13 / 25


def test_a_zone_below_is_the_short_that_mirrors_it() -> None:
    (signal,) = say(SinglePrintContinuation(STOCK.key), map(mirror, contexts(DAY)))
    assert isinstance(signal, Signal)
    assert (signal.side, signal.stop_reference) == (Side.SELL, LOW + HIGH - EDGE + 2 * ROW)


def test_a_naked_poc_of_the_last_days_is_a_target_and_an_older_one_is_not() -> None:
    fields: dict[str, Any] = {"prior": PRIOR, "nodes": NODES[:1]}
    (young,) = run(DAY, naked_pocs=((date(2025, 12, 10), 101_700),), **fields)
    assert isinstance(young, Signal)
    assert (young.target_1, young.target_2) == (101_700, 101_700)
    assert young.evidence["target_1"] == "naked POC of 2025-12-10"
    (old,) = run(DAY, naked_pocs=((date(2025, 12, 9), 101_700),), **fields)
    assert isinstance(old, Refusal)
    assert old.code == "REFERENCE_OLD"


@pytest.mark.parametrize(
    ("bars", "zone", "nodes"),
    [
        (DAY, None, NODES),
        (DAY, ZONE, NODES[1:]),
        (DAY, ZONE, (NODES[0], Node(NodeKind.LOW, 100_900, 5), *NODES[1:])),
        ((UP, *[HIGHER] * 5, RETEST), ZONE, NODES),
        ((*DAY[:-1], (101_060, 101_350, 101_150)), ZONE, NODES),
        ((*DAY[:-1], (100_900, 101_350, 100_990)), ZONE, NODES),
        ((*[(100_500, 100_900, 100_800)] * 12, RETEST), ZONE, NODES[:1]),
    ],
    ids=[
        "no zone",
        "no node behind",
        "a valley between",
        "one bracket beyond",
        "edge not touched",
        "not held",
        "never left",
    ],
)
def test_look_alikes_say_nothing(bars: Bars, zone: Zone | None, nodes: tuple[Node, ...]) -> None:
    assert run(bars, zone, nodes=nodes) == []


@pytest.mark.parametrize(
    ("zone", "fields", "code"),
    [
        (replace(ZONE, rows=2), {}, "ZONE_THIN"),
        (replace(ZONE, loose_share=1.0), {}, "ZONE_LOOSE"),
        (ZONE, {"nodes": NODES[:1]}, "NO_TARGET"),
        (ZONE, {"quality": Quality.STALE}, "STALE_FEED"),
        (ZONE, {"holes": (Hole(bar_start(12), bar_start(12) + 31 * SECOND),)}, "HOLE_RECENT"),
        (ZONE, {"last": EDGE - ROW}, "PRICE_LEFT"),
    ],
)
def test_each_off_condition_refuses_with_its_code_and_numbers(
    zone: Zone, fields: dict[str, Any], code: str
) -> None:
    (refusal,) = run(DAY, zone, **fields)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side) == (code, Side.BUY)
    assert refusal.evidence["edge_price"] == 1010.0


def test_a_zone_that_one_exact_trade_made_is_good_enough() -> None:
    (said,) = run(DAY, replace(ZONE, rows=3, loose_share=0.99))
    assert isinstance(said, Signal)


def test_too_little_volume_beyond_is_no_acceptance() -> None:
    *_, before, last = contexts(DAY)
    fives = tuple(
        type(bar)(bar.start, bar.open, bar.high, bar.low, bar.close, 50 if bar.low >= EDGE else 10_000)
        for bar in last.five_minutes
    )
    (refusal,) = say(SinglePrintContinuation(STOCK.key), [before, replace(last, five_minutes=fives)])
    assert isinstance(refusal, Refusal)
    assert refusal.code == "NOT_ACCEPTED"


def test_a_low_volume_node_is_a_zone_of_three_rows() -> None:
    low = Node(NodeKind.LOW, EDGE + ROW, 5, loose_share=0.3)
    (signal,) = run(DAY, None, nodes=(*NODES, low))
    assert isinstance(signal, Signal)
    assert (signal.edge, signal.evidence["zone"], signal.evidence["zone_rows"]) == (EDGE, "LVN", 3)
    (unknown,) = run(DAY, None, nodes=(*NODES, replace(low, loose_share=None)))
    assert isinstance(unknown, Refusal)
    assert unknown.code == "NOT_READY"


def test_a_valley_that_came_after_the_move_is_none_to_come_back_to() -> None:
    low = Node(NodeKind.LOW, EDGE + ROW, 5, loose_share=0.3)
    seen = list(contexts(DAY, None))
    late = [*seen[:8], *(replace(one, nodes=(*NODES, low)) for one in seen[8:])]
    assert say(SinglePrintContinuation(STOCK.key), late) == []


def test_a_zone_that_was_filled_before_the_retest_is_forgotten() -> None:
    seen = list(contexts(DAY))
    filled = [*seen[:10], *(replace(one, zones=()) for one in seen[10:])]
    assert say(SinglePrintContinuation(STOCK.key), filled) == []


def test_one_acceptance_gets_one_retest() -> None:
    assert len(run((*DAY, HIGHER, RETEST))) == 1


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"row": None}, "row size"),
        ({"nodes": ()}, "volume nodes"),
        ({"partial_since": bar_start(-9)}, "whole record of the day"),
        ({"brackets": ()}, "brackets"),
    ],
)
def test_each_missing_input_is_said_once_and_nothing_is_judged(fields: dict[str, Any], name: str) -> None:
    (refusal,) = run(DAY, **fields)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side, refusal.evidence) == ("NOT_READY", None, {"missing": name})


def test_the_premise_breaks_with_a_close_two_rows_inside_the_node() -> None:
    (signal,) = run(DAY)
    assert isinstance(signal, Signal)
    setup = SinglePrintContinuation(STOCK.key)
    for close, expected in ((EDGE - 2 * ROW + 10, False), (EDGE - 2 * ROW, True)):
        *_, later = contexts((*DAY, (close, 101_100, close)))
        assert bool(setup.broken(later, signal)) is expected


ticks = st.integers(-10, 25).map(lambda steps: 101_000 + steps * 50)
any_bar = st.tuples(ticks, ticks, ticks).map(lambda prices: (min(prices), max(prices), prices[2]))
days = st.lists(any_bar, min_size=1, max_size=6).map(lambda bars: (UP, *[HIGHER] * 11, *bars))


@given(bars=days)
def test_the_market_upside_down_gives_the_opposite_trades(bars: Bars) -> None:
    upright, upside_down = SinglePrintContinuation(STOCK.key), SinglePrintContinuation(STOCK.key)
    for context in contexts(bars):
        assert plain(upright.evaluate(context), upside_down=True) == plain(
            upside_down.evaluate(mirror(context))
        )


@given(bars=days, future=st.lists(any_bar, max_size=4).map(tuple))
def test_what_comes_later_changes_no_earlier_decision(bars: Bars, future: Bars) -> None:
    assert run((*bars, *future))[: len(run(bars))] == run(bars)
