"""How often the order list is read: by what is at stake, whatever the stream says, and inside the budget of reads."""

from dataclasses import dataclass, field

import pytest

from engine.brokers.upstox.cadence import (
    AGAIN_WHILE_BEHIND,
    AT_STAKE,
    BESIDE_STREAM,
    CHANGING,
    FILLING,
    IDLE,
    STRAIN,
    WITHOUT_STREAM,
    cadence,
)
from engine.brokers.upstox.keepalive import UNREAD_FOR, Upkeep
from engine.orders.attention import Attention
from engine.upstox.rest.rate_limits import SHARES, CallBudget, Kind, Purpose
from engine.upstox.rest.transport import NotSentError

ROOMY = SHARES[Kind.READ, Purpose.PROTECT][-1]
HALF_HOUR = 1_800


class Now:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Noting:
    """What upkeep asks of a broker. Each list that is asked for is read at once, unless ``silent``."""

    now: Now
    asked: list[str] = field(default_factory=list)
    attention: Attention = Attention.IDLE
    behind: bool = False
    room: int = ROOMY
    reachable: bool = True
    silent: bool = False
    orders_asked_at: float | None = None
    orders_read_at: float | None = None

    def poll(self) -> None:
        self.asked.append("poll")
        self.read()

    def reconcile(self) -> None:
        self.asked.append("reconcile")
        self.read()

    def read(self) -> None:
        self.orders_asked_at = self.now()
        if not self.silent:
            self.orders_read_at = self.now()

    def warm(self) -> None:
        if not self.reachable:
            raise NotSentError("no route")


def stand(*, up: bool = True) -> tuple[Upkeep, Noting, Now]:
    now = Now()
    broker = Noting(now)
    upkeep = Upkeep(broker, monotonic=now)
    if up:
        upkeep.stream_changed(up=True)
    return upkeep, broker, now


def polls_within(upkeep: Upkeep, broker: Noting, seconds: float, step: float = 0.1) -> int:
    before, until = len(broker.asked), broker.now.seconds + seconds
    while broker.now.seconds < until - 1e-9:
        broker.now.seconds = round(broker.now.seconds + step, 3)
        upkeep.tick()
    return len(broker.asked) - before


@pytest.mark.parametrize(
    ("attention", "beside_a_stream", "without"),
    [
        (Attention.IDLE, BESIDE_STREAM, IDLE),
        (Attention.HELD, AT_STAKE, WITHOUT_STREAM),
        (Attention.CHANGING, CHANGING, CHANGING),
        (Attention.FILLING, FILLING, FILLING),
    ],
)
def test_the_list_is_read_as_often_as_what_is_at_stake_asks_for_and_a_silent_stream_changes_nothing(
    attention: Attention, beside_a_stream: float, without: float
) -> None:
    for up, pause in ((True, beside_a_stream), (False, without)):
        upkeep, broker, _ = stand(up=up)
        broker.attention = attention
        assert polls_within(upkeep, broker, 30) == 30 / pause
    assert (AT_STAKE, CHANGING) == (3.0, 1.0)


def test_what_was_missed_is_asked_for_every_second_until_a_list_was_read() -> None:
    upkeep, broker, _ = stand()
    assert broker.asked == ["reconcile"]
    broker.behind = True
    assert polls_within(upkeep, broker, 10) == 10 / AGAIN_WHILE_BEHIND
    assert set(broker.asked) == {"reconcile"}


def test_a_list_that_somebody_else_asked_for_serves_and_the_next_one_is_due_from_there() -> None:
    upkeep, broker, now = stand()
    broker.attention = Attention.HELD
    polls_within(upkeep, broker, 2.0)
    broker.read()
    assert polls_within(upkeep, broker, 2.9) == 0
    assert polls_within(upkeep, broker, 0.1) == 1
    assert now.seconds == pytest.approx(5.0)


def test_more_at_stake_is_noticed_at_the_next_look_and_not_at_the_end_of_a_long_pause() -> None:
    upkeep, broker, _ = stand()
    polls_within(upkeep, broker, 5.0)
    broker.attention = Attention.CHANGING
    assert polls_within(upkeep, broker, 0.1) == 1


def test_orders_that_cannot_be_read_are_said_to_be_missing_only_while_something_is_at_stake() -> None:
    upkeep, broker, _ = stand()
    broker.silent = True
    polls_within(upkeep, broker, 60)
    assert not upkeep.alarms
    broker.attention = Attention.HELD
    (said,) = upkeep.alarms
    assert said == "the broker's orders could not be read for 60 s"
    broker.silent = False
    polls_within(upkeep, broker, UNREAD_FOR)
    assert not upkeep.alarms


@pytest.mark.parametrize(("room", "pause"), STRAIN)
def test_a_strained_budget_lengthens_the_pauses_and_is_said(room: int, pause: float) -> None:
    for attention in (Attention.HELD, Attention.CHANGING, Attention.FILLING):
        found = cadence(attention, stream_up=True, behind=False, room=room)
        wanted = cadence(attention, stream_up=True, behind=False, room=ROOMY)
        assert found.seconds == max(pause, wanted.seconds)
        assert found.strained == (pause > wanted.seconds)
        if room:
            assert cadence(attention, stream_up=True, behind=False, room=room - 1).seconds >= found.seconds


@dataclass
class Day:
    """A day's reads by one real budget: lists by upkeep, and beside them what a run reads every quarter minute."""

    attention: Attention
    beside: int
    """Further reads every 15 s: positions of a whole book, and the account's round."""

    def __post_init__(self) -> None:
        self.now = Now()
        self.budget = CallBudget(self.now)
        self.broker = Noting(self.now, attention=self.attention)
        self.broker.poll = self._poll  # type: ignore[method-assign]
        self.upkeep = Upkeep(self.broker, monotonic=self.now)
        self.upkeep._stream_up = True
        self.refused = 0
        self.strained = 0
        self.most_used = 0
        self.pauses: list[float] = []

    def run(self, hours: int) -> None:
        last = 0.0
        for half in range(hours * 7_200):
            self.now.seconds = half / 2
            self.broker.room = self.budget.left(Kind.READ, Purpose.PROTECT)
            before = len(self.broker.asked)
            self.upkeep.tick()
            if len(self.broker.asked) > before:
                self.pauses.append(self.now.seconds - last)
                last = self.now.seconds
                self.strained += bool(self.upkeep.alarms)
            if half % 30 == 0:
                for _ in range(self.beside):
                    self.refused += self.budget.take(Kind.READ, Purpose.ROUTINE) > 0
            if half % 120 == 0:
                self.most_used = max(self.most_used, self.budget.used(Kind.READ)[-1])

    def _poll(self) -> None:
        self.broker.asked.append("poll")
        self.broker.read()
        self.refused += self.budget.take(Kind.READ, Purpose.PROTECT) > 0


def test_a_position_held_for_six_hours_is_watched_every_three_seconds_inside_the_share_of_routine() -> None:
    day = Day(Attention.HELD, beside=4)
    day.run(6)
    assert (day.refused, day.strained) == (0, 0)
    assert max(day.pauses) == pytest.approx(AT_STAKE)
    assert day.most_used <= SHARES[Kind.READ, Purpose.ROUTINE][-1]


def test_six_hours_of_change_are_read_ever_more_slowly_and_say_so_and_the_kill_keeps_its_reserve() -> None:
    day = Day(Attention.CHANGING, beside=2)
    day.run(6)
    assert day.refused == 0
    assert day.pauses[1] == pytest.approx(CHANGING)
    assert max(day.pauses) <= 5.0
    assert sum(day.pauses) / len(day.pauses) < 2.0
    assert day.strained > 1_000
    assert day.most_used <= SHARES[Kind.READ, Purpose.ROUTINE][-1]
    assert day.budget.left(Kind.READ, Purpose.KILL) >= 200


def test_a_host_that_cannot_be_reached_is_named_until_it_can() -> None:
    upkeep, broker, _ = stand()
    broker.reachable = False
    upkeep.warm()
    assert upkeep.problem == "no route"
    broker.reachable = True
    upkeep.warm()
    assert upkeep.problem == ""
