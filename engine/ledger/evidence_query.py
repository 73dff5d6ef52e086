"""What a ledger proves: its trades by their evidence key, each once, without reading anything else of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import msgspec

from engine.core import DayState
from engine.core.story_records import AFTER_EXIT, LONGEST_AFTER, AfterExit
from engine.ledger.evidence_tables import SINCE
from engine.ledger.reader import SESSION, LedgerReader
from engine.ledger.records import LedgerError, RunState
from engine.ledger.run_terms import RunTerms, run_terms
from engine.ledger.schema import damaged
from engine.market.price import Paise
from engine.performance.evidence import EvidenceTerms, Key, PlayedKeys, Source, count_once, key_of
from engine.performance.trade import ClosedTrade
from engine.setups.signal import EntryMode

_PLAYED: Final = (
    "SELECT played.run, runs.day, market, played.settings, fill_rules, broker, mode, instruments, addresses "
    "FROM played JOIN runs USING (run) WHERE state != ? ORDER BY runs.rowid"
)
_TRADES: Final = "SELECT run, day, instrument, setup, version, mode, signalled, payload FROM trades"
_BEHIND: Final = (
    "SELECT trades.run, trades.id, records.payload FROM trades JOIN records ON records.run = trades.run "
    "AND records.kind = ? AND records.key = trades.id || ':' || ? ORDER BY trades.ended"
)
_FINAL_TYPES: Final = (
    "SELECT key, json_extract(payload, '$.day_type') FROM records JOIN runs USING (run) "
    "WHERE kind = ? AND state != ? AND key >= ? AND key < ? AND json_valid(payload) ORDER BY number"
)
_ACCOUNTS: Final = "SELECT run, day, account FROM accounts ORDER BY number"

_decode = msgspec.json.Decoder(ClosedTrade).decode
_decode_after = msgspec.json.Decoder(AfterExit).decode
_keys = msgspec.json.Decoder(tuple[str, ...]).decode
_MODES: Final[Mapping[str | None, EntryMode | None]] = {
    None: None,
    **{mode.value: mode for mode in EntryMode},
}


@dataclass(frozen=True, slots=True)
class PlayedRun:
    """A run that may count: its day, and what it was."""

    run: str
    day: date
    told: RunTerms


Kept = str | ClosedTrade
"""A trade as it lies in the ledger, or read."""


class EvidenceQuery:
    """Reads a ledger's evidence by its tables.

    One of an older schema that nobody has brought up yet is read by its records, as ``by_records`` asks of any.
    Every method raises LedgerError when the file cannot be read, LedgerDamagedError when it is broken.
    """

    def __init__(self, ledger: LedgerReader, *, by_records: bool = False) -> None:
        self._ledger = ledger
        self._by_tables = ledger.version >= SINCE and not by_records

    def played(self) -> list[PlayedRun]:
        """Return the runs that may count, oldest first."""
        if not self._by_tables:
            return [
                PlayedRun(run.run, run.day, told)
                for run in self._ledger.runs()
                if run.state is not RunState.ABANDONED and (told := run_terms(run.plan)) is not None
            ]
        return [
            PlayedRun(
                run,
                self._date(day),
                RunTerms(
                    EvidenceTerms(Source(market), settings, fills, broker),
                    EntryMode(mode),
                    _keys(instruments),
                    addresses,
                ),
            )
            for run, day, market, settings, fills, broker, mode, instruments, addresses in self._ledger.rows(
                _PLAYED, (RunState.ABANDONED.value,)
            )
        ]

    def counted(
        self,
        played: Iterable[PlayedRun],
        beside: Iterable[PlayedKeys[Kept]] = (),
        *,
        simulated: bool = False,
    ) -> dict[Key, Kept]:
        """Return what counts of some runs, each trade once; ``beside`` are runs that come after them."""
        known = list(played)
        trades = self._trades(known)
        runs = [
            PlayedKeys(one.day, frozenset(one.told.instruments), one.told.terms, trades.get(one.run, []))
            for one in known
        ]
        return count_once([*runs, *beside], simulated=simulated)

    def accounts(self, played: Iterable[PlayedRun]) -> dict[date, Paise]:
        """Return the opening account of each day of some runs, oldest first; the first of a day counts."""
        wanted = {one.run for one in played}
        rows = self._ledger.rows(_ACCOUNTS) if self._by_tables else self._recorded_accounts()
        found: dict[date, Paise] = {}
        for run, day, account in rows:
            if run in wanted:
                found.setdefault(self._date(day), account)
        return dict(sorted(found.items()))

    def half_hours(self, played: Iterable[PlayedRun]) -> dict[str, tuple[Paise, Paise]]:
        """Return the highest and lowest last price of the half-hour behind each exit, by trade, newest run's last.

        One that was not watched to its end, or in which nothing traded, is left out.
        """
        wanted = {one.run for one in played}
        found: dict[str, tuple[Paise, Paise]] = {}
        try:
            for run, trade, payload in self._half_hours():
                if run not in wanted:
                    continue
                after = _decode_after(payload)
                if not after.cut and after.high is not None and after.low is not None:
                    found[trade] = (after.high, after.low)
        except msgspec.DecodeError as error:
            raise damaged(self._ledger.path, f"what came after an exit does not read: {error}") from error
        return found

    def final_day_types(self, first: date, last: date) -> dict[tuple[date, str], str]:
        """Return what the days of instruments were in the end, by day and instrument; the newest word counts."""
        bounds = (first.isoformat(), (last + timedelta(days=1)).isoformat())
        found: dict[tuple[date, str], str] = {}
        for key, kind in self._ledger.rows(_FINAL_TYPES, (SESSION, RunState.ABANDONED.value, *bounds)):
            day, _, instrument = key.partition("|")
            if kind:
                found[self._date(day), instrument] = kind
        return found

    def _half_hours(self) -> Iterable[tuple[str, str, str]]:
        if self._by_tables:
            yield from self._ledger.rows(_BEHIND, (AFTER_EXIT, LONGEST_AFTER))
            return
        for fact in self._ledger.records(AFTER_EXIT):
            trade, _, minutes = fact.key.rpartition(":")
            if minutes == str(LONGEST_AFTER):
                yield fact.run, trade, fact.payload

    def read(self, kept: Kept) -> ClosedTrade:
        """Return a trade as it was kept."""
        if isinstance(kept, ClosedTrade):
            return kept
        try:
            return _decode(kept)
        except msgspec.DecodeError as error:
            raise damaged(self._ledger.path, f"a trade does not read: {error}") from error

    def _date(self, day: str) -> date:
        try:
            return date.fromisoformat(day)
        except ValueError as error:
            raise damaged(self._ledger.path, f"the day of a run does not read: {error}") from error

    def _trades(self, played: list[PlayedRun]) -> dict[str, list[tuple[Key, Kept]]]:
        found: dict[str, list[tuple[Key, Kept]]] = {one.run: [] for one in played}
        terms = {one.run: one.told.terms for one in played}
        if not self._by_tables:
            for run, trade in self._ledger.trades_by_run():
                if run in found:
                    found[run].append((key_of(trade, terms[run]), trade))
            return found
        days: dict[str, date] = {}
        for run, day, instrument, setup, version, mode, signalled, payload in self._ledger.rows(_TRADES):
            made = terms.get(run)
            if made is None:
                continue
            when = days.get(day)
            if when is None:
                when = days[day] = self._date(day)
            by = _MODES.get(mode)
            key = Key(
                Source.MANUAL if by is EntryMode.MANUAL else made.market,
                made.market,
                when,
                instrument,
                setup,
                version,
                made.fill_rules,
                made.settings,
                made.broker,
                by,
                signalled,
            )
            found[run].append((key, payload))
        return found

    def _recorded_accounts(self) -> Iterator[tuple[str, str, Paise]]:
        try:
            for fact in self._ledger.records("day_state"):
                state = msgspec.json.decode(fact.payload, type=DayState)
                yield fact.run, state.limits.day.isoformat(), state.limits.account
        except msgspec.DecodeError as error:
            raise LedgerError(
                f"{self._ledger.path}: expected the accounts of earlier days to read, got: {error}"
            ) from error
