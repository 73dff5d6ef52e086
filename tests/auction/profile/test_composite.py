"""Several sessions as one profile: exact sums whatever their row heights, and a balance read off it."""

import random
from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.prior.history import TPO
from engine.auction.profile.composite import Part, merge_profiles
from tests.auction.prior.sessions import days_back, levels_of, session

parts = st.lists(
    st.builds(
        lambda row, place, counts: (row, place * row, counts),
        st.sampled_from([10, 20, 50, 100]),
        st.integers(0, 40),
        st.lists(st.integers(0, 30), max_size=20),
    ),
    min_size=1,
    max_size=5,
)


@given(parts)
def test_every_count_lands_in_the_one_row_that_holds_its_own(drawn: list[Part]) -> None:
    merged = merge_profiles(drawn)
    total = sum(sum(counts) for _, _, counts in drawn)
    if merged is None:
        assert total == 0
        return
    height, rows = merged
    assert all(height % row == 0 for row, _, _ in drawn)
    expected = Counter[int]()
    for row, low, counts in drawn:
        for index, count in enumerate(counts):
            expected[(low + index * row) // height] += count
    assert sum(rows.counts) == total
    assert {rows.low + index: count for index, count in enumerate(rows.counts) if count} == {
        number: count for number, count in expected.items() if count
    }
    assert rows.counts[0]
    assert rows.counts[-1]


@given(parts, st.randoms())
def test_the_order_of_the_sessions_does_not_matter(drawn: list[Part], chance: random.Random) -> None:
    shuffled = list(drawn)
    chance.shuffle(shuffled)
    assert merge_profiles(shuffled) == merge_profiles(drawn)


def test_one_profile_merged_with_nothing_is_itself() -> None:
    merged = merge_profiles([(20, 200, [0, 3, 0, 4])])
    assert merged is not None
    assert (merged[0], merged[1].low, list(merged[1].counts)) == (20, 11, [3, 0, 4])


def test_a_balance_of_several_days_is_read_as_one_profile() -> None:
    first, second = days_back(2)
    older = msgspec.structs.replace(session(first), row=20, volume_low=9_900, volumes=(1, 2, 9, 2, 1))
    newer = msgspec.structs.replace(session(second), row=10, volume_low=9_900, volumes=(1, 1, 1, 30, 1, 1, 1))
    found = levels_of(older, newer)
    assert (found.balance_days, found.balance_row) == (2, 20)
    assert (found.balance_val, found.balance_poc, found.balance_vah) == (9_920, 9_920, 9_960)


def test_where_one_day_lacks_volume_the_balance_is_merged_by_time() -> None:
    first, second = days_back(2)
    older = msgspec.structs.replace(session(first), tpo_low=9_900, tpos=(1, 5, 1))
    newer = msgspec.structs.replace(session(second), source=TPO, tpo_low=9_910, tpos=(1, 5, 1))
    found = levels_of(older, newer)
    assert (found.balance_poc, found.balance_row) == (9_910, 10)


def test_a_day_that_stands_alone_has_no_merged_profile() -> None:
    assert levels_of(session()).balance_poc is None
