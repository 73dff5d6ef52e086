"""What the ledger's live days hold against the stage of now: every rule that lowers it.

Read right before a live entry leaves, so a run that has ended is weighed once and remembered; the one under way is read
anew each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import msgspec

from engine.core import DayState
from engine.core.story_records import LAW_BROKEN, PROTECTED, LawBroken, Protection
from engine.ledger.reader import LedgerReader
from engine.ledger.records import RunState
from engine.ledger.schema import damaged
from engine.ledger.stage_record import StageRecord
from engine.market.clock import SECOND, Instant
from engine.market.price import Paise
from engine.promotion.evidence import decoded
from engine.rollout.demotion import (
    WITHIN_DAYS,
    Lowering,
    lowered_by_drawdown,
    lowered_by_law,
    lowered_by_losses,
    lowered_by_stop,
)
from engine.rollout.stage_chain import RolloutTrack, StageChange, StageEvent
from engine.rollout.stages import Stage

_LIVE_RUNS: Final = (
    "SELECT runs.rowid, runs.run, runs.day, runs.state FROM runs CROSS JOIN played ON played.run = runs.run "
    "WHERE runs.rowid > ? AND runs.rowid >= coalesce((SELECT rowid FROM runs WHERE run = ?), 0) "
    "AND market = 'live' AND addresses = ? AND state != 'ABANDONED' ORDER BY runs.rowid"
)
_DAY: Final = "SELECT payload FROM records WHERE run = ? AND kind = 'day_state' ORDER BY +number DESC LIMIT 1"
_CLOCKS_APART: Final = 5 * SECOND
"""How far a run's clock and this machine's may be apart: one fact never lowers twice."""
_ACCOUNT: Final = "SELECT account FROM accounts WHERE run = ? ORDER BY number LIMIT 1"


@dataclass(frozen=True, slots=True)
class _WeighedRun:
    """What one live run holds against the stage."""

    day: date
    broken: Lowering | None
    """A law broken, or a stop that stood late."""
    stopped: bool
    """Whether its day's loss limit was reached."""
    account: Paise | None
    results: tuple[Paise, ...]
    """Net results of its trades, in the order they closed."""


@dataclass(frozen=True, slots=True)
class _SoFar:
    """What live runs hold together, in the order they were played: kept, so that no entry pays for days long past."""

    row: int = 0
    """Of the newest run in it."""
    days: tuple[date, ...] = ()
    """The newest trading days, as many as the loss limit is counted over."""
    lost: frozenset[date] = frozenset()
    account: Paise | None = None
    """As the first of them opened it."""
    net: Paise = 0
    most: Paise = 0
    """The highest that ``net`` was."""
    fallen: Lowering | None = None

    def joined(self, row: int, run: _WeighedRun, drawdown_pct: float) -> "_SoFar":
        """Return the same with one run more; what was paid in or out moves no fall."""
        days = tuple(sorted({*self.days, run.day})[-WITHIN_DAYS:])
        lost = self.lost | {run.day} if run.stopped else self.lost
        account = run.account if self.account is None else self.account
        net, most, fallen = self.net, self.most, self.fallen
        for result in run.results:
            net += result
            most = max(most, net)
            if fallen is None and account is not None:
                fallen = lowered_by_drawdown(account + most, account + net, drawdown_pct)
        return _SoFar(row, days, lost.intersection(days), account, net, most, fallen)


class LiveDays:
    """Owns what was weighed of one account's live runs. Any thread, one at a time."""

    def __init__(self, ledger: LedgerReader, record: StageRecord) -> None:
        self._ledger = ledger
        self._record = record
        self._so_far = _SoFar()
        """Of the runs that have ended, up to the first one that has not."""
        self._stands_for: tuple[str, float] | None = None
        """Since which run, and by which bound."""

    def lowering(self, drawdown_pct: float) -> Lowering | None:
        """Return the first rule that live days since the newest change of the stage have broken; raises LedgerError."""
        links = self._record.links()
        if not links or all(self._record.track(track).stage is Stage.PAPER for track in RolloutTrack):
            return None
        change = _newest_change(links)
        behind = "" if change is None else change.after
        if self._stands_for != (behind, drawdown_pct):
            self._so_far, self._stands_for = _SoFar(), (behind, drawdown_pct)
        so_far, settled = self._so_far, True
        asked = (so_far.row, behind, self._record.hosts)
        for row, run, day, state in self._ledger.rows(_LIVE_RUNS, asked):
            if change is not None and run == behind:
                # The run in which the stage changed: what came after that weighs, its day was weighed.
                broken = self._broken(run, change.time + _CLOCKS_APART)
                so_far = replace(so_far, row=row)
            else:
                one = self._weigh(run, day)
                broken = one.broken
                so_far = so_far.joined(row, one, drawdown_pct)
            if broken is not None:
                return broken
            settled = settled and state != RunState.OPEN.value
            if settled:
                self._so_far = so_far
        return lowered_by_losses(so_far.lost, so_far.days) or so_far.fallen

    def _weigh(self, run: str, day: str) -> _WeighedRun:
        ledger = self._ledger
        accounts = ledger.rows(_ACCOUNT, (run,))
        try:
            # A limit that was reached stays so for its day: the newest word tells.
            states = [msgspec.json.decode(text, type=DayState) for (text,) in ledger.rows(_DAY, (run,))]
            when = date.fromisoformat(day)
        except (msgspec.DecodeError, ValueError) as error:
            raise damaged(ledger.path, f"the day of run {run} does not read: {error}") from error
        return _WeighedRun(
            when,
            self._broken(run, 0),
            any(state.limits.stopped for state in states),
            accounts[0][0] if accounts else None,
            tuple(trade.net for trade in sorted(ledger.trades(run), key=lambda one: (one.exit_time, one.id))),
        )

    def _broken(self, run: str, since: Instant) -> Lowering | None:
        """Return the first law broken, or stop that stood late, after an instant."""
        for one in decoded(self._ledger, LAW_BROKEN, run, LawBroken, since):
            return lowered_by_law(one.law, one.what)
        stops = decoded(self._ledger, PROTECTED, run, Protection, since)
        late = (lowered_by_stop(one.after, one.trade) for one in stops)
        return next((one for one in late if one is not None), None)


def lowered_by(ledger: LedgerReader, record: StageRecord, drawdown_pct: float) -> Lowering | None:
    """Return the same, weighed once; raises LedgerError."""
    return LiveDays(ledger, record).lowering(drawdown_pct)


def _newest_change(links: Sequence[StageEvent]) -> StageEvent | None:
    """Return the newest rise or fall: runs before it were weighed then."""
    return next((link for link in reversed(links) if link.change is not StageChange.BEGUN), None)
