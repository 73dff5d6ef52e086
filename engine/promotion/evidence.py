"""What a gate stands on, read from the ledger: sessions, trades of one strategy, stops, laws, checks and slippage."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, time
from typing import Final, TypeVar

import msgspec

from engine.core.story_records import LAW_BROKEN, PROTECTED, LawBroken, Protection
from engine.ledger.evidence_choice import stand_on
from engine.ledger.evidence_query import EvidenceQuery, PlayedRun
from engine.ledger.preflight_verdicts import PREFLIGHT, PreflightVerdict
from engine.ledger.reader import LedgerReader
from engine.ledger.schema import damaged
from engine.market.clock import SECOND, Instant, instant_at
from engine.market.price import Paise
from engine.orders.messages import Role
from engine.performance.evidence import Basis, Source
from engine.performance.trade import ClosedTrade
from engine.setups.signal import EntryMode

_INTENT: Final = "intent"
_SESSIONS: Final = "SELECT DISTINCT run, substr(key, 1, 10) FROM records WHERE kind = 'session'"

_Kind = TypeVar("_Kind")

ONE_LOT: Final = "one lot: the first target closes it whole"
SEVERAL_LOTS: Final = "several lots: the first target takes a part"
LOTS_UNKNOWN: Final = "lots not recorded"


class _Listed(msgspec.Struct, frozen=True):
    key: str
    lot: int = 0


class _Plan(msgspec.Struct, frozen=True):
    instruments: tuple[_Listed, ...] = ()
    began: Instant | None = None


class _Entered(msgspec.Struct, frozen=True):
    role: str
    trade: str = ""


@dataclass(frozen=True, slots=True)
class StopTime:
    """How long one trade was without its stop after its entry."""

    trade: str
    day: date
    seconds: float | None
    """The longest; None where the record tells none."""


@dataclass(frozen=True, slots=True)
class GateEvidence:
    """Everything one gate looks at. Days are trading days."""

    basis: str
    trades: tuple[ClosedTrade, ...]
    """Of one strategy, in the order of their ends."""
    accounts: Mapping[date, Paise]
    """The opening account of each day they could have been made on, paise."""
    sessions: tuple[date, ...]
    """Days that were followed from noon at the latest to their end, oldest first."""
    apart: tuple[str, ...]
    """Trades that stand in none of the figures, and why."""
    stops: tuple[StopTime, ...]
    """Of every trade of the days, whoever made it."""
    laws: tuple[tuple[date, str], ...]
    """Laws that were broken."""
    checked: Mapping[date, bool]
    """Whether the checks before trading said GO on a day; a day without a record is missing."""

    def within(self, last: int) -> tuple[date, ...]:
        """Return the newest sessions, at most so many."""
        return self.sessions[-last:]


@dataclass(frozen=True, slots=True)
class SlipSample:
    """What fills cost beyond signal and trigger, in R a trade."""

    trades: int
    mean: float | None


def evidence_of(
    ledger: LedgerReader,
    basis: Basis,
    hosts: str,
    after: str,
    *,
    manual: bool = False,
    by_records: bool = False,
) -> GateEvidence:
    """Return what a basis shows at a broker's addresses, of the runs that began after ``after``; raises LedgerError.

    ``after`` empty counts every run. ``manual`` looks at the trader's own trades whatever their settings;
    ``by_records`` takes no table's word for what the records themselves tell.
    """
    query = EvidenceQuery(ledger, by_records=by_records)
    played = [
        one
        for one in runs_since(ledger, query.played(), after)
        if one.told.terms.market is basis.terms.market and one.told.addresses == hosts
    ]
    found = query.counted(played)
    plans = _plans(ledger, played)
    if manual:
        keys = [key for key in found if key.mode is EntryMode.MANUAL]
        trades = tuple(sorted((query.read(found[key]) for key in keys), key=lambda one: one.exit_time))
        accounts: Mapping[date, Paise] = query.accounts(played)
        name, apart = f"manual · {basis.terms.market.value}", ()
        counting = played
    else:
        standing = stand_on(query, played, found, basis)
        lots = _lots(plans)
        kinds: dict[str, list[ClosedTrade]] = {}
        for trade in standing.trades:
            kinds.setdefault(_strategy(trade, lots), []).append(trade)
        chosen = max(kinds, key=lambda kind: (len(kinds[kind]), kind == ONE_LOT), default="")
        trades, accounts = tuple(kinds.get(chosen, ())), standing.accounts
        name = f"{basis.describe()}{' · ' + chosen if chosen else ''}"
        apart = (
            *(f"{_trades(len(kinds[kind]))} of another strategy, {kind}" for kind in kinds if kind != chosen),
            *(f"{_trades(one.trades)} of {one.name}" for one in standing.others),
            *(
                (f"{_trades(standing.unplaced)} on days without an opening account",)
                if standing.unplaced
                else ()
            ),
        )
        counting = [one for one in played if one.told.terms == basis.terms]
    runs = {one.run: one.day for one in counting}
    whole = {
        runs[run]
        for run, day in ledger.rows(_SESSIONS)
        if run in runs and day == runs[run].isoformat() and _by_noon(plans.get(run), runs[run])
    }
    every = {one.run: one.day for one in played}
    return GateEvidence(
        basis=name,
        trades=trades,
        accounts=accounts,
        sessions=tuple(sorted(whole)),
        apart=apart,
        stops=tuple(_stops(ledger, every)),
        laws=tuple(_laws(ledger, every)),
        checked=_checked(ledger, every),
    )


def slippage_in_r(trades: Iterable[ClosedTrade]) -> SlipSample:
    """Return what entries cost beyond their signals and fired stops beyond their triggers, the mean in R of a trade."""
    found = []
    for trade in trades:
        risk, entry = trade.initial_risk, trade.slippage
        if risk is None or entry is None:
            continue
        found.append((entry + (0 if trade.stop_slip is None else trade.stop_slip.slip)) / risk)
    return SlipSample(len(found), sum(found) / len(found) if found else None)


def paper_slippage(ledger: LedgerReader, hosts: str) -> SlipSample:
    """Return the same of every paper trade of setups at a broker's addresses, whatever its settings; LedgerError."""
    query = EvidenceQuery(ledger)
    played = [
        one for one in query.played() if one.told.terms.market is Source.PAPER and one.told.addresses == hosts
    ]
    counted = query.counted(played).items()
    return slippage_in_r(query.read(kept) for key, kept in counted if key.mode is not EntryMode.MANUAL)


def runs_since(ledger: LedgerReader, played: list[PlayedRun], after: str) -> list[PlayedRun]:
    """Return the runs that began after another one, all of them after none; raises LedgerError."""
    if not after:
        return played
    names = [run.run for run in ledger.runs()]
    # A run that the record knows nothing of any more has none behind it that could be told.
    later = set(names[names.index(after) + 1 :]) if after in names else set()
    return [one for one in played if one.run in later]


def _plans(ledger: LedgerReader, played: Iterable[PlayedRun]) -> dict[str, tuple[date, _Plan]]:
    """Return the day and what is needed of the plan of each run; one that does not read is left out."""
    wanted = {one.run for one in played}
    found: dict[str, tuple[date, _Plan]] = {}
    for run in ledger.runs():
        if run.run in wanted:
            with suppress(msgspec.DecodeError):
                found[run.run] = run.day, msgspec.json.decode(run.plan, type=_Plan)
    return found


def _lots(plans: Mapping[str, tuple[date, _Plan]]) -> dict[tuple[date, str], int]:
    """Return the lot of each instrument of each day."""
    return {(day, one.key): one.lot for day, plan in plans.values() for one in plan.instruments}


def _by_noon(planned: tuple[date, _Plan] | None, day: date) -> bool:
    """Say whether a run began by noon of its day: the last minutes of a day are no session."""
    began = None if planned is None else planned[1].began
    return began is not None and began <= instant_at(day, _NOON)


def _strategy(trade: ClosedTrade, lots: Mapping[tuple[date, str], int]) -> str:
    lot = lots.get((trade.day, trade.instrument), 0)
    if lot <= 0:
        return LOTS_UNKNOWN
    return ONE_LOT if trade.quantity <= lot else SEVERAL_LOTS


def _stops(ledger: LedgerReader, runs: Mapping[str, date]) -> Iterable[StopTime]:
    for run, day in runs.items():
        longest: dict[str, float | None] = {}
        for proof in decoded(ledger, PROTECTED, run, Protection):
            known = longest.get(proof.trade)
            told = None if proof.after is None else proof.after / SECOND
            longest[proof.trade] = max((one for one in (known, told) if one is not None), default=None)
        for trade in ledger.trades(run):
            held = (trade.exit_time - trade.entry_time) / SECOND
            yield StopTime(trade.id, day, longest.pop(trade.id, _unproven(held)))
        # What was entered and has no end in the record lost its run: its loss, too, is not told.
        entered = {one.trade for one in decoded(ledger, _INTENT, run, _Entered) if one.role == Role.ENTRY}
        yield from (StopTime(trade, day, None) for trade in longest if trade in entered)


def _unproven(held: float) -> float | None:
    """Return the time without a stop of a trade that none was ever proven for: where it was short, its life."""
    return held if held <= _CLOSED_AT_ONCE else None


_NOON: Final = time(12)
_CLOSED_AT_ONCE: Final = 2.0
"""Seconds; the first law lets a position be closed in the place of its stop."""


def _laws(ledger: LedgerReader, runs: Mapping[str, date]) -> Iterable[tuple[date, str]]:
    for run, day in runs.items():
        for broken in decoded(ledger, LAW_BROKEN, run, LawBroken):
            yield day, f"{broken.law}: {broken.what}"


def _checked(ledger: LedgerReader, runs: Mapping[str, date]) -> dict[date, bool]:
    found: dict[date, bool] = {}
    for run, day in runs.items():
        for verdict in decoded(ledger, PREFLIGHT, run, PreflightVerdict):
            found[day] = found.get(day, False) or verdict.go
    return found


def decoded(ledger: LedgerReader, kind: str, run: str, shape: type[_Kind], since: Instant = 0) -> list[_Kind]:
    """Return a run's facts of a kind behind an instant; raises LedgerError, also for one that does not read."""
    try:
        return [
            msgspec.json.decode(fact.payload, type=shape)
            for fact in ledger.records(kind, run)
            if fact.time > since
        ]
    except msgspec.DecodeError as error:
        raise damaged(ledger.path, f"a record of the kind {kind} does not read: {error}") from error


def _trades(count: int) -> str:
    return "1 trade" if count == 1 else f"{count} trades"
