"""The keeper: every order and trade of the day, tended until each position is protected or flat.

It owns the order book, the positions and the kill. Messages of the broker go in; requests leave through its
dispatcher; what a person or the ledger should hear is handed over as news.
"""

from collections.abc import Container, Mapping
from typing import Final

import msgspec

from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.instrument import Instrument
from engine.orders.changes import ExitWay, Experience
from engine.orders.dispatcher import Dispatcher
from engine.orders.entry_life import EntryLife
from engine.orders.exit_plan import wish_cancel
from engine.orders.exits_in_halt import Halts
from engine.orders.external_clearing import plan_exit
from engine.orders.external_orders import External, stuck_on, would_open
from engine.orders.fence import Fence
from engine.orders.gate import Draft, Gate, GateDenial, GateFacts
from engine.orders.kill import Flattening, closing_order
from engine.orders.learned_ticks import with_learned_ticks
from engine.orders.ledger_facts import Record
from engine.orders.messages import Product, Role
from engine.orders.news import SPOKEN, InstrumentMarket, Look, News, Said, Topic
from engine.orders.order import Fill, Order
from engine.orders.order_book import OrderBook
from engine.orders.other_products import LeftAlone
from engine.orders.plan import Modify, OrderAction, Place, Plan, TradeContext, draft_of
from engine.orders.portfolio import Portfolio
from engine.orders.reconciliation_state import ReconciliationState
from engine.orders.states import OrderState
from engine.orders.stop_plan import plan_protection
from engine.orders.tags import Ids
from engine.orders.trade import Mode, Trade, leave, nobody
from engine.orders.unproven_closings import UnprovenClosings
from engine.rollout.live_stages import LiveStages
from engine.settings.sections import OrderSections

DENIED_AGAIN: Final = 500 * MILLISECOND
NEVER: Final = 24 * 3_600 * SECOND


class OrderManager:
    """Tends orders, positions and the kill of one account."""

    def __init__(
        self,
        settings: OrderSections,
        instruments: Mapping[str, Instrument],
        ids: Ids,
        look: Look,
        halts: Halts,
        entry_life: EntryLife,
    ) -> None:
        self.settings = settings
        self.instruments = dict(instruments)
        self.orders = OrderBook()
        self.portfolio = Portfolio()
        self.external = External(self.orders, self.portfolio)
        self.kill = Flattening()
        self.gate = Gate(settings.risk.orders_per_second)
        self.dispatcher = Dispatcher(self.orders, self.gate, ids)
        self.experience = Experience(ExitWay(settings.orders.exit_by))
        self.reconciliation = ReconciliationState()
        self.news: list[News] = []
        self.touched = False
        """Something was tended, said or put on a timer since core last looked."""
        self.fence = Fence()
        self.unproven = UnprovenClosings()
        self.left = LeftAlone(self.portfolio.refused)
        self.look, self.halts = with_learned_ticks(look, self.instruments), halts
        self._wakes: dict[str, Instant] = {}
        self._now: Instant = 0
        self._said = Said()
        self._chase = round(settings.exit.chase_seconds * SECOND)
        self.entry_life = entry_life
        self.stages: LiveStages | None = None
        """The rollout's stages in live; None where no real order can leave."""

    def next_wake(self) -> Instant | None:
        """Return when something must be looked at again."""
        wakes = list(self._wakes.values())
        for order in self.orders.live():
            probe = self.orders.next_probe(order)
            if probe is not None:
                wakes.append(probe)
            if order.state is OrderState.SUBMITTED:
                wakes.append(order.sent_at + 2 * SECOND)
        kill = self.kill.next_wake()
        if kill is not None:
            wakes.append(kill)
        return min(wakes, default=None)

    def freeze_reason(self, instrument: str) -> str:
        """Return why entries on an instrument stand still; empty when they do not."""
        reason = self.reconciliation.frozen.get(instrument) or self.orders.unread.get(instrument, "")
        if reason:
            return reason
        for order in self.orders.live(instrument):
            if order.state is OrderState.IN_DOUBT:
                return f"{order.tag} is in doubt"
        if instrument in self.reconciliation.unverified:
            return "a cancelled entry may still fill: the broker's book is being read"
        if self.portfolio.outside.get(instrument):
            return "a position outside is held in it"
        return ""

    def surroundings(
        self,
        instrument: str,
        now: Instant,
        sight: InstrumentMarket | None = None,
        product: Product = Product.INTRADAY,
    ) -> GateFacts:
        """Return what the gate must know about an instrument in one product."""
        sight = self.look(instrument, now) if sight is None else sight
        trade = self.portfolio.current(instrument, product)
        held = 0 if trade is None else self.closable(trade, sight, now)[0] * trade.side.sign
        return GateFacts(
            instrument=sight.instrument,
            quote=sight.quote,
            band=sight.band,
            takes_orders=sight.takes_orders,
            hours=sight.hours,
            auction=sight.auction,
            latched=self.kill.active,
            stages=self.stages,
            frozen=self.freeze_reason(instrument),
            position=held,
            orders=tuple(one for one in self.counted(instrument, product) if self.external.ours(one)),
        )

    def closable(self, trade: Trade, sight: InstrumentMarket, now: Instant) -> tuple[int, Instant | None]:
        """Return units of a trade that our own orders may close, and when to judge the external ones again."""
        kill = self.kill.whole
        held = self.portfolio.closable(trade, whole=kill)
        ahead = self.external.ahead(trade, sight.quote, now, kill=kill)
        return max(held - ahead.units, 0), ahead.again

    def enter(self, trade: Trade, draft: Draft, now: Instant) -> Order | GateDenial:
        """Send a trade's entry through the gate; return the order or why it was denied."""
        if self.portfolio.current(trade.instrument) is not None:
            raise ValueError(f"expected no running trade in {trade.instrument} for {trade.id}, got one")
        sent = self.dispatcher.place(draft, trade.id, self.surroundings(draft.instrument, now), now)
        if isinstance(sent, GateDenial):
            return sent
        if isinstance(sent, Instant):
            raise TypeError("expected the gate to deny an entry beyond the budget, got a held one")
        self.portfolio.begin(msgspec.structs.replace(trade, entry_tag=sent.tag))
        self._look_at_entry(trade.instrument, self.entry_life.sent(sent, now))
        return sent

    def read(self, instrument: str, arrival: Instant, now: Instant) -> None:
        """Take in a reading of an instrument's book: the life of a paper entry may begin with it."""
        if self.entry_life.read(instrument, arrival):
            self.wake(instrument, now)

    def _look_at_entry(self, instrument: str, at: Instant | None) -> None:
        if at is not None:
            self.wake(instrument, at)

    def wake(self, instrument: str, at: Instant) -> None:
        """Look at an instrument again at an instant at the latest."""
        self.touched = True
        known = self._wakes.get(instrument)
        if known is None or at < known:
            self._wakes[instrument] = at

    def change(self, trade: Trade, now: Instant) -> None:
        """Take in a trade whose stop, part or mode somebody changed, and act on it."""
        self.portfolio.put(trade)
        self.reconcile_trades(trade.instrument, now)

    def leave(self, instrument: str, reason: str, now: Instant, *, clears: bool = False) -> None:
        """Begin to close an instrument; ``clears`` cancels first what others have placed to close it."""
        trade = self.portfolio.current(instrument)
        if trade is not None:
            self.portfolio.put(leave(trade, reason, clears=clears))
            self.reconcile_trades(instrument, now)

    def cancel_entries(self, now: Instant, among: Container[str] | None = None) -> int:
        """Cancel every entry that could still fill, of all instruments or those ``among``; return how many."""
        count = 0
        for order in self.orders.live():
            meant = among is None or order.instrument in among
            if meant and order.role is Role.ENTRY and not order.adopted:
                count += 1
                self._wish(self._cancelling(order, now), now)
        return count

    def due(self, now: Instant) -> None:
        """Do everything whose time has come."""
        self._now = now
        self.orders.expire(now)
        for order in self.orders.overdue(now):
            self.orders.doubt(order.tag, "no answer within 2 s", now)
            self.report(Topic.WARNING, order.instrument, f"{order.tag} IN DOUBT: no answer within 2 s")
        for order in self.orders.live():
            probe = self.orders.next_probe(order)
            if probe is not None and now >= probe:
                self.dispatcher.probe(order, now)
        self.reconcile_all([key for key, at in self._wakes.items() if at <= now], now)

    def reconcile_all(self, instruments: list[str], now: Instant) -> None:
        """Tend several instruments in the order of the kill: what is short first, the largest first."""
        instruments = list(dict.fromkeys(instruments))
        self._begin(instruments, now)
        trades = [trade for key in instruments for trade in self.portfolio.running_in(key)]
        for trade in closing_order(trades, self.instruments):
            self._reconcile_trade(trade, now)
        for key in instruments:
            self._sweep(key, now)

    def reconcile_trades(self, instrument: str, now: Instant) -> None:
        """Compare what should be with what is, for one instrument, and send the difference."""
        self.reconcile_all([instrument], now)

    def _begin(self, instruments: list[str], now: Instant) -> None:
        self._now = now
        self.touched = True
        for key in instruments:
            self._wakes.pop(key, None)

    def _reconcile_trade(self, trade: Trade, now: Instant) -> None:
        if self._finished(trade):
            return
        situation = self._situation(trade, now)
        if trade.mode is Mode.EXIT:
            plan = plan_exit(situation, self.external, kill=self.kill.whole)
        else:
            plan = plan_protection(situation)
            if plan.trade.mode is Mode.HOLD:
                self._tend_entries(plan, situation)
        if trade.naked_since is not None and plan.trade.naked_since is None and plan.trade.mode is Mode.HOLD:
            self.report(Topic.PROTECTED, trade.instrument, trade=plan.trade)
        self.portfolio.put(plan.trade)
        self._carry_out(plan, situation, now)

    def judge(self, trade: Trade, now: Instant) -> None:
        """Look again at what external orders may close before us, after an update of the market."""
        if self.external.live(trade.instrument):
            quote = self.look(trade.instrument, now).quote
            if self.external.turned(trade, quote, now, kill=self.kill.whole):
                self.reconcile_trades(trade.instrument, now)

    def _situation(self, trade: Trade, now: Instant) -> TradeContext:
        sight = self.look(trade.instrument, now)
        live = self.counted(trade.instrument, trade.product)
        closable, again = self.closable(trade, sight, now)
        if again is not None:
            self.wake(trade.instrument, again)
        return TradeContext(
            trade=trade,
            closable=closable,
            reducing=tuple(o for o in live if o.side is not trade.side and self.external.ours(o)),
            entries=tuple(order for order in live if order.side is trade.side),
            instrument=sight.instrument,
            quote=sight.quote,
            band=sight.band,
            takes_orders=sight.takes_orders,
            takes_stops=sight.takes_stops,
            chase=self._chase,
            now=now,
            hours=sight.hours,
            auction=sight.auction,
            first_way=self.experience.first(now),
            grows_stops=self.experience.grows(now),
            turns_back=self.experience.turns_back,
        )

    def in_scope(self, order: Order) -> bool:
        """Say whether a live order stands in the way of flat: what stands for something left alone does not.

        Nor do others' where a limit closes ours alone.
        """
        if self.left.stays(order):
            return False
        return self.kill.whole or not self.kill.active or self.external.ours(order)

    def counted(self, instrument: str, product: Product) -> tuple[Order, ...]:
        """Return the live orders of an instrument and product that are ours to move."""
        live = self.orders.live(instrument)
        return tuple(order for order in live if order.product is product and self._counts(order))

    def _counts(self, order: Order) -> bool:
        """Say whether an order is to be ended or moved by us: an external one is, too, once the kill is on."""
        moved = self.kill.whole and not self.left.stays(order)
        return self.external.ours(order) or moved or self.orphaned(order)

    def orphaned(self, order: Order) -> bool:
        """Say whether an order of an earlier run has nothing left to protect, by a read of the broker."""
        return self.reconciliation.verified is not None and self.external.orphaned(order)

    def rest_exits(self) -> None:
        """Leave every exit at its price from here on: nobody will be there to put another in its place."""
        self._chase = NEVER

    def _tend_entries(self, plan: Plan, s: TradeContext) -> None:
        for entry in s.entries:
            due = self.entry_life.ends(entry, s.now)
            if entry.watched or (due is not None and s.now >= due):
                wish_cancel(plan, s, entry)
            elif due is not None:
                plan.look_at(due)

    def _sweep(self, instrument: str, now: Instant) -> None:
        """Cancel what is still live on an instrument in a product of which nothing of ours is held."""
        stray = [
            order
            for order in self.orders.live(instrument)
            if self._counts(order) and self.portfolio.current(instrument, order.product) is None
        ]
        if self.reconciliation.says_nothing_of(instrument):
            # What is held beside an order found at the broker only a read tells: it may be its stop.
            stray = [order for order in stray if not order.adopted]
        for order in stray:
            self._wish(self._cancelling(order, now), now)
        for order in self.external.refused(instrument):
            self.report(Topic.DANGER, instrument, stuck_on(order))

    def _cancelling(self, order: Order, now: Instant) -> Plan:
        """Return a plan that cancels one order, whoever it belongs to."""
        trade = self.portfolio.get(order.trade) or self.portfolio.current(order.instrument, order.product)
        if trade is None:
            trade = nobody(order.tag, order.instrument, order.side, order.sent_at, order.product)
        plan = Plan(trade)
        wish_cancel(plan, self._situation(trade, now), order)
        return plan

    def _carry_out(self, plan: Plan, s: TradeContext, now: Instant) -> None:
        for topic, texts in ((Topic.DANGER, plan.alarms), (Topic.WARNING, plan.notes)):
            for text in texts:
                self.report(topic, plan.trade.instrument, text)
        for wish in plan.wishes:
            held = self._grant(wish, s, now)
            if held is not None:
                plan.look_at(held)
        if plan.wake is not None:
            self.wake(plan.trade.instrument, max(plan.wake, now + MILLISECOND))

    def _wish(self, plan: Plan, now: Instant) -> None:
        self._carry_out(plan, self._situation(plan.trade, now), now)

    def _grant(self, wish: OrderAction, s: TradeContext, now: Instant) -> Instant | None:
        """Send one wish; return when to try again if it could not leave."""
        sight = InstrumentMarket(
            s.instrument, s.quote, s.band, s.takes_orders, s.takes_stops, s.hours, s.auction
        )
        key = s.instrument.key
        around = self.surroundings(key, now, sight, s.trade.product)
        if isinstance(wish, Place):
            sent = self.dispatcher.place(draft_of(wish, s), s.trade.id, around, now)
            if isinstance(sent, Order):
                self.portfolio.placed(sent)
        elif isinstance(wish, Modify):
            sent = self.dispatcher.modify(wish.order, wish.terms, around, now)
        else:
            self.experience.gave_up(wish.order, now)
            sent = self.dispatcher.cancel(wish.order, now, replaces=wish.replaces)
        if isinstance(sent, GateDenial):
            self.report(Topic.WARNING, key, f"held at the gate: {sent.reason}")
            return now + DENIED_AGAIN
        return sent if isinstance(sent, int) else None

    def _finished(self, trade: Trade) -> bool:
        """End a trade that holds nothing and has nothing live any more."""
        own = (order for order in self.counted(trade.instrument, trade.product) if self.external.ours(order))
        if trade.open or any(own) or self.unproven.of(trade.instrument, trade.id):
            return False
        self.portfolio.end(trade)
        topic = Topic.CLOSED if trade.entry_quantity else Topic.ENDED
        self.report(topic, trade.instrument, trade=trade)
        for order in () if self.kill.whole else self.external.in_the_way(trade, kill=False):
            self.report(Topic.ALARM, trade.instrument, would_open(order))
        return True

    def report(
        self,
        topic: Topic,
        instrument: str,
        text: str = "",
        *,
        order: Order | None = None,
        fill: Fill | None = None,
        trade: Trade | None = None,
        before: OrderState | None = None,
    ) -> None:
        """Hand over a piece of news; the same alarm about an instrument at most once in half a minute."""
        if topic in SPOKEN and not self._said.is_new(instrument, text, self._now):
            return
        self.touched = True
        self.news.append(News(topic, instrument, text, order, fill, trade, before))

    def record(self, record: Record) -> None:
        """Hand a fact to the ledger."""
        self.dispatcher.record(record)
