"""An engine whose day is over never stands in the way of the next one."""

import subprocess
from datetime import date
from pathlib import Path

import pytest

import config
from engine.contract.views import Severity
from engine.host.close_report import SpawnedReport
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.instrument import InstrumentClass
from engine.market.session import Phase, trading_day
from engine.runtime.live.day_end import EndsAfterTheDay, last_session_end
from tests.recordings import DAY

HOUR = 60 * MINUTE
LATER = date(2026, 11, 20)
"""Futures and options trade longer than stocks."""

TODAY = trading_day(DAY, config.Settings().session)
OVER = last_session_end(TODAY, [InstrumentClass.STOCK]) + 5 * MINUTE


def ending_of(closed: list[str], finished: list[Instant]) -> EndsAfterTheDay:
    return EndsAfterTheDay(
        TODAY,
        lambda: [InstrumentClass.STOCK],
        finish=finished.append,
        played_out=lambda: True,
        closed=lambda: closed.append("summed up"),
        carried=lambda: "TEST +120",
    )


def test_a_position_that_is_stuck_keeps_its_engine_for_its_own_day_alone() -> None:
    """On the next day it could do nothing: by its schedule the session is over, and its market data have ended."""
    closed: list[str] = []
    finished: list[Instant] = []
    ending = ending_of(closed, finished)
    ending.attended(1)
    assert ending.reason(flat=False, now=OVER) == ""
    assert ending.reason(flat=False, now=OVER + 4 * HOUR) == ""
    morning = OVER + 18 * HOUR
    assert TODAY.phase(InstrumentClass.STOCK, morning) is not Phase.CONTINUOUS
    assert (
        ending.reason(flat=False, now=morning)
        == "the day is over, and what is open waits for the next engine: TEST +120"
    )
    assert (closed, finished) == (["summed up"], [OVER])


def test_what_is_carried_over_the_end_of_the_day_is_written_down_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ending = ending_of([], [])
    ending.reason(flat=False, now=OVER)
    for minutes in range(1, 5):
        ending.reason(flat=False, now=OVER + minutes * MINUTE)
    assert [record.getMessage() for record in caplog.records] == [f"CARRIED over the end of {DAY}: TEST +120"]


def test_an_engine_that_slept_over_its_days_end_still_says_so_before_it_goes() -> None:
    closed: list[str] = []
    finished: list[Instant] = []
    ending = ending_of(closed, finished)
    morning = OVER + 18 * HOUR
    assert ending.reason(flat=True, now=morning) == ""
    assert ending.reason(flat=True, now=morning + SECOND) == "the day is over"
    assert (closed, finished) == (["summed up"], [morning])


class Writing:
    """A report that is begun once, and whose news come when a test says so."""

    def __init__(self) -> None:
        self.begun = 0
        self.told: tuple[Severity, str] | None = None

    def begin(self) -> None:
        self.begun += 1

    def news(self) -> tuple[Severity, str] | None:
        return self.told


def test_the_days_report_is_begun_at_the_close_and_said_once_it_is_there() -> None:
    writing, said = Writing(), list[str]()
    ending = EndsAfterTheDay(
        TODAY,
        lambda: [InstrumentClass.STOCK],
        finish=lambda _: None,
        played_out=lambda: True,
        closed=lambda: None,
        carried=lambda: "",
        report=writing,
        say=lambda severity, text: said.append(f"{severity.value}: {text}"),
    )
    ending.attended(1)
    ending.reason(flat=False, now=OVER)
    ending.reason(flat=False, now=OVER + SECOND)
    assert writing.begun == 0
    for later in range(2, 5):
        assert ending.reason(flat=True, now=OVER + later * SECOND) == ""
    assert (writing.begun, said) == (1, [])
    writing.told = (Severity.INFO, "the day's report: page.html")
    for later in range(5, 8):
        ending.reason(flat=True, now=OVER + later * SECOND)
    assert said == [f"{Severity.INFO.value}: the day's report: page.html"]


def test_a_report_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path) -> None:
    def cannot() -> "subprocess.Popen[bytes]":
        raise OSError(12, "Cannot allocate memory")

    never = SpawnedReport(DAY, tmp_path / "page.html", cannot)
    assert never.news() is None
    never.begin()
    severity, text = never.news() or (None, "")
    assert severity is Severity.WARNING
    assert "Cannot allocate memory" in text
    assert f"`cockpit report --close {DAY}` writes it again" in text


def test_a_day_lasts_as_long_as_the_longest_session_of_what_was_added_to_it() -> None:
    kinds, today = [InstrumentClass.STOCK], trading_day(LATER, config.Settings().session)
    over = last_session_end(today, kinds) + 5 * MINUTE
    ending = EndsAfterTheDay(
        today,
        lambda: kinds,
        finish=lambda _: None,
        played_out=lambda: True,
        closed=lambda: None,
        carried=lambda: "",
    )
    kinds.append(InstrumentClass.OPTION)
    assert last_session_end(today, kinds) > over
    assert ending.reason(flat=True, now=over) == ""
    assert ending.reason(flat=True, now=over + 1) == ""
