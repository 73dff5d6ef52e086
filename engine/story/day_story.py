"""One trading day's stories together: its trades, its signals that became none, its result as it was marked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

import msgspec

from engine.auction.prior.history import SessionProfile
from engine.ledger.reader import SESSION, LedgerReader
from engine.ledger.records import LedgerError, Run
from engine.market.clock import Instant
from engine.market.price import Paise
from engine.story.building import RunStories
from engine.story.tree import TradeStory

_EQUITY: Final = "equity"
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class DayStory:
    """What a ledger tells of one day of some runs."""

    day: date
    market: str
    """simulated, replay, paper or live; empty where no run tells of the day."""
    trades: tuple[TradeStory, ...]
    """Finished ones, in the order of their ends."""
    signals: tuple[TradeStory, ...]
    """Those of a side and a price that became no finished trade, oldest first."""
    equity: tuple[tuple[Instant, Paise], ...]
    """The day's result, charges of closing included, as it was marked."""
    sessions: Mapping[str, SessionProfile]
    """By instrument, what its session was in the end; only where it was recorded."""


class _Mark(msgspec.Struct, frozen=True):
    net: Paise


def day_story(ledger: LedgerReader, day: date, runs: Iterable[Run]) -> DayStory:
    """Return a day's stories by runs of one market; raises LedgerError for records that do not read."""
    market = ""
    trades: list[TradeStory] = []
    signals: list[TradeStory] = []
    equity: list[tuple[Instant, Paise]] = []
    sessions: dict[str, SessionProfile] = {}
    for run in runs:
        stories = RunStories(ledger, run)
        market = stories.market
        names = dict.fromkeys([*stories.trades, *map(stories.name_of, stories.decisions)])
        for story in map(stories.story, names):
            if story is None:
                continue
            if story.trade is not None:
                trades.append(story)
            elif story.signal is not None and story.signal.last.side is not None and story.signal.last.price:
                signals.append(story)
        equity += [
            (fact.time, _read(ledger, fact.payload, _Mark).net) for fact in ledger.records(_EQUITY, run.run)
        ]
        for fact in ledger.records(SESSION, run.run):
            session = _read(ledger, fact.payload, SessionProfile)
            if session.day == day:
                sessions[session.instrument] = session
    trades.sort(key=lambda one: 0 if one.trade is None else one.trade.exit_time)
    signals.sort(key=lambda one: 0 if one.signal is None else one.signal.last.time)
    return DayStory(day, market, tuple(trades), tuple(signals), tuple(sorted(equity)), sessions)


def _read(ledger: LedgerReader, payload: str, form: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(payload, type=form)
    except msgspec.DecodeError as error:
        raise LedgerError(f"{ledger.path}: a record of the day does not read: {error}") from error
