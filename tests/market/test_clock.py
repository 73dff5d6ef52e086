"""An instant's Indian day, by arithmetic and by the calendar's own."""

from datetime import date, time

from hypothesis import given
from hypothesis import strategies as st

from engine.market.clock import datetime_of, instant_at, trading_date


@given(instant=st.integers(-(10**15), 4 * 10**15))
def test_the_day_of_an_instant_is_that_of_its_indian_time(instant: int) -> None:
    assert trading_date(instant) == datetime_of(instant).date()


def test_a_day_begins_at_indian_midnight() -> None:
    midnight = instant_at(date(2026, 1, 1), time.min)
    assert trading_date(midnight) == date(2026, 1, 1)
    assert trading_date(midnight - 1) == date(2025, 12, 31)
