"""The threads that carry requests: one order's wishes leave one after the other, and only the newest that waits."""

import threading
from collections.abc import Callable, Iterator

import pytest

from engine.brokers.upstox.lanes import OVERTAKE_AFTER, Job, LaneName, Lanes

PATIENCE = 60.0


class Stand:
    """Lanes with a clock of their own, and jobs that hang until they are let go."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lanes = Lanes(monotonic=lambda: self.now)
        self.began: list[str] = []
        self.replaced: list[str] = []
        self._changed = threading.Condition()
        self._free: set[str] = set()
        self._released = False

    def put(
        self, name: str, key: str = "order", lane: LaneName = LaneName.URGENT, *, keeps: bool = False
    ) -> None:
        self.lanes.put(
            lane, Job(key, lambda: self._hang(name), None if keeps else lambda: self._give_way(name))
        )

    def answer(self, name: str) -> None:
        with self._changed:
            self._free.add(name)
            self._changed.notify_all()

    def release(self) -> None:
        """Let every job go that hangs."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def until(self, done: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(done, PATIENCE), (self.began, self.replaced)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        with self.lanes._changed:
            self.lanes._changed.notify_all()

    def _hang(self, name: str) -> None:
        with self._changed:
            self.began.append(name)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._released or name in self._free, 12 * PATIENCE)

    def _give_way(self, name: str) -> None:
        with self._changed:
            self.replaced.append(name)
            self._changed.notify_all()


@pytest.fixture
def stand() -> Iterator[Stand]:
    found = Stand()
    yield found
    found.lanes.close()
    found.release()


def test_of_six_wishes_made_while_the_first_is_unanswered_only_the_newest_leaves_once_it_is_answered(
    stand: Stand,
) -> None:
    stand.put("1")
    stand.until(lambda: stand.began == ["1"])
    for number in range(2, 7):
        stand.put(str(number))
    assert stand.replaced == ["2", "3", "4", "5"]
    stand.answer("1")
    stand.until(lambda: stand.began == ["1", "6"])


def test_the_newest_wish_overtakes_an_answer_that_does_not_come_and_the_next_one_waits_for_it(
    stand: Stand,
) -> None:
    stand.put("1")
    stand.until(lambda: stand.began == ["1"])
    for number in range(2, 5):
        stand.put(str(number))
    stand.pass_time(OVERTAKE_AFTER)
    stand.until(lambda: stand.began == ["1", "4"])
    for number in range(5, 8):
        stand.put(str(number))
    stand.pass_time(OVERTAKE_AFTER / 2)
    stand.put("other", "another order")
    stand.until(lambda: stand.began == ["1", "4", "other"])
    # The first is silent on; what counts is the newest that left.
    stand.answer("4")
    stand.until(lambda: stand.began == ["1", "4", "other", "7"])


def test_a_placement_keeps_its_place_and_only_a_withdrawal_takes_it_out(stand: Stand) -> None:
    stand.put("running")
    stand.until(lambda: stand.began == ["running"])
    stand.put("placement", keeps=True)
    stand.put("wish")
    assert stand.replaced == []
    assert stand.lanes.withdraw("order")
    assert not stand.lanes.withdraw("order")
    stand.answer("running")
    stand.until(lambda: stand.began == ["running", "wish"])


def test_ten_writes_a_second_that_are_all_unanswered_for_seven_seconds_hold_up_no_other(stand: Stand) -> None:
    for number in range(70):
        stand.put(str(number), str(number))
    stand.until(lambda: len(stand.began) == 70)
    stand.put("exit", "exit")
    stand.until(lambda: stand.began[-1] == "exit")


def test_a_thread_that_is_free_again_takes_the_next_job_and_no_second_one_is_made(stand: Stand) -> None:
    lanes, seen = stand.lanes, list[str]()

    def is_done(count: int) -> bool:
        return len(seen) == count and not lanes._started

    for number in range(20):
        lanes.put(LaneName.URGENT, Job(str(number), lambda: seen.append(threading.current_thread().name)))
        with lanes._changed:
            while not is_done(number + 1):
                assert lanes._changed.wait(PATIENCE)
    assert len(set(seen)) == 1
