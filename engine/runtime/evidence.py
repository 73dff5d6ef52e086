"""What a ledger's runs prove to a run on it: each trade once, and only what was made under the same terms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import msgspec

import config
from engine.brokers.paper.order_matching import FILL_RULES
from engine.core import DayState, EarlierEvidence
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError, Run, RunState
from engine.market.price import Paise
from engine.performance.calibration import LiveSlippage, live_slippage
from engine.performance.evidence import Basis, EvidenceTerms, Key, Played, Source, counted, deciding
from engine.performance.records import SetupRecord
from engine.performance.slippage import ClassSlippage, measured_slippage
from engine.performance.trade import ClosedTrade
from engine.runtime.plan import MarketChoice, RunMode, RunPlan
from engine.setups.register import SETUPS, trading_word
from engine.setups.signal import EntryMode

_FIRST_FILL_RULES = 1
"""What the paper exchange filled by before plans told of it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the figures on the screen begin from: the trades of earlier runs that count beside those of this one."""

    trades: tuple[ClosedTrade, ...]
    accounts: Mapping[date, Paise]
    """The opening account of each of their days, and of days without a trade, paise."""
    basis: Basis
    live: tuple[LiveSlippage, ...] = ()
    """What fired stops of live trades slipped by, whatever their settings."""


class _Planned(msgspec.Struct, frozen=True):
    """What of a kept plan tells what its trades were made under; the rest may be of another version."""

    choice: MarketChoice
    settings: dict[str, object] = {}
    instruments: tuple["_Named", ...] = ()
    past: EarlierEvidence | None = None


class _Named(msgspec.Struct, frozen=True):
    key: str


def terms_for(market: RunMode, settings: config.Settings) -> EvidenceTerms:
    """Return what the trades of a run that begins now are made under."""
    fills = 0 if market is RunMode.LIVE else FILL_RULES
    return EvidenceTerms(Source(market.value), deciding(settings.model_dump(mode="json")), fills)


def records_before(
    ledger: LedgerReader, terms: EvidenceTerms, day: date, run: str = ""
) -> tuple[SetupRecord, ...]:
    """Return what each setup's trades before a run had shown, by version and mode; raises LedgerError.

    A replay knows nothing of its own day or of later ones; an account's run of today's earlier ones, too.
    """
    before = [
        (key, trade)
        for key, trade in counted(_played(ledger, run)).items()
        if EvidenceTerms(key.market, key.settings, key.fill_rules) == terms
        and (key.day < day or (key.day == day and terms.market is not Source.REPLAY))
    ]
    trades = [trade for _, trade in sorted(before, key=_by_end)]
    empty = {
        (key.setup, key.version, mode): SetupRecord(
            key.setup, key.version, mode=mode, basis=Basis(terms, mode).describe_terms()
        )
        for key, _ in before
        if (mode := key.mode) is not None
    }
    return tuple(record.adding(trades) for record in empty.values())


def slippage_before(ledger: LedgerReader, market: RunMode, day: date) -> tuple[ClassSlippage, ...]:
    """Return what fired stops of earlier days slipped by; raises LedgerError.

    Paper goes by paper, live by live; a demo or a replay by none.
    """
    if not market.is_account:
        return ()
    trades = [
        trade
        for key, trade in counted(_played(ledger, "")).items()
        if key.market is Source(market.value) and key.day < day
    ]
    return measured_slippage(trade.stop_slip for trade in trades if trade.stop_slip is not None)


def shown_beside(ledger: LedgerReader, plan: RunPlan) -> Shown:
    """Return what the figures of a run begin from; raises LedgerError.

    One digest of settings, the newest version of each rule, one mode: the one in which most of its setups trade.
    """
    settings = plan.configured()
    terms = terms_for(plan.choice.market, settings) if plan.past is None else plan.past.terms
    word = trading_word(settings.setups, live=plan.choice.market is RunMode.LIVE)
    basis = Basis(terms, {"AUTO": EntryMode.AUTO, "ASK": EntryMode.ASK}.get(word, EntryMode.MANUAL))
    if terms.market is Source.SIMULATED:
        return Shown((), {}, basis)
    this = Played(plan.day, frozenset(plan.by_key), terms, ())
    versions = {kind.name: kind.version for kind in SETUPS}
    found = [
        (key, trade)
        for key, trade in counted([*_played(ledger, plan.run), this]).items()
        if basis.holds(key) and versions.get(key.setup, key.version) == key.version
    ]
    accounts = _accounts(ledger, terms, plan.run)
    trades = tuple(trade for key, trade in sorted(found, key=_by_end) if key.day in accounts)
    return Shown(trades, accounts, basis, _live_slippage(ledger) if terms.market is Source.PAPER else ())


def _live_slippage(ledger: LedgerReader) -> tuple[LiveSlippage, ...]:
    fired = (
        trade.stop_slip
        for key, trade in counted(_played(ledger, "")).items()
        if key.market is Source.LIVE and trade.stop_slip is not None
    )
    return live_slippage(fired)


def terms_of(run: Run) -> EvidenceTerms | None:
    """Return what the trades of a kept run were made under; None where its plan does not read."""
    planned = _planned(run)
    return None if planned is None else _terms(planned)


def _terms(planned: _Planned) -> EvidenceTerms:
    if planned.past is not None:
        return planned.past.terms
    market = planned.choice.market
    fills = 0 if market is RunMode.LIVE else _FIRST_FILL_RULES
    return EvidenceTerms(Source(market.value), deciding(planned.settings), fills)


def _planned(run: Run) -> _Planned | None:
    try:
        return msgspec.json.decode(run.plan, type=_Planned)
    except msgspec.DecodeError:
        return None


def _runs(ledger: LedgerReader, but: str) -> Iterator[tuple[Run, _Planned]]:
    for run in ledger.runs():
        planned = _planned(run)
        if run.run != but and run.state is not RunState.ABANDONED and planned is not None:
            yield run, planned


def _played(ledger: LedgerReader, but: str) -> list[Played]:
    """Return the runs that may count, oldest first, without one of them."""
    return [
        Played(
            run.day,
            frozenset(one.key for one in planned.instruments),
            _terms(planned),
            tuple(ledger.trades(run.run)),
        )
        for run, planned in _runs(ledger, but)
    ]


def _accounts(ledger: LedgerReader, terms: EvidenceTerms, but: str) -> dict[date, Paise]:
    """Return the opening account of each day that was played under some terms, oldest first."""
    try:
        runs = {run.run for run, planned in _runs(ledger, but) if _terms(planned) == terms}
        found: dict[date, Paise] = {}
        for fact in ledger.records("day_state"):
            if fact.run in runs:
                state = msgspec.json.decode(fact.payload, type=DayState)
                found.setdefault(state.limits.day, state.limits.account)
    except msgspec.DecodeError as error:
        raise LedgerError(
            f"{ledger.path}: expected the accounts of earlier days to read, got: {error}"
        ) from error
    return dict(sorted(found.items()))


def _by_end(one: tuple[Key, ClosedTrade]) -> tuple[int, str]:
    _, trade = one
    return trade.exit_time, trade.id
