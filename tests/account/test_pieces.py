"""The pieces around a paper or live run: its end, its recordings' places, halts, missed minutes, the tape."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import config
from engine.feeds.live_tape import LiveTape
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.seed import MissedMinutes
from engine.market.session import TradingDay, trading_day
from engine.market.update import Bar, MarketUpdate
from engine.runtime.live.announced_halts import halt_of
from engine.runtime.live.backfill import Missed
from engine.runtime.live.day_end import EndsAfterTheDay, last_session_end
from engine.runtime.live.recording_place import next_part, parts_of, remove_old
from engine.upstox.rest.outcome import CallFailed, TryLater
from engine.world.directories import Home
from tests.recordings import DAY, EQ_A, OPT_A

STOCK = Instrument(EQ_A, "A", InstrumentClass.STOCK, 5, 1, 100_000, Provenance.MASTER)
OPTION = Instrument(OPT_A, "O", InstrumentClass.OPTION, 5, 35, 1_000, Provenance.MASTER)
BOTH = {STOCK.key: STOCK, OPTION.key: OPTION}


@pytest.fixture(scope="module")
def day() -> TradingDay:
    return trading_day(DAY, config.Settings().session)


class Ended:
    """An ending with its surroundings as a test sets them."""

    def __init__(self, day: TradingDay) -> None:
        self.over = last_session_end(day, {InstrumentClass.STOCK, InstrumentClass.OPTION}) + 5 * MINUTE
        self.finished: list[Instant] = []
        self.summed = 0
        self.played = False
        self.ending = EndsAfterTheDay(
            day,
            lambda: {InstrumentClass.STOCK, InstrumentClass.OPTION},
            finish=self.finished.append,
            played_out=lambda: self.played,
            closed=self._close,
            carried=lambda: "",
        )

    def _close(self) -> None:
        self.summed += 1


def test_a_day_is_over_five_minutes_after_its_last_session_and_summed_up_once(day: TradingDay) -> None:
    one = Ended(day)
    assert one.ending.reason(flat=True, now=one.over - 1) == ""
    assert one.finished == []
    assert one.ending.reason(flat=True, now=one.over) == ""
    assert one.finished == [one.over]
    assert one.ending.reason(flat=True, now=one.over + 1) == ""
    one.played = True
    assert one.ending.reason(flat=True, now=one.over + 2) == "the day is over"
    assert one.ending.reason(flat=True, now=one.over + 3) == "the day is over"
    assert (one.finished, one.summed) == ([one.over], 1)


def test_an_engine_stays_after_its_day_while_something_is_open(day: TradingDay) -> None:
    one = Ended(day)
    one.played = True
    one.ending.reason(flat=False, now=one.over)
    assert one.ending.reason(flat=False, now=one.over + 3_600 * SECOND) == ""
    assert one.summed == 0


def test_an_engine_stays_after_its_day_for_who_watches_but_not_into_the_next(day: TradingDay) -> None:
    one = Ended(day)
    one.played = True
    one.ending.attended(1)
    one.ending.reason(flat=True, now=one.over)
    assert one.ending.reason(flat=True, now=one.over + 1) == ""
    assert one.summed == 1
    assert one.ending.reason(flat=True, now=one.over + 12 * 3_600 * SECOND) == "the day is over"


def test_each_life_of_a_run_has_a_part_of_its_own_oldest_first(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for _ in range(3):
        next_part(home, DAY, "paper-1").touch()
    next_part(home, DAY, "paper-11").touch()
    assert [path.name for path in parts_of(home, DAY, "paper-1")] == [
        "paper-1.01.frames",
        "paper-1.02.frames",
        "paper-1.03.frames",
    ]
    assert next_part(home, DAY, "paper-2").name == "paper-2.01.frames"


def test_old_recordings_go_and_nothing_else_does(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for age in (0, 60, 61):
        next_part(home, DAY - timedelta(days=age), "paper-1").touch()
    notes = home.recordings / (DAY - timedelta(days=61)).isoformat() / "notes.txt"
    notes.touch()
    (home.recordings / "not-a-day").mkdir()
    removed = remove_old(home, DAY, 60)
    assert [path.parent.name for path in removed] == [(DAY - timedelta(days=61)).isoformat()]
    assert notes.exists()
    assert parts_of(home, DAY - timedelta(days=60), "paper-1")


@pytest.mark.parametrize(
    ("segments", "told"),
    [
        ({}, ""),
        ({"NSE_EQ": "NORMAL_OPEN", "NSE_FO": "NORMAL_OPEN"}, ""),
        ({"NSE_EQ": "NORMAL_CLOSE", "NSE_FO": "NORMAL_OPEN"}, "NSE_EQ is NORMAL_CLOSE"),
        ({"NSE_COM": "NORMAL_CLOSE", "NSE_EQ": "NORMAL_OPEN"}, ""),
    ],
)
def test_a_followed_segment_that_is_not_open_inside_its_session_is_a_halt(
    day: TradingDay, segments: dict[str, str], told: str
) -> None:
    noon = day.open(InstrumentClass.STOCK) + 120 * MINUTE
    assert halt_of(segments, BOTH.values(), day, noon).reason == told


@pytest.mark.parametrize("status", ["CTS_CLOSE", "CAS_LM_START", "CAS_M_STOP", "CAS_STOP"])
def test_a_closing_auction_before_its_time_is_a_halt_for_the_stocks_in_it(
    day: TradingDay, status: str
) -> None:
    noon = day.open(InstrumentClass.AUCTION_STOCK) + 120 * MINUTE
    in_it = replace(STOCK, kind=InstrumentClass.AUCTION_STOCK)
    outside_it = replace(STOCK, kind=InstrumentClass.STOCK)
    told = {"NSE_EQ": (status, noon - SECOND)}
    open_now = {"NSE_EQ": "NORMAL_OPEN"}
    assert (
        halt_of(open_now, [in_it], day, noon, told).reason == f"NSE_EQ is in its closing auction ({status})"
    )
    assert halt_of(open_now, [outside_it], day, noon, told).reason == ""
    yesterday = {"NSE_EQ": (status, noon - 24 * 60 * MINUTE)}
    assert halt_of(open_now, [in_it], day, noon, yesterday).reason == ""
    end = day.close(InstrumentClass.AUCTION_STOCK)
    assert halt_of(open_now, [in_it], day, end - 30 * SECOND, told).reason == ""


@pytest.mark.parametrize("edge", ["open", "close"])
def test_a_status_that_changes_around_the_schedules_edge_is_no_halt(day: TradingDay, edge: str) -> None:
    at = day.open(InstrumentClass.STOCK) if edge == "open" else day.close(InstrumentClass.STOCK)
    for instant in (at - 30 * SECOND, at, at + 30 * SECOND):
        assert halt_of({"NSE_EQ": "NORMAL_CLOSE"}, [STOCK], day, instant).reason == ""


def update(arrival: Instant) -> MarketUpdate:
    return MarketUpdate(
        instrument=EQ_A,
        arrival=arrival,
        trade_time=arrival,
        last=100,
        last_quantity=1,
        volume=1,
        previous_close=100,
    )


def test_a_tape_that_was_finished_plays_what_arrived_and_takes_nothing_more() -> None:
    tape = LiveTape("run", DAY, BOTH, begins=0)
    tape.arrive([update(1), update(2)])
    tape.finish(5)
    tape.arrive([update(6)])
    tape.finish(9)
    read = []
    while (item := tape.read()) is not None:
        read.append(item.arrival)
    assert (read, tape.ended, tape.ends) == ([1, 2], True, 5)


def test_a_tape_with_nothing_to_read_has_not_ended() -> None:
    tape = LiveTape("run", DAY, BOTH, begins=0)
    assert (tape.read(), tape.ended) == (None, False)


class Asking:
    """A run that misses minutes, on a clock of its own."""

    def __init__(self, day: TradingDay, *answers: tuple[Bar, ...] | None) -> None:
        self.now = day.open(InstrumentClass.STOCK) + 60 * MINUTE
        self.tape = LiveTape("run", DAY, BOTH, begins=self.now)
        self.asked: list[str] = []
        self._answers = list(answers)
        self.missed = Missed(self._read, day, self.tape, None, lambda: self.now, lambda: None)
        self.missed.look_for({EQ_A: STOCK})

    def _read(self, key: str) -> tuple[Bar, ...]:
        self.asked.append(key)
        answer = self._answers.pop(0)
        if answer is None:
            raise CallFailed(TryLater("429", "too many"))
        return answer


def minutes(day: TradingDay, count: int) -> tuple[Bar, ...]:
    opening = day.open(InstrumentClass.STOCK)
    return tuple(Bar(opening + index * MINUTE, 100, 110, 90, 105, 10) for index in range(count))


async def test_missed_minutes_are_asked_for_once_they_are_settled_and_come_with_the_tape(
    day: TradingDay,
) -> None:
    asking = Asking(day, minutes(day, 70))
    await asking.missed.ask_what_is_due()
    assert asking.asked == []
    asking.now += 4 * MINUTE
    await asking.missed.ask_what_is_due()
    await asking.missed.ask_what_is_due()
    assert asking.asked == [EQ_A]
    item = asking.tape.read()
    assert isinstance(item, MissedMinutes)
    assert (item.instrument, item.arrival) == (EQ_A, asking.now)
    # What is younger than two minutes may still change at the broker.
    assert item.minutes[-1].start == day.open(InstrumentClass.STOCK) + 61 * MINUTE


async def test_minutes_that_the_broker_does_not_give_are_asked_for_again_later(day: TradingDay) -> None:
    asking = Asking(day, None, minutes(day, 70))
    asking.now += 4 * MINUTE
    await asking.missed.ask_what_is_due()
    await asking.missed.ask_what_is_due()
    assert asking.asked == [EQ_A]
    asking.now += MINUTE
    await asking.missed.ask_what_is_due()
    assert isinstance(asking.tape.read(), MissedMinutes)


async def test_outside_the_session_nothing_is_missed(day: TradingDay) -> None:
    asking = Asking(day)
    asking.missed = Missed(
        asking._read, day, asking.tape, None, lambda: day.open(InstrumentClass.STOCK) - MINUTE, lambda: None
    )
    asking.missed.look_for(BOTH)
    asking.now += 60 * MINUTE
    await asking.missed.ask_what_is_due()
    assert asking.asked == []


async def test_a_hole_on_a_line_that_never_broke_is_asked_for_too_but_not_all_the_time(
    day: TradingDay,
) -> None:
    asking = Asking(day, minutes(day, 60), minutes(day, 60))
    asking.missed = Missed(
        asking._read, day, asking.tape, None, lambda: asking.now, lambda: None, lambda key: key == EQ_A
    )
    await asking.missed.ask_what_is_due()
    await asking.missed.ask_what_is_due()
    assert asking.asked == [EQ_A]
    asking.now += 4 * MINUTE
    await asking.missed.ask_what_is_due()
    assert asking.asked == [EQ_A, EQ_A]
