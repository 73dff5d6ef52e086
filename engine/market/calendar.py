"""Which days NSE trades and by which schedule: checked-in data, extended by ``calendar.toml`` in the home.

A date nobody has listed is never a trading day by default: coverage ends where the lists end.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from engine.market.instrument import InstrumentClass
from engine.system.errors import CockpitError
from engine.system.plain_file import read_plain

FILE_NAME: Final = "calendar.toml"
_LONGEST_FILE: Final = 256 * 1024
_CHECKED_IN: Final = Path(__file__).with_name("nse_calendar.toml")
_SATURDAY: Final = 5
_KEYS: Final = frozenset({"covered_from", "covered_to", "source", "holidays", "special", "regime", "clock"})
_HOME_KEYS: Final = frozenset({"covered_to", "circular", "holidays", "special", "regime", "event"})


class CalendarError(CockpitError, ValueError):
    """A date that is no trading day, is not covered, or a calendar file that cannot be used; says what to do."""


class Phase(StrEnum):
    """Session phases of one instrument class."""

    PRE_OPEN = "PRE_OPEN"
    CONTINUOUS = "CONTINUOUS"
    CLOSING_AUCTION = "CLOSING_AUCTION"
    POST_CLOSE = "POST_CLOSE"
    CLOSED = "CLOSED"


class Allowed(StrEnum):
    """What the exchange accepts inside a phase: the sub-phases of pre-open and closing auction."""

    ALL = "ALL"
    ORDER_ENTRY = "ORDER_ENTRY"
    """Limit and market orders: new, modify, cancel."""
    LIMIT_ONLY = "LIMIT_ONLY"
    """Limit orders only; market orders already in can no longer be touched."""
    RANDOM_CLOSE = "RANDOM_CLOSE"
    """Limit orders, until a moment drawn by the exchange inside this step."""
    MATCHING = "MATCHING"
    BUFFER = "BUFFER"
    CLOSING_PRICE = "CLOSING_PRICE"
    """Limit orders at the closing price."""
    NOTHING = "NOTHING"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a day's schedule; it lasts until the next one begins."""

    start: time
    phase: Phase
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class Regime:
    """The schedule of every class, valid from a date until the next regime's."""

    valid_from: date
    source: str
    schedule: Mapping[InstrumentClass, tuple[Step, ...]]


@dataclass(frozen=True, slots=True)
class ClassClock:
    """The cockpit's own default clock of one class."""

    entries_stop: time
    flatten_start: time
    flat_by: time
    last_order_time: time


@dataclass(frozen=True, slots=True)
class SpecialSession:
    """A session outside the rule. ``hours`` are None while the exchange has not confirmed them."""

    day: date
    name: str
    hours: tuple[time, time] | None
    trade: bool


@dataclass(frozen=True, slots=True)
class MarketEvent:
    """A moment that moves prices, named by a person: a policy decision, the budget, results of a name."""

    day: date
    at: time
    name: str
    instruments: tuple[str, ...]
    """Keys or symbols it concerns; none named is all."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Everything dated about the trading day, between ``covered_from`` and ``covered_to``."""

    covered_from: date
    covered_to: date
    source: str
    holidays: frozenset[date]
    specials: Mapping[date, SpecialSession]
    regimes: tuple[Regime, ...]
    clocks: Mapping[InstrumentClass, ClassClock]
    events: tuple[MarketEvent, ...] = ()

    def special(self, day: date) -> SpecialSession | None:
        """Return the special session of a date, or None."""
        return self.specials.get(day)

    def check_trading_day(self, day: date) -> None:
        """Raise CalendarError unless a session is listed for the date; the text says what to do."""
        if not self.covered_from <= day <= self.covered_to:
            raise CalendarError(
                f"expected a date the NSE calendar covers ({self.covered_from} to {self.covered_to}), got {day}: "
                f"write {FILE_NAME} in the home with covered_to, circular (the exchange's number), holidays "
                "and special sessions of that year"
            )
        if day in self.specials:
            return
        if day in self.holidays:
            raise CalendarError(
                f"expected a trading day, got {day}: NSE lists it as a holiday ({self.source})"
            )
        if day.weekday() >= _SATURDAY:
            raise CalendarError(
                f"expected a trading day, got {day}, a {day:%A}: name it under [[special]] in {FILE_NAME} "
                "in the home if the exchange announced a session"
            )

    def is_trading_day(self, day: date) -> bool:
        """Say whether a session is listed for the date; never true outside the coverage."""
        try:
            self.check_trading_day(day)
        except CalendarError:
            return False
        return True

    def regime(self, day: date) -> Regime:
        """Return the schedule in force; raise CalendarError before the first one."""
        for regime in reversed(self.regimes):
            if regime.valid_from <= day:
                return regime
        raise CalendarError(
            f"expected a date with a known schedule, got {day}: add a [[regime]] to {FILE_NAME}"
        )


def load_calendar(home: Path | None = None) -> Calendar:
    """Return the checked-in calendar, extended by ``calendar.toml`` of a home; raise CalendarError for a bad file."""
    calendar = _checked_in()
    path = None if home is None else home / FILE_NAME
    if path is None or not path.exists():
        return calendar
    return _extend(calendar, _read(path), str(path))


@cache
def _checked_in() -> Calendar:
    table = _read(_CHECKED_IN)
    origin = _CHECKED_IN.name
    _refuse_unknown(table, _KEYS, origin)
    return Calendar(
        covered_from=_date(table.get("covered_from"), "covered_from", origin),
        covered_to=_date(table.get("covered_to"), "covered_to", origin),
        source=_text(table.get("source"), "source", origin),
        holidays=_holidays(table, origin),
        specials=_specials(table, origin),
        regimes=_regimes(table, origin),
        clocks=_clocks(table, origin),
    )


def _extend(calendar: Calendar, table: Mapping[str, object], origin: str) -> Calendar:
    _refuse_unknown(table, _HOME_KEYS, origin)
    events = _events(table, origin)
    if set(table) <= {"event"}:
        return replace(calendar, events=events)
    circular = _text(table.get("circular"), "circular (the exchange's number)", origin)
    covered_to = calendar.covered_to
    holidays = _holidays(table, origin)
    if "covered_to" in table:
        covered_to = max(covered_to, _date(table["covered_to"], "covered_to", origin))
    for year in range(calendar.covered_to.year + 1, covered_to.year + 1):
        if not any(holiday.year == year for holiday in holidays):
            raise CalendarError(f"{origin}: expected the holidays of {year} up to covered_to, got none")
    regimes = {regime.valid_from: regime for regime in (*calendar.regimes, *_regimes(table, origin))}
    return Calendar(
        covered_from=calendar.covered_from,
        covered_to=covered_to,
        source=f"{calendar.source}; {circular}",
        holidays=calendar.holidays | holidays,
        specials={**calendar.specials, **_specials(table, origin)},
        regimes=tuple(regimes[start] for start in sorted(regimes)),
        clocks=calendar.clocks,
        events=events,
    )


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(read_plain(path, _LONGEST_FILE).decode("utf-8-sig"))
    except RecursionError as error:
        raise CalendarError(f"{path}: expected a readable TOML file, got one nested too deeply") from error
    except (ValueError, OSError) as error:
        # What a number of thousands of digits raises is no TOMLDecodeError.
        raise CalendarError(f"{path}: expected a readable TOML file, got: {error}") from error


def _refuse_unknown(table: Mapping[str, object], known: frozenset[str], origin: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise CalendarError(f"{origin}: expected only {', '.join(sorted(known))}, got {', '.join(unknown)}")


def _date(value: object, name: str, origin: str) -> date:
    # A TOML date-time is a date too, by inheritance; it would compare badly.
    if type(value) is not date:
        raise CalendarError(f"{origin}: expected a date for {name}, as 2027-01-26, got {value!r}")
    return value


def _text(value: object, name: str, origin: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise CalendarError(f"{origin}: expected a text for {name}, got {value!r}")
    return value.strip()


def _clock(value: object, name: str, origin: str) -> time:
    if type(value) is time:
        return value
    try:
        return time.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        raise CalendarError(
            f'{origin}: expected a clock time for {name}, as "15:10", got {value!r}'
        ) from error


def _tables(table: Mapping[str, object], name: str, origin: str) -> list[Mapping[str, object]]:
    rows = table.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CalendarError(f"{origin}: expected [[{name}]] tables, got {rows!r}")
    return rows


def _holidays(table: Mapping[str, object], origin: str) -> frozenset[date]:
    values = table.get("holidays", [])
    if not isinstance(values, list):
        raise CalendarError(f"{origin}: expected a list of dates for holidays, got {values!r}")
    return frozenset(_date(value, "holidays", origin) for value in values)


def _specials(table: Mapping[str, object], origin: str) -> dict[date, SpecialSession]:
    specials: dict[date, SpecialSession] = {}
    for row in _tables(table, "special", origin):
        _refuse_unknown(row, frozenset({"date", "name", "open", "close", "trade"}), origin)
        day = _date(row.get("date"), "special.date", origin)
        trade = row.get("trade", False)
        if not isinstance(trade, bool):
            raise CalendarError(f"{origin}: expected true or false for special.trade, got {trade!r}")
        hours: tuple[time, time] | None = None
        if "open" in row or "close" in row:
            hours = (
                _clock(row.get("open"), "special.open", origin),
                _clock(row.get("close"), "special.close", origin),
            )
            if hours[0] >= hours[1]:
                raise CalendarError(f"{origin}: expected special.open before special.close on {day}")
        if trade and hours is None:
            raise CalendarError(
                f"{origin}: expected open and close of the special session on {day} to trade it"
            )
        specials[day] = SpecialSession(
            day, _text(row.get("name", "special"), "special.name", origin), hours, trade
        )
    return specials


def _events(table: Mapping[str, object], origin: str) -> tuple[MarketEvent, ...]:
    events = []
    for row in _tables(table, "event", origin):
        _refuse_unknown(row, frozenset({"date", "time", "name", "instruments"}), origin)
        names = row.get("instruments")
        if "instruments" in row and not (
            isinstance(names, list) and names and all(isinstance(one, str) and one.strip() for one in names)
        ):
            raise CalendarError(
                f"{origin}: expected a list of keys or symbols for event.instruments, got {names!r}; "
                "leave it out where the event concerns all"
            )
        events.append(
            MarketEvent(
                _date(row.get("date"), "event.date", origin),
                _clock(row.get("time"), "event.time", origin),
                _text(row.get("name"), "event.name", origin),
                tuple(one.strip() for one in names) if isinstance(names, list) else (),
            )
        )
    return tuple(sorted(events, key=lambda event: (event.day, event.at)))


def _steps(rows: object, name: str, origin: str) -> tuple[Step, ...]:
    if not isinstance(rows, list) or not rows:
        raise CalendarError(f"{origin}: expected [from, phase, allowed] steps for {name}, got {rows!r}")
    steps: list[Step] = []
    for row in rows:
        try:
            start, phase, allowed = row
            steps.append(Step(_clock(start, name, origin), Phase(phase), Allowed(allowed)))
        except (TypeError, ValueError) as error:
            raise CalendarError(
                f"{origin}: expected [from, phase, allowed] in {name}, got {row!r}: {error}"
            ) from error
    if any(a.start >= b.start for a, b in pairwise(steps)):
        raise CalendarError(f"{origin}: expected rising times in {name}")
    if sum(step.phase is Phase.CONTINUOUS for step in steps) != 1 or steps[-1].phase is Phase.CONTINUOUS:
        raise CalendarError(f"{origin}: expected one CONTINUOUS step with a later step after it in {name}")
    return tuple(steps)


def _regimes(table: Mapping[str, object], origin: str) -> tuple[Regime, ...]:
    regimes: list[Regime] = []
    for row in _tables(table, "regime", origin):
        _refuse_unknown(row, frozenset({"valid_from", "source", "schedule"}), origin)
        start = _date(row.get("valid_from"), "regime.valid_from", origin)
        schedule = row.get("schedule")
        if not isinstance(schedule, dict) or set(schedule) != set(InstrumentClass):
            raise CalendarError(
                f"{origin}: expected regime.schedule of {start} to name {', '.join(InstrumentClass)}, got {schedule!r}"
            )
        steps = {kind: _steps(schedule[kind], f"{start} {kind}", origin) for kind in InstrumentClass}
        regimes.append(Regime(start, _text(row.get("source"), "regime.source", origin), steps))
    return tuple(sorted(regimes, key=lambda regime: regime.valid_from))


def _clocks(table: Mapping[str, object], origin: str) -> dict[InstrumentClass, ClassClock]:
    rows = table.get("clock")
    if not isinstance(rows, dict) or set(rows) != set(InstrumentClass):
        raise CalendarError(
            f"{origin}: expected [clock.CLASS] for {', '.join(InstrumentClass)}, got {rows!r}"
        )
    clocks: dict[InstrumentClass, ClassClock] = {}
    for kind in InstrumentClass:
        row = rows[kind]
        names = ("entries_stop", "flatten_start", "flat_by", "last_order_time")
        times = [_clock(row.get(name), f"clock.{kind}.{name}", origin) for name in names]
        if sorted(set(times)) != times:
            raise CalendarError(f"{origin}: expected {' < '.join(names)} for {kind}, got {times!r}")
        clocks[kind] = ClassClock(*times)
    return clocks
