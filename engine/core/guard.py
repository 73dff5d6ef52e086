"""The guard of the day's money: limits that trip, positions that cannot be closed, wishes of a person who restarts."""

from typing import TYPE_CHECKING, Final

from engine.core.events import Event, Quoted, Wished
from engine.market.clock import Instant
from engine.orders.messages import BookRead
from engine.risk.limits import Breach
from engine.risk.marks import MarkState
from engine.risk.wishes import Wishes, tightened
from engine.views import AlarmRank, Severity

if TYPE_CHECKING:
    from engine.core.core import Core

DAY_LOSS: Final = Breach.DAY_LOSS.value
ACCOUNT_LOSS: Final = Breach.ACCOUNT_LOSS.value
_REASONS: Final = {
    Breach.DAY_LOSS: "the day's loss reached its limit",
    Breach.ACCOUNT_LOSS: "the account's loss, ours and what others lost on it, reached its limit",
}


class Guard:
    """Looks at the day's money whenever it may have changed, and acts on it."""

    def __init__(self, core: "Core") -> None:
        self._core = core
        self._told = core.account.wishes
        """What was in force when its owner last heard of it."""

    def came_from(self, wishes: Wishes) -> None:
        """Take in what was in force on this day before this run."""
        self._told = wishes

    def look(self, now: Instant) -> bool:
        """Compare the day with its limits; return whether a line was said of who is missing on an exit side."""
        core = self._core
        if core.account.observe(now):
            self.stop(now)
        if not core.account.uneasy:
            return False
        changes = core.account.marking.changes(core.keeper.portfolio.open())
        for trade, state in changes:
            core.journal.mark_changed(trade, state, now)
            if state is MarkState.LOCKED:
                core.keeper.cancel_entries(now)
        return bool(changes)

    def hear(self, event: Event, now: Instant) -> None:
        """Count again what others trade on the account behind a message of the broker, and look at the day with it."""
        core = self._core
        if core.limits.own_cash is None:
            return
        if isinstance(event, BookRead):
            core.account.outside.rows(event.positions)
        if core.account.outside.refresh():
            if not isinstance(event, BookRead):
                # Somebody else's fill: what it leaves on the account is read, not guessed.
                core.keeper.resync = True
            self.look(now)

    def quoted(self, event: Quoted, now: Instant) -> None:
        """Take in one round of quotes of what others hold and nobody subscribed to."""
        self._core.account.outside.quoted(event.prices)
        self.look(now)

    def stop(self, now: Instant, *, whole: bool = False) -> None:
        """End the day: latched, ours flattened, and no entry before the next; ``whole`` closes what is outside too."""
        core = self._core
        limit = core.limits.stopped_by
        core.journal.line(Severity.ALARM, f"{limit} reached: stopped for the day", now, AlarmRank.VITAL)
        core.journal.day_state(now)
        whole = whole or (limit is Breach.ACCOUNT_LOSS and core.settings.risk.flatten_outside)
        reason = _REASONS[limit]
        if limit is Breach.ACCOUNT_LOSS and not whole and core.account.outside.held:
            names = ", ".join(core.journal.symbol(key) for key in core.account.outside.held)
            reason += f"; what others hold is left to you: {names}"
        core.set_latch(limit.value, reason, limit.value, now, ours_only=not whole)

    def wish(self, event: Wished, now: Instant) -> None:
        """Take up what a restart tightened, and say what of its settings has to wait."""
        core = self._core
        if event.kept is not None:
            core.account.wishes, _ = tightened(core.account.wishes, event.kept)
            self._told, _ = tightened(self._told, event.kept)
        wishes, _ = tightened(core.account.wishes, event.wishes)
        _, changes = tightened(self._told, event.wishes)
        self._told = wishes
        for change in changes:
            core.journal.line(Severity.WARNING if change.waits else Severity.INFO, change.words, now)
        for text in event.others:
            core.journal.line(Severity.INFO, text, now)
        core.account.wishes = wishes
        core.account.limits = core.account.limits.tightened(wishes.limits)
        core.go_by(wishes)
        if changes or event.kept is not None:
            core.journal.day_state(now)
            self.look(now)
