"""Whether the broker holds the same day for a trading day as our calendar does: never inferred from silence."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from config import SessionSettings
from engine.market.calendar import Calendar, CalendarError
from engine.market.clock import Instant, datetime_of
from engine.market.instrument import InstrumentClass
from engine.market.session import trading_day
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.quotes import Holiday, ListedHours

EXCHANGE: Final = "NSE"
_CLOSED: Final = "TRADING_HOLIDAY"
_SPECIAL: Final = "SPECIAL_TIMING"


class CalendarSource(Protocol):
    """What we ask of the broker's client."""

    def holidays(self) -> tuple[Holiday, ...]:
        """Return the year's days out of the ordinary; raises CallFailed."""
        ...

    def timings(self, day: date) -> tuple[ListedHours, ...]:
        """Return each exchange's hours of a day; raises CallFailed."""
        ...


@dataclass(frozen=True, slots=True)
class DayCheck:
    """One date in our calendar and in the broker's."""

    day: date
    agrees: bool
    """Both say that NSE trades, at hours that fit. False also when the broker did not answer."""
    reason: str
    """Where they differ or what was not answered; else what they agree on."""
    hours: tuple[Instant, Instant] | None = None
    """The broker's opening and end of the exchange."""
    unanswered: CallFailed | None = None
    """The question that the broker did not answer."""


def check_day(day: date, calendar: Calendar, source: CalendarSource) -> DayCheck:
    """Return whether both calendars hold a date for a trading day; an unanswered question is a no."""
    try:
        calendar.check_trading_day(day)
    except CalendarError as error:
        return DayCheck(day, agrees=False, reason=str(error))
    try:
        listed = [holiday for holiday in source.holidays() if holiday.day == day]
        hours = next((row for row in source.timings(day) if row.exchange == EXCHANGE), None)
    except CallFailed as error:
        reason = f"the broker's calendar was not answered: {error}"
        return DayCheck(day, agrees=False, reason=reason, unanswered=error)
    special = calendar.special(day)
    closing = next((holiday for holiday in listed if _closes(holiday)), None)
    if closing is not None:
        reason = f"our calendar lists a session on {day}, the broker a holiday ({closing.description or closing.kind})"
        return DayCheck(day, agrees=False, reason=reason)
    if hours is None:
        reason = f"our calendar lists a session on {day}, the broker no hours of {EXCHANGE}"
        return DayCheck(day, agrees=False, reason=reason)
    given = (hours.start, hours.end)
    text = f"{datetime_of(hours.start):%H:%M} to {datetime_of(hours.end):%H:%M}"
    timed = next((holiday for holiday in listed if holiday.kind == _SPECIAL), None)
    if timed is not None and special is None:
        reason = (
            f"the broker lists a special session on {day} ({timed.description}, {text}), our calendar an ordinary one: "
            "name it under [[special]] in calendar.toml in the home"
        )
        return DayCheck(day, agrees=False, reason=reason, hours=given)
    try:
        ours = trading_day(day, SessionSettings(), calendar)
    except CalendarError as error:
        return DayCheck(day, agrees=False, reason=str(error), hours=given)
    # A closing-auction stock closes first: from the open to there the exchange must be open by both.
    opening, close = ours.open(InstrumentClass.AUCTION_STOCK), ours.close(InstrumentClass.AUCTION_STOCK)
    if hours.start > opening or hours.end < close:
        reason = (
            f"our calendar trades {day} from {datetime_of(opening):%H:%M} to {datetime_of(close):%H:%M} at least, "
            f"the broker says {text}"
        )
        return DayCheck(day, agrees=False, reason=reason, hours=given)
    return DayCheck(day, agrees=True, reason=f"both trade {day}, the broker {text}", hours=given)


def _closes(holiday: Holiday) -> bool:
    opens = any(row.exchange == EXCHANGE for row in holiday.open)
    return holiday.kind == _CLOSED and not opens and (not holiday.closed or EXCHANGE in holiday.closed)
