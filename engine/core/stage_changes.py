"""A change of the rollout's stage within the day: said, and in force for the very next entry, resting ones included."""

from engine.contract.views import AlarmRank, Severity
from engine.core.trading_state import TradingState
from engine.market.clock import Instant
from engine.rollout.demotion import Lowering
from engine.rollout.live_stages import LiveStages


def stand_at(state: TradingState, told: LiveStages, now: Instant) -> None:
    """Go by what the record of the stages says from now on; nothing of it counts where no real order can leave."""
    before = state.manager.stages
    if before is None or told == before:
        return
    if not told.begins:
        told = before.followed_by(told)
    state.manager.stages = told
    if told.lower_than(before):
        why = _why(told) or ": `cockpit rollout` says why"
        state.journal.line(Severity.ALARM, f"the rollout falls to {told.name}{why}", now, AlarmRank.VITAL)
        state.manager.cancel_entries(now)
    elif told.name != before.name or told.setups.doubt:
        state.journal.line(Severity.INFO, f"the rollout stands at {told.name}{_why(told)}", now)


def lower(state: TradingState, lowering: Lowering, now: Instant) -> None:
    """Let the stage fall by itself at once; whoever keeps the record writes it down."""
    before = state.manager.stages
    if before is None:
        return
    told = before.lowered(before.highest.below)
    if not told.lower_than(before):
        return
    state.manager.stages = told
    text = f"the rollout falls to {told.name}: {lowering.breach.value}: {lowering.reason}"
    state.journal.line(Severity.ALARM, text, now, AlarmRank.VITAL)
    state.manager.cancel_entries(now)


def _why(told: LiveStages) -> str:
    return f": {told.setups.doubt}" if told.setups.doubt else ""
