"""The broker's truth, asked for in time: regular reads while anything is at stake, and the proof of a kill."""

from typing import Final, Protocol

from engine.contract.views import AlarmRank, Severity
from engine.core.events import LatchChanged
from engine.market.clock import SECOND, Instant
from engine.orders.carried_external import CarriedExternal
from engine.orders.kill import LatchState
from engine.orders.manager import OrderManager
from engine.orders.plight import ENGINE_GOES_ON, PlightKind
from engine.orders.plight_watch import Plights
from engine.orders.reports import WAITS_AGAIN

READ_AGAIN: Final = 2 * SECOND
"""Shortest time between two reads that a contradiction or a failed read asks for."""

RECONCILE_EVERY: Final = 15 * SECOND
"""While anything is held or live, the broker's book is read so often: a lost message is found out by then."""

VERIFY_AFTER: Final = 2 * SECOND
"""After a cancelled entry the book is read once, before the instrument takes the next one."""


class Told(Protocol):
    """Hears what a person and the ledger are told of the latch."""

    def latch(self, now: Instant) -> None:
        """Keep the latch as it stands."""
        ...

    def line(self, severity: Severity, text: str, now: Instant, rank: AlarmRank | None = None) -> None:
        """Say one sentence."""
        ...


class BookSchedule:
    """Decides when the broker's book is read, and follows the latch from one state to the next."""

    def __init__(
        self, manager: OrderManager, journal: Told, *, always: bool = False, goes_on: str = ENGINE_GOES_ON
    ) -> None:
        """Read while anything is at stake; ``always`` also while others alone may trade on the account.

        ``goes_on`` says, in words, who goes on trying to close what is naked.
        """
        self._manager = manager
        self._journal = journal
        self._always = always
        self._earliest: Instant = 0
        self._next: Instant | None = None
        self._asked_at: Instant = 0
        self.plights = Plights(manager, goes_on)
        self._carried = CarriedExternal(manager)
        self._stands: tuple[LatchState, tuple[PlightKind, ...]] | None = None
        self._changes: list[LatchChanged] = []

    def read_now(self, now: Instant) -> None:
        """Ask for the whole book at once."""
        self._manager.reconciliation.want()
        self._earliest = now

    def follow(self, now: Instant, *, ended: bool) -> None:
        """Do what is due; ``ended`` says that the market moves no more."""
        self.plights.follow(now)
        self._carried.follow(now)
        self._prove_flat(now)
        self._reconcile(now, ended=ended)

    def next_wake(self, now: Instant) -> Instant | None:
        """Return when the book is to be read next."""
        read = max(self._earliest, now + 1) if self._manager.reconciliation.wanted else self._next
        wakes = (read, self._fired(), self.plights.next_wake(now), self._carried.next_wake(now))
        return min((wake for wake in wakes if wake is not None), default=None)

    def drain(self) -> list[LatchChanged]:
        """Return the latch's changes since the last time, oldest first."""
        changes, self._changes = self._changes, []
        return changes

    def _fired(self) -> Instant | None:
        """Return when a list bears out, or takes back, that stops of others have fired; None where none has to."""
        if self._manager.kill.proving or self._manager.reconciliation.wanted:
            return None
        due = (
            order.triggered_at + WAITS_AGAIN
            for order in self._manager.orders.live()
            if order.triggered_at is not None and not order.filled and not self._manager.external.ours(order)
        )
        return min((one for one in due if one > self._asked_at), default=None)

    def _reconcile(self, now: Instant, *, ended: bool) -> None:
        manager = self._manager
        fired = self._fired()
        manager.reconciliation.want(when=fired is not None and now >= fired)
        if manager.reconciliation.unverified:
            soon = max(min(manager.reconciliation.unverified.values()) + VERIFY_AFTER, self._earliest)
            self._next = soon if self._next is None else min(self._next, soon)
        at_stake = self._always or bool(
            manager.portfolio.running() or manager.orders.live() or manager.reconciliation.unverified
        )
        if ended and not manager.kill.active and not manager.reconciliation.unverified:
            self._next = None
        elif self._next is None and at_stake:
            self._next = now + RECONCILE_EVERY
        elif self._next is not None and now >= self._next:
            manager.reconciliation.want()
        if manager.reconciliation.wanted and now >= self._earliest:
            manager.reconciliation.asked()
            self._earliest, self._asked_at = now + READ_AGAIN, now
            self._next = now + RECONCILE_EVERY if at_stake else None
            manager.dispatcher.read(now)

    def _prove_flat(self, now: Instant) -> None:
        kill = self._manager.kill
        holding = self.plights.holding if kill.active else ()
        if kill.active:
            running = self._manager.portfolio.running()
            quiet = not any(trade.open for trade in running) and not any(
                self._manager.in_scope(order) for order in self._manager.orders.live()
            )
            stuck = bool(holding or self._manager.external.refused())
            if kill.settle(quiet=quiet, stuck=stuck, now=now):
                self._asked_at = now
                kill.asked(self._manager.dispatcher.read(now), now)
        latch = kill.latch
        stands = None if latch is None else (latch.state, holding)
        before, self._stands = self._stands, stands
        if latch is None or stands == before:
            return
        self._journal.latch(now)
        detail = ", ".join(kind.value for kind in holding)
        change = LatchChanged(latch.state.value, latch.by, latch.reason, latch.id, detail, kill.answers)
        self._changes.append(change)
        if latch.state is LatchState.FLAT:
            self._journal.line(Severity.GOOD, "FLAT: the broker confirmed it twice", now, AlarmRank.VITAL)
            for left in (*(one.told for one in self._manager.left.positions), *self._manager.external.left):
                self._journal.line(Severity.WARNING, f"left alone: {left}", now)
        elif latch.state is LatchState.STUCK:
            self._journal.line(Severity.ALARM, f"the kill waits: {detail}", now, AlarmRank.VITAL)
        elif before is not None and before[0] is LatchState.STUCK:
            self._journal.line(Severity.INFO, "the kill goes on", now)
