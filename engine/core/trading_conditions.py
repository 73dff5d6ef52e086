"""What stands around the core: feed and exchange, the checks, who watches, and the way back from a death."""

from engine.contract.views import AlarmRank, Severity
from engine.core.day_guard import ACCOUNT_LOSS, DAY_LOSS, DayGuard
from engine.core.entry_pauses import AWAITED, ENDED, HALTED, NO_GO, OTHER_ENGINE, STUDYING, UNATTENDED
from engine.core.events import (
    LIVE,
    PAPER,
    Attended,
    AuctionReferences,
    Checked,
    Condition,
    FeedEnded,
    Followed,
    Halted,
    Latched,
    Noted,
    Quoted,
    Rearmed,
    Resumed,
    Studying,
    Unfollowed,
    Wake,
    Wished,
)
from engine.core.stage_changes import stand_at
from engine.core.trader_orders import TraderOrders
from engine.core.trading_state import TradingState
from engine.instruments.eligibility import Barred
from engine.market.circuits import Circuits
from engine.market.clock import SECOND, Instant, datetime_of
from engine.market.instrument import InstrumentClass
from engine.market.seed import InstrumentSeed, MissedMinutes
from engine.orders.other_engines import OtherEngine
from engine.rollout.live_stages import LiveStages


class TradingConditions:
    """Takes in what the runtime tells besides the market, a person's commands and the broker's messages."""

    def __init__(self, state: TradingState, guard: DayGuard, trader_orders: TraderOrders) -> None:
        self._state = state
        self._guard = guard
        self._trader_orders = trader_orders

    def notice(self, event: Condition, now: Instant) -> None:
        """Take one of them in."""
        match event:
            case Wake():
                pass
            case InstrumentSeed() | MissedMinutes() | Barred() | Circuits() | AuctionReferences():
                self._learn(event, now)
            case Latched():
                limits = (ACCOUNT_LOSS, DAY_LOSS)
                self._state.set_latch(event.by, event.reason, event.id, now, ours_only=event.id in limits)
            case Rearmed():
                self._state.clear_latch(event.by, now)
            case Attended():
                self._attend(event, now)
            case Resumed():
                self._come_back(event, now)
            case FeedEnded():
                self._state.feed_ended = True
                self._state.market_state.end(now)
                self._state.journal.sessions(self._state.market, now)
                self._state.pause(ENDED, now)
            case Studying():
                self._study(event, now)
            case Noted():
                self._state.journal.line(Severity(event.severity), event.text, now, event.rank)
            case Checked():
                kind, other = (AWAITED, NO_GO) if event.awaited else (NO_GO, AWAITED)
                answered = self._state.pauses.drop_kind(other, but="")
                self._hold_for(kind, event.reason, "pre-flight says go", now, dropped=answered)
            case Halted():
                self._halt(event, now)
            case LiveStages():
                stand_at(self._state, event, now)
            case Followed() | Unfollowed() | Wished() | Quoted():
                self._change(event, now)

    def _halt(self, event: Halted, now: Instant) -> None:
        """Hold entries and exits while the exchange stands; at its end exits leave before anything is said."""
        halts = self._state.market_state.halts
        if event.reason:
            halts.begin(event.kinds or tuple(InstrumentClass), heard=event.heard)
        else:
            halts.end()
        self._hold_for(HALTED, event.reason, "the exchange goes on", now)
        self._state.manager.reconcile_all(
            [trade.instrument for trade in self._state.manager.portfolio.running()], now
        )

    def _change(self, event: Followed | Unfollowed | Wished | Quoted, now: Instant) -> None:
        """Take in what a person changed around the run."""
        match event:
            case Followed():
                self._state.following.follow(event, now)
            case Unfollowed():
                self._state.following.unfollow(event.instrument, now)
            case Wished():
                self._guard.wish(event, now)
            case Quoted():
                self._guard.quoted(event, now)

    def _learn(
        self, event: InstrumentSeed | MissedMinutes | Barred | Circuits | AuctionReferences, now: Instant
    ) -> None:
        """Take in what the market brought along besides its updates."""
        if isinstance(event, Barred):
            self._state.following.bar(event, now)
        elif isinstance(event, AuctionReferences):
            self._state.market_state.references.update(event.prices)
        elif isinstance(event, Circuits):
            self._state.market_state.learn_circuits(event)
        else:
            self._state.market.learn(event)

    def _come_back(self, event: Resumed, now: Instant) -> None:
        # Whether a halt of an earlier life still stands, the feed has not said yet.
        self._state.market_state.halts.lose_hearing()
        # What comes back has a screen to come to, even where it began as a replay without one.
        self._state.pauses.reachable = True
        if not event.begins:
            self._state.journal.line(Severity.WARNING, "the engine is back; the broker's book is read", now)
            self._trader_orders.name_found(now)
        latch = self._state.manager.kill.latch
        if self._state.account.limits.stopped and (latch is None or (event.begins and latch.ours_only)):
            # What was taken over had lost its day before this run began; what an earlier run of ours left open looks
            # like anybody's to this one, and is never left behind.
            self._guard.stop(now, whole=event.begins)
        self._state.watch.read_now(now)

    def meet(self, other: OtherEngine, now: Instant) -> None:
        """Give way to another engine on the account that began earlier; say so of either."""
        if other.earlier:
            clock = datetime_of(other.run.began).strftime("%H:%M:%S")
            mend = "stop one of the two; once no order of its is live, resume"
            self._state.pause(f"{OTHER_ENGINE} since {clock}: {mend}", now)
        self._state.journal.line(Severity.ALARM, other.told, now, AlarmRank.VITAL)

    def _attend(self, event: Attended, now: Instant) -> None:
        pauses = self._state.pauses
        pauses.alone_since = None if event.attended else pauses.alone_since or now
        pauses.reachable = event.reachable
        session = self._state.settings.session
        if event.attended:
            self._state.pauses.unattended_at = None
        elif (
            (self._state.world == LIVE or (self._state.world == PAPER and session.pause_unattended))
            and self._state.pauses.unattended_at is None
            and UNATTENDED not in self._state.pauses
        ):
            self._state.pauses.unattended_at = now + session.unattended_after * SECOND

    def _study(self, event: Studying, now: Instant) -> None:
        if event.on:
            self._state.pause(STUDYING, now)
        else:
            self._state.pauses.drop(STUDYING)
            self._state.journal.line(
                Severity.INFO, f"the studies have caught up: {self._state.trading_word()}", now
            )
            self._state.entries.pause = self._state.pauses.first

    def _hold_for(self, kind: str, reason: str, over: str, now: Instant, *, dropped: bool = False) -> None:
        """Keep entries paused for a reason of a kind, or take the kind's pauses off.

        ``dropped`` says that a pause which this one answers was just taken off.
        """
        wanted = f"{kind}: {reason}" if reason else ""
        dropped = self._state.pauses.drop_kind(kind, but=wanted) or dropped
        if wanted:
            self._state.pause(wanted, now)
            return
        self._state.entries.pause = self._state.pauses.first
        if dropped:
            self._state.journal.line(Severity.INFO, f"{over}: {self._state.trading_word()}", now)
