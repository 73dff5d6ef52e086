"""Each unit of volume falls into exactly one placement class."""

from hypothesis import given
from hypothesis import strategies as st

from engine.auction.flow.spread import SpreadWindow
from engine.auction.profile.placement import Placement, PlacementShares
from engine.auction.values.context import Hole
from engine.market.clock import SECOND

steps = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 500), st.integers(0, 100), st.booleans()), max_size=40
)


def test_the_four_classes() -> None:
    placement = Placement()
    placement.add(10, 100, 0, 1 * SECOND, exact=True)
    placement.add(20, 30, 1 * SECOND, 2 * SECOND, exact=False)
    placement.add(40, 50, 2 * SECOND, 3 * SECOND, exact=False)
    placement.add(80, 90, 3 * SECOND, 20 * SECOND, exact=False)
    placement.add(160, 0, 20 * SECOND, 40 * SECOND, exact=True)
    hole = Hole(4 * SECOND, 19 * SECOND)
    assert placement.shares(30, [hole]) == PlacementShares(unplaced=80, exact=170, wide=40, batch=20)
    assert placement.shares(30, []) == PlacementShares(unplaced=0, exact=170, wide=120, batch=20)
    assert placement.unplaced([hole]) == 80


def test_a_quiet_instrument_without_a_hole_in_the_tape_is_not_unplaced() -> None:
    placement = Placement()
    placement.add(10, 0, 0, 100 * SECOND, exact=True)
    assert placement.unplaced([Hole(50 * SECOND, 110 * SECOND), Hole(200 * SECOND, 300 * SECOND)]) == 0


@given(steps, st.integers(0, 100))
def test_classes_sum_to_the_whole(events: list[tuple[int, int, int, bool]], row: int) -> None:
    placement, clock, holes = Placement(), 0, []
    for seconds, volume, move, exact in events:
        before, clock = clock, clock + seconds * SECOND
        if seconds > 20:
            holes.append(Hole(before, clock))
        placement.add(volume, move, before, clock, exact=exact)
    shares = placement.shares(row, holes)
    assert min(shares.unplaced, shares.exact, shares.wide, shares.batch) >= 0
    assert shares.unplaced + shares.exact + shares.wide + shares.batch == sum(event[1] for event in events)
    assert shares.unplaced == placement.unplaced(holes) == sum(e[1] for e in events if e[0] > 20)


def test_the_median_spread_covers_the_last_five_minutes() -> None:
    window = SpreadWindow()
    assert window.median() is None
    for second in range(400):
        window.add(second * SECOND, 100 if second < 100 else 20)
    assert window.median() == 20
    window.add(401 * SECOND, 60)
    assert window.median() == 20


def test_the_newest_spread_of_a_second_counts_once() -> None:
    window = SpreadWindow()
    window.add(1 * SECOND, 10)
    for _ in range(50):
        window.add(2 * SECOND + 1, 90)
    window.add(2 * SECOND + 2, 31)
    assert window.median() == 21


def test_spreads_older_than_the_window_leave_it_after_a_silence() -> None:
    window = SpreadWindow()
    window.add(1 * SECOND, 10)
    window.add(1_000 * SECOND, 50)
    assert window.median() == 50
