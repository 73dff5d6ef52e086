"""POC and value area against published vectors, a naive oracle and their invariants."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.profile.profile_reading import read_profile
from engine.auction.profile.value_area import Rows, Rule, find_poc, find_value_area
from tests.auction.batch import naive_value_area

RULES: tuple[Rule, ...] = ("dual", "one-row")

profiles = st.lists(st.integers(0, 60), min_size=1, max_size=40).filter(
    lambda rows: rows[0] > 0 and rows[-1] > 0
)
tied_profiles = st.lists(st.integers(0, 3), min_size=1, max_size=25).filter(
    lambda rows: rows[0] > 0 and rows[-1] > 0
)
any_profile = profiles | tied_profiles


def area(counts: list[int], rule: Rule, percent: int = 70, *, tie_up: bool = True) -> tuple[int, int]:
    return find_value_area(counts, find_poc(counts)[0], rule, percent, tie_up=tie_up)


@pytest.mark.parametrize(
    ("counts", "poc", "ties", "dual", "one_row"),
    [
        ([5, 10, 20, 30, 20, 10, 5], 4, 1, (2, 6), (3, 5)),
        ([6, 0, 0, 10, 1, 1, 2], 4, 1, (4, 7), (4, 7)),
        ([1, 9, 10], 3, 1, (1, 3), (2, 3)),
        ([4, 7, 2, 7, 1], 2, 2, (2, 4), (1, 4)),
        ([2, 8, 3, 8, 8, 1], 4, 3, (2, 6), (2, 5)),
    ],
)
def test_published_vectors_come_out_exactly(
    counts: list[int], poc: int, ties: int, dual: tuple[int, int], one_row: tuple[int, int]
) -> None:
    found, tied = find_poc(counts)
    assert (found + 1, tied) == (poc, ties)
    assert tuple(index + 1 for index in area(counts, "dual")) == dual
    assert tuple(index + 1 for index in area(counts, "one-row")) == one_row


def test_the_larger_pair_joins_and_the_next_pairs_are_compared_from_there() -> None:
    # Mind over Markets, appendix 1: POC 22,168, pair above 34,491, pair below 43,773, then below again.
    counts = [17_000, 18_000, 21_773, 22_000, 22_168, 17_491, 17_000]
    assert find_value_area(counts, 4, "dual", 48) == (2, 4)
    assert find_value_area(counts, 4, "dual", 50) == (0, 4)


def test_single_rows_join_until_the_target_is_reached() -> None:
    # A worked example of the AmiBroker list: running sums 150, 240, 320, 390 against a target of 388.
    counts = [60, 60, 70, 150, 90, 80, 44]
    assert find_value_area(counts, 3, "one-row", 70) == (2, 5)


def test_equidistant_tied_rows_resolve_to_the_lower_one() -> None:
    assert find_poc([1, 5, 2, 5, 1]) == (1, 2)
    assert find_poc([5, 1, 5, 5]) == (2, 3)


def test_an_empty_profile_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least one row"):
        find_poc([])


@given(any_profile, st.sampled_from(RULES), st.sampled_from([50, 68, 70, 95]))
def test_equals_the_naive_growth(counts: list[int], rule: Rule, percent: int) -> None:
    poc = find_poc(counts)[0]
    assert (poc, *find_value_area(counts, poc, rule, percent)) == naive_value_area(counts, rule, percent)


@given(any_profile, st.sampled_from(RULES), st.booleans())
def test_lies_around_the_poc_and_holds_its_share(counts: list[int], rule: Rule, tie_up: bool) -> None:
    poc, ties = find_poc(counts)
    low, high = area(counts, rule, tie_up=tie_up)
    assert 0 <= low <= poc <= high < len(counts)
    assert ties == sum(count == max(counts) for count in counts)
    assert 100 * sum(counts[low : high + 1]) >= 70 * sum(counts)


@given(any_profile, st.sampled_from(RULES), st.booleans())
def test_without_its_last_step_it_would_be_too_small(counts: list[int], rule: Rule, tie_up: bool) -> None:
    poc = find_poc(counts)[0]
    low, high = area(counts, rule, tie_up=tie_up)
    if (low, high) == (poc, poc):
        return
    step = 2 if rule == "dual" else 1
    smaller = [
        (lower, upper)
        for lower, upper in ((min(low + step, poc), high), (low, max(high - step, poc)))
        if (lower, upper) != (low, high)
    ]
    smaller += [(low + 1, high)] * (low < poc) + [(low, high - 1)] * (high > poc)
    assert any(100 * sum(counts[a : b + 1]) < 70 * sum(counts) for a, b in smaller)


@given(any_profile, st.sampled_from(RULES))
def test_mirrored_rows_with_mirrored_ties_give_the_mirrored_area(counts: list[int], rule: Rule) -> None:
    poc = find_poc(counts)[0]
    mirror, last = counts[::-1], len(counts) - 1
    low, high = find_value_area(counts, poc, rule, tie_up=True)
    assert find_value_area(mirror, last - poc, rule, tie_up=False) == (last - high, last - low)


@given(any_profile)
def test_a_unique_poc_mirrors(counts: list[int]) -> None:
    poc, ties = find_poc(counts)
    if ties == 1:
        assert find_poc(counts[::-1]) == (len(counts) - 1 - poc, 1)


@given(any_profile, st.integers(1, 1_000), st.sampled_from(RULES))
def test_scaling_all_volumes_changes_nothing(counts: list[int], factor: int, rule: Rule) -> None:
    scaled = [count * factor for count in counts]
    assert find_poc(scaled) == find_poc(counts)
    assert area(scaled, rule) == area(counts, rule)


@given(any_profile, st.sampled_from(RULES), st.booleans())
def test_a_smaller_percentage_lies_inside_a_larger_one(counts: list[int], rule: Rule, tie_up: bool) -> None:
    inner, outer = area(counts, rule, 68, tie_up=tie_up), area(counts, rule, 70, tie_up=tie_up)
    assert outer[0] <= inner[0] <= inner[1] <= outer[1]


@given(any_profile, st.integers(-200, 200), st.sampled_from(RULES))
def test_moving_all_rows_moves_poc_and_area_by_as_much(counts: list[int], rows: int, rule: Rule) -> None:
    here, there = (read_profile(Rows(low, counts), 50, rule, 70) for low in (1_000, 1_000 + rows))
    assert here is not None
    assert there is not None
    moved = replace(here, poc=here.poc + 50 * rows, val=here.val + 50 * rows, vah=here.vah + 50 * rows)
    assert there == moved
