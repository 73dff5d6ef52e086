"""Our calendar against the broker's: a day is traded only when both say so, and silence says nothing."""

from dataclasses import dataclass, field
from datetime import date, time

import pytest

from engine.market.calendar import load_calendar
from engine.market.clock import instant_at
from engine.upstox.reference.broker_calendar import check_day
from engine.upstox.rest.outcome import CallFailed, InDoubt
from engine.upstox.rest.quotes import Holiday, ListedHours

DAY = date(2026, 11, 20)
"""An ordinary Friday of the closing auction's regime."""
CALENDAR = load_calendar()


def hours(start: time = time(9, 15), end: time = time(15, 30), exchange: str = "NSE") -> ListedHours:
    return ListedHours(exchange, instant_at(DAY, start), instant_at(DAY, end))


def holiday(kind: str, closed: tuple[str, ...] = (), opened: tuple[ListedHours, ...] = ()) -> Holiday:
    return Holiday(DAY, "Some day", kind, closed, opened)


@dataclass
class Broker:
    """A calendar as the broker answers it."""

    listed: tuple[Holiday, ...] = ()
    rows: tuple[ListedHours, ...] = (hours(exchange="BSE"), hours(), hours(exchange="NFO"))
    failing: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def holidays(self) -> tuple[Holiday, ...]:
        self._note("holidays")
        return self.listed

    def timings(self, day: date) -> tuple[ListedHours, ...]:
        assert day == DAY
        self._note("timings")
        return self.rows

    def _note(self, name: str) -> None:
        self.asked.append(name)
        if name in self.failing:
            raise CallFailed(InDoubt("HTTP 502 with a foreign body"))


@pytest.mark.parametrize(
    "broker",
    [
        Broker(),
        Broker((holiday("SETTLEMENT_HOLIDAY", ("NSE",)),)),
        Broker((holiday("TRADING_HOLIDAY", ("BSE",)),)),
        Broker((holiday("TRADING_HOLIDAY", ("NSE",), (hours(),)),)),
        Broker((Holiday(date(2026, 11, 24), "Tomorrow's", "TRADING_HOLIDAY", ("NSE",), ()),)),
        Broker(rows=(hours(time(9, 0), time(15, 45)),)),
    ],
    ids=["ordinary", "settlement", "another exchange", "open all the same", "another day", "longer"],
)
def test_a_day_that_both_trade_agrees_and_tells_the_hours(broker: Broker) -> None:
    found = check_day(DAY, CALENDAR, broker)
    assert (found.agrees, found.unanswered) == (True, None)
    assert found.reason.startswith("both trade 2026-11-20, the broker 09:")
    assert found.hours is not None


@pytest.mark.parametrize(
    ("broker", "reason"),
    [
        (Broker((holiday("TRADING_HOLIDAY", ("NSE", "NFO")),)), "the broker a holiday (Some day)"),
        (Broker((holiday("TRADING_HOLIDAY"),)), "the broker a holiday (Some day)"),
        (Broker(rows=(hours(exchange="BSE"),)), "the broker no hours of NSE"),
        (Broker(rows=()), "the broker no hours of NSE"),
        (Broker((holiday("SPECIAL_TIMING", opened=(hours(),)),)), "name it under [[special]]"),
        (Broker(rows=(hours(time(18, 0), time(19, 0)),)), "the broker says 18:00 to 19:00"),
        (Broker(rows=(hours(end=time(12, 0)),)), "the broker says 09:15 to 12:00"),
    ],
)
def test_where_they_differ_the_day_is_not_traded_and_the_difference_is_told(
    broker: Broker, reason: str
) -> None:
    found = check_day(DAY, CALENDAR, broker)
    assert not found.agrees
    assert reason in found.reason


@pytest.mark.parametrize("silent", ["holidays", "timings"])
def test_an_unanswered_question_is_a_no(silent: str) -> None:
    found = check_day(DAY, CALENDAR, Broker(failing=frozenset({silent})))
    assert not found.agrees
    assert found.unanswered is not None
    assert "the broker's calendar was not answered: " in found.reason


@pytest.mark.parametrize("day", [date(2026, 11, 21), date(2026, 11, 24), date(2031, 1, 1)])
def test_a_day_that_our_calendar_does_not_hold_is_not_even_asked_for(day: date) -> None:
    broker = Broker()
    assert not check_day(day, CALENDAR, broker).agrees
    assert broker.asked == []
