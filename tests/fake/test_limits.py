"""The fake broker's rate limits: three windows, wall time, no hint when to come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake.desk import Desk
from tests.fake_upstox.limits import RateLimiter

WRITES = ((1.0, 10), (60.0, 500), (1_800.0, 2_000))
READS = ((1.0, 50), (60.0, 500), (1_800.0, 2_000))


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("write", "gap", "admitted"),
    [(True, 0.0, 10), (True, 0.11, 500), (True, 0.5, 2_000), (False, 0.0, 50), (False, 0.025, 500)],
)
def test_a_steady_caller_is_refused_at_the_window_that_fills_first(
    write: bool, gap: float, admitted: int
) -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    taken = 0
    while limiter.admit("place" if write else "order_book", write=write):
        taken += 1
        clock.now += gap
    assert taken == admitted


@given(gaps=st.lists(st.floats(0, 0.4), max_size=80), write=st.booleans())
def test_no_rolling_window_ever_admits_more_than_its_number(gaps: list[float], write: bool) -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    admitted: list[float] = []
    for gap in gaps:
        clock.now += gap
        if limiter.admit("name", write=write):
            admitted.append(clock.now)
    for seconds, most in WRITES if write else READS:
        for place, at in enumerate(admitted):
            assert sum(1 for other in admitted[place:] if other < at + seconds) <= most


def test_writes_share_one_allowance_unless_told_otherwise() -> None:
    limiter = RateLimiter(Clock())
    names = ["place", "modify", "cancel"] * 4
    assert [limiter.admit(name, write=True) for name in names].count(True) == 10
    limiter = RateLimiter(Clock())
    limiter.shared_writes = False
    assert all(limiter.admit(name, write=True) for name in names)


def test_reads_are_counted_call_by_call() -> None:
    limiter = RateLimiter(Clock())
    assert all(limiter.admit("order_book", write=False) for _ in range(50))
    assert limiter.admit("positions", write=False)
    assert not limiter.admit("order_book", write=False)


def test_the_eleventh_order_of_a_second_gets_429_and_no_hint(desk: Desk) -> None:
    answers = [desk.send(tag=f"r-{number}") for number in range(11)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert refused[0].code == "UDAPI10005"
    assert "Retry-After" not in refused[0].headers
    desk.step()
    assert len(desk.get("/v2/order/retrieve-all").data) == 11 - len(refused)


def test_a_storm_may_be_suspended(desk: Desk) -> None:
    desk.state(block_seconds=60.0)
    assert desk.get("/v2/user/profile").status == 429
    desk.state(block_seconds=0.0)
    assert desk.get("/v2/user/profile").status == 200
