from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.values.context import AverageRange, Context, Hole, NamedReading, Quality
from engine.auction.values.levels import Acceptance
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.setups.signal import Refusal, Signal
from engine.setups.value_area_fade import ValueAreaFade
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
INSIDE = (100_400, 100_900, 100_600)
TAKEN = (100_700, 101_200, 101_100)
BACK = (100_800, 101_150, 100_900)
OUT = (101_010, 101_200, 101_100)
READY: dict[str, Any] = {
    "prior": PRIOR,
    "shape": "D",
    "poc_migration": 0,
    "acceptance": dict.fromkeys(("VAL", "VAH", "PVAL", "PVAH"), Acceptance.TESTING),
}
OPENED_OUTSIDE: dict[str, Any] = {"open": 101_100}
LATE = (INSIDE,) * 11
"""Bars until 11:10."""


def contexts(bars: Bars, day: Day | None = None, **fields: object) -> Iterator[Context]:
    for count in range(1, len(bars) + 1):
        base = make_context(replace(day or Day((), poc=100_400), bars=bars[:count]))
        yield changed(base, READY | fields)


def run(bars: Bars, day: Day | None = None, **fields: object) -> list[Signal | Refusal]:
    return say(ValueAreaFade(STOCK.key), contexts(bars, day, **fields))


def only_refusal(bars: Bars, day: Day | None = None, **fields: object) -> Refusal:
    (said,) = run(bars, day, **fields)
    assert isinstance(said, Refusal)
    return said


def test_a_probe_above_prior_value_that_closes_back_in_is_a_short_to_the_other_side() -> None:
    (signal,) = run((INSIDE, TAKEN, BACK))
    assert isinstance(signal, Signal)
    assert (signal.side, signal.price, signal.stop_reference) == (Side.SELL, 100_900, 101_200 + ROW)
    assert (signal.target_1, signal.target_2) == (PRIOR.poc + ROW - STOCK.tick, PRIOR.val)
    assert signal.edge == PRIOR.vah + ROW - STOCK.tick
    assert signal.evidence["edge"] == "prior VAH"
    assert signal.evidence["probe_share_of_range"] == 0.0525
    assert signal.evidence["balance_share"] == 0.8333


def test_a_probe_below_prior_value_is_the_long_that_mirrors_it() -> None:
    (signal,) = say(ValueAreaFade(STOCK.key), map(mirror, contexts((INSIDE, TAKEN, BACK))))
    assert isinstance(signal, Signal)
    assert (signal.side, signal.price, signal.stop_reference) == (Side.BUY, 100_100, 99_800 - ROW)


def test_after_an_open_outside_prior_value_todays_own_counts_from_a_quarter_past_eleven() -> None:
    assert run((INSIDE, TAKEN, BACK), **OPENED_OUTSIDE) == []
    (signal,) = run((*LATE, TAKEN, BACK), **OPENED_OUTSIDE)
    assert isinstance(signal, Signal)
    assert signal.evidence["edge"] == "developing volume VAH"
    assert signal.target_1 == 100_400 + ROW - STOCK.tick


@pytest.mark.parametrize(
    "bars",
    [
        (INSIDE, (100_700, 101_030, 100_900)),
        (INSIDE, TAKEN, (100_900, 101_100, 100_950)),
        (INSIDE, TAKEN, OUT),
        (INSIDE, INSIDE),
    ],
    ids=["under a row beyond", "under a row inside", "still outside", "never out"],
)
def test_look_alikes_say_nothing(bars: Bars) -> None:
    assert run(bars) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"day_type": NamedReading("TREND", developing=True, evidence={})}, "TREND_DAY"),
        ({"shape": "P"}, "SHAPE"),
        ({"shape": ""}, "SHAPE"),
        ({"low": 99_000}, "BALANCE_NARROW"),
        ({"prior": replace(PRIOR, day_type="TREND")}, "VALUE_WEAK"),
        ({"prior": replace(PRIOR, high=101_000, low=100_100)}, "VALUE_WEAK"),
        ({"prior": replace(PRIOR, value_weak="shape B")}, "VALUE_WEAK"),
        ({"one_timeframing": 3}, "ONE_TIMEFRAMING"),
        ({"extended_up": True, "poc_migration": 3}, "VALUE_MOVING"),
        ({"extended_up": True, "poc_migration": None}, "NOT_READY"),
        ({"acceptance": {"PVAH": Acceptance.ACCEPTED}}, "ACCEPTED"),
        ({"acceptance": {}}, "NOT_READY"),
        ({"quality": Quality.STALE}, "STALE_FEED"),
        ({"holes": (Hole(bar_start(1), bar_start(1) + 31 * SECOND),)}, "HOLE_RECENT"),
        ({"last": HIGH}, "PRICE_LEFT"),
        ({"last": LOW}, "NO_TARGET"),
    ],
)
def test_each_off_condition_refuses_with_its_code_and_numbers(fields: dict[str, Any], code: str) -> None:
    refusal = only_refusal((INSIDE, TAKEN, BACK), **fields)
    assert (refusal.code, refusal.side) == (code, Side.SELL)
    assert refusal.evidence["edge_price"] == 1009.9


@pytest.mark.parametrize(
    "fields",
    [
        {"one_timeframing": -5},
        {"one_timeframing": 2},
        {"extended_up": True, "poc_migration": 2},
        {"extended_up": True, "poc_migration": -4},
        {"extended_down": True, "poc_migration": 5},
        {"acceptance": {"PVAH": Acceptance.TESTING, "PVAL": Acceptance.ACCEPTED}},
    ],
)
def test_what_runs_the_other_way_does_not_forbid_it(fields: dict[str, Any]) -> None:
    (said,) = run((INSIDE, TAKEN, BACK), **fields)
    assert isinstance(said, Signal)


def test_weak_developing_value_is_refused_with_its_reason() -> None:
    refusal = only_refusal((*LATE, TAKEN, BACK), value_weak="shape B", **OPENED_OUTSIDE)
    assert refusal.code == "VALUE_WEAK"
    assert "shape B" in refusal.reason


def test_a_probe_too_far_and_a_late_return_are_refused_once() -> None:
    deep = (100_700, 101_600, 101_500)
    assert only_refusal((INSIDE, deep, OUT, BACK)).code == "PROBE_TOO_FAR"
    assert isinstance(run((INSIDE, TAKEN, *[OUT] * 4, BACK))[0], Signal)
    late = only_refusal((INSIDE, TAKEN, *[OUT] * 5, BACK))
    assert late.code == "WINDOW_CLOSED"


def test_one_probe_gets_one_decision_and_the_next_another() -> None:
    said = run((TAKEN, BACK, INSIDE, BACK, INSIDE))
    assert [one.time for one in said] == [bar_start(2) + SECOND, bar_start(4) + SECOND]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"initial_balance": None}, "initial balance"),
        ({"row": None}, "row size"),
        ({"average_range": None}, "average daily range"),
        ({"prior": None}, "prior value area"),
        ({"prior": replace(PRIOR, quality=Quality.NOT_READY, reason="split")}, "prior value area"),
        ({"open": None}, "opening price"),
        ({"volume_profile": None}, "value area"),
        ({"high": None}, "day range"),
    ],
)
def test_each_missing_input_is_said_once_and_nothing_is_judged(fields: dict[str, Any], name: str) -> None:
    refusal = only_refusal((INSIDE, TAKEN, BACK, INSIDE), **fields)
    assert (refusal.code, refusal.side, refusal.evidence) == ("NOT_READY", None, {"missing": name})


def test_an_estimated_range_is_not_ready_where_it_is_not_allowed() -> None:
    setup = ValueAreaFade(STOCK.key, estimated_range=False)
    seen = list(contexts((INSIDE, TAKEN, BACK)))
    assert [one.code for one in say(setup, seen) if isinstance(one, Refusal)] == ["NOT_READY"]
    known = [replace(one, average_range=AverageRange(4_000, Quality.LIVE, 20)) for one in seen]
    assert isinstance(say(ValueAreaFade(STOCK.key, estimated_range=False), known)[0], Signal)


def test_the_premise_breaks_when_price_is_accepted_outside() -> None:
    *_, last = contexts((INSIDE, TAKEN, BACK))
    (signal,) = run((INSIDE, TAKEN, BACK))
    assert isinstance(signal, Signal)
    setup = ValueAreaFade(STOCK.key)
    assert setup.broken(last, signal) == ""
    accepted = replace(last, acceptance=last.acceptance | {"PVAH": Acceptance.ACCEPTED})
    assert "VAH" in setup.broken(accepted, signal)


ticks = st.integers(-30, 30).map(lambda steps: 100_500 + steps * 25 // 10 * 10)
any_bar = st.tuples(ticks, ticks, ticks).map(lambda prices: (min(prices), max(prices), prices[2]))
days = st.lists(any_bar, min_size=1, max_size=20).map(tuple)
openings = st.sampled_from([100_500, 101_200])


@given(bars=days, opened=openings)
def test_the_market_upside_down_gives_the_opposite_trades(bars: Bars, opened: int) -> None:
    upright, upside_down = ValueAreaFade(STOCK.key), ValueAreaFade(STOCK.key)
    for context in contexts(bars, open=opened):
        assert plain(upright.evaluate(context), upside_down=True) == plain(
            upside_down.evaluate(mirror(context))
        )


@given(bars=days, future=st.lists(any_bar, max_size=5).map(tuple))
def test_what_comes_later_changes_no_earlier_decision(bars: Bars, future: Bars) -> None:
    assert run((*bars, *future))[: len(run(bars))] == run(bars)
