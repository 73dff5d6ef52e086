"""Expiries of NSE derivatives: Tuesdays, moved ahead of a holiday (NSE/FAOP/68747)."""

from datetime import date, timedelta

from engine.market.calendar import load_calendar

_TUESDAY = 1
_SATURDAY = 5


def weekly_expiries(day: date, count: int) -> list[date]:
    """Return the next Tuesdays on or after a day."""
    first = day + timedelta(days=(_TUESDAY - day.weekday()) % 7)
    return [_traded(first + timedelta(weeks=week)) for week in range(count)]


def monthly_expiries(day: date, count: int) -> list[date]:
    """Return the last Tuesdays of months, on or after a day."""
    found: list[date] = []
    month = day.replace(day=1)
    while len(found) < count:
        following = (month + timedelta(days=32)).replace(day=1)
        last = following - timedelta(days=1)
        expiry = _traded(last - timedelta(days=(last.weekday() - _TUESDAY) % 7))
        if expiry >= day:
            found.append(expiry)
        month = following
    return found


def trading_days_before(day: date, count: int) -> list[date]:
    """Return the last trading days before a day, oldest first."""
    days: list[date] = []
    while len(days) < count:
        day -= timedelta(days=1)
        if is_trading_day(day):
            days.append(day)
    return days[::-1]


def is_trading_day(day: date) -> bool:
    """Say whether the exchange opens; outside the known years every weekday counts."""
    calendar = load_calendar()
    if calendar.covered_from <= day <= calendar.covered_to:
        return calendar.is_trading_day(day)
    return day.weekday() < _SATURDAY


def _traded(day: date) -> date:
    while not is_trading_day(day):
        day -= timedelta(days=1)
    return day
