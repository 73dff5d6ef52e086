"""The engine proper: events in, effects out. It reads no clock, does no I/O and rolls no dice of its own.

The same events at the same instants give the same effects, always; that is how a dead engine is brought back.
"""

from collections.abc import Iterable, Mapping

import msgspec

from engine.auction.state.auctions import AppliedUpdate, Auctions
from engine.auction.values.levels import PriorLevels
from engine.contract.commands import Command
from engine.contract.views import EventLine, KillScope
from engine.core.account import Account
from engine.core.book_schedule import BookSchedule
from engine.core.brake_pauses import BrakePauses
from engine.core.command_handler import CommandHandler
from engine.core.day_clock import DayClock
from engine.core.day_guard import DayGuard
from engine.core.decision import Decision
from engine.core.doubtful_prints import Prints
from engine.core.entries import Entries
from engine.core.entry_pauses import STUDYING, UNATTENDED, EntryPauses
from engine.core.event_log import EventLog
from engine.core.events import LIVE, WORLDS, CommandAnswer, DayState, Effect, Event
from engine.core.market_state import MarketState
from engine.core.setup_evidence import EarlierEvidence, SetupEvidence
from engine.core.stage_changes import lower
from engine.core.trade_manager import TradeManager
from engine.core.trader_orders import TraderOrders
from engine.core.trading_conditions import TradingConditions
from engine.core.trading_state import TradingState
from engine.core.watchlist import Watchlist
from engine.market.clock import MILLISECOND, MINUTE, SECOND, Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.session import TradingDay
from engine.market.update import MarketUpdate
from engine.orders.broker_events import BrokerEvents
from engine.orders.entry_life import EntryLife, PaperEntryLife
from engine.orders.kill import Latch
from engine.orders.manager import OrderManager
from engine.orders.messages import BrokerEvent
from engine.orders.news import Topic, Verified
from engine.orders.order_book import OrderBook
from engine.orders.resting_orders import RestingLives
from engine.orders.tags import Ids
from engine.orders.trade import Trade
from engine.performance.trade import ClosedTrade
from engine.risk.limits import DayLimits, open_day
from engine.risk.stop_controller import Stage12Controller
from engine.risk.wishes import tightened, wishes_of
from engine.rollout.live_stages import LiveStages
from engine.settings.sections import CoreSections


class Core:
    """One trading day of one account. ``world`` is simulated, replay, paper or live; ``account`` is paise.

    ``earlier_runs`` are the prefixes of the day's runs that our own ledger tells of.
    ``own_cash`` is the broker's own, paise, before anything caps it: the whole account's limit goes by it, in live.
    """

    def __init__(
        self,
        settings: CoreSections,
        instruments: Mapping[str, Instrument],
        day: TradingDay,
        world: str,
        account: Paise,
        ids: Ids,
        recovered: DayState | None = None,
        prior: Mapping[str, PriorLevels] | None = None,
        earlier_runs: Iterable[str] = (),
        own_cash: Paise | None = None,
        past: EarlierEvidence | None = None,
    ) -> None:
        if world not in WORLDS:
            raise ValueError(f"expected a world out of {', '.join(WORLDS)}, got {world!r}")
        self.settings = settings
        self.instruments = dict(instruments)
        self.world = world
        self.ids = ids
        self.market = Auctions(self.instruments, day, settings, prior)
        self.market_state = MarketState(self.instruments, day)
        self.prints = Prints(self.market_state, self.market)
        life = round(settings.entry.timeout_seconds * SECOND)
        latency = settings.paper.latency_ms * MILLISECOND
        lives = RestingLives(
            EntryLife(life) if world == LIVE else PaperEntryLife(life, latency, self.market_state)
        )
        self.manager = OrderManager(
            settings, self.instruments, ids, self.market_state, self.market_state.halts, lives
        )
        if world == LIVE:
            # Until the record of the stages was read, nothing is entered.
            self.manager.stages = LiveStages()
            self.manager.external.engines.watch(ids.prefix, earlier_runs)
        previous = None if recovered is None else recovered.limits
        wishes = wishes_of(settings)
        limits = open_day(day.day, account, wishes.limits, previous, own_cash)
        self.account = Account(limits, self.manager, self.market_state, self.instruments, day, wishes)
        slippage = {} if past is None else {one.kind: one.share for one in past.slippage}
        stops = Stage12Controller(settings.stop, slippage)
        self.account.rests_of = lives.of
        self.trade_manager = TradeManager(
            settings.exit, self.market, self.manager, self.account, self.market_state, stops
        )
        self.journal = EventLog(self.manager, self.account, self.market_state, self.instruments, self.market)
        self.entries = Entries(
            settings,
            self.market,
            self.manager,
            self.account,
            self.market_state,
            stops,
            day,
            ids,
            self._decided,
            SetupEvidence(self.journal.closed, past),
            live=world == LIVE,
        )
        self.watch = BookSchedule(self.manager, self.journal, always=world == LIVE)
        self.pauses = EntryPauses()
        self.following = Watchlist(self.instruments, self.market, self.manager, self.entries, self.journal)
        self.state = TradingState(
            settings=settings,
            instruments=self.instruments,
            world=world,
            ids=ids,
            market=self.market,
            market_state=self.market_state,
            manager=self.manager,
            account=self.account,
            journal=self.journal,
            trade_manager=self.trade_manager,
            entries=self.entries,
            watch=self.watch,
            following=self.following,
            pauses=self.pauses,
        )
        self.trader_orders = TraderOrders(self.state, lives)
        self.broker_events = BrokerEvents(
            self.manager, stops, self.market_state.market_time, self.trader_orders.anew
        )
        self.braking, self.day_clock = BrakePauses(self.state), DayClock(self.state)
        self.guard = DayGuard(self.state)
        self.person = CommandHandler(self.state, self.braking, self.trader_orders)
        self._conditions = TradingConditions(self.state, self.guard, self.trader_orders)
        self._equity_minute: Instant | None = None
        self._now: Instant = 0
        self._next_wake: Instant | None = None
        if recovered is not None:
            self.account.carried_realised = recovered.realised
            self.account.carried_charges = recovered.charges
            self.manager.kill.latch = recovered.latch
            before = recovered.wishes or msgspec.structs.replace(wishes, limits=recovered.limits.limits)
            if recovered.limits.day == day.day:
                self.guard.came_from(before)
                self.braking.came_from(recovered.brakes)
                self.account.wishes, _ = tightened(before, wishes)
        self.state.go_by(self.account.wishes)

    @property
    def day(self) -> TradingDay:
        """The clock of the day as it is in force."""
        return self.market_state.day

    @property
    def watchlist(self) -> tuple[str, ...]:
        """What is followed now, in screen order; ``instruments`` also knows what was put aside."""
        return self.following.followed

    @property
    def orders(self) -> OrderBook:
        """The order book of ours."""
        return self.manager.orders

    @property
    def trades(self) -> tuple[Trade, ...]:
        """Trades that hold something, oldest first."""
        return self.manager.portfolio.open()

    @property
    def closed_trades(self) -> list[ClosedTrade]:
        """Finished trades, oldest first."""
        return self.journal.closed

    @property
    def signals(self) -> list[Decision]:
        """Every decision of the day, newest last."""
        return self.entries.decisions

    @property
    def limits(self) -> DayLimits:
        """The day's limits."""
        return self.account.limits

    @property
    def events(self) -> tuple[EventLine, ...]:
        """The newest event lines, oldest first."""
        return tuple(self.journal.lines)

    @property
    def vital_events(self) -> tuple[EventLine, ...]:
        """The newest vital lines, oldest first, however many others came since."""
        return tuple(self.journal.vital)

    @property
    def latch(self) -> Latch | None:
        """The kill latch; None when it is off."""
        return self.manager.kill.latch

    @property
    def latch_busy(self) -> bool:
        """Whether the kill still has work to do."""
        return self.state.latch_busy

    @property
    def book_state(self) -> Verified | None:
        """The last read of the broker that counts; None when nothing is verified."""
        return self.manager.reconciliation.verified

    @property
    def manual_armed(self) -> bool:
        """Whether manual entry is armed."""
        return self.state.armed_until is not None

    def market_time(self, now: Instant) -> Instant:
        """Return the exchange's time at an instant of the timers' clock."""
        return self.market_state.market_time(now)

    def trading_word(self) -> str:
        """Return AUTO, ASK, OFF or PAUSED with its reason, as the header says it."""
        return self.state.trading_word()

    def kill_scope(self) -> KillScope:
        """Return what the kill key would close now."""
        return self.state.kill_scope()

    def why_kept(self, key: str) -> str:
        """Return why an instrument must go on being followed; empty when it need not."""
        return self.following.why_kept(key)

    def next_wake(self) -> Instant | None:
        """Return when core wants a Wake at the latest."""
        return self._next_wake

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take one event at an instant of the timers' clock; return what must leave, in order."""
        self._now = now
        if isinstance(event, MarketUpdate):
            if not self._update(event, now):
                return []
            return self._settle(now, [])
        answers: list[Effect] = []
        if isinstance(event, Command):
            answers.append(CommandAnswer(self.person.obey(event, now)))
        elif isinstance(event, BrokerEvent):
            self.broker_events.receive(event, now)
            self.guard.hear(event, now)
        else:
            self._conditions.notice(event, now)
        return self._settle(now, answers)

    def _update(self, update: MarketUpdate, now: Instant) -> bool:
        """Take one update in; return whether anything may have to leave."""
        applied = self.market.apply(update)
        key = update.instrument
        if not applied.accepted:
            self.market_state.tick(update.arrival, now)
            return self._minute_passed(update.arrival, now)
        for doubted in self.prints.take_news():
            self.journal.held_back(doubted, now)
        seen = self.market_state.take(update, now)
        self.account.take(key, seen)
        self.journal.aftermath.moved(update, now)
        if seen.reading:
            self.manager.read(key, update.arrival, now)
        acted = self.entries.moved(update, now)
        acted = self._bars(key, applied, now) or acted
        trade = self.manager.portfolio.current(key)
        if trade is not None:
            self.trade_manager.moved(trade, update, now, reading=seen.reading)
            self.manager.judge(trade, now)
        held = trade is not None and trade.open
        if held or self.account.uneasy or self.account.external.holds(key):
            acted = self.guard.look(now) or acted
        if trade is not None and held and self.watch.plights.goes_by_price(trade):
            acted = True
        return self._minute_passed(update.arrival, now) or acted or self.manager.touched

    def _bars(self, key: str, applied: AppliedUpdate, now: Instant) -> bool:
        if not (applied.minute_closed or applied.five_minutes_closed or applied.bracket_closed):
            return False
        self.trade_manager.refresh(key)
        broken = self.entries.broken(key)
        if broken:
            self.manager.leave(key, f"premise: {broken}", now)
        if STUDYING not in self.pauses:
            self.entries.evaluate(key, now)
        return True

    def _minute_passed(self, arrival: Instant, now: Instant) -> bool:
        """Mark the equity once a minute of market time; keep the day's clock."""
        minute = arrival // MINUTE
        if self._equity_minute is None:
            self._equity_minute = minute
            return False
        if minute <= self._equity_minute:
            return False
        self._equity_minute = minute
        self.journal.equity(f"minute:{minute}", now)
        self.journal.aftermath.look(now)
        self.braking.look(now)
        self.day_clock.look(now)
        self.trade_manager.clock(now)
        return True

    def _decided(self, decision: Decision) -> None:
        self.journal.decision(decision, self._now)

    def _settle(self, now: Instant, answers: list[Effect]) -> list[Effect]:
        """Do what is due, write down what happened, and hand over what leaves."""
        self._timers(now)
        self.manager.due(now)
        self.watch.follow(now, ended=self.state.feed_ended)
        for other in self.manager.external.engines.news():
            self._conditions.meet(other, now)
        while self.manager.news:
            self._act_on_news(now)
            while self.journal.lowerings:
                lower(self.state, self.journal.lowerings.pop(), now)
        if self.state.feed_ended:
            self.journal.aftermath.end(now)
        self._next_wake = self._wake(now)
        self.manager.touched = False
        return [*self.watch.drain(), *self.manager.dispatcher.drain(), *answers]

    def _timers(self, now: Instant) -> None:
        self.entries.expire(now)
        self.trader_orders.look(now)
        self.state.disarm(now)
        if self.pauses.unattended_at is not None and now >= self.pauses.unattended_at:
            self.pauses.unattended_at = None
            self.state.pause(UNATTENDED, now)
        if self.manager.portfolio.running():
            self.trade_manager.clock(now)

    def _act_on_news(self, now: Instant) -> None:
        for item in self.journal.digest(now):
            if item.topic is Topic.PART and item.trade is not None and item.text == "T1":
                self.trade_manager.part_taken(item.trade)
            elif item.topic is Topic.PROTECTED and item.trade is not None:
                self.trade_manager.fit(item.trade, now)
            elif item.topic is Topic.REFUSED:
                self.entries.blocked.setdefault(item.instrument, f"the broker refused it: {item.text}")
            elif item.topic is Topic.CLOSED:
                self.braking.closed(now)
            elif item.topic is Topic.FILL and self.account.observe(now):
                self.guard.stop(now)

    def _wake(self, now: Instant) -> Instant | None:
        wakes = (
            self.manager.next_wake(),
            self.entries.next_wake(),
            self.state.armed_until,
            self.pauses.unattended_at,
            self.trade_manager.next_clock(now),
            self.trader_orders.next_wake(now),
            self.watch.next_wake(now),
        )
        return min((wake for wake in wakes if wake is not None), default=None)
