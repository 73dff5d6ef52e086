from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.values.context import AverageRange, Context, Hole, Quality
from engine.market.clock import MINUTE, SECOND
from engine.market.side import Side
from engine.setups.eighty_percent import EightyPercent
from engine.setups.signal import Refusal, Signal
from tests.setups.builders import LOW, OPEN, PRIOR, ROW, STOCK, changed, make_morning, mirror, plain, say

Bars = tuple[tuple[int, int, int], ...]
BELOW = (99_600, 99_900, 99_800)
ENTER = (99_700, 100_200, 100_100)
IN = (100_050, 100_250, 100_150)
OPENED = 99_800
BRACKETS: Bars = (*[BELOW] * 6, *[ENTER] * 6, *[IN] * 6)
"""A below value, B enters it, C closes inside."""
SPAN = AverageRange(2_000, Quality.LIVE, 20)


def contexts(bars: Bars, opened: int = OPENED, **fields: object) -> Iterator[Context]:
    for count in range(1, len(bars) + 1):
        yield changed(make_morning(*bars[:count], opened=opened), {"average_range": SPAN} | fields)


def run(bars: Bars, opened: int = OPENED, **fields: object) -> list[Signal | Refusal]:
    return say(EightyPercent(STOCK.key), contexts(bars, opened, **fields))


def test_two_brackets_inside_after_an_open_below_value_are_a_long() -> None:
    (signal,) = run(BRACKETS)
    assert isinstance(signal, Signal)
    assert signal.time == OPEN + 90 * MINUTE + SECOND
    assert (signal.side, signal.price, signal.stop_reference) == (Side.BUY, 100_150, 99_700 - ROW)
    assert (signal.target_1, signal.target_2) == (PRIOR.poc, PRIOR.vah + ROW - STOCK.tick)
    assert (signal.evidence["entering_bracket"], signal.evidence["value_share_of_range"]) == ("B", 0.495)


def test_an_open_above_value_is_the_short_that_mirrors_it() -> None:
    (signal,) = say(EightyPercent(STOCK.key), map(mirror, contexts(BRACKETS)))
    assert isinstance(signal, Signal)
    assert (signal.side, signal.stop_reference) == (Side.SELL, 101_300 + ROW)


@pytest.mark.parametrize(
    ("bars", "opened"),
    [
        ((*[IN] * 6, *[ENTER] * 6, *[IN] * 6), LOW),
        ((*[BELOW] * 6, *[ENTER] * 6, *[BELOW] * 6), OPENED),
        ((*[BELOW] * 6, *[ENTER] * 6, *[IN] * 5, (99_800, 100_100, 99_900)), OPENED),
        ((*[BELOW] * 6, *[ENTER] * 6, *[IN] * 5), OPENED),
    ],
    ids=["opened inside and stayed", "one bracket inside", "second closes outside", "second not over"],
)
def test_look_alikes_say_nothing(bars: Bars, opened: int) -> None:
    assert run(bars, opened=opened) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"prior": replace(PRIOR, day_type="TREND")}, "PRIOR_DAY_TYPE"),
        ({"prior": replace(PRIOR, day_type="DOUBLE DISTRIBUTION")}, "PRIOR_DAY_TYPE"),
        ({"prior": replace(PRIOR, high=101_000, low=100_100)}, "VALUE_WEAK"),
        ({"prior": replace(PRIOR, value_weak="shape B")}, "VALUE_WEAK"),
        ({"average_range": AverageRange(4_000, Quality.LIVE, 20)}, "VALUE_NARROW"),
        ({"average_range": AverageRange(1_090, Quality.LIVE, 20)}, "VALUE_WIDE"),
        ({"quality": Quality.STALE}, "STALE_FEED"),
        ({"holes": (Hole(OPEN + 85 * MINUTE, OPEN + 86 * MINUTE),)}, "HOLE_RECENT"),
        ({"last": LOW}, "PRICE_LEFT"),
        ({"last": PRIOR.poc}, "NO_TARGET"),
    ],
)
def test_each_off_condition_refuses_with_its_code_and_numbers(fields: dict[str, Any], code: str) -> None:
    (refusal,) = run(BRACKETS, **fields)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side) == (code, Side.BUY)
    assert refusal.evidence["entering_extreme"] == 997.0


def test_one_time_outside_gives_one_occasion_and_leaving_again_another() -> None:
    assert len(run((*BRACKETS, *[IN] * 24))) == 1
    assert len(run((*BRACKETS, *[BELOW] * 6, *[IN] * 12))) == 2


def test_a_day_that_opened_inside_left_and_came_back_for_two_brackets_is_the_same_trade() -> None:
    left: Bars = (*[IN] * 6, *[BELOW] * 6, *[ENTER] * 6, *[IN] * 6)
    (signal,) = run(left, opened=LOW + 50)
    assert isinstance(signal, Signal)
    assert signal.time == OPEN + 120 * MINUTE + SECOND
    assert (signal.side, signal.stop_reference) == (Side.BUY, 99_700 - ROW)
    assert (signal.evidence["left_in_bracket"], signal.evidence["entering_bracket"]) == ("B", "C")
    assert signal.premise.startswith("bracket B closed outside the prior value area")


def test_a_bracket_that_looked_outside_but_closed_inside_did_not_leave() -> None:
    looked = (99_600, 100_200, 100_150)
    assert run((*[IN] * 6, *[looked] * 6, *[IN] * 12), opened=LOW + 50) == []


def test_an_old_pair_is_not_spoken_of_after_a_late_start() -> None:
    *_, last = contexts((*BRACKETS, *[IN] * 6))
    assert EightyPercent(STOCK.key).evaluate(last) is None


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"row": None}, "row size"),
        ({"average_range": None}, "average daily range"),
        ({"prior": None}, "prior value area"),
        ({"prior": replace(PRIOR, quality=Quality.STALE)}, "prior value area"),
    ],
)
def test_each_missing_input_is_said_once_and_nothing_is_judged(fields: dict[str, Any], name: str) -> None:
    (refusal,) = run((*BRACKETS, *[IN] * 6), **fields)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side, refusal.evidence) == ("NOT_READY", None, {"missing": name})


def test_without_the_first_bracket_or_the_open_it_is_not_ready() -> None:
    *_, last = contexts(BRACKETS)
    setup = EightyPercent(STOCK.key)
    assert setup.missing(replace(last, brackets=last.brackets[1:])) == ("brackets since the open",)
    assert setup.missing(replace(last, open=None)) == ("opening price",)
    assert setup.missing(last) == ()


def test_the_premise_breaks_when_a_bracket_closes_outside_again() -> None:
    (signal,) = run(BRACKETS)
    assert isinstance(signal, Signal)
    setup = EightyPercent(STOCK.key)
    *_, held, out = contexts((*BRACKETS, *[IN] * 6, *[BELOW] * 6))
    assert setup.broken(held, signal) == ""
    assert "closed outside" in setup.broken(out, signal)


ticks = st.integers(-30, 30).map(lambda steps: 100_200 + steps * 40)
any_bar = st.tuples(ticks, ticks, ticks).map(lambda prices: (min(prices), max(prices), prices[2]))
days = st.lists(any_bar, min_size=1, max_size=30).map(tuple)


@given(bars=days, opened=st.sampled_from([99_800, 100_500, 101_200]))
def test_the_market_upside_down_gives_the_opposite_trades(bars: Bars, opened: int) -> None:
    upright, upside_down = EightyPercent(STOCK.key), EightyPercent(STOCK.key)
    for context in contexts(bars, opened=opened):
        assert plain(upright.evaluate(context), upside_down=True) == plain(
            upside_down.evaluate(mirror(context))
        )


@given(bars=days, future=st.lists(any_bar, max_size=8).map(tuple))
def test_what_comes_later_changes_no_earlier_decision(bars: Bars, future: Bars) -> None:
    assert run((*bars, *future))[: len(run(bars))] == run(bars)
