"""Whether the settings hold for this day: watchlist, instrument lists, calendar, the broker's square-off."""

import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import config
from engine.instruments.alias import Trouble
from engine.instruments.watchlist import Problem, ResolvedEntry
from engine.market.calendar import CalendarError
from engine.market.clock import MINUTE, datetime_of, instant_at, isoformat
from engine.market.figures import grouped
from engine.market.instrument import InstrumentClass
from engine.market.price import rupees_of
from engine.market.session import trading_day
from engine.market.square_off import BEFORE_SQUARE_OFF, names_square_off, square_off_times
from engine.preflight.failed_reads import NEEDS_DAY, failed, judged, shadowed
from engine.preflight.report import Check, CheckState, Group
from engine.preflight.survey import Survey
from engine.settings.loading import FILE_NAME
from engine.upstox.reference.broker_calendar import check_day
from engine.upstox.reference.file_state import FileError, FileState, InstrumentFile
from engine.upstox.reference.instrument_files import Shelf

_GROUP: Final = Group.CONFIGURATION
_OTHERS: Final = 0o077
_NEEDS_MASTER: Final = "not asked: it needs the instrument master"


def check_settings(
    sources: Mapping[str, str],
    bad_settings: str,
    exposed: str = "",
    writable: Sequence[str] = (),
    *,
    live: bool = False,
) -> Sequence[Check]:
    """Say that every setting was read and validated, or which was not.

    ``exposed`` names a file with secrets in it that others on this machine may read; ``writable`` says what of the
    home they may write: a no-go for live.
    """
    if bad_settings:
        problems = bad_settings.splitlines()
        reason = f"bad setting: {'; '.join(problems)}"
        return [judged(_GROUP, "settings", "", reason, values={"problems": problems})]
    figure = f"{len(sources)} set, the rest at their defaults"
    values: dict[str, object] = {"set": dict(sources)}
    if writable:
        return [judged(_GROUP, "settings", figure, "; ".join(writable), needed=live, values=values)]
    if exposed:
        reason = f"it holds a secret and others may read it: chmod 600 {exposed}"
        return [Check(_GROUP, "settings", CheckState.WARN, figure, reason, values)]
    return [judged(_GROUP, "settings", figure, "", values=values)]


def exposed_file(root: Path, sources: Mapping[str, str]) -> str:
    """Return the home's settings file if a secret comes from it and others may read it, else empty."""
    path = root / FILE_NAME
    if not any(sources.get(name) == str(path) for name in config.SECRET_SETTINGS):
        return ""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return ""
    return str(path) if mode & _OTHERS else ""


ACCEPTED: Final = "ACCEPTED"
"""What a person writes who goes live without knowing when the broker squares off."""


def check_square_off(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Ask for the broker's own square-off times: nobody knows them for certain, so a person must name them."""
    table = survey.settings.session.broker_squareoff.strip()
    values: dict[str, object] = {"table": table or None}
    if table == ACCEPTED:
        reason = "the broker's square-off times are not confirmed: you accepted that"
        return [Check(_GROUP, "square-off", CheckState.WARN, "accepted", reason, values)]
    if names_square_off(table):
        return [judged(_GROUP, "square-off", table, _too_late(survey, table), needed=live, values=values)]
    reason = (
        "expected the broker's own square-off times with date and source in session.broker_squareoff, got "
        f"{repr(table) if table else 'none'}; look them up at the broker and write them down, or write {ACCEPTED} "
        "to go without"
    )
    return [judged(_GROUP, "square-off", "", reason, needed=live, values=values)]


def _too_late(survey: Survey, table: str) -> str:
    """Return that a class is not flat well before the broker closes it; empty where each is."""
    try:
        day = trading_day(survey.day(), survey.settings.session, survey.calendar())
    except CalendarError:
        # The calendar has its own check; without a session nothing has to be flat.
        return ""
    late: dict[tuple[str, str], list[str]] = {}
    for kind, clock in square_off_times(table).items():
        flat_by = day.flat_by(kind)
        if kind is not InstrumentClass.INDEX and flat_by + BEFORE_SQUARE_OFF > instant_at(day.day, clock):
            late.setdefault((f"{datetime_of(flat_by):%H:%M}", f"{clock:%H:%M}"), []).append(kind.value)
    if not late:
        return ""
    found = "; ".join(
        f"flat by {ours} in {', '.join(kinds)} where it closes at {its}"
        for (ours, its), kinds in late.items()
    )
    return (
        f"expected to be flat {BEFORE_SQUARE_OFF // MINUTE} minutes before the broker closes by itself, got {found}; "
        "set an earlier session.flat_by"
    )


def check_instruments(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Say how fresh the instrument master and the intraday list are."""
    try:
        shelf = survey.shelf()
    except (FileError, OSError) as error:
        return [judged(_GROUP, "instruments", "", str(error))]
    return [_master(shelf), _intraday(shelf, live=live)]


def check_watchlist(survey: Survey) -> Sequence[Check]:
    """Check every entry of the watchlist against the master and the intraday list."""
    entries = survey.settings.watchlist.instruments
    if not entries:
        reason = (
            "expected at least one instrument in watchlist.instruments, got none; "
            "`cockpit instruments TEXT` searches"
        )
        return [judged(_GROUP, "watchlist", "", reason)]
    try:
        resolved = survey.resolved()
    except (FileError, OSError):
        return [Check(_GROUP, "watchlist", CheckState.NOT_ASKED, "", _NEEDS_MASTER)]
    if survey.known_day() is None:
        return [Check(_GROUP, "watchlist", CheckState.NOT_ASKED, "", NEEDS_DAY)]
    followed = {one.entry: one for one in resolved.followed}
    problems = {one.entry: one for one in resolved.problems}
    return [
        _problem(problems[entry], survey) if entry not in followed else _followed(followed[entry])
        for entry in dict.fromkeys(entries)
    ]


def check_calendar(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Compare our calendar with the broker's; live stays shut when they differ or the broker is silent."""
    day = survey.known_day()
    if day is None:
        return [Check(_GROUP, "calendar", CheckState.NOT_ASKED, "", NEEDS_DAY)]
    try:
        calendar = survey.calendar()
    except CalendarError as error:
        return [judged(_GROUP, "calendar", str(day), str(error))]
    found = check_day(day, calendar, survey.client)
    if found.unanswered is not None and shadowed(found.unanswered):
        return [failed(_GROUP, "calendar", found.unanswered, needed=live)]
    values: dict[str, object] = {
        "day": day.isoformat(),
        "agrees": found.agrees,
        "hours": None if found.hours is None else [isoformat(one) for one in found.hours],
    }
    if found.agrees:
        return [judged(_GROUP, "calendar", f"{day:%a %d %b %Y}: {found.reason}", "", values=values)]
    figure = f"{day:%a %d %b %Y}"
    return [judged(_GROUP, "calendar", figure, found.reason, needed=live, values=values)]


def _master(shelf: Shelf) -> Check:
    state = shelf.state(InstrumentFile.MASTER)
    figure = f"{grouped(state.rows)} listed, {state.freshness.value.lower()}"
    if len(shelf.rejected):
        figure += f", {len(shelf.rejected)} unusable"
    return _list("instruments", figure, state)


def _intraday(shelf: Shelf, *, live: bool) -> Check:
    state = shelf.state(InstrumentFile.INTRADAY)
    if shelf.eligible is None:
        reason = f"expected today's intraday list, got none ({state.reason}): nobody knows what may be traded intraday"
        return judged(_GROUP, "intraday list", "", reason, needed=live)
    return _list("intraday list", f"{grouped(state.rows)} names, {state.freshness.value.lower()}", state)


def _list(name: str, figure: str, state: FileState) -> Check:
    values: dict[str, object] = {
        "rows": state.rows,
        "freshness": state.freshness.value,
        "confirmed": None if state.confirmed is None else isoformat(state.confirmed),
    }
    return Check(
        _GROUP, name, CheckState.WARN if state.reason else CheckState.GO, figure, state.reason, values
    )


def _followed(one: ResolvedEntry) -> Check:
    listing = one.listing
    parts = [listing.symbol, listing.key]
    if listing.instrument.tradable:
        parts += [f"lot {listing.lot}", f"tick {rupees_of(listing.tick):.2f}"]
    if listing.expiry is not None:
        parts.append(f"expires {listing.expiry:%d %b %Y} ({one.days_left} d)")
    if one.intraday is not None and one.intraday.leverage:
        parts.append(f"{one.intraday.leverage:g}× intraday")
    warn = one.note if one.note.startswith("expires today") else ""
    values: dict[str, object] = {
        "key": listing.key,
        "symbol": listing.symbol,
        "lot": listing.lot,
        "tick_rupees": rupees_of(listing.tick),
        "expiry": None if listing.expiry is None else listing.expiry.isoformat(),
        "days_left": one.days_left,
        "intraday_leverage": None if one.intraday is None else one.intraday.leverage,
    }
    name, figure = f"watchlist {one.entry}", " · ".join(parts)
    return Check(_GROUP, name, CheckState.WARN if warn else CheckState.GO, figure, one.note, values)


def _problem(problem: Problem, survey: Survey) -> Check:
    name, failures = f"watchlist {problem.entry}", survey.prices.failures
    values: dict[str, object] = {"trouble": problem.trouble.value, "near": list(problem.near)}
    reason = problem.reason
    if problem.trouble is Trouble.NO_PRICE and failures:
        shadow = shadowed(failures[-1])
        if shadow:
            reason = f"{shadow}, for the price that says where the money is"
            return Check(_GROUP, name, CheckState.NOT_ASKED, "", reason, values)
        reason += f" ({failures[-1]})"
    state = CheckState.WARN if problem.trouble is Trouble.DUPLICATE else CheckState.NO_GO
    return Check(_GROUP, name, state, problem.trouble.value.lower(), reason, values)
