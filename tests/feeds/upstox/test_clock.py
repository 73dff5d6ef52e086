import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.feeds.upstox.clock import steady_seconds
from engine.market.clock import MILLISECOND, SECOND
from tests.feeds.upstox.hands import NOON, Hands

HOUR = 3_600 * SECOND


def test_the_wall_is_read_once_and_then_only_time_passes() -> None:
    hands = Hands()
    clock = hands.clock("wall")
    assert clock.now() == NOON
    hands.wall -= HOUR
    hands.seconds += 2.5
    assert clock.now() == NOON + 2_500 * MILLISECOND
    assert clock.running


def test_a_feed_clock_knows_no_time_before_the_first_frame() -> None:
    clock = Hands().clock("feed")
    assert (clock.now(), clock.running) == (0, False)


def test_a_feed_clock_follows_the_newest_frame_and_runs_on_between_two() -> None:
    hands = Hands(wall=NOON + 9_000 * HOUR)
    clock = hands.clock("feed")
    clock.observe(NOON)
    assert (clock.now(), clock.running) == (NOON, True)
    hands.seconds += 0.25
    assert clock.now() == NOON + 250 * MILLISECOND
    clock.observe(NOON + 60 * SECOND)
    assert clock.now() == NOON + 60 * SECOND
    clock.observe(NOON + 30 * SECOND)
    assert clock.now() == NOON + 60 * SECOND


def test_a_feed_that_stalled_never_turns_the_clock_back_and_catches_it_up_again() -> None:
    hands = Hands()
    clock = hands.clock("feed")
    clock.observe(NOON)
    hands.seconds += 5
    assert clock.now() == NOON + 5 * SECOND
    clock.observe(NOON + SECOND)
    assert clock.now() == NOON + 5 * SECOND
    hands.seconds += 4.5
    assert clock.now() == NOON + 5_500 * MILLISECOND


def test_a_server_that_plays_a_day_many_times_faster_sets_the_pace() -> None:
    hands = Hands()
    clock = hands.clock("feed")
    for step in range(100):
        clock.observe(NOON + step * 60 * SECOND)
        hands.seconds += 0.1
    assert NOON + 99 * 60 * SECOND <= clock.now() <= NOON + 99 * 60 * SECOND + SECOND


def test_the_offset_is_the_fastest_frame_and_delays_are_counted_from_it() -> None:
    hands = Hands()
    clock = hands.clock("wall")
    assert (clock.offset, clock.since_sent(NOON)) == (None, None)
    clock.observe(NOON + 5_500 * MILLISECOND)
    clock.observe(NOON + 5_900 * MILLISECOND)
    clock.observe(NOON + 4_000 * MILLISECOND)
    assert clock.offset == -5_900 * MILLISECOND
    assert clock.since_sent(NOON + 5_900 * MILLISECOND) == 0
    assert clock.since_sent(NOON + 4_900 * MILLISECOND) == SECOND


def test_a_server_time_no_clock_can_have_is_ignored_and_counted() -> None:
    hands = Hands()
    wall, feed = hands.clock("wall"), hands.clock("feed")
    wall.observe(NOON + 2 * HOUR)
    assert (wall.offset, wall.implausible) == (None, 1)
    feed.observe(NOON)
    feed.observe(NOON + 30 * 365 * 24 * HOUR)
    assert (feed.now(), feed.implausible) == (NOON, 1)


@given(st.lists(st.tuples(st.integers(-3_000, 3_000), st.integers(0, 500)), max_size=40))
def test_no_order_of_frames_turns_either_clock_back(steps: list[tuple[int, int]]) -> None:
    hands = Hands()
    clocks = [hands.clock("wall"), hands.clock("feed")]
    told = [0, 0]
    for sent, passed in steps:
        hands.seconds += passed / 1_000
        for place, clock in enumerate(clocks):
            clock.observe(NOON + sent * MILLISECOND)
            now = clock.now()
            assert now >= told[place]
            told[place] = now


def test_the_session_clock_counts_the_time_that_the_machine_slept(monkeypatch: pytest.MonkeyPatch) -> None:
    counting_sleep = 7
    monkeypatch.setattr("time.CLOCK_BOOTTIME", counting_sleep, raising=False)
    monkeypatch.setattr("time.clock_gettime", {counting_sleep: 5_000.0}.__getitem__)
    assert steady_seconds() == 5_000.0


def test_a_system_without_such_a_clock_goes_by_the_one_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("time.CLOCK_BOOTTIME", raising=False)
    monkeypatch.setattr("time.monotonic", lambda: 3.0)
    assert steady_seconds() == 3.0
