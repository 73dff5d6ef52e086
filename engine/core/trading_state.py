"""The state of one trading day that several parts of the core share, with the verbs that change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.auction.state.auctions import Auctions
from engine.contract.views import AlarmRank, KillScope, Severity
from engine.core.account import Account
from engine.core.book_schedule import BookSchedule
from engine.core.entries import Entries
from engine.core.entry_pauses import OTHER_ENGINE, EntryPauses
from engine.core.event_log import EventLog
from engine.core.events import LIVE
from engine.core.kill_scope import scope_of
from engine.core.market_state import MarketState
from engine.core.trade_manager import TradeManager
from engine.core.watchlist import Watchlist
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.session import TradingDay
from engine.orders.kill import Latch, LatchState
from engine.orders.manager import OrderManager
from engine.orders.tags import Ids
from engine.orders.trade import leave
from engine.risk.limits import DayLimits
from engine.risk.wishes import Wishes
from engine.settings.sections import CoreSections
from engine.setups.register import trading_word

KILL_LATCH: Final = "kill latch"


@dataclass(slots=True)
class TradingState:
    """What is traded, by whom and whether entries may leave: latch, pauses and the arming of manual entry."""

    settings: CoreSections
    instruments: Mapping[str, Instrument]
    world: str
    ids: Ids
    market: Auctions
    market_state: MarketState
    manager: OrderManager
    account: Account
    journal: EventLog
    trade_manager: TradeManager
    entries: Entries
    watch: BookSchedule
    following: Watchlist
    pauses: EntryPauses
    feed_ended: bool = False
    armed_until: Instant | None = None
    """Until when manual entry is armed; None when it is off."""

    @property
    def day(self) -> TradingDay:
        """The clock of the day as it is in force."""
        return self.market_state.day

    @property
    def limits(self) -> DayLimits:
        """The day's limits."""
        return self.account.limits

    @property
    def latch(self) -> Latch | None:
        """The kill latch; None when it is off."""
        return self.manager.kill.latch

    @property
    def latch_busy(self) -> bool:
        """Whether the kill still has work to do."""
        latch = self.manager.kill.latch
        return latch is not None and latch.state is not LatchState.FLAT

    @property
    def manual_armed(self) -> bool:
        """Whether manual entry is armed."""
        return self.armed_until is not None

    @property
    def stands_still(self) -> str:
        """Why no entry may leave; empty when entries go on."""
        if self.manager.kill.active:
            return KILL_LATCH
        if self.account.limits.stopped:
            return str(self.account.limits.stopped_by)
        return self.pauses.first

    def market_time(self, now: Instant) -> Instant:
        """Return the exchange's time at an instant of the timers' clock."""
        return self.market_state.market_time(now)

    def trading_word(self) -> str:
        """Return AUTO, ASK, OFF or PAUSED with its reason, as the header says it."""
        if self.stands_still:
            return f"PAUSED: {self.stands_still}"
        return trading_word(self.settings.setups, live=self.world == LIVE)

    def kill_scope(self) -> KillScope:
        """Return what the kill key would close now."""
        return scope_of(self.manager)

    def go_by(self, wishes: Wishes) -> None:
        """Go by what is in force of the day's clock and of the pace of orders from now on."""
        self.market_state.day = self.market_state.day.earlier(wishes.flat_by, wishes.last_entry)
        self.manager.gate.budget.pace(wishes.orders_per_second)

    def disarm(self, now: Instant) -> None:
        """Switch manual entry off when it was not used for its time."""
        if self.armed_until is not None and now >= self.armed_until:
            self.armed_until = None
            self.journal.line(Severity.INFO, "manual entry is off: not used for its time", now)

    def set_latch(self, by: str, reason: str, name: str, now: Instant, *, ours_only: bool = False) -> bool:
        """Set the kill latch and begin to flatten; False when it was set before, and as wide."""
        if not self.manager.kill.set(by, reason, name, now, ours_only=ours_only):
            return False
        self.armed_until = None
        self.journal.line(Severity.ALARM, f"KILL by {by}: {reason}", now, AlarmRank.VITAL)
        self.manager.cancel_entries(now)
        portfolio = self.manager.portfolio
        portfolio.refused.clear()
        for trade in portfolio.running():
            portfolio.put(leave(trade, self.manager.kill.exit_reason, clears=True))
        self.manager.reconcile_all([trade.instrument for trade in portfolio.running()], now)
        for order in self.manager.orders.live():
            self.manager.wake(order.instrument, now)
        return True

    def clear_latch(self, by: str, now: Instant) -> None:
        """Take the kill latch off: a person's act."""
        self.manager.kill.clear()
        self.journal.line(Severity.WARNING, f"kill latch cleared by {by}", now)

    def pause(self, reason: str, now: Instant) -> None:
        """Stop new entries and cancel resting ones; exits and stops go on."""
        if self.pauses.add(reason):
            self.journal.line(Severity.WARNING, f"entries paused: {reason}", now)
        self.entries.pause = self.pauses.first
        self.manager.cancel_entries(now)

    def resume(self, now: Instant) -> tuple[bool, str]:
        """Take off the pauses that a person may take off.

        Return whether there were any, and why entries stay paused all the same; empty when they go on.
        """
        lifted = self.pauses.resume()
        if self.manager.external.engines.gone(self.manager.orders.live()):
            lifted = self.pauses.drop_kind(OTHER_ENGINE, but="") or lifted
        self.entries.pause = self.pauses.first
        kept = self.stands_still
        if lifted or not kept:
            text = f"entries stay paused: {kept}" if kept else f"entries resumed: {self.trading_word()}"
            self.journal.line(Severity.INFO, text, now)
        return lifted, kept
