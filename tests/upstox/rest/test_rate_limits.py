from hypothesis import given
from hypothesis import strategies as st

from engine.upstox.rest.rate_limits import SHARES, SPANS, CallBudget, Kind, Purpose


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def budget(clock: Clock) -> CallBudget:
    return CallBudget(clock, lambda: 0.5)


def take_all(line: CallBudget, kind: Kind, purpose: Purpose, most: int = 100) -> int:
    return next((count for count in range(most) if line.take(kind, purpose) > 0), most)


def test_what_entries_leave_in_a_second_is_for_exits_and_the_last_one_for_the_kill() -> None:
    line = budget(Clock())
    assert take_all(line, Kind.WRITE, Purpose.ROUTINE) == 6
    assert take_all(line, Kind.WRITE, Purpose.PROTECT) == 3
    assert take_all(line, Kind.WRITE, Purpose.KILL) == 1
    assert line.used(Kind.WRITE) == (10, 10, 10)


def test_the_wait_named_is_the_wait_it_takes() -> None:
    clock = Clock()
    line = budget(clock)
    take_all(line, Kind.WRITE, Purpose.KILL)
    wait = line.take(Kind.WRITE, Purpose.KILL)
    clock.now += wait - 0.001
    assert line.take(Kind.WRITE, Purpose.KILL) > 0
    clock.now += 0.001
    assert line.take(Kind.WRITE, Purpose.KILL) == 0


def test_a_storm_of_entries_leaves_the_half_hour_its_reserve() -> None:
    clock = Clock()
    line = budget(clock)
    for _ in range(3_000):
        line.take(Kind.WRITE, Purpose.ROUTINE)
        clock.now += 0.2
    assert line.used(Kind.WRITE)[2] <= 1_700
    assert line.take(Kind.WRITE, Purpose.KILL) == 0


def test_reads_and_writes_do_not_crowd_each_other() -> None:
    line = budget(Clock())
    assert take_all(line, Kind.READ, Purpose.ROUTINE) == 30
    assert line.take(Kind.WRITE, Purpose.ROUTINE) == 0


def test_a_bulk_call_is_paced_by_its_lines() -> None:
    line = budget(Clock())
    assert line.take(Kind.WRITE, Purpose.KILL, lines=10) == 0
    assert line.take(Kind.WRITE, Purpose.KILL) > 0


def test_a_429_makes_all_stand_back_longer_each_time_and_the_kill_only_briefly() -> None:
    clock = Clock()
    line = budget(clock)
    line.pushed_back(Kind.WRITE)
    assert 0.4 < line.take(Kind.WRITE, Purpose.ROUTINE) <= 0.5
    assert 0 < line.take(Kind.WRITE, Purpose.PROTECT) < 0.2
    assert 0 < line.take(Kind.WRITE, Purpose.KILL) <= 0.25
    clock.now += 0.5
    line.pushed_back(Kind.WRITE)
    assert 0.9 < line.take(Kind.WRITE, Purpose.ROUTINE) <= 1.0
    for _ in range(10):
        clock.now += 20
        line.pushed_back(Kind.WRITE)
    assert 7 < line.take(Kind.WRITE, Purpose.ROUTINE) <= 8
    clock.now += 9
    line.passed(Kind.WRITE)
    line.pushed_back(Kind.WRITE)
    assert line.take(Kind.WRITE, Purpose.ROUTINE) <= 0.5


def test_several_429_answers_to_one_burst_count_once() -> None:
    clock = Clock()
    line = budget(clock)
    for _ in range(5):
        line.pushed_back(Kind.READ)
        clock.now += 0.01
    assert line.take(Kind.READ, Purpose.ROUTINE) <= 0.5


@given(
    st.lists(st.tuples(st.sampled_from(Purpose), st.integers(1, 10), st.floats(0, 5)), max_size=150),
    st.sampled_from(Kind),
)
def test_no_span_ever_holds_more_than_a_purpose_may_reach(
    calls: list[tuple[Purpose, int, float]], kind: Kind
) -> None:
    clock, sent = Clock(), list[float]()
    line = budget(clock)
    for purpose, lines, pause in calls:
        if line.take(kind, purpose, lines) == 0:
            sent += [clock.now] * lines
            for span, most in zip(SPANS, SHARES[kind, Purpose.KILL], strict=True):
                assert sum(at > clock.now - span for at in sent) <= most
        clock.now += pause
