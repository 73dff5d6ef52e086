"""Making a run: a fresh one, or one that a death cut off, brought back to where its exchange stood."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

import config
from engine.brokers.paper import PaperExchange
from engine.brokers.store import ExchangeError
from engine.core import REPLAY, SIMULATED, Core, DayState, Ids, Latched, Rearmed, Resumed
from engine.feeds.feed import PulledFeed
from engine.feeds.recording import RecordingError
from engine.ledger.records import LedgerError, Run
from engine.ledger.store import Ledger
from engine.market.calendar import CalendarError
from engine.market.clock import Instant
from engine.market.price import Paise, paise_of
from engine.market.session import TradingDay, trading_day
from engine.performance.trade import ClosedTrade
from engine.runtime.plan import Market, MarketChoice, RunPlan, open_feed, plan_run
from engine.runtime.playback import JournalSink, Playback

Beat = Callable[[], None]

_WORLDS: Final[Mapping[Market, str]] = {Market.SIMULATED: SIMULATED, Market.REPLAY: REPLAY}


class RunError(Exception):
    """A run cannot be made; the text says what was expected, what came and what to do."""


@dataclass(slots=True)
class PreparedRun:
    """Everything one run needs, standing where it begins or goes on."""

    plan: RunPlan
    playback: Playback
    exchange: PaperExchange
    resumed: bool


def open_market(choice: MarketChoice, settings: config.Settings) -> tuple[PulledFeed, TradingDay]:
    """Open a market and its trading day; raises RunError naming the file or the date."""
    try:
        feed = open_feed(choice, settings)
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
) -> PreparedRun:
    """Begin a run with an empty book; raises RunError."""
    feed, day = open_market(choice, settings)
    plan = plan_run(name, choice, feed, settings)
    exchange = _open_exchange(exchange_path, plan, day)
    begin = _begin_of(feed, day)
    exchange.begin_run(name, begin)
    playback = _playback(plan, settings, feed, day, exchange, begin, journal, beat, again=False)
    return PreparedRun(plan, playback, exchange, resumed=False)


def resume_run(
    plan: RunPlan,
    ledger: Ledger,
    *,
    exchange_path: Path,
    journal: JournalSink,
    beat: Beat = lambda: None,
) -> PreparedRun:
    """Bring a run that was cut off back to where its exchange stood; raises RunError.

    The settings are the ones it began under: others would decide otherwise on the way.
    """
    settings = plan.configured()
    feed, day = open_market(plan.choice, settings)
    if feed.identity != plan.identity:
        names = ", ".join(plan.choice.files) or "the simulator"
        raise RunError(
            f"expected the market that run {plan.run} began on, got another under the same name ({names})"
        )
    exchange = _open_exchange(exchange_path, plan, day)
    cursor = exchange.cursor
    begin = _begin_of(feed, day)
    if cursor.run != plan.run:
        raise RunError(
            f"expected the exchange at run {plan.run}, got {cursor.run or 'an empty one'}; begin a new run"
        )
    ledger.rewind(plan.run, cursor.sequence, max(cursor.now, begin))
    playback = _playback(plan, settings, feed, day, exchange, begin, journal, beat, again=True)
    playback.re_execute(ledger.journal(plan.run), updates=cursor.updates, sequence=cursor.sequence, beat=beat)
    playback.now = max(playback.now, cursor.now)
    if cursor.pause_offset != playback.pause_offset:
        playback.shift(cursor.pause_offset, playback.now)
    playback.tell(Resumed(plan.run))
    return PreparedRun(plan, playback, exchange, resumed=True)


def honour_latch(playback: Playback, latched: Latched | None) -> None:
    """Make the core's latch what the latch file says: it may have been set or cleared while no engine ran."""
    core = playback.core
    if latched is not None and core.latch is None:
        playback.tell(latched)
    elif latched is None and core.latch is not None:
        playback.tell(Rearmed("a person, while no engine ran"))


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


def past_of(ledger: Ledger, run: str) -> tuple[list[ClosedTrade], dict[date, Paise]]:
    """Return the trades of earlier counted runs and each of their days' opening accounts."""
    try:
        accounts: dict[date, Paise] = {}
        for fact in ledger.records("day_state"):
            state = msgspec.json.decode(fact.payload, type=DayState)
            accounts.setdefault(state.limits.day, state.limits.account)
        trades = []
        for one in ledger.runs():
            if one.run != run and one.state.value != "ABANDONED":
                trades += [trade for trade in ledger.trades(one.run) if trade.day in accounts]
    except (LedgerError, msgspec.DecodeError) as error:
        raise RunError(f"expected earlier trades to read, got: {error}") from error
    return trades, accounts


def _begin_of(feed: PulledFeed, day: TradingDay) -> Instant:
    """Return where virtual time begins: behind the newest seed, else at the session's open."""
    opens = (day.open(instrument.kind) for instrument in feed.instruments.values())
    return max((seed.until for seed in feed.seeds), default=min(opens))


def _open_exchange(path: Path | None, plan: RunPlan, day: TradingDay) -> PaperExchange:
    try:
        return PaperExchange.open(path, plan.by_key, day, plan.configured().paper)
    except ExchangeError as error:
        raise RunError(str(error)) from error


def _playback(
    plan: RunPlan,
    settings: config.Settings,
    feed: PulledFeed,
    day: TradingDay,
    exchange: PaperExchange,
    begin: Instant,
    journal: JournalSink,
    beat: Beat,
    *,
    again: bool,
) -> Playback:
    world = _WORLDS[plan.choice.market]
    core = Core(
        settings, plan.by_key, day, world, paise_of(settings.account.capital), Ids(f"{day.day:%y%m%d}")
    )
    playback = Playback(core, exchange, feed, now=begin, journal=journal)
    for seed in feed.seeds:
        core.handle(seed, begin)
    if plan.studies_until is not None:
        playback.study_until(plan.studies_until, again=again, beat=beat)
    return playback
