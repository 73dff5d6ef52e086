"""One trading day: session phases by instrument class and the cockpit's own clock, as instants.

Every time comes from the dated calendar. Settings make the cockpit's own times earlier, and later once the broker's own
square-off is noted with its date and source: up to five minutes before it.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Final

from config import SessionSettings
from engine.market.calendar import (
    FILE_NAME,
    Allowed,
    Calendar,
    CalendarError,
    ClassClock,
    Phase,
    SpecialSession,
    Step,
    load_calendar,
)
from engine.market.clock import MINUTE, SECOND, Instant, datetime_of, instant_at
from engine.market.instrument import Instrument, InstrumentClass
from engine.market.square_off import BEFORE_SQUARE_OFF, square_off_times

__all__ = ["Allowed", "CalendarError", "Phase", "TradingDay", "trading_day"]

_FIRST_ENTRY_AFTER_OPEN: Final = 15 * MINUTE
_SETUP_ENTRIES_BEFORE_FLAT: Final = 30 * MINUTE
_LAST_ORDER_BEFORE_CLOSE: Final = 30 * SECOND
_NORMAL_CLOSE: Final = time(15, 30)
EVENT_HOLDS: Final = 5 * MINUTE
"""How long before and after an event nothing is entered automatically."""


@dataclass(frozen=True, slots=True)
class DayEvent:
    """An event of one trading day."""

    at: Instant
    name: str
    instruments: tuple[str, ...]
    """Keys or symbols it concerns; none named is all."""

    def concerns(self, instrument: Instrument) -> bool:
        """Say whether it moves an instrument: itself, or what it is written on by its key or its name."""
        known = {
            instrument.key,
            instrument.symbol,
            instrument.underlying,
            instrument.symbol.partition(" ")[0],
        }
        words = {word.casefold() for word in known if word}
        return not self.instruments or any(name.casefold() in words for name in self.instruments)


@dataclass(frozen=True, slots=True)
class _Class:
    """One class's day, in instants."""

    starts: tuple[Instant, ...]
    steps: tuple[tuple[Phase, Allowed], ...]
    open: Instant
    close: Instant
    first_entry: Instant
    setup_entries_stop: Instant
    entries_stop: Instant
    flatten_start: Instant
    flat_by: Instant
    last_order_time: Instant


@dataclass(frozen=True, slots=True)
class TradingDay:
    """The clock of one date. Boundaries belong to the step that begins there; all times are instants."""

    day: date
    observe_only: bool
    """A special session that no setting released: the market is read, nothing is entered."""
    note: str
    """Name of the special session, or the source of the schedule."""
    _classes: Mapping[InstrumentClass, _Class]
    events: tuple[DayEvent, ...] = ()
    """What a person named in the calendar for this day, in time order."""

    def event(self, instrument: Instrument, instant: Instant) -> DayEvent | None:
        """Return the event that holds automatic entries in an instrument back at an instant; None while none does."""
        near = (one for one in self.events if one.at - EVENT_HOLDS <= instant < one.at + EVENT_HOLDS)
        return next((one for one in near if one.concerns(instrument)), None)

    def event_words(self, instrument: Instrument, instant: Instant) -> str:
        """Return the event that holds automatic entries in an instrument back, with its time; empty while none does."""
        event = self.event(instrument, instant)
        return "" if event is None else f"{event.name} at {datetime_of(event.at):%H:%M}"

    def ahead(self, instant: Instant) -> tuple[DayEvent, ...]:
        """Return the events that are not over."""
        return tuple(one for one in self.events if instant < one.at + EVENT_HOLDS)

    def open(self, kind: InstrumentClass) -> Instant:
        """Return the beginning of continuous trading."""
        return self._classes[kind].open

    def close(self, kind: InstrumentClass) -> Instant:
        """Return the end of continuous trading; trades at this instant are outside."""
        return self._classes[kind].close

    def in_session(self, kind: InstrumentClass, instant: Instant) -> bool:
        """Say whether an instant lies in continuous trading."""
        times = self._classes[kind]
        return times.open <= instant < times.close

    def phase(self, kind: InstrumentClass, instant: Instant) -> Phase:
        """Return the session phase; CLOSED before the first and after the last step, and on other dates."""
        return self._step(kind, instant)[0]

    def allowed(self, kind: InstrumentClass, instant: Instant) -> Allowed:
        """Return what the exchange accepts: the sub-phase of pre-open and closing auction."""
        return self._step(kind, instant)[1]

    def boundaries(self, kind: InstrumentClass) -> tuple[Instant, ...]:
        """Return the instants at which the class's phase or sub-phase changes, rising."""
        return self._classes[kind].starts

    def first_entry(self, kind: InstrumentClass) -> Instant:
        """Return the first instant an entry is allowed (09:30 on a normal day); an open drive may be earlier."""
        return self._classes[kind].first_entry

    def setup_entries_stop(self, kind: InstrumentClass) -> Instant:
        """Return the instant from which setups no longer enter."""
        return self._classes[kind].setup_entries_stop

    def entries_stop(self, kind: InstrumentClass) -> Instant:
        """Return the instant from which nobody enters, the trader included."""
        return self._classes[kind].entries_stop

    def flatten_start(self, kind: InstrumentClass) -> Instant:
        """Return the instant at which positions begin to be closed."""
        return self._classes[kind].flatten_start

    def flat_by(self, kind: InstrumentClass) -> Instant:
        """Return the instant by which everything is flat; a position after it is an alarm."""
        return self._classes[kind].flat_by

    def last_order_time(self, kind: InstrumentClass) -> Instant:
        """Return the last instant at which an order may be sent."""
        return self._classes[kind].last_order_time

    def earlier(self, flat_by: time | None, last_entry: time | None) -> "TradingDay":
        """Return the day with its end moved to ``flat_by`` where that is earlier, and the last entry of setups too."""
        return replace(
            self,
            _classes={
                kind: _ended_earlier(self.day, times, flat_by, last_entry)
                for kind, times in self._classes.items()
            },
        )

    def _step(self, kind: InstrumentClass, instant: Instant) -> tuple[Phase, Allowed]:
        times = self._classes[kind]
        index = bisect_right(times.starts, instant) - 1
        return times.steps[index] if index >= 0 else (Phase.CLOSED, Allowed.NOTHING)


def trading_day(day: date, session: SessionSettings, calendar: Calendar | None = None) -> TradingDay:
    """Return the clock of a date; raise CalendarError for a day without a session or beyond the coverage."""
    calendar = load_calendar() if calendar is None else calendar
    calendar.check_trading_day(day)
    regime = calendar.regime(day)
    special = calendar.special(day)
    broker = {} if special is not None else square_off_times(session.broker_squareoff)
    classes: dict[InstrumentClass, _Class] = {}
    for kind in InstrumentClass:
        steps = regime.schedule[kind] if special is None else _special_steps(special)
        shift = 0 if special is None else instant_at(day, steps[-1].start) - instant_at(day, _NORMAL_CLOSE)
        observe_only = special is not None and not special.trade
        classes[kind] = _class(
            day, steps, calendar.clocks[kind], session, shift, broker.get(kind), observe_only=observe_only
        )
    return TradingDay(
        day=day,
        observe_only=special is not None and not special.trade,
        note=regime.source if special is None else special.name,
        _classes=classes,
        events=tuple(
            DayEvent(instant_at(day, one.at), one.name, one.instruments)
            for one in calendar.events
            if one.day == day
        ),
    )


def _special_steps(special: SpecialSession) -> tuple[Step, ...]:
    if special.hours is None:
        raise CalendarError(
            f"expected the hours of the special session on {special.day} ({special.name}), got none: "
            f"name open and close under [[special]] in {FILE_NAME} in the home"
        )
    opening, closing = special.hours
    return (
        Step(opening, Phase.CONTINUOUS, Allowed.ALL),
        Step(closing, Phase.CLOSED, Allowed.NOTHING),
    )


def _class(
    day: date,
    steps: tuple[Step, ...],
    clock: ClassClock,
    session: SessionSettings,
    shift: int,
    broker: time | None,
    *,
    observe_only: bool,
) -> _Class:
    starts = tuple(instant_at(day, step.start) for step in steps)
    continuous = next(index for index, step in enumerate(steps) if step.phase is Phase.CONTINUOUS)
    opening, close = starts[continuous], starts[continuous + 1]
    last_order_time = min(instant_at(day, clock.last_order_time) + shift, close - _LAST_ORDER_BEFORE_CLOSE)
    default_flat_by = instant_at(day, clock.flat_by) + shift
    latest = default_flat_by
    if broker is not None:
        latest = max(latest, min(instant_at(day, broker) - BEFORE_SQUARE_OFF, last_order_time - MINUTE))
    flat_by = default_flat_by
    if isinstance(session.flat_by, time):
        flat_by = min(latest, instant_at(day, session.flat_by))
    # Another flat_by moves the whole end of the day: the leads between its steps stay.
    earlier = default_flat_by - flat_by
    entries_stop = instant_at(day, clock.entries_stop) + shift - earlier
    setup_entries_stop = flat_by - _SETUP_ENTRIES_BEFORE_FLAT
    if isinstance(session.last_entry, time):
        bound = setup_entries_stop if broker is None else entries_stop
        setup_entries_stop = min(bound, instant_at(day, session.last_entry))
    return _Class(
        starts=starts,
        steps=tuple((step.phase, step.allowed) for step in steps),
        open=opening,
        close=close,
        first_entry=opening + _FIRST_ENTRY_AFTER_OPEN,
        setup_entries_stop=opening if observe_only else setup_entries_stop,
        entries_stop=opening if observe_only else entries_stop,
        flatten_start=instant_at(day, clock.flatten_start) + shift - earlier,
        flat_by=flat_by,
        last_order_time=last_order_time,
    )


def _ended_earlier(day: date, times: _Class, flat_by: time | None, last_entry: time | None) -> _Class:
    end = times.flat_by if flat_by is None else min(times.flat_by, instant_at(day, flat_by))
    stop = times.setup_entries_stop
    if end < times.flat_by:
        stop = min(stop, end - _SETUP_ENTRIES_BEFORE_FLAT)
    if last_entry is not None:
        stop = min(stop, instant_at(day, last_entry))
    # The leads between the steps stay, as where the settings said so from the beginning.
    earlier = times.flat_by - end
    return replace(
        times,
        setup_entries_stop=max(stop, times.open),
        entries_stop=max(times.entries_stop - earlier, times.open),
        flatten_start=times.flatten_start - earlier,
        flat_by=end,
    )
