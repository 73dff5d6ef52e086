"""Volume at price is kept at one tick; every row size is a view of it."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.profile.volume_profile import VolumeProfile

events = st.lists(st.tuples(st.integers(900, 1_100), st.integers(1, 500)), min_size=1, max_size=80)
heights = st.sampled_from([1, 2, 5, 7, 10, 20, 100])


def build(trades: list[tuple[int, int]], follow: int | None = None) -> VolumeProfile:
    profile = VolumeProfile()
    for index, (tick, volume) in enumerate(trades):
        if follow is not None and index == len(trades) // 2:
            profile.follow(follow)
        profile.add(tick, volume)
    return profile


def rows_of(profile: VolumeProfile, height: int) -> dict[int, int]:
    rows = profile.view(height)
    assert rows is not None
    return {rows.low + index: count for index, count in enumerate(rows.counts) if count}


@given(events, heights)
def test_rows_conserve_volume_at_every_height(trades: list[tuple[int, int]], height: int) -> None:
    profile = build(trades)
    rows = profile.view(height)
    assert rows is not None
    assert sum(rows.counts) == profile.total == sum(volume for _, volume in trades)
    assert rows.counts[0] > 0
    assert rows.counts[-1] > 0


@given(events, heights, heights)
def test_coarse_rows_are_grouped_fine_rows(trades: list[tuple[int, int]], fine: int, times: int) -> None:
    profile = build(trades)
    grouped = Counter[int]()
    for row, volume in rows_of(profile, fine).items():
        grouped[row // times] += volume
    assert rows_of(profile, fine * times) == dict(grouped)


@given(events, heights, st.randoms())
def test_the_order_of_events_does_not_matter(
    trades: list[tuple[int, int]], height: int, chance: random.Random
) -> None:
    shuffled = list(trades)
    chance.shuffle(shuffled)
    assert rows_of(build(trades), height) == rows_of(build(shuffled), height)


@given(events, heights, st.integers(-50, 50))
def test_shifting_all_rows_shifts_the_profile(trades: list[tuple[int, int]], height: int, rows: int) -> None:
    shifted = build([(tick + rows * height, volume) for tick, volume in trades])
    assert rows_of(shifted, height) == {row + rows: v for row, v in rows_of(build(trades), height).items()}


@given(events, heights, heights)
def test_followed_rows_equal_a_fresh_grouping(trades: list[tuple[int, int]], first: int, second: int) -> None:
    profile = build(trades, follow=first)
    assert rows_of(profile, first) == rows_of(build(trades), first)
    profile.follow(second)
    profile.add(1_000, 7)
    profile.follow(first)
    assert rows_of(profile, first) == rows_of(build([*trades, (1_000, 7)]), first)
    assert rows_of(profile, second) == rows_of(build([*trades, (1_000, 7)]), second)


def test_an_empty_profile_has_no_rows() -> None:
    assert VolumeProfile().view(5) is None


def test_a_height_below_one_tick_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 tick, got 0"):
        VolumeProfile().view(0)
