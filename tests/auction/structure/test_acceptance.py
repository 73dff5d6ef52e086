"""How levels are taken: acceptance, rejection, testing, exactly as defined."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.auction.profile.volume_profile import VolumeProfile
from engine.auction.state.structure_reading import count_one_timeframing
from engine.auction.structure.acceptance import JudgedLevel, judge_edge, judge_edges, volume_beyond
from engine.auction.values.context import BracketReading
from engine.auction.values.levels import Acceptance
from engine.market.clock import MINUTE
from tests.auction.builders import OPEN

LENGTH = 30 * MINUTE
LEVEL = 1_000
ROW = 10

Span = tuple[int, int, int | None]


def brackets_of(*spans: Span, complete: int | None = None) -> list[BracketReading]:
    """Return brackets of (low, high, close); the first ``complete`` of them are over, all by default."""
    done = len(spans) if complete is None else complete
    return [
        BracketReading(
            "ABCDEFGHIJKLM"[index % 13], OPEN + index * LENGTH, low, high, close, complete=index < done
        )
        for index, (low, high, close) in enumerate(spans)
    ]


def judge(
    brackets: list[BracketReading], sign: int = 1, *, volume: bool = True, since: int = 0
) -> Acceptance:
    return judge_edge(JudgedLevel("L", LEVEL, sign, since), brackets, LENGTH, ROW, volume_accepts=volume)


INSIDE: Span = (900, 1_009, 950)
PROBE: Span = (950, 1_010, 995)
OUTSIDE: Span = (980, 1_050, 1_001)
RETURN: Span = (950, 1_005, 990)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([INSIDE], Acceptance.UNTOUCHED),
        ([INSIDE, PROBE], Acceptance.TESTING),
        ([PROBE, RETURN], Acceptance.REJECTED),
        ([(950, 1_010, 990)], Acceptance.REJECTED),
        ([PROBE, INSIDE], Acceptance.REJECTED),
        ([PROBE, (950, 1_005, 995), RETURN], Acceptance.TESTING),
        ([OUTSIDE], Acceptance.TESTING),
        ([OUTSIDE, OUTSIDE], Acceptance.ACCEPTED),
        ([OUTSIDE, OUTSIDE, OUTSIDE], Acceptance.ACCEPTED),
        ([OUTSIDE, OUTSIDE, RETURN], Acceptance.REJECTED),
        ([OUTSIDE, RETURN, OUTSIDE], Acceptance.TESTING),
        ([(980, 1_050, 1_000), OUTSIDE], Acceptance.TESTING),
    ],
)
def test_the_newest_event_decides_and_directions_mirror(spans: list[Span], expected: Acceptance) -> None:
    assert judge(brackets_of(*spans)) is expected
    mirrored = [
        (2 * LEVEL - high, 2 * LEVEL - low, None if close is None else 2 * LEVEL - close)
        for low, high, close in spans
    ]
    assert judge(brackets_of(*mirrored), -1) is expected


def test_acceptance_needs_complete_brackets_and_volume() -> None:
    assert judge(brackets_of(OUTSIDE, OUTSIDE, complete=1)) is Acceptance.TESTING
    assert judge(brackets_of(OUTSIDE, OUTSIDE), volume=False) is Acceptance.TESTING


def test_brackets_parted_by_a_hole_are_no_neighbours() -> None:
    parted = [brackets_of(OUTSIDE, INSIDE, OUTSIDE)[index] for index in (0, 2)]
    assert judge(parted) is Acceptance.TESTING


def test_brackets_before_the_level_existed_do_not_count() -> None:
    assert judge(brackets_of(PROBE, INSIDE), since=OPEN + LENGTH) is Acceptance.UNTOUCHED


def test_a_tenth_of_the_volume_must_lie_beyond() -> None:
    profile = VolumeProfile()
    profile.add(100, 90)
    profile.add(101, 9)
    edge = JudgedLevel("VAH", LEVEL, 1)
    found = brackets_of(OUTSIDE, OUTSIDE)
    assert judge_edges([edge], found, LENGTH, 50, profile, 5) == {"VAH": Acceptance.TESTING}
    profile.add(103, 1)
    assert judge_edges([edge], found, LENGTH, 50, profile, 5) == {"VAH": Acceptance.ACCEPTED}


@given(
    st.dictionaries(st.integers(50, 150), st.integers(1, 100), min_size=1),
    st.integers(400, 1_600),
    st.sampled_from([1, 2, 5, 10]),
    st.sampled_from([1, -1]),
)
def test_volume_beyond_is_exact_to_the_tick(
    ticks: dict[int, int], price: int, height: int, sign: int
) -> None:
    profile = VolumeProfile()
    for tick, volume in ticks.items():
        profile.add(tick, volume)
    expected = sum(volume for tick, volume in ticks.items() if (tick * 10 - price) * sign > 0)
    assert volume_beyond(profile, JudgedLevel("L", price, sign), height, height * 10) == expected


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], 0),
        ([INSIDE], 0),
        ([(1, 5, 3), (2, 6, 3), (2, 7, 3)], 2),
        ([(0, 7, 3), (3, 9, 3), (2, 8, 3), (2, 7, 3)], -2),
        ([(1, 9, 3), (2, 8, 3)], 0),
        ([(5, 9, 3), (1, 9, 3), (2, 10, 3), (2, 12, 3), (3, 12, 3)], 3),
    ],
)
def test_one_timeframing_counts_brackets_that_kept_the_extreme(spans: list[Span], expected: int) -> None:
    assert count_one_timeframing(brackets_of(*spans), LENGTH) == expected


def test_one_timeframing_ignores_the_bracket_in_the_making() -> None:
    assert count_one_timeframing(brackets_of((1, 5, 3), (2, 6, 3), (0, 7, 3), complete=2), LENGTH) == 1
