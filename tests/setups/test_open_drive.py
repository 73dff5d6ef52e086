from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.values.context import AverageRange, Context, GapReading, Hole, Quality
from engine.market.clock import MINUTE, SECOND
from engine.market.side import Side
from engine.setups.open_drive import OpenDrive, first_entry
from engine.setups.signal import Refusal, Signal
from tests.setups.builders import FIVE, OPEN, PRIOR, STOCK, changed, make_morning, mirror, plain, say

Bars = tuple[tuple[int, int, int], ...]
OPENED = 101_200
RANGE = (101_150, 101_500, 101_450)
"""The opening range: 50 below the open, 300 above."""
HOLDS = (101_520, 102_300, 102_250)
TOUCHES = (101_400, 102_300, 102_250)
SPAN = AverageRange(4_000, Quality.LIVE, 20)


def contexts(bars: Bars, opened: int = OPENED, **fields: object) -> Iterator[Context]:
    for count in range(1, len(bars) + 1):
        yield changed(make_morning(*bars[:count], opened=opened), {"average_range": SPAN} | fields)


def run(bars: Bars, opened: int = OPENED, **fields: object) -> list[Signal | Refusal]:
    return say(OpenDrive(STOCK.key), contexts(bars, opened, **fields))


def test_the_first_bar_that_holds_beyond_the_opening_range_joins_the_drive() -> None:
    (signal,) = run((RANGE, HOLDS))
    assert isinstance(signal, Signal)
    assert signal.time == OPEN + 10 * MINUTE + SECOND
    assert (signal.side, signal.price, signal.stop_reference) == (Side.BUY, 102_250, 101_150)
    assert (signal.target_1, signal.target_2) == (101_150 + 4_000, 101_150 + 6_000)
    assert (signal.evidence["drive_share_of_range"], signal.evidence["through_open_share"]) == (0.275, 0.0125)


def test_a_drive_down_is_the_short_that_mirrors_it() -> None:
    (signal,) = say(OpenDrive(STOCK.key), map(mirror, contexts((RANGE, HOLDS))))
    assert isinstance(signal, Signal)
    assert (signal.side, signal.stop_reference) == (Side.SELL, 99_850)


def test_the_bar_until_half_past_nine_is_the_last_that_may_join() -> None:
    (signal,) = run((RANGE, TOUCHES, (102_000, 102_400, 102_300)))
    assert isinstance(signal, Signal)
    assert signal.time == OPEN + 15 * MINUTE + SECOND
    assert run((RANGE, RANGE, RANGE, HOLDS)) == []


def test_a_bar_that_held_before_anything_could_be_sized_is_told_of_and_not_denied() -> None:
    bars = ((101_150, 102_000, 101_950), (102_010, 102_300, 102_250), (101_990, 102_350, 102_300))
    early, late = contexts(bars[:2], atr=None), list(contexts(bars))[-1:]
    (refusal,) = say(OpenDrive(STOCK.key), iter([*early, *late]))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, "before the ATR was ready" in refusal.reason) == ("NOT_READY", True)


@pytest.mark.parametrize(
    "bars",
    [(RANGE, (101_520, 102_190, 102_100)), (RANGE, TOUCHES), (RANGE,)],
    ids=["too short a drive", "not held yet", "opening range only"],
)
def test_look_alikes_say_nothing(bars: Bars) -> None:
    assert run(bars) == []


@pytest.mark.parametrize(
    ("bars", "fields", "code"),
    [
        (((100_990, 101_500, 101_450), HOLDS), {}, "THROUGH_OPEN"),
        ((RANGE, (101_000, 102_300, 101_140), (101_520, 102_300, 102_250)), {}, "RANGE_CROSSED"),
        ((RANGE, (101_520, 102_400, 101_900)), {}, "RETRACE"),
        ((RANGE, HOLDS), {"prior": replace(PRIOR, vah=101_200)}, "INSIDE_VALUE"),
        ((RANGE, HOLDS), {"prior": replace(PRIOR, val=101_900, vah=102_900)}, "INSIDE_VALUE"),
        ((RANGE, HOLDS), {"gap": GapReading(up=True, size=4_001, filled_share=0.0)}, "GAP_TOO_LARGE"),
        (
            ((101_150, 102_200, 102_150), (102_000, 102_300, 102_250), (102_050, 102_350, 102_300)),
            {},
            "NO_HOLD",
        ),
        ((RANGE, HOLDS), {"row": 400}, "NOT_READY"),
        ((RANGE, HOLDS), {"quality": Quality.STALE}, "STALE_FEED"),
        ((RANGE, HOLDS), {"holes": (Hole(OPEN + MINUTE, OPEN + 2 * MINUTE),)}, "HOLE_RECENT"),
        ((RANGE, HOLDS), {"last": 101_500}, "PRICE_LEFT"),
        ((RANGE, HOLDS), {"last": 105_200}, "NO_TARGET"),
    ],
)
def test_each_off_condition_refuses_with_its_code_and_numbers(
    bars: Bars, fields: dict[str, Any], code: str
) -> None:
    (refusal,) = run(bars, **fields)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side) == (code, Side.BUY)
    assert refusal.evidence["open"] == 1012.0


def test_a_gap_of_one_average_range_is_still_traded() -> None:
    (said,) = run((RANGE, HOLDS), gap=GapReading(up=True, size=4_000, filled_share=0.0))
    assert isinstance(said, Signal)


def test_a_late_record_switches_it_off_and_says_so_once() -> None:
    (refusal,) = run((RANGE, HOLDS, HOLDS), partial_since=OPEN + 7 * MINUTE)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side) == ("LATE_START", None)
    assert "09:22:00" in refusal.reason


def test_the_opening_gets_one_decision() -> None:
    assert len(run((RANGE, HOLDS, HOLDS, HOLDS))) == 1


def test_a_hold_before_the_average_true_range_is_known_waits_for_the_next_bar() -> None:
    first, second, third = contexts((RANGE, HOLDS, (102_000, 102_400, 102_300)))
    setup = OpenDrive(STOCK.key)
    assert say(setup, [first, replace(second, atr=None)]) == []
    assert isinstance(setup.evaluate(third), Signal)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"opening_range": None}, "opening range"),
        ({"row": None}, "row size"),
        ({"average_range": None}, "average daily range"),
        ({"average_range": replace(SPAN, value=0)}, "average daily range"),
        ({"average_range": replace(SPAN, quality=Quality.ESTIMATED, days=0)}, "average daily range"),
        ({"prior": None}, "prior value area"),
    ],
)
def test_each_missing_input_is_said_once_and_nothing_is_judged(fields: dict[str, Any], name: str) -> None:
    (refusal,) = run((RANGE, HOLDS, HOLDS), **fields)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side, refusal.evidence) == ("NOT_READY", None, {"missing": name})


def test_without_an_opening_price_it_is_not_ready() -> None:
    *_, last = contexts((RANGE, HOLDS))
    assert OpenDrive(STOCK.key).missing(replace(last, open=None)) == ("opening price",)


def test_it_may_enter_from_the_end_of_the_opening_range_on() -> None:
    assert first_entry(OPEN) == OPEN + FIVE


def test_the_premise_breaks_when_one_timeframing_ends() -> None:
    (signal,) = run((RANGE, HOLDS))
    assert isinstance(signal, Signal)
    rising: Bars = (RANGE, *[HOLDS] * 5, *[(102_000, 102_800, 102_700)] * 6)
    setup = OpenDrive(STOCK.key)
    *_, held = contexts((*rising, *[(102_000, 103_000, 102_900)] * 6))
    assert setup.broken(held, signal) == ""
    *_, taken = contexts((*rising, (101_990, 103_000, 102_900)))
    assert setup.broken(taken, signal) == "one-timeframing ended: C went beyond 1,020.00", (
        "it waits for no bracket's end"
    )


ticks = st.integers(-40, 40).map(lambda steps: 101_200 + steps * 40)
any_bar = st.tuples(ticks, ticks, ticks).map(lambda prices: (min(prices), max(prices), prices[2]))
days = st.lists(any_bar, min_size=1, max_size=5).map(tuple)


@given(bars=days)
def test_the_market_upside_down_gives_the_opposite_trades(bars: Bars) -> None:
    upright, upside_down = OpenDrive(STOCK.key), OpenDrive(STOCK.key)
    for context in contexts(bars):
        assert plain(upright.evaluate(context), upside_down=True) == plain(
            upside_down.evaluate(mirror(context))
        )


@given(bars=days, future=st.lists(any_bar, max_size=3).map(tuple))
def test_what_comes_later_changes_no_earlier_decision(bars: Bars, future: Bars) -> None:
    assert run((*bars, *future))[: len(run(bars))] == run(bars)
