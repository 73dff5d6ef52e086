from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.values.context import AverageRange, Context, Hole, InitialBalance, Quality
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.market.update import Bar
from engine.setups.initial_balance_extension import InitialBalanceExtension
from engine.setups.signal import Refusal, Signal
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
INSIDE = (100_400, 100_900, 100_600)
BREAK = (100_950, 101_120, 101_060)
"""Closes a row and a tick beyond the balance high."""
HELD = (100_960, 101_150, 101_040)
READY: dict[str, Any] = {"prior": PRIOR}


def contexts(bars: Bars, volume: int = 650, **fields: object) -> Iterator[Context]:
    for count in range(1, len(bars) + 1):
        base = make_context(Day(bars[:count]))
        fives = (*base.five_minutes[:-1], replace_volume(base, volume))
        yield changed(base, {"five_minutes": fives} | READY | fields)


def replace_volume(context: Context, volume: int) -> Bar:
    bar = context.five_minutes[-1]
    return Bar(bar.start, bar.open, bar.high, bar.low, bar.close, volume)


def run(bars: Bars, volume: int = 650, **fields: object) -> list[Signal | Refusal]:
    return say(InitialBalanceExtension(STOCK.key), contexts(bars, volume, **fields))


def test_a_close_beyond_a_narrow_balance_with_volume_is_a_long() -> None:
    (signal,) = run((INSIDE, BREAK))
    assert isinstance(signal, Signal)
    assert (signal.side, signal.price, signal.stop_reference) == (Side.BUY, 101_060, 100_500)
    assert signal.edge == HIGH
    assert (signal.evidence["volume_ratio"], signal.evidence["balance_share_of_range"]) == (1.3, 0.25)


def test_targets_are_multiples_of_the_balance_and_the_first_pays_for_the_stop() -> None:
    (signal,) = run((INSIDE, BREAK))
    assert isinstance(signal, Signal)
    # From the low: 1.5 x pays 440 for 560 at risk and is skipped, 2 x pays 940.
    assert (signal.target_1, signal.target_2) == (LOW + 2_000, LOW + 3_000)
    assert signal.evidence["target_1"] == "2x initial balance"


def test_a_break_of_the_low_is_the_short_that_mirrors_it() -> None:
    (signal,) = say(InitialBalanceExtension(STOCK.key), map(mirror, contexts((INSIDE, BREAK))))
    assert isinstance(signal, Signal)
    assert (signal.side, signal.stop_reference, signal.target_1) == (Side.SELL, 100_500, HIGH - 2_000)


@pytest.mark.parametrize(
    "bars",
    [
        (INSIDE, (100_900, 101_300, 101_050)),
        (INSIDE, (100_900, 101_300, 100_900)),
        (INSIDE, INSIDE),
    ],
    ids=["closes only a row beyond", "only a probe", "never out"],
)
def test_look_alikes_say_nothing(bars: Bars) -> None:
    assert run(bars) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"average_range": AverageRange(2_000, Quality.LIVE, 20)}, "BALANCE_WIDE"),
        ({"average_range": AverageRange(1_000, Quality.LIVE, 20)}, "BALANCE_FULL"),
        ({"extended_down": True}, "OTHER_SIDE_EXTENDED"),
        ({"volume": 649}, "VOLUME_LOW"),
        ({"vwap": 101_060}, "VWAP_BEYOND"),
        ({"quality": Quality.STALE}, "STALE_FEED"),
        ({"holes": (Hole(bar_start(0), bar_start(0) + 31 * SECOND),)}, "HOLE_RECENT"),
        ({"last": HIGH}, "PRICE_LEFT"),
        ({"last": 103_000}, "NO_TARGET"),
    ],
)
def test_each_off_condition_refuses_with_its_code_and_numbers(fields: dict[str, Any], code: str) -> None:
    (refusal,) = run((INSIDE, BREAK), **fields)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side) == (code, Side.BUY)
    assert refusal.evidence["edge_price"] == 1010.0


def test_the_first_close_decides_until_price_closed_two_rows_back_inside() -> None:
    assert len(run((INSIDE, BREAK, HELD, BREAK))) == 1
    assert len(run((INSIDE, BREAK, (100_800, 101_000, 100_901), BREAK))) == 1
    again = run((INSIDE, BREAK, (100_800, 101_000, 100_900), BREAK))
    assert [one.time for one in again] == [bar_start(2) + SECOND, bar_start(4) + SECOND]


def test_an_old_break_is_not_spoken_of_after_a_late_start() -> None:
    *_, last = contexts((INSIDE, BREAK, HELD))
    assert InitialBalanceExtension(STOCK.key).evaluate(last) is None


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"initial_balance": InitialBalance(LOW, HIGH, complete=False)}, "initial balance"),
        ({"row": None}, "row size"),
        ({"average_range": None}, "average daily range"),
        ({"vwap": None}, "VWAP"),
        ({"prior": None}, "slot volumes"),
        ({"prior": replace(PRIOR, slot_volumes=())}, "slot volumes"),
        ({"prior": replace(PRIOR, slot_volumes=(None,) * 75)}, "slot volumes"),
        ({"prior": replace(PRIOR, quality=Quality.NOT_READY, reason="split")}, "slot volumes"),
    ],
)
def test_each_missing_input_is_said_once_and_nothing_is_judged(fields: dict[str, Any], name: str) -> None:
    (refusal,) = run((INSIDE, BREAK, INSIDE, BREAK), **fields)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side, refusal.evidence) == ("NOT_READY", None, {"missing": name})


def test_nothing_is_missed_aloud_before_the_balance_is_complete() -> None:
    context = replace(make_context(Day(())), initial_balance=None)
    assert InitialBalanceExtension(STOCK.key).evaluate(context) is None
    assert "slot volumes" in InitialBalanceExtension(STOCK.key).missing(replace(context, five_minutes=()))


def test_the_usual_volume_is_that_of_the_bars_own_slot() -> None:
    slots = [10_000] * 75
    slots[13] = 500
    (said,) = run((INSIDE, BREAK), prior=replace(PRIOR, slot_volumes=tuple(slots)))
    assert isinstance(said, Signal)


def test_the_premise_breaks_with_a_close_two_rows_back_inside() -> None:
    (signal,) = run((INSIDE, BREAK))
    assert isinstance(signal, Signal)
    setup = InitialBalanceExtension(STOCK.key)
    for low, expected in ((100_901, False), (100_900, True)):
        *_, later = contexts((INSIDE, BREAK, (low, 101_000, low)))
        assert bool(setup.broken(later, signal)) is expected


ticks = st.integers(-40, 40).map(lambda steps: 100_500 + steps * 20)
any_bar = st.tuples(ticks, ticks, ticks).map(lambda prices: (min(prices), max(prices), prices[2]))
days = st.lists(any_bar, min_size=1, max_size=20).map(tuple)


@given(bars=days, volume=st.sampled_from([300, 650]))
def test_the_market_upside_down_gives_the_opposite_trades(bars: Bars, volume: int) -> None:
    upright, upside_down = InitialBalanceExtension(STOCK.key), InitialBalanceExtension(STOCK.key)
    for context in contexts(bars, volume):
        assert plain(upright.evaluate(context), upside_down=True) == plain(
            upside_down.evaluate(mirror(context))
        )


@given(bars=days, future=st.lists(any_bar, max_size=5).map(tuple))
def test_what_comes_later_changes_no_earlier_decision(bars: Bars, future: Bars) -> None:
    assert run((*bars, *future))[: len(run(bars))] == run(bars)
