"""What the ledger's live days hold against the stage of now: every rule that lowers it, read anew."""

from datetime import date
from typing import Final

from engine.core import DayState
from engine.core.story_records import LAW_BROKEN, PROTECTED, LawBroken, Protection
from engine.ledger.evidence_query import EvidenceQuery
from engine.ledger.reader import LedgerReader
from engine.ledger.stage_record import StageRecord
from engine.market.price import Paise
from engine.performance.evidence import Source
from engine.performance.trade import ClosedTrade
from engine.promotion.evidence import decoded, runs_since
from engine.rollout.demotion import (
    Lowering,
    lowered_by_drawdown,
    lowered_by_law,
    lowered_by_losses,
    lowered_by_stop,
)
from engine.rollout.stage_chain import StageChange, StageEvent
from engine.rollout.stages import Stage

_DAY_STATE: Final = "day_state"


def lowered_by(ledger: LedgerReader, record: StageRecord, drawdown_pct: float) -> Lowering | None:
    """Return the first rule that live days since the newest change of the stage have broken; raises LedgerError."""
    links = record.links()
    if not links or record.standing(record.place).stage is Stage.PAPER:
        return None
    every = EvidenceQuery(ledger).played()
    played = [
        one
        for one in runs_since(ledger, every, _behind(links))
        if one.told.terms.market is Source.LIVE and one.told.addresses == record.hosts
    ]
    runs = {one.run: one.day for one in played}
    for run in runs:
        for broken in decoded(ledger, LAW_BROKEN, run, LawBroken):
            return lowered_by_law(broken.law, broken.what)
        for proof in decoded(ledger, PROTECTED, run, Protection):
            if (late := lowered_by_stop(proof.after, proof.trade)) is not None:
                return late
    reached, traded = set[date](), set[date]()
    for run, day in runs.items():
        traded.add(day)
        if any(state.limits.stopped for state in decoded(ledger, _DAY_STATE, run, DayState)):
            reached.add(day)
    if (lost := lowered_by_losses(reached, sorted(traded))) is not None:
        return lost
    accounts = EvidenceQuery(ledger).accounts(played)
    trades = [trade for run in runs for trade in ledger.trades(run)]
    return _fallen(accounts, trades, drawdown_pct)


def _fallen(accounts: dict[date, Paise], trades: list[ClosedTrade], drawdown_pct: float) -> Lowering | None:
    """Return that closed trades took the account too far below its peak; what was paid in or out moves no fall."""
    first = next(iter(accounts.values()), None)
    if first is None:
        return None
    peak = now = first
    for trade in sorted(trades, key=lambda one: (one.exit_time, one.id)):
        now += trade.net
        peak = max(peak, now)
        if (fallen := lowered_by_drawdown(peak, now, drawdown_pct)) is not None:
            return fallen
    return None


def _behind(links: tuple[StageEvent, ...]) -> str:
    """Return the run behind which days weigh: those before the newest rise or fall were weighed then."""
    return next((link.after for link in reversed(links) if link.change is not StageChange.BEGUN), "")
