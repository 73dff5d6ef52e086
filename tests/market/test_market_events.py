"""Events that a person names in calendar.toml: who they concern, and when they hold automatic entries back."""

from datetime import date, time
from pathlib import Path

import pytest

from config import SessionSettings
from engine.market.calendar import CalendarError, load_calendar
from engine.market.clock import MINUTE, SECOND, instant_at
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.session import TradingDay, trading_day

DAY = date(2026, 12, 4)
AT = instant_at(DAY, time(10, 0))
INFY = Instrument("NSE_EQ|INE009A01021", "INFY", InstrumentClass.AUCTION_STOCK, 10, 1, 100, Provenance.MASTER)
FUTURE = Instrument(
    "NSE_FO|1",
    "INFY FUT 29 DEC 26",
    InstrumentClass.STOCK_FUTURE,
    10,
    400,
    4_000,
    Provenance.MASTER,
    underlying=INFY.key,
)
OTHER = Instrument("NSE_EQ|OTHER", "OTHER", InstrumentClass.STOCK, 5, 1, 100, Provenance.MASTER)


def day_with(home: Path, text: str, day: date = DAY) -> TradingDay:
    (home / "calendar.toml").write_text(text)
    return trading_day(day, SessionSettings(), load_calendar(home))


POLICY = '[[event]]\ndate = 2026-12-04\ntime = "10:00"\nname = "RBI policy"\n'


def test_an_event_for_all_holds_from_five_minutes_before_to_five_after(tmp_path: Path) -> None:
    day = day_with(tmp_path, POLICY)
    for away, held in ((-5 * MINUTE - 1, False), (-5 * MINUTE, True), (0, True), (5 * MINUTE - 1, True)):
        found = day.event(INFY, AT + away)
        assert (found is not None and found.name == "RBI policy") is held, away
    assert day.event(OTHER, AT + 5 * MINUTE) is None
    assert day.event(OTHER, AT) is not None


@pytest.mark.parametrize("word", ["INFY", "infy", INFY.key])
def test_an_event_of_a_name_concerns_it_and_what_is_written_on_it(tmp_path: Path, word: str) -> None:
    day = day_with(tmp_path, POLICY + f'instruments = ["{word}"]\n')
    assert day.event(INFY, AT) is not None
    assert day.event(FUTURE, AT) is not None
    assert day.event(OTHER, AT) is None


def test_only_the_days_own_events_count_and_the_next_one_is_known_ahead(tmp_path: Path) -> None:
    text = POLICY + '[[event]]\ndate = 2026-12-04\ntime = "14:00"\nname = "results"\ninstruments = ["INFY"]\n'
    day = day_with(tmp_path, text)
    assert [one.name for one in day.events] == ["RBI policy", "results"]
    assert [one.name for one in day.ahead(AT + 4 * MINUTE)] == ["RBI policy", "results"]
    assert [one.name for one in day.ahead(AT + 5 * MINUTE + SECOND)] == ["results"]
    assert day_with(tmp_path, text, date(2026, 12, 7)).events == ()


def test_a_file_that_names_events_alone_needs_no_circular(tmp_path: Path) -> None:
    assert day_with(tmp_path, POLICY).events
    with pytest.raises(CalendarError, match="circular"):
        day_with(tmp_path, "holidays = [2026-12-07]\n" + POLICY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[event]]\ndate = 2026-12-04\nname = "x"\n', "event.time"),
        ('[[event]]\ntime = "10:00"\nname = "x"\n', "event.date"),
        ('[[event]]\ndate = 2026-12-04\ntime = "10:00"\n', "event.name"),
        (POLICY + 'instruments = "INFY"\n', "event.instruments"),
        (POLICY + "instruments = []\n", "event.instruments"),
        (POLICY + "until = 11\n", "until"),
    ],
)
def test_an_event_that_cannot_be_read_is_refused_by_name(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(CalendarError, match=expected):
        day_with(tmp_path, text)
