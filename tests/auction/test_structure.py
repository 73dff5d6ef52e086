"""Tails, single prints and shapes of TPO profiles."""

import pytest

from engine.auction.structure import Tails, find_tails, shape_of, single_prints
from engine.auction.value_area import find_poc

STOCK_DAY = [
    *(
        1,
        1,
        2,
        3,
        3,
        3,
        3,
        3,
        3,
        3,
        2,
        2,
        2,
        3,
        4,
        4,
        4,
        3,
        2,
        4,
        4,
        4,
        5,
        5,
        5,
        6,
        5,
        6,
        7,
        6,
        5,
        4,
        4,
        4,
        3,
        2,
    ),
    *(3, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1),
]
OPTION_DAY = [
    *(
        1,
        2,
        3,
        3,
        4,
        4,
        5,
        5,
        5,
        5,
        5,
        5,
        4,
        4,
        3,
        3,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        2,
        3,
        3,
        3,
        7,
        9,
        8,
        8,
        8,
        8,
    ),
    *(7, 6, 5, 4, 3, 2, 1),
]


def shape(counts: list[int]) -> str:
    return shape_of(counts, find_poc(counts)[0], find_tails(counts))


def test_tails_are_runs_of_single_rows_at_the_extremes() -> None:
    assert find_tails(STOCK_DAY) == Tails(bottom=2, top=9)
    assert find_tails(OPTION_DAY) == Tails(bottom=0, top=0)


def test_a_tail_still_being_made_does_not_count() -> None:
    assert find_tails(STOCK_DAY, top_counts=False) == Tails(bottom=2, top=0)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (STOCK_DAY, "D"),
        (OPTION_DAY, "B"),
        ([1, 1, 1, 2, 3, 5, 7, 5, 3], "P"),
        ([3, 5, 7, 5, 3, 2, 1, 1, 1], "b"),
        ([2, 5, 7, 5, 3, 3, 3, 2, 2], "–"),
        ([1, 5, 2, 2, 5, 1], "B"),
        ([1, 5, 2, 3, 5, 1], "–"),
        ([3], "–"),
    ],
)
def test_shapes(counts: list[int], expected: str) -> None:
    assert shape(counts) == expected


def test_single_prints_lie_inside_the_body_and_are_at_least_two_rows_long() -> None:
    assert single_prints([1, 1, 3, 1, 1, 1, 4, 1, 2, 1, 1]) == ((3, 5),)
    assert single_prints([1, 1, 1]) == ()
    assert single_prints([2, 1, 1, 2]) == ((1, 2),)
