"""The guard of the day's money: limits that trip, positions that cannot be closed, wishes of a person who restarts."""

from typing import Final

from engine.contract.views import AlarmRank, Severity
from engine.core.events import Event, Quoted, Wished
from engine.core.trading_state import TradingState
from engine.market.clock import Instant
from engine.orders.messages import BookRead
from engine.risk.limits import Breach
from engine.risk.marks import MarkState
from engine.risk.wishes import Wishes, tightened

DAY_LOSS: Final = Breach.DAY_LOSS.value
ACCOUNT_LOSS: Final = Breach.ACCOUNT_LOSS.value
_REASONS: Final = {
    Breach.DAY_LOSS: "the day's loss reached its limit",
    Breach.ACCOUNT_LOSS: "the account's loss, ours and what others lost on it, reached its limit",
}


class DayGuard:
    """Looks at the day's money whenever it may have changed, and acts on it."""

    def __init__(self, state: TradingState) -> None:
        self._state = state
        self._told = state.account.wishes
        """What was in force when its owner last heard of it."""

    def came_from(self, wishes: Wishes) -> None:
        """Take in what was in force on this day before this run."""
        self._told = wishes

    def look(self, now: Instant) -> bool:
        """Compare the day with its limits; return whether a line was said of who is missing on an exit side."""
        state = self._state
        if state.account.observe(now):
            self.stop(now)
        if not state.account.uneasy:
            return False
        changes = state.account.marking.changes(state.manager.portfolio.open())
        for trade, mark in changes:
            state.journal.mark_changed(trade, mark, now)
            if mark is MarkState.LOCKED:
                state.manager.cancel_entries(now)
        return bool(changes)

    def hear(self, event: Event, now: Instant) -> None:
        """Count again what others trade on the account behind a message of the broker, and look at the day with it."""
        state = self._state
        if state.limits.own_cash is None:
            return
        if isinstance(event, BookRead):
            state.account.external.rows(event.positions)
        if state.account.external.refresh():
            if not isinstance(event, BookRead):
                # Somebody else's fill: what it leaves on the account is read, not guessed.
                state.manager.reconciliation.want()
            self.look(now)

    def quoted(self, event: Quoted, now: Instant) -> None:
        """Take in one round of quotes of what others hold and nobody subscribed to."""
        self._state.account.external.quoted(event.prices)
        self.look(now)

    def stop(self, now: Instant, *, whole: bool = False) -> None:
        """End the day: latched, ours flattened, and no entry before the next; ``whole`` closes what is outside too."""
        state = self._state
        limit = state.limits.stopped_by
        state.journal.line(Severity.ALARM, f"{limit} reached: stopped for the day", now, AlarmRank.VITAL)
        state.journal.day_state(now)
        whole = whole or (limit is Breach.ACCOUNT_LOSS and state.settings.risk.flatten_outside)
        reason = _REASONS[limit]
        if limit is Breach.ACCOUNT_LOSS and not whole and state.account.external.held:
            names = ", ".join(state.journal.symbol(key) for key in state.account.external.held)
            reason += f"; what others hold is left to you: {names}"
        state.set_latch(limit.value, reason, limit.value, now, ours_only=not whole)

    def wish(self, event: Wished, now: Instant) -> None:
        """Take up what a restart tightened, and say what of its settings has to wait."""
        state = self._state
        if event.kept is not None:
            state.account.wishes, _ = tightened(state.account.wishes, event.kept)
            self._told, _ = tightened(self._told, event.kept)
        wishes, _ = tightened(state.account.wishes, event.wishes)
        _, changes = tightened(self._told, event.wishes)
        self._told = wishes
        for change in changes:
            state.journal.line(Severity.WARNING if change.waits else Severity.INFO, change.words, now)
        for text in event.others:
            state.journal.line(Severity.INFO, text, now)
        state.account.wishes = wishes
        state.account.limits = state.account.limits.tightened(wishes.limits)
        state.go_by(wishes)
        if changes or event.kept is not None:
            state.journal.day_state(now)
            self.look(now)
