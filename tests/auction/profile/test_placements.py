"""Three placements of a batch: nothing is lost, order does not matter, and an even spread is even."""

from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.profile.placements import SCALE, Placements
from engine.auction.profile.value_area import Rows

Batch = tuple[int, int, int, int]
"""Its tick, the tick before it, its volume and what of it was its last trade."""

batches = st.lists(
    st.tuples(st.integers(80, 140), st.integers(80, 140), st.integers(1, 500), st.integers(0, 500)),
    min_size=1,
    max_size=30,
)
heights = st.sampled_from([1, 2, 5, 10])


def as_rows(exact: dict[int, Fraction]) -> Rows:
    low, high = min(exact), max(exact)
    return Rows(low, [int(exact.get(row, Fraction(0))) for row in range(low, high + 1)])


def profile_of(drawn: Iterable[Batch], height: int) -> Rows:
    """Return the profile itself: everything at the batch's own price."""
    exact: dict[int, Fraction] = {}
    for tick, _, volume, _ in drawn:
        exact[tick // height] = exact.get(tick // height, Fraction(0)) + volume
    return as_rows(exact)


def placements_of(drawn: Iterable[Batch], height: int, known_after: int = 0) -> Placements:
    placements = Placements()
    for count, (tick, previous, volume, last_quantity) in enumerate(drawn):
        if count == known_after:
            placements.follow(height)
        if tick != previous and volume > last_quantity:
            placements.add(tick, previous, volume - last_quantity)
    placements.follow(height)
    return placements


def naive(drawn: Iterable[Batch], height: int, *, spread: bool) -> dict[int, Fraction]:
    """Place each batch's last trade at its own price and the rest by one of the two other rules."""
    exact: dict[int, Fraction] = {}

    def put(tick: int, volume: Fraction) -> None:
        if volume:
            exact[tick // height] = exact.get(tick // height, Fraction(0)) + volume

    for tick, previous, volume, last_quantity in drawn:
        sure = min(last_quantity, volume)
        put(tick, Fraction(sure))
        if spread:
            first, last = sorted((tick, previous))
            for place in range(first, last + 1):
                put(place, Fraction(volume - sure, last - first + 1))
        else:
            put(previous, Fraction(volume - sure))
    return exact


@given(batches, heights, st.integers(0, 30))
def test_the_remainder_goes_to_the_price_before(drawn: list[Batch], height: int, known_after: int) -> None:
    found = placements_of(drawn, height, known_after).before(profile_of(drawn, height))
    assert found == as_rows(naive(drawn, height, spread=False))


@given(batches, heights, st.integers(0, 30))
def test_an_even_spread_equals_the_sum_over_its_ticks(
    drawn: list[Batch], height: int, known_after: int
) -> None:
    found = placements_of(drawn, height, known_after).between(profile_of(drawn, height))
    exact = naive(drawn, height, spread=True)
    assert sum(found.counts) == SCALE * sum(volume for _, _, volume, _ in drawn)
    assert (found.low, found.low + len(found.counts) - 1) == (min(exact), max(exact))
    for index, parts in enumerate(found.counts):
        # Each batch gives up less than a unit's part per tick to rounding.
        assert abs(Fraction(parts, SCALE) - exact.get(found.low + index, Fraction(0))) < Fraction(1, 100)


@given(batches, heights)
def test_the_order_of_batches_does_not_matter(drawn: list[Batch], height: int) -> None:
    profile = profile_of(drawn, height)
    one, other = placements_of(drawn, height), placements_of(drawn[::-1], height)
    assert (one.before(profile), one.between(profile)) == (other.before(profile), other.between(profile))


@pytest.mark.parametrize("height", [1, 5])
def test_the_height_is_fixed_once(height: int) -> None:
    placements = Placements()
    placements.add(10, 22, 4)
    placements.follow(height)
    placements.follow(height + 1)
    assert placements.before(Rows(10 // height, [4])) == Rows(22 // height, [4])
