"""What a ledger's runs prove to a run on it: each trade once, and only what was made under the same terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import config
from engine.brokers.paper.order_matching import FILL_RULES
from engine.ledger.evidence_choice import stand_on
from engine.ledger.evidence_query import EvidenceQuery, Kept, PlayedRun
from engine.ledger.reader import LedgerReader
from engine.ledger.records import Run
from engine.ledger.run_terms import mode_of, run_terms, terms_under, with_broker
from engine.market.price import Paise
from engine.performance.calibration import LiveSlippage, live_slippage
from engine.performance.evidence import Basis, EvidenceTerms, PlayedKeys, Source
from engine.performance.records import SetupRecord
from engine.performance.slippage import ClassSlippage, measured_slippage
from engine.performance.trade import ClosedTrade
from engine.runtime.plan import RunMode, RunPlan


@dataclass(frozen=True, slots=True)
class Shown:
    """What the figures on the screen begin from: the trades of earlier runs that count beside those of this one."""

    trades: tuple[ClosedTrade, ...]
    accounts: Mapping[date, Paise]
    """The opening account of each of their days, and of days without a trade, paise."""
    basis: Basis
    live: tuple[LiveSlippage, ...] = ()
    """What fired stops of live trades slipped by, whatever their settings."""


def terms_for(market: RunMode, settings: config.Settings) -> EvidenceTerms:
    """Return what the trades of a run that begins now are made under."""
    return terms_under(Source(market.value), settings, 0 if market is RunMode.LIVE else FILL_RULES)


def records_before(
    ledger: LedgerReader, terms: EvidenceTerms, day: date, run: str = ""
) -> tuple[SetupRecord, ...]:
    """Return what each setup's trades before a run had shown, by version and mode; raises LedgerError.

    A replay knows nothing of its own day or of later ones; an account's run of today's earlier ones, too.
    """
    query = EvidenceQuery(ledger)
    before = [
        (key, query.read(kept))
        for key, kept in query.counted(_but(query, run)).items()
        if key.terms == terms and (key.day < day or (key.day == day and terms.market is not Source.REPLAY))
    ]
    trades = [trade for _, trade in sorted(before, key=lambda one: (one[1].exit_time, one[1].id))]
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
    query = EvidenceQuery(ledger)
    trades = (
        query.read(kept)
        for key, kept in query.counted(query.played()).items()
        if key.market is Source(market.value) and key.day < day
    )
    return measured_slippage(trade.stop_slip for trade in trades if trade.stop_slip is not None)


def shown_beside(ledger: LedgerReader, plan: RunPlan) -> Shown:
    """Return what the figures of a run begin from; raises LedgerError.

    One digest of settings, the newest version of each rule, one mode: the one in which most of its setups trade.
    """
    settings = plan.configured()
    if plan.past is None:
        terms = terms_for(plan.choice.market, settings)
    else:
        terms = with_broker(plan.past.terms, plan.settings)
    basis = Basis(terms, mode_of(settings.setups, terms.market))
    if terms.market is Source.SIMULATED:
        return Shown((), {}, basis)
    query = EvidenceQuery(ledger)
    played = _but(query, plan.run)
    this: PlayedKeys[Kept] = PlayedKeys(plan.day, frozenset(plan.by_key), terms, ())
    standing = stand_on(query, played, query.counted(played, [this]), basis)
    live = _live_slippage(query) if terms.market is Source.PAPER else ()
    return Shown(standing.trades, standing.accounts, basis, live)


def _live_slippage(query: EvidenceQuery) -> tuple[LiveSlippage, ...]:
    counted = query.counted(query.played()).items()
    trades = (query.read(kept) for key, kept in counted if key.market is Source.LIVE)
    return live_slippage(trade.stop_slip for trade in trades if trade.stop_slip is not None)


def terms_of(run: Run) -> EvidenceTerms | None:
    """Return what the trades of a kept run were made under; None where its plan does not read."""
    told = run_terms(run.plan)
    return None if told is None else told.terms


def _but(query: EvidenceQuery, run: str) -> list[PlayedRun]:
    return [one for one in query.played() if one.run != run]
