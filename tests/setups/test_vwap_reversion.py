from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.values.context import Context, Hole, NamedReading, Quality
from engine.auction.values.levels import Acceptance, Node, NodeKind
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.setups.signal import Refusal, Signal
from engine.setups.vwap_reversion import VwapReversion
from tests.setups.builders import (
    HIGH,
    LOW,
    PRIOR,
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
NEAR = (100_200, 100_500, 100_300)
AT_VAL = (99_980, 100_200, 100_020)
"""Closes two ticks above the value area low, 2.4 deviations below the VWAP."""
READY: dict[str, Any] = {
    "prior": PRIOR,
    "vwap": 100_500,
    "vwap_deviation": 200,
    "vwap_slope": 100,
    "deviation_minutes": 60,
    "balance_state": "BALANCE",
    "acceptance": {"IBL": Acceptance.TESTING, "IBH": Acceptance.TESTING},
}


def contexts(bars: Bars, **fields: object) -> Iterator[Context]:
    for count in range(1, len(bars) + 1):
        yield changed(make_context(Day(bars[:count], poc=100_500)), READY | fields)


def run(bars: Bars, **fields: object) -> list[Signal | Refusal]:
    return say(VwapReversion(STOCK.key), contexts(bars, **fields))


def test_two_deviations_below_at_the_value_edge_are_a_long_to_the_vwap() -> None:
    (signal,) = run((NEAR, AT_VAL))
    assert isinstance(signal, Signal)
    assert (signal.side, signal.price, signal.stop_reference) == (Side.BUY, 100_020, 99_900)
    assert (signal.target_1, signal.target_2, signal.edge) == (100_500, 100_500, 100_500)
    assert (signal.evidence["deviations_away"], signal.evidence["level"]) == (2.4, "volume VAL")


def test_two_deviations_above_are_the_short_that_mirrors_it() -> None:
    (signal,) = say(VwapReversion(STOCK.key), map(mirror, contexts((NEAR, AT_VAL))))
    assert isinstance(signal, Signal)
    assert (signal.side, signal.stop_reference) == (Side.SELL, 101_100)


def test_a_low_volume_node_is_a_level_too() -> None:
    node = Node(NodeKind.LOW, 99_950 - 50 * 3, 100)
    away: dict[str, Any] = {"vwap": 100_300, "nodes": (node,)}
    (signal,) = run((NEAR, (99_800, 100_100, 99_850)), **away)
    assert isinstance(signal, Signal)
    assert signal.evidence["level"] == "LVN 998.00"
    assert (
        run((NEAR, (99_800, 100_100, 99_850)), **(away | {"nodes": (Node(NodeKind.HIGH, 99_800, 1),)})) == []
    )


def test_after_a_late_start_only_the_edge_by_time_counts_and_the_deviation_says_since_when() -> None:
    late: dict[str, Any] = {"partial_since": bar_start(-9)}
    (signal,) = run((NEAR, AT_VAL), **late)
    assert isinstance(signal, Signal)
    assert signal.evidence["level"] == "TPO VAL"
    assert str(signal.evidence["deviation_since"]).startswith("2025-12-15T09:30")
    node = (Node(NodeKind.LOW, 99_800, 100),)
    assert run((NEAR, (99_800, 100_100, 99_850)), vwap=100_300, nodes=node, **late) == []


@pytest.mark.parametrize(
    "bars",
    [
        (NEAR, (100_000, 100_300, 100_110)),
        (NEAR, (99_980, 100_300, 100_200)),
        (NEAR, (99_800, 100_100, 99_930)),
    ],
    ids=["under two deviations", "touched but closed near", "no level there"],
)
def test_look_alikes_say_nothing(bars: Bars) -> None:
    assert run(bars) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"day_type": NamedReading("TREND", developing=True, evidence={})}, "TREND_DAY"),
        ({"balance_state": "IMBALANCE"}, "NO_BALANCE"),
        ({"balance_state": ""}, "NO_BALANCE"),
        ({"vwap_slope": 200}, "VWAP_SLOPE"),
        ({"vwap_slope": -200}, "VWAP_SLOPE"),
        ({"deviation_minutes": 59}, "DEVIATION_YOUNG"),
        ({"extended_down": True, "acceptance": {}}, "NOT_READY"),
        ({"extended_down": True, "acceptance": {"IBL": Acceptance.ACCEPTED}}, "ACCEPTED"),
        ({"quality": Quality.STALE}, "STALE_FEED"),
        ({"holes": (Hole(bar_start(0), bar_start(0) + 31 * SECOND),)}, "HOLE_RECENT"),
        ({"last": 99_900}, "PRICE_LEFT"),
        ({"last": 100_500}, "NO_TARGET"),
    ],
)
def test_each_off_condition_refuses_with_its_code_and_numbers(fields: dict[str, Any], code: str) -> None:
    (refusal,) = run((NEAR, AT_VAL), **fields)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side) == (code, Side.BUY)
    assert refusal.evidence["vwap"] == 1005.0


@pytest.mark.parametrize(
    "fields",
    [
        {"extended_up": True, "acceptance": {"IBH": Acceptance.ACCEPTED}},
        {"extended_down": True},
        {"vwap_slope": 199},
    ],
)
def test_what_lies_on_the_other_side_or_under_the_limit_does_not_forbid_it(fields: dict[str, Any]) -> None:
    (said,) = run((NEAR, AT_VAL), **fields)
    assert isinstance(said, Signal)


def test_one_run_beyond_two_deviations_gets_one_decision() -> None:
    assert len(run((NEAR, AT_VAL, (99_900, 100_100, 99_990), AT_VAL))) == 1
    assert len(run((NEAR, AT_VAL, NEAR, AT_VAL))) == 2


def test_a_decided_run_is_not_spoken_of_after_a_late_start() -> None:
    *_, last = contexts((NEAR, AT_VAL, AT_VAL))
    assert VwapReversion(STOCK.key).evaluate(last) is None


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"row": None}, "row size"),
        ({"average_range": None}, "average daily range"),
        ({"vwap": None}, "VWAP"),
        ({"vwap_deviation": None}, "VWAP deviation"),
        ({"vwap_slope": None}, "VWAP slope"),
        ({"volume_profile": None}, "value area"),
        ({"prior": None}, "prior value area"),
    ],
)
def test_each_missing_input_is_said_once_and_nothing_is_judged(fields: dict[str, Any], name: str) -> None:
    (refusal,) = run((NEAR, AT_VAL, NEAR, AT_VAL), **fields)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side, refusal.evidence) == ("NOT_READY", None, {"missing": name})


def test_the_premise_breaks_on_a_trend_day_and_with_acceptance_behind() -> None:
    (signal,) = run((NEAR, AT_VAL))
    assert isinstance(signal, Signal)
    setup = VwapReversion(STOCK.key)
    *_, last = contexts((NEAR, AT_VAL))
    assert setup.broken(last, signal) == ""
    trend = NamedReading("TREND", developing=True, evidence={})
    assert "TREND" in setup.broken(replace(last, day_type=trend), signal)
    accepted = replace(last, extended_down=True, acceptance={"IBL": Acceptance.ACCEPTED})
    assert "IBL" in setup.broken(accepted, signal)


ticks = st.integers(-25, 25).map(lambda steps: 100_500 + steps * 30)
any_bar = st.tuples(ticks, ticks, ticks).map(lambda prices: (min(prices), max(prices), prices[2]))
days = st.lists(any_bar, min_size=1, max_size=12).map(tuple)
nodes = st.lists(st.integers(-4, 24).map(lambda row: Node(NodeKind.LOW, LOW + 50 * row, 10)), max_size=3).map(
    tuple
)


@given(bars=days, nodes=nodes)
def test_the_market_upside_down_gives_the_opposite_trades(bars: Bars, nodes: tuple[Node, ...]) -> None:
    upright, upside_down = VwapReversion(STOCK.key), VwapReversion(STOCK.key)
    for context in contexts(bars, nodes=nodes, vwap=(LOW + HIGH) // 2 + 40):
        assert plain(upright.evaluate(context), upside_down=True) == plain(
            upside_down.evaluate(mirror(context))
        )


@given(bars=days, future=st.lists(any_bar, max_size=5).map(tuple))
def test_what_comes_later_changes_no_earlier_decision(bars: Bars, future: Bars) -> None:
    assert run((*bars, *future))[: len(run(bars))] == run(bars)
