"""For which share of the market's hours something was held."""

from collections.abc import Iterable
from datetime import date, time
from functools import lru_cache
from typing import Final

from engine.market.calendar import load_calendar
from engine.market.clock import Instant, instant_at
from engine.performance.measured import Finished

_USUAL: Final = (time(9, 15), time(15, 30))
"""Continuous trading of a usual day of the exchange."""


def exposure(trades: Iterable[Finished], days: Iterable[date]) -> float | None:
    """Return the share of some days' market hours in which at least one trade was open, 0 to 1; None without hours.

    Trades that overlap count once; the days are those the trades could have been made on.
    """
    total = sum(_length(day) for day in days)
    if total <= 0:
        return None
    held, until = 0, 0
    for begin, close in sorted([(trade.entry_time, trade.exit_time) for trade in trades]):
        if close > until:
            held += close - (max(until, begin))
            until = close
    return min(1.0, held / total)


@lru_cache(maxsize=4_096)
def market_hours(day: date) -> tuple[Instant, Instant]:
    """Return when continuous trading of a day begins and ends; a special session's where the calendar names one."""
    special = load_calendar().special(day)
    begin, close = _USUAL if special is None or special.hours is None else special.hours
    return instant_at(day, begin), instant_at(day, close)


@lru_cache(maxsize=4_096)
def _length(day: date) -> Instant:
    begin, close = market_hours(day)
    return close - begin
