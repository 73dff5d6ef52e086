"""What counts as evidence: one day's market gives one trade once, and unlike things are never put into one figure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from engine.market.clock import Instant
from engine.performance.trade import ClosedTrade
from engine.setups.signal import EntryMode

_DECIDING: Final[Mapping[str, frozenset[str] | None]] = {
    "account": frozenset({"capital"}),
    "profile": None,
    "risk": None,
    "stop": None,
    "exit": None,
    "orders": None,
    "entry": None,
    "session": frozenset({"last_entry", "flat_by"}),
    "options": None,
    "paper": None,
}
"""Sections of the settings that decide about trades, with the names that do (None: all). How a setup may trade is told
by each trade, which instruments are followed by its instrument."""
_DIGITS: Final = 8
LOOPBACK: Final = "loopback"
"""The broker's address where it is this machine: its port says nothing, and what it shows proves nothing elsewhere."""


class Source(StrEnum):
    """Where a trade's market came from, or that a person made it."""

    SIMULATED = "simulated"
    """Evidence for nothing."""
    REPLAY = "replay"
    PAPER = "paper"
    LIVE = "live"
    MANUAL = "manual"
    """The trader's own, wherever: it shows nothing of a rule."""


class EvidenceTerms(msgspec.Struct, frozen=True):
    """What a run's trades were made under."""

    market: Source
    settings: str
    """Digest of the settings that decide."""
    fill_rules: int
    """Version of the rules by which the paper exchange fills; 0 where a broker does."""
    broker: str = ""
    """The broker's host in paper and live, ``loopback`` for this machine; empty in the other worlds."""

    def describe(self) -> str:
        """Return it as a figure names it: 'paper · fills v2 · settings 1f0c22ab'."""
        fills = [f"fills v{self.fill_rules}"] if self.fill_rules else []
        where = ["on loopback"] if self.broker == LOOPBACK else []
        return " · ".join([self.market.value, *where, *fills, f"settings {self.settings}"])


@dataclass(frozen=True, slots=True)
class Played:
    """The trades of one run, and what it was."""

    day: date
    instruments: frozenset[str]
    """What it followed: a replay replaces what earlier ones made of these."""
    terms: EvidenceTerms
    trades: tuple[ClosedTrade, ...]


class Key(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """What makes a trade the same trade, however often its day is played."""

    source: Source
    market: Source
    day: date
    instrument: str
    setup: str
    version: int
    fill_rules: int
    settings: str
    broker: str
    mode: EntryMode | None
    time: Instant
    """Of the signal."""

    @property
    def terms(self) -> EvidenceTerms:
        """What it was made under."""
        return EvidenceTerms(self.market, self.settings, self.fill_rules, self.broker)

    def is_under(self, terms: EvidenceTerms) -> bool:
        """Say whether it was made under some terms."""
        return (self.market, self.settings, self.fill_rules, self.broker) == (
            terms.market,
            terms.settings,
            terms.fill_rules,
            terms.broker,
        )


Kind = TypeVar("Kind")


class PlayedKeys(NamedTuple, Generic[Kind]):
    """The same as Played, its trades by their keys, whatever stands for them."""

    day: date
    instruments: frozenset[str]
    terms: EvidenceTerms
    trades: Sequence[tuple[Key, Kind]]


@dataclass(frozen=True, slots=True)
class Basis:
    """What one figure stands on: one market, one settings hash, one version of the fill rules, one mode."""

    terms: EvidenceTerms
    mode: EntryMode

    def holds(self, key: Key) -> bool:
        """Say whether a trade belongs into a figure on this basis."""
        return key.mode is self.mode and key.is_under(self.terms)

    def describe(self) -> str:
        """Return it as a figure names it: 'auto · paper · fills v2 · settings 1f0c22ab'."""
        return f"{self.mode.value} · {self.describe_terms()}"

    def brief(self) -> str:
        """Return the same for a narrow column: 'auto · paper · v2 · 1f0c22ab'."""
        fills = [f"v{self.terms.fill_rules}"] if self.terms.fill_rules else []
        where = [LOOPBACK] if self.terms.broker == LOOPBACK else []
        return " · ".join([self.mode.value, self.terms.market.value, *where, *fills, self.terms.settings])

    def describe_terms(self) -> str:
        """Return what stands beside the mode."""
        return self.terms.describe()


def deciding(settings: Mapping[str, object]) -> str:
    """Return a digest of those settings that decide about trades; ``settings`` are sections of plain values."""
    chosen: dict[str, object] = {}
    for section, names in _DECIDING.items():
        values = settings.get(section)
        if isinstance(values, dict):
            chosen[section] = {name: values[name] for name in values if names is None or name in names}
    return sha256(msgspec.json.encode(chosen, order="sorted")).hexdigest()[:_DIGITS]


def key_of(trade: ClosedTrade, terms: EvidenceTerms) -> Key:
    """Return what a trade counts as."""
    by_hand = trade.taken_by is EntryMode.MANUAL
    return Key(
        source=Source.MANUAL if by_hand else terms.market,
        market=terms.market,
        day=trade.day,
        instrument=trade.instrument,
        setup=trade.setup,
        version=trade.version,
        fill_rules=terms.fill_rules,
        settings=terms.settings,
        broker=terms.broker,
        mode=trade.taken_by,
        time=trade.signalled,
    )


def counted(runs: Iterable[Played]) -> dict[Key, ClosedTrade]:
    """Return what counts of some runs, oldest first, each trade once.

    A day that was replayed again replaces what earlier replays of it made of the same instruments under the same terms,
    and never what paper or live made of it. Simulated days count for nothing.
    """
    return count_once(
        PlayedKeys(
            run.day, run.instruments, run.terms, [(key_of(trade, run.terms), trade) for trade in run.trades]
        )
        for run in runs
    )


def count_once(runs: Iterable[PlayedKeys[Kind]], *, simulated: bool = False) -> dict[Key, Kind]:
    """Return the same of trades by their keys; ``simulated`` looks at simulated days alone, for show."""
    known = [run for run in runs if (run.terms.market is Source.SIMULATED) is simulated]
    found: dict[Key, Kind] = {}
    for run, again in zip(known, _played_later(known), strict=True):
        found.update((key, trade) for key, trade in run.trades if key.instrument not in again)
    if not any(run.terms.market is Source.REPLAY for run in known):
        return found
    real = {_in_the_market(key) for key in found if key.market is not Source.REPLAY}
    return {
        key: trade
        for key, trade in found.items()
        if key.market is not Source.REPLAY or _in_the_market(key) not in real
    }


def _played_later(runs: Sequence[PlayedKeys[Kind]]) -> list[frozenset[str]]:
    """Return, run by run, the instruments that a later run of the same day under the same terms played again.

    A day of an account happens once: its runs add up.
    """
    later: dict[tuple[date, EvidenceTerms], frozenset[str]] = {}
    found: list[frozenset[str]] = []
    for run in reversed(runs):
        if run.terms.market not in (Source.REPLAY, Source.SIMULATED):
            found.append(frozenset())
            continue
        what = (run.day, run.terms)
        again = later.get(what, frozenset())
        found.append(again)
        later[what] = again | run.instruments
    return found[::-1]


def _in_the_market(key: Key) -> tuple[object, ...]:
    """Return what happened in the market, whoever traded it and by whichever fills."""
    return key.day, key.instrument, key.setup, key.version, key.settings, key.time
