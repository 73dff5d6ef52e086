"""What counts as evidence: one day's market gives one trade once, and unlike things are never put into one figure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Final

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


@dataclass(frozen=True, slots=True)
class Played:
    """The trades of one run, and what it was."""

    day: date
    instruments: frozenset[str]
    """What it followed: a replay replaces what earlier ones made of these."""
    terms: EvidenceTerms
    trades: tuple[ClosedTrade, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """What makes a trade the same trade, however often its day is played."""

    source: Source
    market: Source
    day: date
    instrument: str
    setup: str
    version: int
    fill_rules: int
    settings: str
    mode: EntryMode | None
    time: Instant
    """Of the signal."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What one figure stands on: one market, one settings hash, one version of the fill rules, one mode."""

    terms: EvidenceTerms
    mode: EntryMode

    def holds(self, key: Key) -> bool:
        """Say whether a trade belongs into a figure on this basis."""
        terms = EvidenceTerms(key.market, key.settings, key.fill_rules)
        return terms == self.terms and key.mode is self.mode

    def describe(self) -> str:
        """Return it as a figure names it: 'auto · paper · fills v2 · settings 1f0c22ab'."""
        return f"{self.mode.value} · {self.describe_terms()}"

    def brief(self) -> str:
        """Return the same for a narrow column: 'auto · paper · v2 · 1f0c22ab'."""
        fills = [f"v{self.terms.fill_rules}"] if self.terms.fill_rules else []
        return " · ".join([self.mode.value, self.terms.market.value, *fills, self.terms.settings])

    def describe_terms(self) -> str:
        """Return what stands beside the mode: market, version of the fill rules and settings."""
        fills = [f"fills v{self.terms.fill_rules}"] if self.terms.fill_rules else []
        return " · ".join([self.terms.market.value, *fills, f"settings {self.terms.settings}"])


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
        mode=trade.taken_by,
        time=trade.signalled,
    )


def counted(runs: Iterable[Played]) -> dict[Key, ClosedTrade]:
    """Return what counts of some runs, oldest first, each trade once.

    A day that was replayed again replaces what earlier replays of it made of the same instruments under the same terms,
    and never what paper or live made of it. Simulated days count for nothing.
    """
    known = list(runs)
    found: dict[Key, ClosedTrade] = {}
    for number, run in enumerate(known):
        if run.terms.market is Source.SIMULATED:
            continue
        again = _played_later(run, known[number + 1 :])
        for trade in run.trades:
            if trade.instrument not in again:
                found[key_of(trade, run.terms)] = trade
    real = {_in_the_market(key) for key in found if key.market is not Source.REPLAY}
    return {
        key: trade
        for key, trade in found.items()
        if key.market is not Source.REPLAY or _in_the_market(key) not in real
    }


def _played_later(run: Played, later: Sequence[Played]) -> frozenset[str]:
    """Return the instruments that a later replay of the same day under the same terms played again."""
    if run.terms.market is not Source.REPLAY:
        return frozenset()
    same = (other for other in later if (other.day, other.terms) == (run.day, run.terms))
    return frozenset().union(*(other.instruments for other in same))


def _in_the_market(key: Key) -> tuple[object, ...]:
    """Return what happened in the market, whoever traded it and by whichever fills."""
    return key.day, key.instrument, key.setup, key.version, key.settings, key.time
