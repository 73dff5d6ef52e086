"""What the ledger's live days hold against the stage of now: every rule that lowers it.

Read right before a live entry leaves, so a run that has ended is weighed once and remembered; the one under way is read
anew each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
    Lowering,
    lowered_by_drawdown,
    lowered_by_law,
    lowered_by_losses,
    lowered_by_stop,
)
from engine.rollout.stage_chain import RolloutTrack, StageChange, StageEvent
from engine.rollout.stages import Stage

_LIVE_RUNS: Final = (
    "SELECT played.run, runs.day, runs.state FROM played JOIN runs USING (run) WHERE market = 'live' "
    "AND addresses = ? AND state != 'ABANDONED' "
    "AND runs.rowid >= coalesce((SELECT rowid FROM runs WHERE run = ?), 0) ORDER BY runs.rowid"
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
    results: tuple[tuple[Instant, str, Paise], ...]
    """When each trade closed, its name and its net result."""


class LiveDays:
    """Owns what was weighed of one account's live runs. Any thread, one at a time."""

    def __init__(self, ledger: LedgerReader, record: StageRecord) -> None:
        self._ledger = ledger
        self._record = record
        self._ended: dict[str, _WeighedRun] = {}

    def lowering(self, drawdown_pct: float) -> Lowering | None:
        """Return the first rule that live days since the newest change of the stage have broken; raises LedgerError."""
        links = self._record.links()
        if not links or all(self._record.track(track).stage is Stage.PAPER for track in RolloutTrack):
            return None
        change = _newest_change(links)
        behind = "" if change is None else change.after
        weighed = []
        for run, day, state in self._ledger.rows(_LIVE_RUNS, (self._record.hosts, behind)):
            if change is not None and run == behind:
                # The run in which the stage changed: what came after that weighs, its day was weighed.
                broken = self._broken(run, change.time + _CLOCKS_APART)
            else:
                one = self._weighed(run, day, ended=state != RunState.OPEN.value)
                weighed.append(one)
                broken = one.broken
            if broken is not None:
                return broken
        days = sorted({one.day for one in weighed})
        lost = lowered_by_losses({one.day for one in weighed if one.stopped}, days)
        return lost or _fallen(weighed, drawdown_pct)

    def _weighed(self, run: str, day: str, *, ended: bool) -> _WeighedRun:
        known = self._ended.get(run)
        if known is None:
            known = self._weigh(run, day)
            if ended:
                self._ended[run] = known
        return known

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
            tuple((trade.exit_time, trade.id, trade.net) for trade in ledger.trades(run)),
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


def _fallen(weighed: Sequence[_WeighedRun], drawdown_pct: float) -> Lowering | None:
    """Return that closed trades took the account too far below its peak; what was paid in or out moves no fall."""
    first = next((one.account for one in weighed if one.account is not None), None)
    if first is None:
        return None
    peak = now = first
    for _, _, net in sorted(result for one in weighed for result in one.results):
        now += net
        peak = max(peak, now)
        if (fallen := lowered_by_drawdown(peak, now, drawdown_pct)) is not None:
            return fallen
    return None


def _newest_change(links: Sequence[StageEvent]) -> StageEvent | None:
    """Return the newest rise or fall: runs before it were weighed then."""
    return next((link for link in reversed(links) if link.change is not StageChange.BEGUN), None)
