"""One order list for everybody who waits: it proves to each what was so when it asked, and no failure is shared."""

import threading
from collections.abc import Callable

import pytest

from engine.brokers.upstox.order_list import HANGS_AFTER, OrderList
from engine.upstox.rest.listed import Listed
from engine.upstox.rest.outcome import CallFailed, InDoubt
from engine.upstox.rest.records import BrokerOrderRow

PATIENCE = 60.0


class Stand:
    """A list that is read when it is let be, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 1.0
        self.orders = OrderList(lambda: self.now)
        self.fetched = 0
        self.told: list[object] = []
        self._gates: list[threading.Event] = []
        self._changed = threading.Condition()

    def ask(self) -> None:
        before = self.waiting
        threading.Thread(target=self._ask, daemon=True).start()
        self.until(lambda: self.waiting > before)

    def answer(self, place: int = 0) -> None:
        self.until(lambda: len(self._gates) > place)
        self._gates[place].set()

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        with self.orders._changed:
            self.orders._changed.notify_all()

    def until(self, done: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(done, PATIENCE), (self.fetched, self.told)

    waiting = 0

    def _ask(self) -> None:
        with self._changed:
            self.waiting += 1
            self._changed.notify_all()
        try:
            found: object = self.orders.read(self._fetch)
        except CallFailed as failure:
            found = failure
        with self._changed:
            self.told.append(found)
            self._changed.notify_all()

    def _fetch(self) -> Listed[BrokerOrderRow]:
        gate = threading.Event()
        with self._changed:
            self.fetched += 1
            number = self.fetched
            self._gates.append(gate)
            self._changed.notify_all()
        gate.wait(PATIENCE)
        if number in self.failing:
            raise CallFailed(InDoubt("timed out"))
        return Listed()

    failing: frozenset[int] = frozenset()


@pytest.fixture
def stand() -> Stand:
    return Stand()


def test_whoever_asks_while_a_list_is_on_its_way_gets_the_next_one_and_all_of_them_get_the_same(
    stand: Stand,
) -> None:
    stand.ask()
    stand.until(lambda: stand.fetched == 1)
    stand.now += 0.2
    for _ in range(5):
        stand.ask()
    stand.answer(0)
    stand.until(lambda: len(stand.told) == 1 and stand.fetched == 2)
    stand.answer(1)
    stand.until(lambda: len(stand.told) == 6)
    assert stand.fetched == 2
    assert len({id(found) for found in stand.told[1:]}) == 1
    assert stand.orders.read_at == stand.orders.asked_at == 1.2


def test_a_list_that_failed_is_asked_for_again_by_the_next_who_waits(stand: Stand) -> None:
    stand.failing = frozenset({1})
    stand.ask()
    stand.until(lambda: stand.fetched == 1)
    stand.now += 0.2
    stand.ask()
    stand.answer(0)
    stand.answer(1)
    stand.until(lambda: len(stand.told) == 2)
    assert [isinstance(found, CallFailed) for found in stand.told] == [True, False]


def test_a_list_that_hangs_is_not_waited_for_and_its_late_answer_replaces_no_newer_one(stand: Stand) -> None:
    stand.ask()
    stand.until(lambda: stand.fetched == 1)
    stand.ask()
    stand.pass_time(HANGS_AFTER)
    stand.until(lambda: stand.fetched == 2)
    stand.answer(1)
    stand.until(lambda: len(stand.told) == 1)
    stand.answer(0)
    stand.until(lambda: len(stand.told) == 2)
    assert stand.orders.read_at == 1.0 + HANGS_AFTER
