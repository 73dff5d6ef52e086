"""The walk behind the ordinary day: its steps know no way, its size comes in bursts, its morning may be led."""

from statistics import fmean, pstdev

import numpy as np
import pytest

from engine.feeds.simulator.bursts import USUAL, draw_bursts, even
from engine.feeds.simulator.chance import Chance, Ints
from engine.feeds.simulator.walk import balance_of, draw_walk, lead

RANGE = 800
"""Ticks."""
MINUTES = 390
TICK = 1_000


def walk(seed: int, minutes: int = MINUTES) -> Ints:
    return draw_walk(RANGE, even(minutes), Chance("walk", seed)).price


def walks(count: int) -> list[Ints]:
    return [
        draw_walk(RANGE, draw_bursts(MINUTES, Chance("bursts", n), index=False), Chance("walk", n)).price
        for n in range(count)
    ]


def test_the_same_names_give_the_same_walk() -> None:
    assert (walk(3) == walk(3)).all()
    assert (walk(3) != walk(4)).any()


def test_a_walk_begins_at_the_open_and_has_a_value_for_every_second() -> None:
    path = walk(1, 60)
    assert path[0] == 0
    assert len(path) == 60 * 60 + 1


def test_a_day_covers_about_the_average_range() -> None:
    spans = [int(path.max() - path.min()) / (RANGE * TICK) for path in walks(60)]
    assert 0.85 < fmean(spans) < 1.2


def test_walks_have_no_drift() -> None:
    ends = [int(path[-1]) for path in walks(300)]
    assert abs(fmean(ends)) < 3 * pstdev(ends) / len(ends) ** 0.5


def test_what_a_day_did_says_nothing_of_what_it_will_do() -> None:
    half = MINUTES // 2 * 60
    days = walks(300)
    before, after = [int(path[half]) for path in days], [int(path[-1] - path[half]) for path in days]
    assert abs(float(np.corrcoef(before, after)[0, 1])) < 3 / len(days) ** 0.5


def test_a_walk_far_from_its_open_takes_smaller_steps_and_never_reaches_nought() -> None:
    lively = draw_bursts(MINUTES, Chance("bursts"), index=False)
    wild = type(lively)(lively.moves * 3, lively.trading)
    for seed in range(20):
        path = draw_walk(RANGE, wild, Chance("wild", seed)).price
        assert int(np.abs(path).max()) < 3 * RANGE * TICK


def test_bursts_are_the_usual_on_average() -> None:
    for index in (False, True):
        drawn = draw_bursts(MINUTES, Chance("many"), index=index, days=200)
        assert 0.85 < fmean(drawn.trading.tolist()) / USUAL < 1.15
        assert 0.9 < fmean((drawn.moves**2).tolist()) / USUAL**2 < 1.5


@pytest.mark.parametrize("calm", [1, 2, 8])
def test_a_led_walk_meets_its_pins_and_is_free_again_after_the_last(calm: int) -> None:
    path = walk(5)
    pins = ((600, int(path[600])), (900, 40 * TICK), (1_200, -25 * TICK))
    led = lead(path, pins, calm)
    assert [int(led[second]) for second, _ in pins] == [level for _, level in pins]
    assert (led[:601] == path[:601]).all()
    assert (np.diff(led[1_200:]) == np.diff(path[1_200:])).all()


def test_the_balance_is_the_range_of_the_first_seconds() -> None:
    balance = balance_of(np.asarray([0, 5, -3, 2, 90], dtype=np.int64), 3)
    assert (balance.low, balance.high, balance.last) == (-3, 5, 2)
    assert balance.upper
