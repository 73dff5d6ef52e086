"""Tails, single prints and shapes of TPO profiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.profile.tpo_profile import Bracket, tpo_rows
from engine.auction.profile.value_area import Rows, find_poc
from engine.auction.session.bracket_views import merge_groups, split_brackets
from engine.auction.structure.profile_shape import (
    Tails,
    find_ledges,
    find_tails,
    poor_extremes,
    shape_of,
    single_prints,
    tpos_beside,
)
from engine.auction.values.levels import Ledge
from engine.market.clock import MINUTE

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


def test_tpos_beside_the_point_of_control_with_and_without_tails() -> None:
    poc = find_poc(STOCK_DAY)[0]
    assert tpos_beside(STOCK_DAY, poc) == (54, 95)
    assert tpos_beside(STOCK_DAY, poc, find_tails(STOCK_DAY)) == (45, 93)
    assert tpos_beside([1, 1, 1], 1, Tails(3, 3)) == (0, 0)


def brackets_of(*spans: tuple[int, int]) -> list[Bracket]:
    return [Bracket(index, low, high, whole=True) for index, (low, high) in enumerate(spans)]


HALF = 30 * MINUTE


@pytest.mark.parametrize(
    ("spans", "clock", "expected"),
    [
        ([(100, 200)], HALF, (False, False)),
        ([(100, 200), (120, 200)], 2 * HALF, (False, False)),
        ([(100, 200), (120, 200)], 4 * HALF - 1, (False, False)),
        ([(100, 200), (120, 200)], 4 * HALF, (True, False)),
        ([(100, 200), (120, 190), (100, 204)], 3 * HALF, (True, True)),
        ([(100, 200), (120, 190), (109, 210)], 3 * HALF, (False, True)),
        ([], 0, (False, False)),
    ],
)
def test_poor_extremes(spans: list[tuple[int, int]], clock: int, expected: tuple[bool, bool]) -> None:
    assert poor_extremes(brackets_of(*spans), 10, 0, HALF, clock) == expected


def test_ledges_are_flat_sides_inside_the_profile() -> None:
    brackets = brackets_of((100, 300), (130, 200), (150, 205), (140, 211), (160, 240), (161, 190))
    assert find_ledges(brackets, 10) == (
        Ledge(price=200, upper=True, brackets=4),
        Ledge(price=150, upper=False, brackets=4),
    )
    assert find_ledges(brackets_of((100, 200), (100, 200), (100, 200)), 10) == ()
    assert find_ledges([], 10) == ()


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 60)), min_size=1, max_size=13))
def test_ledges_and_poor_extremes_mirror(drawn: list[tuple[int, int]]) -> None:
    spans = [(low, low + height) for low, height in drawn]
    mirrored = [(399 - high, 399 - low) for low, high in spans]
    clock = len(spans) * HALF
    high, low = poor_extremes(brackets_of(*spans), 10, 0, HALF, clock)
    assert poor_extremes(brackets_of(*mirrored), 10, 0, HALF, clock) == (low, high)
    sides = [
        sorted(
            (ledge.upper, ledge.brackets)
            for ledge in find_ledges(brackets_of(*one), 10)
            if ledge.upper is upper
        )
        for one, upper in ((spans, True), (mirrored, False))
    ]
    # Of equally good rows the lower wins, which a mirror turns round: only whether there is a ledge must agree.
    assert bool(sides[0]) is bool(sides[1])


def test_splitting_and_merging_are_views() -> None:
    brackets = brackets_of((100, 110), (110, 130), (120, 140), (130, 150))
    groups = split_brackets(brackets, {0, 2})
    assert [[bracket.index for bracket in group] for group in groups] == [[0, 1], [2, 3]]
    assert [tpo_rows(group, 10) for group in groups] == [Rows(10, [1, 2, 1, 1]), Rows(12, [1, 2, 2, 1])]
    assert merge_groups(groups, 0, 1) == (tuple(brackets),)
    assert split_brackets(brackets, ()) == (tuple(brackets),)
    assert split_brackets([brackets[0], brackets[3]], {2}) == ((brackets[0],), (brackets[3],))
    assert split_brackets([], {1}) == ()
    with pytest.raises(ValueError, match="expected two of 2 groups in order"):
        merge_groups(groups, 1, 2)


@given(st.sets(st.integers(0, 6)), st.data())
def test_merging_what_was_split_restores_the_profile(starts: set[int], data: st.DataObject) -> None:
    brackets = brackets_of(*((100 + 7 * index, 150 + 3 * index) for index in range(6)))
    groups = split_brackets(brackets, starts)
    assert [bracket for group in groups for bracket in group] == brackets
    assert all(groups)
    first = data.draw(st.integers(0, len(groups) - 1))
    merged = merge_groups(groups, first, len(groups) - 1)
    assert [bracket for group in merged for bracket in group] == brackets
    assert merge_groups(groups, 0, len(groups) - 1) == (tuple(brackets),)
