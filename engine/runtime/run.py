"""Making a run: its market, its exchange and its core, standing where it begins."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

import config
from engine.auction.prior.history import SessionProfile, prior_levels
from engine.auction.values.levels import PriorLevels
from engine.brokers.cursor_file import ExchangeError
from engine.brokers.exchange import Exchange
from engine.brokers.paper.exchange import PaperExchange
from engine.core import (
    LIVE,
    PAPER,
    REPLAY,
    SIMULATED,
    Core,
    EarlierEvidence,
    Effect,
    Ids,
    Latched,
    Noted,
    Rearmed,
)
from engine.feeds.feed import AnchoredFeed, PulledFeed, notes_of
from engine.feeds.recordings.json_feed import RecordingError
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError, Run
from engine.ledger.store import Ledger
from engine.market.calendar import CalendarError
from engine.market.clock import Instant
from engine.market.price import amount_of
from engine.market.session import TradingDay, trading_day
from engine.runtime.evidence import records_before, terms_for
from engine.runtime.plan import MarketChoice, RunMode, RunPlan, open_feed, plan_run
from engine.runtime.playback import JournalSink, Playback
from engine.settings.sections import MarketSections
from engine.system.errors import CockpitError

Beat = Callable[[], None]

_WORLDS: Final[Mapping[RunMode, str]] = {
    RunMode.SIMULATED: SIMULATED,
    RunMode.REPLAY: REPLAY,
    RunMode.PAPER: PAPER,
    RunMode.LIVE: LIVE,
}


class RunError(CockpitError):
    """A run cannot be made; the text says what was expected, what came and what to do."""


Place = TypeVar("Place", bound=Exchange)
"""Where the orders of a run go."""
Place_co = TypeVar("Place_co", bound=Exchange, covariant=True)


@dataclass(frozen=True, slots=True)
class PreparedRun(Generic[Place_co]):
    """Everything one run needs, standing where it begins or goes on."""

    plan: RunPlan
    playback: Playback
    exchange: Place_co
    resumed: bool
    effects: list[Effect]
    """What the core wants done first, once the run goes."""


def open_market(choice: MarketChoice, settings: MarketSections) -> tuple[PulledFeed, TradingDay]:
    """Open a market and its trading day; raises RunError naming the file or the date."""
    try:
        feed = open_feed(choice, settings.simulator)
        return feed, trading_day(feed.day, settings.session)
    except (RecordingError, CalendarError, ValueError, OSError) as error:
        raise RunError(str(error)) from error


def begin_run(
    name: str,
    choice: MarketChoice,
    settings: config.Settings,
    *,
    exchange_path: Path | None,
    journal: JournalSink,
    beat: Beat = lambda: None,
    ledger: Ledger | None = None,
) -> PreparedRun[PaperExchange]:
    """Begin a run with an empty book and what earlier sessions in the ledger left; raises RunError, LedgerError."""
    feed, day = open_market(choice, settings)
    earlier = {} if ledger is None else earlier_levels(ledger, feed.instruments, feed.day, settings.profile)
    terms = terms_for(choice.market, settings)
    records = () if ledger is None else records_before(ledger, terms, feed.day)
    plan = plan_run(name, choice, feed, settings, earlier, past=EarlierEvidence(terms, records))
    return begin_on(feed, day, plan, exchange_path=exchange_path, journal=journal, beat=beat)


def begin_on(
    feed: PulledFeed,
    day: TradingDay,
    plan: RunPlan,
    *,
    exchange_path: Path | None,
    journal: JournalSink,
    beat: Beat = lambda: None,
) -> PreparedRun[PaperExchange]:
    """Begin a planned run on an opened market against the paper exchange, with an empty book; raises RunError."""
    return begin_against(open_paper(exchange_path, plan, day), feed, day, plan, journal=journal, beat=beat)


def begin_against(
    exchange: Place,
    feed: PulledFeed,
    day: TradingDay,
    plan: RunPlan,
    *,
    journal: JournalSink,
    beat: Beat = lambda: None,
    keep_book: bool = False,
) -> PreparedRun[Place]:
    """Begin a planned run with its orders going to ``exchange``: on an empty book, or on the one that stands."""
    playback, effects = new_playback(plan, feed, day, exchange, journal)
    exchange.begin_run(plan.run, playback.now, keep_book=keep_book)
    if plan.studies_until is not None:
        effects += playback.study_until(plan.studies_until, beat=beat)
    if keep_book:
        effects += playback.resume(plan.run, playback.now, 0, begins=True)
    for text in notes_of(feed):
        effects += playback.tell(Noted("warning", text))
    return PreparedRun(plan, playback, exchange, resumed=False, effects=effects)


def book_is_flat(path: Path, plan: RunPlan) -> bool:
    """Say whether the exchange's file proves that a run left nothing open or live; unreadable is not flat."""
    try:
        day = trading_day(plan.day, plan.configured().session)
        exchange = PaperExchange.open(path, plan.by_key, day, plan.configured().paper, read_only=True)
    except (ExchangeError, ValueError):
        return False
    flat = exchange.flat
    exchange.close()
    return flat


def honour_latch(playback: Playback, latched: Latched | None) -> list[Effect]:
    """Make the core's latch what the latch file says: it may have been set or cleared while no engine ran.

    Return what the core wants done for it.
    """
    core = playback.core
    if latched is not None and (core.latch is None or core.latch.id != latched.id):
        return playback.tell(latched)
    if latched is None and core.latch is not None:
        return playback.tell(Rearmed("a person, while no engine ran"))
    return []


def ledger_run(plan: RunPlan, world: str, started: Instant) -> Run:
    """Return the ledger's row for a plan."""
    return Run(
        run=plan.run,
        world=world,
        identity=plan.identity,
        day=plan.day,
        settings=str(hash_of(plan.settings)),
        plan=msgspec.json.encode(plan).decode(),
        started=started,
    )


def hash_of(settings: Mapping[str, object]) -> str:
    """Return a digest of settings."""
    from hashlib import sha256

    return sha256(msgspec.json.encode(settings, order="sorted")).hexdigest()[:16]


def read_plan(run: Run) -> RunPlan:
    """Return the plan the ledger kept; raises RunError when it does not read."""
    try:
        return msgspec.json.decode(run.plan, type=RunPlan)
    except msgspec.DecodeError as error:
        raise RunError(
            f"expected the plan of run {run.run} to read, got: {error}; begin a new run"
        ) from error


def earlier_levels(
    ledger: LedgerReader, instruments: Iterable[str], day: date, profile: config.ProfileSettings
) -> dict[str, PriorLevels]:
    """Return what the sessions stored for days before ``day`` left each instrument; raises RunError.

    Whether the newest of them is really the session before is checked against the feed's previous close.
    """
    sessions = earlier_sessions(ledger, instruments, day)
    rule, percent = profile.value_area_rule, profile.value_area_pct
    found = {
        key: prior_levels(history, None, day, rule=rule, percent=percent) for key, history in sessions.items()
    }
    return {key: levels for key, levels in found.items() if levels is not None}


def earlier_sessions(
    ledger: LedgerReader, instruments: Iterable[str], day: date
) -> dict[str, list[SessionProfile]]:
    """Return each instrument's stored sessions of days before ``day``, oldest first; raises RunError."""
    wanted = set(instruments)
    sessions: dict[str, list[SessionProfile]] = {}
    try:
        for fact in ledger.sessions(day):
            key = fact.key.partition("|")[2]
            if key in wanted:
                profile = msgspec.json.decode(fact.payload, type=SessionProfile)
                sessions.setdefault(key, []).append(profile)
    except (LedgerError, msgspec.DecodeError) as error:
        raise RunError(f"expected earlier sessions to read, got: {error}") from error
    return sessions


def open_paper(path: Path | None, plan: RunPlan, day: TradingDay) -> PaperExchange:
    """Open the paper exchange of a plan; None keeps it in memory. Raises RunError."""
    try:
        return PaperExchange.open(path, plan.by_key, day, plan.configured().paper)
    except ExchangeError as error:
        raise RunError(str(error)) from error


def new_playback(
    plan: RunPlan,
    feed: PulledFeed,
    day: TradingDay,
    exchange: Exchange,
    journal: JournalSink,
) -> tuple[Playback, list[Effect]]:
    """Return a playback at the beginning of its feed, and what its core said of the past it was given."""
    settings = plan.configured()
    world = _WORLDS[plan.choice.market]
    core = Core(
        settings,
        plan.by_key,
        day,
        world,
        amount_of(settings.account.capital) if plan.account is None else plan.account,
        Ids(plan.names),
        recovered=plan.recovered,
        prior=plan.prior,
        earlier_runs=plan.earlier_runs,
        own_cash=plan.own_cash,
        past=plan.past,
    )
    playback = Playback(core, exchange, feed, now=0, journal=journal)
    playback.now = _begin_of(playback, feed, day)
    effects = [effect for seed in feed.seeds for effect in core.handle(seed, playback.now)]
    return playback, effects


def _begin_of(playback: Playback, feed: PulledFeed, day: TradingDay) -> Instant:
    """Return where virtual time begins: behind the newest seed, else at the first update."""
    if isinstance(feed, AnchoredFeed):
        return feed.begins
    opens = (day.open(instrument.kind) for instrument in feed.instruments.values())
    first = playback.next_arrival
    return max((seed.until for seed in feed.seeds), default=min(opens) if first is None else first)
