from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import SessionSettings
from engine.market.calendar import CalendarError, load_calendar
from engine.market.session import trading_day

YEAR_2026_HOLIDAYS = (
    "01-15 01-26 03-03 03-26 03-31 04-03 04-14 05-01 05-28 06-26 09-14 10-02 10-20 11-10 11-24 12-25"
)


def write_home(path: Path, text: str) -> Path:
    (path / "calendar.toml").write_text(text)
    return path


def weekdays(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


def test_2026_has_the_holidays_of_the_circular_and_245_weekday_sessions() -> None:
    calendar = load_calendar()
    days = weekdays(date(2026, 1, 1), date(2026, 12, 31))
    closed = [day for day in days if not calendar.is_trading_day(day)]
    assert [f"{day:%m-%d}" for day in closed] == YEAR_2026_HOLIDAYS.split()
    assert len(days) - len(closed) == 245


def test_the_recorded_day_is_a_trading_day() -> None:
    assert load_calendar().is_trading_day(date(2025, 12, 15))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 11, 24), "holiday"),
        (date(2026, 1, 15), "holiday"),
        (date(2026, 11, 22), "Sunday"),
        (date(2026, 11, 21), "Saturday"),
        (date(2027, 1, 4), r"covered_to, circular.*holidays"),
        (date(2025, 4, 14), r"2025-04-15 to 2026-12-31"),
    ],
)
def test_a_day_without_a_session_is_refused_and_the_error_says_what_to_do(day: date, expected: str) -> None:
    with pytest.raises(CalendarError, match=expected):
        trading_day(day, SessionSettings())


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_no_date_outside_the_coverage_is_ever_a_trading_day(day: date) -> None:
    calendar = load_calendar()
    if not calendar.covered_from <= day <= calendar.covered_to:
        assert not calendar.is_trading_day(day)


def test_a_home_without_a_calendar_file_uses_the_checked_in_one(tmp_path: Path) -> None:
    assert load_calendar(tmp_path) == load_calendar()


def test_a_home_calendar_extends_the_coverage_with_its_holidays_and_names_the_circular(
    tmp_path: Path,
) -> None:
    home = write_home(
        tmp_path,
        'covered_to = 2027-12-31\ncircular = "NSE/CMTR/99999"\nholidays = [2027-01-26, 2027-03-22]\n'
        '[[special]]\ndate = 2027-10-30\nname = "Muhurat"\nopen = "18:00"\nclose = "19:00"\ntrade = true\n',
    )
    calendar = load_calendar(home)
    assert calendar.is_trading_day(date(2027, 1, 4))
    assert not calendar.is_trading_day(date(2027, 1, 26))
    assert not calendar.is_trading_day(date(2028, 1, 3))
    with pytest.raises(CalendarError, match="NSE/CMTR/99999"):
        trading_day(date(2027, 3, 22), SessionSettings(), calendar)
    special = trading_day(date(2027, 10, 30), SessionSettings(), calendar)
    assert not special.observe_only


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("covered_to = 2027-12-31\nholidays = [2027-01-26]\n", "circular"),
        ('covered_to = 2027-12-31\ncircular = "N"\n', "holidays of 2027"),
        ('covered_to = 2028-12-31\ncircular = "N"\nholidays = [2027-01-26]\n', "holidays of 2028"),
        ('covered_to = "soon"\ncircular = "N"\n', "covered_to"),
        ('circular = "N"\nholidays = "none"\n', "holidays"),
        ('circular = "N"\nholidays = [2027-01-26T00:00:00]\n', "holidays"),
        ('circular = "N"\nhollidays = []\n', "hollidays"),
        ('circular = "N"\n[[special]]\ndate = 2026-11-08\ntrade = true\n', "open and close"),
        ('circular = "N"\n[[special]]\ndate = 2026-11-08\nopen = "19:00"\nclose = "18:00"\n', "before"),
        ('circular = "N"\n[[special]]\ndate = 2026-11-08\nopen = "noon"\nclose = "18:00"\n', "clock time"),
        ('circular = "N"\n[[special]]\ndate = 2026-11-08\ntrade = 1\n', "true or false"),
        ('circular = "N"\n[special]\ndate = 2026-11-08\n', r"\[\[special\]\] tables"),
        ('circular = "N"\n[[regime]]\nvalid_from = 2026-12-07\nsource = "x"\n', "regime.schedule"),
        ("circular = [", "readable TOML"),
    ],
)
def test_a_bad_home_calendar_is_refused_by_name(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(CalendarError, match=expected) as caught:
        load_calendar(write_home(tmp_path, text))
    assert "calendar.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ('[["09:15", "CONTINUOUS", "ALL"]]', "later step"),
        ('[["09:15", "OPEN", "ALL"], ["15:30", "CLOSED", "NOTHING"]]', "OPEN"),
        ('[["09:15", "CONTINUOUS"], ["15:30", "CLOSED", "NOTHING"]]', "phase, allowed"),
        ('[["15:30", "CONTINUOUS", "ALL"], ["09:15", "CLOSED", "NOTHING"]]', "rising"),
        ("[]", "steps"),
    ],
)
def test_a_bad_schedule_is_refused_by_name(tmp_path: Path, steps: str, expected: str) -> None:
    rows = "\n".join(
        f"{kind} = {steps}"
        for kind in ("auction-stock", "stock", "stock-future", "index-future", "option", "index")
    )
    text = f'circular = "N"\n[[regime]]\nvalid_from = 2026-12-07\nsource = "x"\n[regime.schedule]\n{rows}\n'
    with pytest.raises(CalendarError, match=expected):
        load_calendar(write_home(tmp_path, text))
