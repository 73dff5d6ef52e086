"""The broker's lists of the day come after the engine's start: taken up by the running engine, entries alone barred."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import cast

import pytest

import config
from engine.core import Core, Ids
from engine.feeds.live_tape import LiveTape
from engine.instruments.eligibility import NOT_LISTED, SUSPENDED, Barred
from engine.instruments.listing import Intraday
from engine.market.clock import MINUTE, SECOND, Instant, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.session import trading_day
from engine.runtime.live.day_lists import TodaysLists
from engine.runtime.live.day_setup import Opener
from engine.runtime.run import RunError
from engine.upstox.reference.file_state import FileState, Freshness, InstrumentFile
from engine.upstox.reference.instrument_files import DayLists
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.transport import Transport
from tests.account.stage import begin, slow_down, watched
from tests.fake_upstox.running import RunningFake, running_fake
from tests.operations.outside import Engine, Outside, made_recordings, wait_until
from tests.recordings import DAY, EQ_A, EQ_B, OPT_A
from tests.upstox.reference.shop import open_shop

STOCK = Instrument(EQ_A, "A", InstrumentClass.STOCK, 5, 1, 100_000, Provenance.MASTER)
OTHER = Instrument(EQ_B, "B", InstrumentClass.AUCTION_STOCK, 5, 1, 100_000, Provenance.MASTER)
OPTION = Instrument(OPT_A, "O", InstrumentClass.OPTION, 5, 35, 1_000, Provenance.MASTER)
ALL = {one.key: one for one in (STOCK, OTHER, OPTION)}
LENT = Intraday(5.0, 20.0)


def states(intraday: str = "", *, freshness: Freshness = Freshness.NEW) -> tuple[FileState, ...]:
    return (
        FileState(InstrumentFile.INTRADAY, freshness, 2, None, intraday),
        FileState(InstrumentFile.SUSPENDED, Freshness.KEPT, 1, None, ""),
    )


def todays(*keys: str, suspended: str = "") -> DayLists:
    return DayLists(dict.fromkeys(keys, LENT), frozenset({suspended}), states())


STALE = DayLists({EQ_A: LENT}, frozenset(), states("STALE", freshness=Freshness.KEPT))


@dataclass
class Run:
    """A run on a clock of its own that takes the lists up; each answer is given once, the last one for ever."""

    answers: list[DayLists | RunError]
    now: Instant = field(default_factory=lambda: instant_at(DAY, time(8, 20)))
    asked: list[Instant] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = config.Settings()
        day = trading_day(DAY, settings.session)
        self.core = Core(settings, ALL, day, "paper", 1_000_000_00, Ids("t"))
        self.tape = LiveTape("run", DAY, ALL, begins=self.now)
        self.lists = TodaysLists(
            self._read,
            self.core,
            self.tape,
            None,
            lambda: self.now,
            lambda: None,
            lambda severity, text: self.notes.append(f"{severity}: {text}"),
        )

    def _read(self, now: Instant) -> DayLists:
        self.asked.append(now)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, RunError):
            raise answer
        return answer

    async def go_on(self, until: time) -> None:
        """Let time go on, looking every ten seconds; what comes on the tape reaches the core."""
        while self.now < instant_at(DAY, until):
            self.now += 10 * SECOND
            await self.lists.take_up_what_is_due()
            while (item := self.tape.read()) is not None:
                self.core.handle(item, self.now)


async def test_todays_lists_are_read_once_after_they_are_out_and_never_again() -> None:
    run = Run([todays(EQ_A, EQ_B)])
    await run.go_on(time(8, 35))
    assert run.asked == []
    await run.go_on(time(15, 30))
    assert run.asked == [instant_at(DAY, time(8, 36))]
    assert run.notes == ["info: today's intraday list is taken up: 2 names"]
    assert (run.core.entries.barred, run.lists.problem) == ({}, "")


async def test_what_is_not_on_todays_lists_is_barred_and_a_derivative_only_where_they_name_any() -> None:
    run = Run([todays(EQ_A)])
    await run.go_on(time(9))
    assert run.core.entries.barred == {EQ_B: NOT_LISTED}
    run = Run([todays(EQ_A, EQ_B, "NSE_FO|1", suspended=EQ_A)])
    await run.go_on(time(9))
    assert run.core.entries.barred == {EQ_A: SUSPENDED, OPT_A: NOT_LISTED}


async def test_lists_that_cannot_be_had_are_asked_for_at_growing_intervals_until_they_are() -> None:
    run = Run([STALE, RunError("no folder"), *([STALE] * 6), todays(EQ_A)])
    await run.go_on(time(9))
    assert run.lists.problem == "NSE_MIS: STALE"
    # What the run began by bars nothing.
    assert run.core.entries.barred == {}
    await run.go_on(time(12))
    waits = [(later - sooner) / MINUTE for sooner, later in zip(run.asked, run.asked[1:], strict=False)]
    assert waits == [0.5, 1, 2, 4, 8, 15, 15, 15]
    assert run.core.entries.barred == {EQ_B: NOT_LISTED}
    assert run.lists.problem == ""
    assert [note.partition(":")[0] for note in run.notes] == ["warning", "info"]


async def test_a_run_that_comes_back_is_told_only_what_is_new_to_it() -> None:
    run = Run([todays(EQ_A)])
    run.core.handle(Barred(run.now, {EQ_B: NOT_LISTED}), run.now)
    lines = len(run.core.events)
    await run.go_on(time(9))
    assert (len(run.core.events), run.core.entries.barred) == (lines, {EQ_B: NOT_LISTED})


def test_only_a_list_that_is_not_todays_is_fetched(tmp_path: Path) -> None:
    settings = config.Settings()
    with open_shop() as shop:
        shop.offer("NSE_MIS", [{"instrument_key": EQ_A}, {"instrument_key": EQ_B}])
        shop.offer("suspended-instrument", [{"instrument_key": OPT_A}])
        upstox = settings.upstox.model_copy(update={"assets_url": shop.address})
        transport = Transport(2.0, 5.0, loopback_allowed=True)
        chosen = settings.model_copy(update={"upstox": upstox})
        opener = Opener(tmp_path, chosen, cast("UpstoxClient", None), transport)
        for clock in (time(8, 20), time(8, 30)):
            opener.lists(instant_at(DAY, clock), DAY)
        assert sorted(shop.asked) == [("NSE_MIS.json.gz", 200), ("suspended-instrument.json.gz", 200)]
        shop.offer("NSE_MIS", [{"instrument_key": EQ_A}])
        for clock in (time(8, 36), time(9), time(15)):
            lists = opener.lists(instant_at(DAY, clock), DAY)
            assert lists.eligible == {EQ_A: Intraday(0.0, 0.0)}
            assert lists.suspended == {OPT_A}
        assert shop.asked[2:] == [("NSE_MIS.json.gz", 200)]
        transport.close()


@pytest.fixture
def market_before_its_lists(tmp_path: Path) -> Iterator[RunningFake]:
    """A broker at 08:20, whose intraday list of today is not out yet."""
    with running_fake(recordings=made_recordings(tmp_path), start=time(8, 20)) as fake:
        yield fake


def lists_asked(fake: RunningFake) -> int:
    return sum("NSE_MIS" in call["path"] for call in fake.calls("instrument_file"))


def told(engine: Engine, text: str) -> bool:
    return any(text in payload for _, _, payload in engine.facts("event"))


def alarmed(engine: Engine) -> bool:
    return any("older lists" in line.text for line in engine.view().events)


def test_an_engine_begun_before_the_list_takes_it_up_and_enters_nothing_that_has_left_it(
    home: Outside, market_before_its_lists: RunningFake
) -> None:
    fake = market_before_its_lists
    engine = begin(home, fake)
    assert [row.key for row in engine.view().watchlist] == [EQ_A, EQ_B]
    fake.control("POST", "state", {"master": {"unlisted": [EQ_B], "cut": "NSE_MIS.json.gz"}})
    fake.control("DELETE", "calls")
    with watched(engine):
        fake.control("POST", "clock", {"time": "09:15", "speed": 30})
        wait_until(lambda: told(engine, "the day's lists are not had yet"), "the download that failed")
        assert alarmed(engine)
        fake.control("POST", "state", {"master": {"unlisted": [EQ_B]}})
        wait_until(lambda: told(engine, "is not entered any more"), "the name that left the list")
        assert not alarmed(engine)
        asked = lists_asked(fake)
        assert asked >= 2
        fake.control("POST", "clock", {"time": "10:00"})
        slow_down(engine, fake)
        assert [NOT_LISTED in row.detail for row in engine.view().watchlist] == [False, True]
    assert lists_asked(fake) == asked
    engine.kill_process()
    engine = begin(home, fake)
    assert [NOT_LISTED in row.detail for row in engine.view().watchlist] == [False, True]
    assert sum("is not entered any more" in payload for _, _, payload in engine.facts("event")) == 1
