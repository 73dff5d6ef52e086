"""The row height keeps the day within 80 rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.profile.row_height_formula import estimate_range, height_of_rupees, row_height
from engine.auction.values.context import Quality

LADDER = [digit * 10**exponent for exponent in range(8) for digit in (1, 2, 5)]


@pytest.mark.parametrize(
    ("average_range", "tick", "height"),
    [
        (3_120, 10, 5),
        (7_160, 10, 10),
        (30_260, 5, 100),
        (27_600, 5, 100),
        (800, 10, 1),
        (801, 10, 2),
        (0, 10, 1),
    ],
)
def test_the_smallest_step_that_gives_at_most_80_rows(average_range: int, tick: int, height: int) -> None:
    assert row_height(average_range, tick) == height


@given(st.integers(0, 10**9), st.integers(1, 500))
def test_no_smaller_step_of_the_ladder_would_do(average_range: int, tick: int) -> None:
    height = row_height(average_range, tick)
    assert height in LADDER
    assert average_range <= 80 * height * tick
    smaller = [step for step in LADDER if step < height]
    assert not smaller or average_range > 80 * smaller[-1] * tick


def test_an_unknown_range_is_twice_todays_and_marked_estimated() -> None:
    assert estimate_range(1_560, 106_940).value == 3_120
    assert estimate_range(1_560, 106_940).quality is Quality.ESTIMATED


def test_an_unknown_range_is_at_least_one_percent_of_the_price() -> None:
    assert estimate_range(100, 106_940).value == 1_070


@pytest.mark.parametrize(
    ("rupees", "tick", "height"),
    [(0.5, 10, 5), (2.0, 10, 20), (2.0, 5, 40), (0.01, 10, 1), (0.04, 10, 1), (0.15, 10, 2), (0.24, 10, 2)],
)
def test_a_row_in_rupees_is_rounded_to_whole_ticks(rupees: float, tick: int, height: int) -> None:
    assert height_of_rupees(rupees, tick) == height
