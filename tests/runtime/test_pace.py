"""The virtual clock: as fast as asked, held at will, never back, never starved by quiet."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from engine.contract.replay_speeds import UNPACED
from engine.market.clock import SECOND
from engine.runtime.pace import PlayedPace

NOW = 1_700_000_000 * SECOND


@dataclass
class Wall:
    """A wall clock that goes on when told."""

    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


SPEEDS = st.sampled_from((UNPACED, 1, 2, 5, 10, 30))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(0, 5_000)),
        st.tuples(st.just("hold"), st.just(0)),
        st.tuples(st.just("release"), st.just(0)),
        st.tuples(st.just("speed"), SPEEDS),
        st.tuples(st.just("slip"), st.integers(0, 20)),
    ),
    max_size=40,
)


def test_virtual_time_goes_at_the_multiple_asked_for() -> None:
    wall = Wall()
    pace = PlayedPace(wall, NOW, speed=10)
    wall.seconds += 1.5
    assert pace.target(NOW) == NOW + 15 * SECOND
    pace.change_speed(2, NOW)
    wall.seconds += 1
    assert pace.target(NOW) == NOW + 17 * SECOND


def test_unpaced_time_has_no_bound_and_never_waits() -> None:
    pace = PlayedPace(Wall(), NOW, speed=UNPACED)
    assert pace.target(NOW) is None
    assert pace.seconds_until(NOW + 3_600 * SECOND, NOW) == 0.0
    assert pace.reach(NOW) == NOW


def test_a_held_market_lets_time_go_on_at_the_pace_of_the_wall() -> None:
    wall = Wall()
    pace = PlayedPace(wall, NOW, speed=30)
    pace.hold(NOW)
    wall.seconds += 4
    assert pace.target(NOW) == NOW + 4 * SECOND
    assert pace.seconds_until(NOW + 6 * SECOND, NOW) == 2.0
    assert pace.release(NOW + 4 * SECOND) == 4 * SECOND
    assert pace.held_for(NOW + 9 * SECOND) == 0


def test_an_unpaced_market_that_is_held_waits_like_any_other() -> None:
    wall = Wall()
    pace = PlayedPace(wall, NOW, speed=UNPACED)
    pace.hold(NOW)
    wall.seconds += 1
    assert pace.target(NOW) == NOW + SECOND
    pace.release(NOW + SECOND)
    assert pace.target(NOW + SECOND) is None


def test_holding_twice_counts_the_time_once() -> None:
    wall = Wall()
    pace = PlayedPace(wall, NOW, speed=1)
    pace.hold(NOW)
    wall.seconds += 2
    pace.hold(NOW + 2 * SECOND)
    wall.seconds += 3
    assert pace.release(NOW + 5 * SECOND) == 5 * SECOND
    assert pace.release(NOW + 7 * SECOND) == 0


def test_a_quiet_market_loses_no_time_however_long_it_is_quiet() -> None:
    wall = Wall()
    pace = PlayedPace(wall, NOW, speed=1)
    due = NOW + 60 * SECOND
    for _ in range(600):
        wall.seconds += 0.1
        pace.slip(due, NOW, 2.0)
    assert pace.seconds_until(due, NOW) < 0.1


def test_time_lost_by_a_stopped_machine_is_forgotten() -> None:
    wall = Wall()
    pace = PlayedPace(wall, NOW, speed=10)
    wall.seconds += 3_600
    pace.slip(NOW + SECOND, NOW, 2.0)
    assert pace.target(NOW) == NOW + SECOND


def test_a_small_lag_is_caught_up() -> None:
    wall = Wall()
    pace = PlayedPace(wall, NOW, speed=10)
    wall.seconds += 1.9
    pace.slip(NOW, NOW, 2.0)
    assert pace.target(NOW) == NOW + 19 * SECOND


@given(speed=SPEEDS, steps=STEPS)
def test_time_never_goes_back_behind_what_was_reached(speed: int, steps: list[tuple[str, int]]) -> None:
    wall = Wall()
    pace = PlayedPace(wall, NOW, speed=speed)
    reached = NOW
    for what, amount in steps:
        if what == "pass":
            wall.seconds += amount / 1_000
        elif what == "hold":
            pace.hold(reached)
        elif what == "release":
            pace.release(reached)
        elif what == "speed":
            pace.change_speed(amount, reached)
        else:
            pace.slip(reached + amount * SECOND, reached, 2.0)
        target = pace.target(reached)
        assert target is None or target >= reached
        assert pace.held_for(reached) >= 0
        if target is not None:
            reached = target
        assert pace.reach(reached) >= reached


@given(speed=SPEEDS.filter(bool), wait=st.integers(1, 3_600 * SECOND))
def test_waiting_as_long_as_said_reaches_the_due_instant(speed: int, wait: int) -> None:
    wall = Wall()
    pace = PlayedPace(wall, NOW, speed=speed)
    wall.seconds += pace.seconds_until(NOW + wait, NOW) + 1e-6
    target = pace.target(NOW)
    assert target is not None
    assert target >= NOW + wait
    assert target <= NOW + wait + speed * 100
