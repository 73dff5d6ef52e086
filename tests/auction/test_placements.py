"""Three placements of a batch: nothing is lost, order does not matter, and an even spread is even."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.placements import SCALE, Placements, SpreadRows

batches = st.lists(
    st.tuples(st.integers(80, 140), st.integers(80, 140), st.integers(1, 500), st.integers(0, 500)),
    min_size=1,
    max_size=30,
)


@given(batches, st.sampled_from([1, 2, 5, 10]), st.integers(0, 30))
def test_an_even_spread_equals_the_sum_over_its_ticks(
    drawn: list[tuple[int, int, int, int]], height: int, known_after: int
) -> None:
    spread = SpreadRows()
    for count, (tick, previous, volume, _) in enumerate(drawn):
        if count == known_after:
            spread.follow(height)
        spread.add(tick, previous, volume)
    spread.follow(height)
    exact: dict[int, Fraction] = {}
    for tick, previous, volume, _ in drawn:
        first, last = sorted((tick, previous))
        for place in range(first, last + 1):
            row = place // height
            exact[row] = exact.get(row, Fraction(0)) + Fraction(volume, last - first + 1)
    view = spread.view()
    assert view is not None
    assert sum(view.counts) == SCALE * sum(volume for _, _, volume, _ in drawn)
    assert (view.low, view.low + len(view.counts) - 1) == (min(exact), max(exact))
    for index, parts in enumerate(view.counts):
        # Each batch gives up less than a unit's part per tick to rounding.
        assert abs(Fraction(parts, SCALE) - exact.get(view.low + index, Fraction(0))) < Fraction(1, 100)


@given(batches)
def test_every_placement_holds_the_whole_volume_whatever_the_order(
    drawn: list[tuple[int, int, int, int]],
) -> None:
    found = []
    for order in (drawn, drawn[::-1]):
        placements = Placements()
        placements.follow(2)
        for tick, previous, volume, last_quantity in order:
            placements.add(tick, previous, volume, last_quantity)
        found.append((placements.before.view(2), placements.between.view()))
    assert found[0] == found[1]
    before, between = found[0]
    assert before is not None
    assert between is not None
    total = sum(volume for _, _, volume, _ in drawn)
    assert sum(before.counts) == total
    assert sum(between.counts) == SCALE * total


def test_the_remainder_goes_to_the_price_before() -> None:
    placements = Placements()
    placements.add(105, 100, 60, 12)
    assert placements.before.ticks == {105: 12, 100: 48}
    placements.add(105, 105, 7, 1)
    assert placements.before.ticks == {105: 19, 100: 48}
    placements.add(90, 105, 5, 9)
    assert placements.before.ticks == {105: 19, 100: 48, 90: 5}


@pytest.mark.parametrize("height", [1, 5])
def test_nothing_is_viewed_before_the_height_is_known(height: int) -> None:
    spread = SpreadRows()
    spread.add(10, 12, 3)
    assert spread.view() is None
    spread.follow(height)
    spread.follow(height + 1)
    view = spread.view()
    assert view is not None
    assert view.low == 10 // height
