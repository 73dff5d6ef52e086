"""The trader's own limit and stop-entry orders: sized, gated, left to rest, and taken back when their time is over.

All that rests stays, with what of it has filled, inside the risk of one trade. Both sides of an instrument never rest
at once: a fill of one would meet the other as an exit.
"""

from dataclasses import replace
from fractions import Fraction

import msgspec

from engine.contract.commands import CancelResting, RestOrder
from engine.contract.decision_state import DecisionState
from engine.contract.tickets import TicketQuote
from engine.contract.views import Severity
from engine.core.decision import from_signal
from engine.core.hand_entries import hand_signal, no_price, resting_draft, resting_trade
from engine.core.resting_room import beyond_the_day
from engine.core.ticket_plan import stop_of, with_targets, within_terms, worse_than_shown
from engine.core.trading_state import TradingState
from engine.market.clock import SECOND, Instant, datetime_of
from engine.market.figures import rupees
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.orders.gate import Draft, GateDenial
from engine.orders.order import Fill, Order
from engine.orders.resting_orders import Rest, RestingLives
from engine.orders.trade import Trade
from engine.risk.denial import Code, Denial, StopRefusal
from engine.risk.entry import EntryPlan
from engine.risk.entry_checks import door_denial, plan_denial
from engine.risk.entry_facts import EntryFacts
from engine.risk.resting_plan import RestingWish, plan_resting
from engine.risk.stage_room import rooms_of
from engine.risk.stop_controller import StopPlan, StopTerm
from engine.setups.signal import Signal
from engine.system.plain_text import worded

LOOK_EVERY = SECOND
"""How often a lost feed is looked for while something rests."""


class TraderOrders:
    """Places the trader's resting orders and ends them."""

    def __init__(self, state: TradingState, lives: RestingLives) -> None:
        self._state = state
        self._lives = lives
        self._any = False
        """Whether anything rested at the last look; cheap to ask at every update."""

    def place(self, command: RestOrder, now: Instant, shown: TicketQuote | None = None) -> tuple[str, str]:
        """Let an order rest; return why it is refused, or else what was done.

        Refused where it would be worse than a ticket that was ``shown``.
        """
        state = self._state
        instrument = state.instruments.get(command.instrument)
        if instrument is None:
            return f"{command.instrument} is not followed", ""
        if missing := no_price(command):
            return missing, ""
        signal = self._signal(command, now)
        decision = msgspec.structs.replace(
            from_signal(state.ids.next("D"), signal, now), stop=None, target_1=None, target_2=None
        )
        found = self._enter(command, instrument, signal, decision.id, now, shown)
        if isinstance(found, Denial | GateDenial):
            state.journal.decision(
                msgspec.structs.replace(
                    decision, state=DecisionState.REFUSED, code=found.code.value, reason=found.reason
                ),
                now,
            )
            return worded(found.code.value, found.reason), ""
        trade, rest, order = found
        state.journal.decision(
            msgspec.structs.replace(
                decision,
                state=DecisionState.TAKEN,
                trade=trade.id,
                stop=rest.plan.trigger,
                quantity=rest.quantity,
                risk=rest.risk,
            ),
            now,
        )
        words = f"{self._told(rest, order)} rests until {datetime_of(rest.good_for):%H:%M}"
        words += f", stop {rupees(rest.plan.trigger)}"
        state.journal.line(Severity.INFO, words, now)
        return "", words

    def would_rest(
        self, command: RestOrder, instrument: Instrument, now: Instant
    ) -> tuple[EntryPlan | Denial, Draft | None, Instant | None]:
        """Return what ``place`` would send now and until when it would rest, or why it would not; nothing is sent."""
        if missing := no_price(command):
            return Denial(Code.ZERO_SIZE, missing), None, None
        found = self._planned(command, instrument, self._signal(command, now), now)
        if isinstance(found, Denial):
            return found, None, None
        planned, good_for = found
        return planned, resting_draft(command, planned), good_for

    def cancel(self, command: CancelResting, now: Instant) -> tuple[str, str]:
        """Take resting orders of an instrument back: the one named, else all; return the refusal, or what is done."""
        found = [
            (rest, order)
            for trade, rest, order in self._live()
            if trade.instrument == command.instrument and command.order in ("", order.tag)
        ]
        if not found:
            symbol = self._state.journal.symbol(command.instrument)
            return f"no such order of yours rests in {symbol}", ""
        for _, order in found:
            self._end(order, now)
        return "", "; ".join(f"{self._told(rest, order)}: cancelling" for rest, order in found)

    def look(self, now: Instant) -> None:
        """Take back what may rest no longer, each with its reason."""
        if not self._any:
            return
        self._any = False
        spent = self._spent(now)
        live = self._live()
        stays = [(rest, order) for _, rest, order in live if self._lives.ends(order, now) is None]
        beyond = beyond_the_day(self._state, stays, now) if len(stays) == len(live) else {}
        for trade, rest, order in live:
            self._any = True
            if self._lives.ends(order, now) is not None:
                continue
            reason = self._over(trade, rest, now) or spent or beyond.get(order.tag, "")
            if reason:
                self._state.journal.line(
                    Severity.WARNING, f"{self._told(rest, order)} is cancelled: {reason}", now
                )
                self._end(order, now)

    def next_wake(self, now: Instant) -> Instant | None:
        """Return when to look again; None while nothing rests."""
        return now + LOOK_EVERY if self._any else None

    def name_found(self, now: Instant) -> None:
        """Say what rested through the death of an engine."""
        found = [self._told(rest, order) for _, rest, order in self._live()]
        if found:
            self._state.journal.line(Severity.WARNING, f"resting orders found again: {'; '.join(found)}", now)

    def anew(self, trade: Trade, order: Order, fill: Fill, now: Instant) -> StopPlan | None:
        """Return the stop of a resting entry by the market of its first fill; None where it stays as it was sized."""
        rest = self._lives.get(order.tag)
        if rest is None:
            return None
        if rest.typed:
            return rest.plan
        state = self._state
        instrument, context = state.instruments[trade.instrument], state.market.context(trade.instrument)
        price = fill.value // fill.quantity
        cost = state.account.cost(instrument, trade.side)
        plan = state.trade_manager.stops.initial_stop(
            instrument,
            trade.side,
            price,
            structure=None,
            atr=context.atr,
            median_spread=context.median_spread,
            charges_per_unit=Fraction(cost(rest.quantity, price, price), rest.quantity),
            band=state.market_state.band(trade.instrument),
        )
        if isinstance(plan, StopRefusal):
            state.journal.line(
                Severity.WARNING,
                f"{self._told(rest, order)}: its stop stays where it was sized, {plan.reason}",
                now,
            )
            return rest.plan
        return plan

    def _signal(self, command: RestOrder, now: Instant) -> Signal:
        level, time = command.trigger or command.price, self._state.market_time(now)
        return hand_signal(command.instrument, command.side, level, 0, time, "by hand, resting")

    def _planned(
        self, command: RestOrder, instrument: Instrument, signal: Signal, now: Instant
    ) -> tuple[EntryPlan, Instant] | Denial:
        """Return the order as it would leave now and until when it rests, or why it may not."""
        denial = self._beside(command, self._state.manager.portfolio.current(command.instrument))
        if denial is not None:
            return denial
        atr = self._state.market.context(command.instrument).atr
        stop = stop_of(command.terms, command.stop, command.side, signal.price, instrument.tick, atr)
        if isinstance(stop, Denial):
            return stop
        facts = self._facts(stop, instrument, signal, now)
        good_for = self._good_for(command, facts)
        if isinstance(good_for, Denial):
            return good_for
        planned = self._plan(command, stop, facts)
        return planned if isinstance(planned, Denial) else (planned, good_for)

    def _enter(
        self,
        command: RestOrder,
        instrument: Instrument,
        signal: Signal,
        decision: str,
        now: Instant,
        shown: TicketQuote | None,
    ) -> tuple[Trade, Rest, Order] | Denial | GateDenial:
        state = self._state
        running = state.manager.portfolio.current(command.instrument)
        found = self._planned(command, instrument, signal, now)
        if isinstance(found, Denial):
            return found
        planned, good_for = found
        worse = None if shown is None else worse_than_shown(planned, shown)
        if worse is not None:
            return worse
        trade = running or resting_trade(
            state.ids.next("T"), signal, decision, planned, instrument, command.terms, now
        )
        rest = Rest(
            tag="",
            trade=trade.id,
            price=planned.limit,
            trigger=command.trigger,
            quantity=planned.size.quantity,
            plan=planned.stop,
            typed=planned.stop.term is StopTerm.TYPED,
            risk=planned.size.risk,
            loss=planned.size.loss,
            good_for=good_for,
        )
        sent = self._send(trade, resting_draft(command, planned), rest, now)
        return sent if isinstance(sent, GateDenial) else (trade, rest, sent)

    def _send(self, trade: Trade, draft: Draft, rest: Rest, now: Instant) -> Order | GateDenial:
        """Send one more entry of a trade that waits for its first fill through the gate, to rest."""
        manager = self._state.manager
        sent = manager.dispatcher.place(draft, trade.id, manager.surroundings(draft.instrument, now), now)
        if isinstance(sent, GateDenial):
            return sent
        if isinstance(sent, Instant):
            raise TypeError("expected the gate to deny an entry beyond the budget, got a held one")
        self._any = True
        self._lives.rest(msgspec.structs.replace(rest, tag=sent.tag))
        waiting = msgspec.structs.replace(
            trade, entry_tag=trade.entry_tag or sent.tag, planned=trade.planned + rest.quantity
        )
        if manager.portfolio.current(trade.instrument) is None:
            manager.portfolio.begin(waiting)
        else:
            manager.portfolio.put(waiting)
        manager.touched = True
        return sent

    def rests(self, trade: str) -> tuple[Rest, ...]:
        """Return the resting entries of a trade, ended ones included."""
        return self._lives.of(trade)

    def _end(self, order: Order, now: Instant) -> None:
        self._lives.end(order.tag)
        self._state.manager.reconcile_trades(order.instrument, now)

    def _live(self) -> list[tuple[Trade, Rest, Order]]:
        """Return every entry that rests or is on its way there, with its trade, oldest first."""
        manager, found = self._state.manager, []
        for rest in self._lives:
            trade, order = manager.portfolio.get(rest.trade), manager.orders.get(rest.tag)
            if trade is not None and order is not None and order.live:
                found.append((trade, rest, order))
        return found

    def _beside(self, command: RestOrder, running: Trade | None) -> Denial | None:
        """Return what of the instrument's own orders and positions stands against one more."""
        if running is None:
            return None
        symbol = self._state.journal.symbol(command.instrument)
        waits = (
            self._lives.of(running.id)
            and not running.entry_quantity
            and not running.leaving
            and not running.given_up
        )
        if not waits:
            return Denial(Code.SAME_INSTRUMENT, f"{symbol} already has a position or an entry")
        if running.side is not command.side:
            return Denial(
                Code.SAME_INSTRUMENT,
                f"an order of yours rests on the {running.side} side of {symbol}: both sides never rest at once",
            )
        level = command.trigger or command.price
        live = [rest for trade, rest, _ in self._live() if trade.id == running.id]
        if any(rest.level == level for rest in live):
            return Denial(
                Code.SAME_INSTRUMENT, f"an order of yours rests at {rupees(level)} in {symbol} already"
            )
        return None

    def _facts(self, stop: Paise, instrument: Instrument, signal: Signal, now: Instant) -> EntryFacts:
        """Return what the checks look at; with a typed stop the day opens with the session."""
        facts = self._state.entries.facts(instrument, signal, now, by_person=True)
        if not stop:
            return facts
        return replace(facts, first_entry=self._state.day.open(instrument.kind))

    def _good_for(self, command: RestOrder, facts: EntryFacts) -> Instant | Denial:
        stop = facts.entries_stop
        if stop is None:
            return Denial(Code.TOO_LATE, "nobody knows until when it may be entered today")
        good_for = min(command.good_for or stop, stop)
        if good_for <= facts.market_time:
            return Denial(Code.TOO_LATE, f"good until {datetime_of(good_for):%H:%M:%S}: that is over already")
        return good_for

    def _plan(self, command: RestOrder, stop: Paise, facts: EntryFacts) -> EntryPlan | Denial:
        state = self._state
        settings, instrument = state.settings, facts.instrument
        # What rests in it already counts against every limit, but it is no position that stands in the way.
        others = tuple(one for one in facts.holdings if one.instrument.key != instrument.key)
        denial = door_denial(replace(facts, holdings=others), settings)
        if denial is not None:
            return denial
        rooms = rooms_of(facts)
        left = rooms.budget - self._at_risk(facts.now)
        context, cost = state.market.context(instrument.key), state.account.cost(instrument, command.side)
        wish = RestingWish(
            side=command.side,
            price=command.trigger or command.price,
            limit=command.price or None,
            stop=stop or None,
        )
        planned = plan_resting(
            state.trade_manager.stops,
            settings.entry,
            wish,
            instrument=instrument,
            atr=context.atr,
            median_spread=context.median_spread,
            band=facts.band,
            rooms=within_terms(rooms, command.terms, instrument.lot, left),
            cost=cost,
        )
        if isinstance(planned, EntryPlan):
            planned = with_targets(planned, command.terms, instrument, cost)
        if isinstance(planned, Denial):
            return planned
        denial = plan_denial(facts, planned, settings)
        return planned if denial is None else replace(denial, sized=planned.sized)

    def _at_risk(self, now: Instant) -> Paise:
        """Return what everything that rests risks, charges apart, with what of the same trades has filled already.

        Unknown counts as the whole of one trade's risk.
        """
        state = self._state
        trades = {trade.id: trade for trade, _, _ in self._live()}
        total = 0
        for trade in trades.values():
            holding = state.account.holding(trade, now)
            if holding is not None:
                total += state.limits.budget if holding.risk is None else holding.risk
        return total

    def _spent(self, now: Instant) -> str:
        """Return why nothing may rest at all any more; empty while it may."""
        state = self._state
        if state.pauses.first:
            return f"entries are paused: {state.pauses.first}"
        if state.market.stale(state.market_state.arrival_time(now)) and not state.market_state.held:
            return "the feed is lost"
        if state.pauses.left_alone(now, state.settings.session.unattended_after * SECOND):
            return "" if state.manual_armed else "manual entry is off and nobody watches"
        return ""

    def _over(self, trade: Trade, rest: Rest, now: Instant) -> str:
        """Return why one order may rest no longer; empty while it may."""
        state = self._state
        if state.market_time(now) >= rest.good_for:
            return f"it was good until {datetime_of(rest.good_for):%H:%M}"
        if trade.entry_quantity and not trade.open:
            return "its trade is over, and one risk is all there is"
        if trade.given_up:
            return "an entry beside it never arrived"
        if self._at_risk(now) > state.limits.budget:
            return "what rests and has filled would risk more than one trade may"
        return ""

    def _told(self, rest: Rest, order: Order) -> str:
        symbol, left = self._state.journal.symbol(order.instrument), order.remaining or rest.quantity
        kind = f"stop-entry {rupees(rest.trigger)}" if rest.trigger else f"limit {rupees(rest.price)}"
        return f"{symbol} {order.side.lower()} {left} {kind}"
