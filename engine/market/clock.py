"""Instants inside the engine: whole microseconds since the epoch, named types at the edges.

Every time that travels through the engine is an ``Instant``. The exchange's own times (last trade time, bar
starts) arrive in milliseconds and are widened at the door, so two clocks can never be compared in two units.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

Instant = int
"""Microseconds since 1970-01-01T00:00:00Z."""

MILLISECOND: Final = 1_000
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND

IST: Final = timezone(timedelta(hours=5, minutes=30), "IST")
"""India has kept one offset without daylight saving since 1945."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = _EPOCH.toordinal()
_DAY: Final = 86_400 * SECOND
_AHEAD: Final = 19_800 * SECOND
"""What the Indian clock is ahead of the epoch's."""


def instant_of(moment: datetime) -> Instant:
    """Return the instant of a timezone-aware datetime; raise ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"expected a timezone-aware datetime, got {moment.isoformat()} without an offset")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def instant_at(day: date, clock: time) -> Instant:
    """Return the instant of an Indian wall-clock time on a day."""
    return instant_of(datetime.combine(day, clock, IST))


def datetime_of(instant: Instant) -> datetime:
    """Return the aware IST datetime of an instant, exact to the microsecond."""
    return datetime.fromtimestamp(instant // SECOND, IST) + timedelta(microseconds=instant % SECOND)


def isoformat(instant: Instant) -> str:
    """Return ISO 8601 with milliseconds and the +05:30 offset."""
    return datetime_of(instant).isoformat(timespec="milliseconds")


def trading_date(instant: Instant) -> date:
    """Return the Indian calendar date of an instant."""
    return date.fromordinal(_EPOCH_ORDINAL + (instant + _AHEAD) // _DAY)
