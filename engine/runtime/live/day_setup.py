"""What a day needs before it can be traded: its schedule, its instruments, their past, and the money."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

import config
from engine.auction.prior.history import SessionProfile, prior_levels
from engine.auction.values.levels import PriorLevels
from engine.core import DayState
from engine.instruments.watchlist import Problem
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.market.calendar import Calendar, CalendarError, load_calendar
from engine.market.clock import Instant, trading_date
from engine.market.figures import rupees
from engine.market.instrument import Instrument
from engine.market.price import Paise, amount_of
from engine.market.seed import InstrumentSeed
from engine.market.session import TradingDay, trading_day
from engine.preflight.survey import LONGEST_LIST
from engine.risk.limits import open_day
from engine.risk.wishes import wishes_of
from engine.runtime.plan import RunMode, RunPlan, run_mode_of
from engine.runtime.run import RunError, earlier_sessions, read_plan
from engine.settings.sections import OpeningSections
from engine.upstox.reference.file_state import FileError
from engine.upstox.reference.history import InstrumentPast, read_past
from engine.upstox.reference.instrument_files import DayLists, InstrumentFiles, Shelf
from engine.upstox.reference.watchlist import LastPrices, resolve_for_day
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.transport import Transport

_EARLIER_SESSIONS: Final = 5
"""Sessions rebuilt from candles where the ledger holds fewer of its own."""
_READERS: Final = 4


@dataclass(frozen=True, slots=True)
class DaySetup:
    """Everything a run of today begins with."""

    day: TradingDay
    instruments: Mapping[str, Instrument]
    prior: Mapping[str, PriorLevels]
    seeds: tuple[InstrumentSeed, ...]
    account: Paise | None
    """The day's opening account in live, paise; None is the capital of the settings."""
    own_cash: Paise | None
    """The account's own cash in live, paise, before the capital and a stage cap it."""
    recovered: DayState | None
    """What an earlier run of the same day left."""
    notes: tuple[str, ...]
    """What a person should know: entries that are not followed, files that are old, history that is missing."""


class Opener:
    """Reads what a run begins with; every method waits for the broker and belongs to a thread of its own."""

    def __init__(
        self, root: Path, settings: OpeningSections, client: UpstoxClient, transport: Transport
    ) -> None:
        self._root = root
        self._settings = settings
        self._client = client
        self._transport = transport

    def calendar(self) -> Calendar:
        """Return the checked-in calendar with the home's own; raises RunError."""
        try:
            return load_calendar(self._root)
        except CalendarError as error:
            raise RunError(str(error)) from error

    def trading_day(self, day: date, session: config.SessionSettings | None = None) -> TradingDay:
        """Return a date's schedule, by settings of its own where they are given; raises RunError without a session."""
        try:
            return trading_day(day, session or self._settings.session, self.calendar())
        except CalendarError as error:
            raise RunError(str(error)) from error

    def shelf(self, now: Instant, day: date | None) -> Shelf:
        """Return today's instrument files, refreshed where the broker answers; raises RunError without a master."""
        files = InstrumentFiles(self._root, self._settings.upstox.assets_url)
        try:
            return files.load(now, files.refresh(self._transport, now, day))
        except FileError as error:
            raise RunError(str(error)) from error

    def lists(self, now: Instant, day: date) -> DayLists:
        """Return the lists of what may be traded today; one that is today's is not fetched again. Raises RunError."""
        files = InstrumentFiles(self._root, self._settings.upstox.assets_url)
        lists = files.lists(now)
        wanted = [state.file for state in lists.states if state.reason]
        if not wanted:
            return lists
        try:
            return files.lists(now, files.refresh(self._transport, now, day, LONGEST_LIST, wanted))
        except FileError as error:
            raise RunError(str(error)) from error

    def open(
        self,
        now: Instant,
        market: RunMode,
        ledger: LedgerReader,
        *,
        capped: Callable[[Paise], Paise] = lambda account: account,
    ) -> DaySetup:
        """Return what a run of today begins with; raises RunError naming what is missing and what to do.

        ``capped`` returns what the rollout's stage leaves of a live account, paise.
        """
        day = self.trading_day(trading_date(now))
        shelf = self.shelf(now, day.day)
        entries = self._settings.watchlist.instruments
        instruments, problems = self.resolve(entries, shelf, day.day)
        if not instruments:
            raise RunError(_nothing_to_follow(entries, problems))
        notes = [f"{state.file}: {state.reason}" for state in shelf.states if state.reason]
        notes += [f"{problem.entry} is not followed: {problem.reason}" for problem in problems]
        account, recovered = left_by_earlier_runs(ledger, market, day.day)
        own_cash = None if recovered is None else recovered.limits.own_cash
        if market is RunMode.LIVE and (account is None or own_cash is None):
            opened, own_cash = self._account()
            account = capped(opened) if account is None else account
        pasts = self._pasts(instruments, day, now, notes)
        profile = self._settings.profile
        stored = earlier_sessions(ledger, [one.key for one in instruments], day.day)
        return DaySetup(
            day=day,
            instruments={one.key: one for one in instruments},
            prior={
                one.key: levels
                for one in instruments
                if (levels := levels_of(pasts.get(one.key), stored.get(one.key, ()), day.day, profile))
                is not None
            },
            seeds=tuple(past.seed for past in pasts.values() if past.seed is not None),
            account=account,
            own_cash=own_cash,
            recovered=recovered,
            notes=tuple(notes),
        )

    def resolve(
        self, entries: Sequence[str], shelf: Shelf, day: date
    ) -> tuple[tuple[Instrument, ...], tuple[Problem, ...]]:
        """Return the instruments that entries mean today, and what is wrong with the others."""
        resolved = resolve_for_day(entries, shelf, LastPrices(self._client), day)
        return resolved.instruments, resolved.problems

    def past_of(self, instrument: Instrument, day: TradingDay, now: Instant) -> InstrumentPast:
        """Return what the broker's candles say of an instrument before now; a dead history source gives little."""
        return read_past(
            self._client, instrument, day, self._settings, self.calendar(), now, sessions=_EARLIER_SESSIONS
        )

    def _pasts(
        self, instruments: Sequence[Instrument], day: TradingDay, now: Instant, notes: list[str]
    ) -> dict[str, InstrumentPast]:
        symbols = {one.key: one.symbol for one in instruments}
        with ThreadPoolExecutor(_READERS, "history") as threads:
            found = list(threads.map(lambda one: self.past_of(one, day, now), instruments))
        notes += [f"{symbols[past.instrument]}: {note}" for past in found for note in past.notes]
        return {past.instrument: past for past in found}

    def _account(self) -> tuple[Paise, Paise]:
        """Return the day's opening account in live, and the account's own cash, paise: no read, no arming.

        Cash available to trade is what is free of it: no pledge, no proceeds of what was sold today. The account's own
        is that and what margin already holds of it, losses of the day included: another home or a phone does not begin
        the day anew.
        """
        try:
            funds = self._client.funds()
        except CallFailed as error:
            raise RunError(
                f"expected to read the account's funds before trading live, got: {error}"
            ) from error
        if funds.cash is None:
            raise RunError("expected the broker to name the cash available to trade, got none")
        free = funds.cash - max(funds.sale_proceeds or 0, 0)
        if free <= 0:
            raise RunError(
                f"expected cash available to trade, got {rupees(free)} (no pledge, no proceeds of sales counted)"
            )
        return min(amount_of(self._settings.account.capital), free), free + max(funds.used or 0, 0)


def levels_of(
    past: InstrumentPast | None, stored: Sequence[SessionProfile], day: date, profile: config.ProfileSettings
) -> PriorLevels | None:
    """Return what earlier sessions left: our own record of a day wins over the one rebuilt from candles."""
    sessions = {session.day: session for session in (() if past is None else past.sessions)}
    sessions.update({session.day: session for session in stored})
    levels = prior_levels(
        [sessions[one] for one in sorted(sessions)],
        None,
        day,
        rule=profile.value_area_rule,
        percent=profile.value_area_pct,
    )
    if levels is None or past is None or past.range is None or past.range.days <= levels.range_days:
        return levels
    return replace(levels, average_range=past.range.value, range_days=past.range.days)


def left_by_earlier_runs(
    ledger: LedgerReader, market: RunMode, day: date
) -> tuple[Paise | None, DayState | None]:
    """Return the opening account that the day's newest run in paper, or in live, had, and where it left the limits.

    Neither's losses are the other's. A plan that does not read (another version wrote it) tells nothing; what its run
    wrote down of the limits counts all the same. Raises RunError.
    """
    try:
        runs = [run for run in ledger.runs() if run.day == day and run_mode_of(run.run) is market]
        for run in reversed(runs):
            fact = ledger.day_state(day, run.run)
            state = None if fact is None else msgspec.json.decode(fact.payload, type=DayState)
            try:
                plan = read_plan(run)
            except RunError:
                if state is not None:
                    return state.limits.account, state
                continue
            return plan.account, state or plan.recovered or _as_it_began(plan)
    except (LedgerError, msgspec.DecodeError) as error:
        raise RunError(f"expected what the runs of {day} left to read, got: {error}") from error
    return None, None


def _as_it_began(plan: RunPlan) -> DayState | None:
    """Return where a run stands that wrote nothing down: at the limits it began with; None when they do not read."""
    try:
        settings = plan.configured()
    except ValueError:
        return None
    wishes = wishes_of(settings)
    account = amount_of(settings.account.capital) if plan.account is None else plan.account
    limits = open_day(plan.day, account, wishes.limits, own_cash=plan.own_cash)
    return DayState(limits, 0, 0, None, wishes)


def _nothing_to_follow(entries: Sequence[str], problems: Sequence[Problem]) -> str:
    if not entries:
        return (
            "expected watchlist.instruments to name what to follow, got nothing; write it in cockpit.toml or give "
            "--set watchlist.instruments=INFY,'NIFTY FUT near'; `cockpit instruments TEXT` searches"
        )
    return "expected at least one instrument that can be followed, got none: " + "; ".join(
        f"{problem.entry}: {problem.reason}" for problem in problems
    )
