"""The ladder's window: centred at first, steady under ticks, held when scrolled, always filled."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cockpit.widgets.viewport import Viewport, centred, look, scroll
from engine.contract.views import LadderView
from tests.cockpit.pictured_market import ladder


def at(last: int | None, key: str = "NSE_EQ|MERIDIAN") -> LadderView:
    return msgspec.structs.replace(ladder(), last=last, key=key)


def test_the_last_price_stands_in_the_middle_at_first() -> None:
    sight, _ = look(at(151_200), Viewport(), 21)
    assert sight.last == 10
    row = sight.rows[10]
    assert row is not None
    assert row.price == 151_200


def test_at_the_days_extreme_the_window_shows_the_profile_and_few_empty_rows() -> None:
    for edge in (155_900, 143_900):
        sight, _ = look(at(edge), Viewport(), 36)
        prices = {row.price for row in sight.rows if row is not None}
        assert len(prices & {row.price for row in ladder().rows}) == 30
        assert sight.last is not None


def test_a_short_profile_stands_in_the_middle_of_a_tall_window() -> None:
    profile = msgspec.structs.replace(at(151_200), rows=ladder().rows[20:30])
    sight, _ = look(profile, Viewport(), 40)
    prices = [row.price for row in sight.rows if row is not None]
    assert prices.index(profile.rows[0].price) == 15


def test_a_price_between_two_lower_edges_belongs_to_the_row_below() -> None:
    sight, _ = look(at(151_395), Viewport(), 21)
    assert sight.last is not None
    row = sight.rows[sight.last]
    assert row is not None
    assert row.price == 151_200


def test_a_moving_price_leaves_the_window_where_it_is_until_the_edge() -> None:
    _, viewport = look(at(151_200), Viewport(), 21)
    near, moved = look(at(152_200), viewport, 21)
    assert moved == viewport
    assert near.last == 5
    far, jumped = look(at(154_800), viewport, 21)
    assert jumped != viewport
    assert far.last == 9  # two empty rows are spare above the profile


def test_a_scrolled_window_stays_whatever_the_price_does_and_comes_home() -> None:
    _, viewport = look(at(151_200), Viewport(), 21)
    held = scroll(at(151_200), viewport, -30)
    sight, after = look(at(151_200), held, 21)
    assert after.scrolled
    assert sight.last is None
    assert look(at(149_000), after, 21)[0].rows == sight.rows
    assert look(at(151_200), centred(after), 21)[0].last == 10


def test_scrolling_never_loses_the_profile() -> None:
    _, viewport = look(at(151_200), Viewport(), 21)
    for step in (-10, 10):
        for _ in range(50):
            viewport = scroll(at(151_200), viewport, step)
            sight, viewport = look(at(151_200), viewport, 21)
            prices = {row.price for row in sight.rows if row is not None}
            assert prices & {row.price for row in ladder().rows}


def test_another_instrument_starts_in_its_own_middle() -> None:
    _, viewport = look(at(151_200), Viewport(), 21)
    other, moved = look(at(154_000, key="other"), scroll(at(151_200), viewport, -5), 21)
    assert other.last == 10
    assert not moved.scrolled


def test_our_levels_out_of_sight_are_told_by_side() -> None:
    sight, _ = look(at(151_200), Viewport(), 5)
    assert "stop 1,554.10" in sight.above
    assert "T2 1,504.00" in sight.below


@given(st.integers(1, 320_000), st.integers(1, 80))
def test_the_window_is_always_full_and_holds_the_last_price_once(last: int, lines: int) -> None:
    sight, _ = look(at(last), Viewport(), lines)
    assert len(sight.rows) == lines
    prices = [row.price for row in sight.rows if row is not None]
    assert prices == sorted(set(prices), reverse=True)
    assert sight.last is not None
    row = sight.rows[sight.last]
    assert row is None or row.price <= last < row.price + 200


def test_another_height_centres_again_so_that_the_picture_depends_on_the_window_alone() -> None:
    _, viewport = look(at(152_000), Viewport(), 40)
    sight, _ = look(at(151_200), viewport, 21)
    assert sight == look(at(151_200), Viewport(), 21)[0]


def test_without_rows_there_is_nothing_to_see() -> None:
    empty = msgspec.structs.replace(ladder(), rows=())
    assert look(empty, Viewport(), 10)[0].rows == ()
