"""Whether the settings hold for this day: watchlist, instrument lists, calendar, the broker's square-off."""

from collections.abc import Mapping, Sequence

from engine.market.alias import Trouble
from engine.market.calendar import CalendarError
from engine.market.price import rupees_of
from engine.market.watchlist import Followed, Problem
from engine.preflight.report import Check, Group, State
from engine.preflight.survey import Survey
from engine.upstox.broker_calendar import check_day
from engine.upstox.instruments import FileError, InstrumentFile, Shelf


def check_settings(sources: Mapping[str, str], bad_settings: str) -> Sequence[Check]:
    """Say that every setting was read and validated, or which was not."""
    if bad_settings:
        return [_check("settings", State.NO_GO, "", bad_settings.replace("\n", "; "))]
    return [_check("settings", State.GO, f"{len(sources)} set, the rest at their defaults")]


def check_square_off(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Ask for the broker's own square-off times: nobody knows them for certain, so a person must name them."""
    text = survey.settings.session.broker_squareoff.strip()
    if text:
        return [_check("square-off", State.GO, text)]
    if not live:
        return [_check("square-off", State.GO, "not needed in paper")]
    reason = (
        "expected the broker's own square-off times with date and source in session.broker_squareoff, got none; "
        "look them up at the broker and write them down"
    )
    return [_check("square-off", State.NO_GO, "", reason)]


def check_instruments(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Say how fresh the instrument master and the intraday list are."""
    try:
        shelf = survey.shelf()
    except (FileError, OSError) as error:
        return [_check("instruments", State.NO_GO, "", str(error))]
    return [_master(shelf), _intraday(shelf, live=live)]


def check_watchlist(survey: Survey) -> Sequence[Check]:
    """Check every entry of the watchlist against the master and the intraday list."""
    entries = survey.settings.watchlist.instruments
    if not entries:
        reason = (
            "expected at least one instrument in watchlist.instruments, got none; "
            "`cockpit instruments TEXT` searches"
        )
        return [_check("watchlist", State.NO_GO, "", reason)]
    try:
        resolved = survey.resolved()
    except (FileError, OSError) as error:
        return [_check("watchlist", State.NO_GO, "", str(error))]
    followed = {one.entry: one for one in resolved.followed}
    problems = {one.entry: one for one in resolved.problems}
    return [
        _problem(problems[entry], survey) if entry not in followed else _followed(followed[entry])
        for entry in dict.fromkeys(entries)
    ]


def check_calendar(survey: Survey, *, live: bool) -> Sequence[Check]:
    """Compare our calendar with the broker's; live stays shut when they differ or the broker is silent."""
    day = survey.day()
    try:
        calendar = survey.calendar()
    except CalendarError as error:
        return [_check("calendar", State.NO_GO, str(day), str(error))]
    found = check_day(day, calendar, survey.client)
    if found.agrees:
        return [_check("calendar", State.GO, f"{day:%a %d %b %Y}: {found.reason}")]
    return [_check("calendar", State.NO_GO if live else State.WARN, f"{day:%a %d %b %Y}", found.reason)]


def _master(shelf: Shelf) -> Check:
    state = shelf.state(InstrumentFile.MASTER)
    figure = f"{state.rows:,} listed, {state.freshness.value.lower()}"
    if len(shelf.rejected):
        figure += f", {len(shelf.rejected)} unusable"
    return _check("instruments", State.WARN if state.reason else State.GO, figure, state.reason)


def _intraday(shelf: Shelf, *, live: bool) -> Check:
    state = shelf.state(InstrumentFile.INTRADAY)
    if shelf.eligible is None:
        reason = f"expected today's intraday list, got none ({state.reason}): nobody knows what may be traded intraday"
        return _check("intraday list", State.NO_GO if live else State.WARN, "", reason)
    figure = f"{state.rows:,} names, {state.freshness.value.lower()}"
    return _check("intraday list", State.WARN if state.reason else State.GO, figure, state.reason)


def _followed(one: Followed) -> Check:
    listing = one.listing
    parts = [listing.symbol, listing.key]
    if listing.instrument.tradable:
        parts += [f"lot {listing.lot}", f"tick {rupees_of(listing.tick):.2f}"]
    if listing.expiry is not None:
        parts.append(f"expires {listing.expiry:%d %b %Y} ({one.days_left} d)")
    if one.intraday is not None and one.intraday.leverage:
        parts.append(f"{one.intraday.leverage:g}× intraday")
    warn = one.note if one.note.startswith("expires today") else ""
    state = State.WARN if warn else State.GO
    return _check(f"watchlist {one.entry}", state, " · ".join(parts), one.note)


def _problem(problem: Problem, survey: Survey) -> Check:
    reason = problem.reason
    if problem.trouble is Trouble.NO_PRICE and survey.prices.failures:
        reason += f" ({survey.prices.failures[-1]})"
    state = State.WARN if problem.trouble is Trouble.DUPLICATE else State.NO_GO
    return _check(f"watchlist {problem.entry}", state, problem.trouble.value.lower(), reason)


def _check(name: str, state: State, figure: str = "", reason: str = "") -> Check:
    return Check(Group.CONFIGURATION, name, state, figure, reason)
