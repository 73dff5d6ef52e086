"""Where the rollout stands, for a running engine: read from the record anew, lowered by what the live days broke.

Right before each live entry's bytes the record is read once more, so that a stage lowered in a shell, or by a fact that
was written a moment ago, cannot be missed; beside it the loop looks several times a second, for the screen and for what
rests. A fall that no disk takes holds in memory all the same, for as long as the engine lives.
"""

import asyncio
import logging
from collections.abc import Callable
from threading import Lock
from typing import Final

import config
from engine.ledger.records import LedgerError
from engine.ledger.run_terms import hosts_of
from engine.ledger.stage_record import StageRecord
from engine.ledger.store import Ledger
from engine.market.price import Paise
from engine.orders.messages import Role
from engine.promotion.breaches import LiveDays
from engine.rollout.demotion import Lowering
from engine.rollout.live_stages import LiveStages, lowered_standing
from engine.rollout.stage_chain import RolloutTrack
from engine.rollout.stages import Stage, StageStanding, caps_of
from engine.runtime.plan import RunMode, RunPlan, run_mode_of
from engine.world.directories import WorldDirectory
from engine.world.latch_file import wall_clock

_LOOK_SECONDS: Final = 0.25
_ENTERED: Final = (
    "SELECT DISTINCT json_extract(payload, '$.instrument') FROM records WHERE run = ? AND kind = 'intent' "
    "AND json_extract(payload, '$.role') = ?"
)
_logger: Final = logging.getLogger(__name__)


class StageWatch:
    """Owns the look at the record of the stages while a live engine runs. Any thread may ask, each waits for it."""

    def __init__(
        self,
        ledger: Ledger,
        directory: WorldDirectory,
        upstox: config.UpstoxSettings,
        rollout: config.RolloutSettings,
        capital: Paise,
    ) -> None:
        self._ledger = ledger
        self._record = StageRecord(
            ledger, directory, hosts_of((upstox.api_url, upstox.order_url, upstox.assets_url))
        )
        self._days = LiveDays(ledger, self._record)
        self._rollout = rollout
        self._capital = capital
        self._lock = Lock()
        self._highest = Stage.FULL
        """What a fall left that may not have been written."""

    def stands(self, track: RolloutTrack) -> StageStanding:
        """Return where a track stands now, after everything the record and the live days say."""
        with self._lock:
            self._fall()
            return lowered_standing(self._record.standing(self._record.place, track), self._highest)

    def account(self, account: Paise) -> Paise:
        """Return the day's opening account, no more than the stage's cap of it, paise."""
        stage = max((self.stands(track).stage for track in RolloutTrack), key=lambda one: one.rank)
        cap = caps_of(stage, account, self._rollout).account
        return account if cap is None else min(account, cap)

    def told(self, plan: RunPlan | None = None) -> LiveStages:
        """Return what the core is told; with a ``plan`` its run begins, or goes on, by it."""
        setups, manual = (self.stands(track) for track in RolloutTrack)
        if plan is None:
            return LiveStages(self._record.place, setups, manual)
        base = self._capital if plan.own_cash is None else min(self._capital, plan.own_cash)
        return LiveStages(
            self._record.place,
            setups,
            manual,
            caps_of(Stage.SMALL, base, self._rollout),
            self._entered(plan),
            begins=True,
        )

    async def follow(self, facts: Callable[[], object], tell: Callable[[LiveStages], None]) -> None:
        """Tell of each change until cancelled. ``facts`` change where something may have broken a rule; on the loop."""
        seen: object = None
        told: LiveStages | None = None
        while True:
            now = (self._record.heads_seen(), facts())
            if now != seen:
                seen = now
                found = await asyncio.to_thread(self.told)
                if found != told:
                    told = found
                    tell(found)
            await asyncio.sleep(_LOOK_SECONDS)

    def _fall(self) -> None:
        """Lower the stage where the live days have broken a rule, in memory first."""
        try:
            lowering = self._days.lowering(self._rollout.drawdown_pct)
        except LedgerError:
            # The record lies in the same file: it says PAPER by itself.
            return
        if lowering is not None:
            self._lower(lowering)

    def _lower(self, lowering: Lowering) -> None:
        record = self._record
        highest = max(
            (record.standing(record.place, track).stage for track in RolloutTrack), key=lambda one: one.rank
        )
        to = highest.below
        self._highest = min(self._highest, to, key=lambda one: one.rank)
        standing = record.demoted(record.place, to, lowering.breach, lowering.reason, wall_clock())
        if standing.doubt:
            _logger.error("%s", standing.doubt)

    def _entered(self, plan: RunPlan) -> tuple[str, ...]:
        """Return the instruments that live entries of the day left for, by key.

        By what was written before each left: a position that is still open, or that a shell flattened, has no closed
        trade to tell of it. The plan's own run counts too, for a run that goes on may have lost what it remembered.
        """
        runs = [
            run.run
            for run in self._ledger.runs()
            if run.day == plan.day and run_mode_of(run.run) is RunMode.LIVE
        ]
        return tuple(
            sorted({key for run in runs for (key,) in self._ledger.rows(_ENTERED, (run, Role.ENTRY.value))})
        )
