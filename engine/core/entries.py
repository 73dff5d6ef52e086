"""From signal to entry: mode, gate of the day, stop and size, and the one limit order that may leave for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

import config
from engine.auction.state.auctions import Auctions
from engine.contract.decision_state import DecisionState
from engine.contract.tickets import TicketQuote, TicketTerms
from engine.core.account import Account
from engine.core.ask_cards import Card, Cards, Gone
from engine.core.decision import Decision, _refused, from_refusal, from_signal, with_size
from engine.core.entry_trade import draft_for, trade_for
from engine.core.hand_entries import at_touch
from engine.core.market_state import MarketState
from engine.core.setup_evidence import SetupEvidence, entry_mode
from engine.core.setup_notes import SetupNote, note_setups
from engine.core.ticket_plan import WHOLE, with_targets, within_terms, worse_than_shown
from engine.market.clock import MINUTE, SECOND, Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.session import TradingDay
from engine.market.side import Side
from engine.market.update import MarketUpdate
from engine.orders.gate import Draft, GateDenial
from engine.orders.manager import OrderManager
from engine.orders.tags import Ids
from engine.risk.denial import Denial
from engine.risk.entry import EntryPlan, TypedStop, plan_entry
from engine.risk.entry_checks import door_denial, plan_denial
from engine.risk.entry_facts import EntryFacts
from engine.risk.stage_room import rooms_of
from engine.risk.stop_controller import Stage12Controller
from engine.rollout.live_stages import EntryStage
from engine.rollout.stage_chain import track_of
from engine.settings.sections import EntriesSections
from engine.setups.open_drive import OpenDrive
from engine.setups.open_drive import first_entry as open_drive_entry
from engine.setups.register import build_setups, modes
from engine.setups.signal import Refusal, Setup, Signal

OFF: Final = "OFF"
DECLINED: Final = "DECLINED"
UNFOLLOWED: Final = "UNFOLLOWED"

Decided = Callable[[Decision], None]


class Entries:
    """Judges signals; keeps every decision of the day, newest last."""

    def __init__(
        self,
        settings: EntriesSections,
        market: Auctions,
        manager: OrderManager,
        account: Account,
        market_state: MarketState,
        stops: Stage12Controller,
        day: TradingDay,
        ids: Ids,
        decided: Decided,
        proof: SetupEvidence,
        *,
        live: bool,
    ) -> None:
        self.decisions: list[Decision] = []
        self.pause = ""
        """Why entries are paused; empty when they are not."""
        self.blocked: dict[str, str] = {}
        """Names the broker refused today, with its words."""
        self.barred: dict[str, str] = {}
        """Names that today's lists bar from entries, each with why."""
        self._settings = settings
        self._market = market
        self._manager = manager
        self._account = account
        self._market_state = market_state
        self._stops = stops
        self._day = day
        self._ids = ids
        self._decided = decided
        self._proof = proof
        self._modes: Mapping[str, config.Mode] = modes(settings.setups, live=live)
        self._estimated_range = not live
        self._setups: dict[str, tuple[Setup, ...]] = {}
        self._judged: dict[str, tuple[int, ...]] = {}
        """The bars each instrument's setups have judged."""
        for instrument in market.instruments.values():
            self.follow(instrument)
        self._cards = Cards()
        self._behind: dict[str, Signal] = {}
        """The signal behind each trade of the day, by the trade's id."""

    def follow(self, instrument: Instrument) -> None:
        """Let the setups judge an instrument from now on."""
        self._judged.pop(instrument.key, None)
        if instrument.tradable:
            self._setups[instrument.key] = build_setups(
                instrument.key, self._settings.setups, estimated_range=self._estimated_range
            )

    def unfollow(self, key: str) -> None:
        """Judge an instrument no more; the trade it may still hold keeps its premise."""
        self._setups.pop(key, None)
        for card in self._cards.of(key):
            self._drop(card.decision.id, UNFOLLOWED, "the instrument is followed no more")

    def evaluate(self, key: str, now: Instant) -> None:
        """Let the setups of an instrument judge its newest completed bars; cheap while no bar is new to them."""
        setups = self._setups.get(key)
        beat = self._market.auction(key).beat
        if not setups or self._judged.get(key) == beat:
            return
        self._judged[key] = beat
        context = self._market.context(key)
        for setup in setups:
            said = setup.evaluate(context)
            if isinstance(said, Signal):
                self._signal(said, now)
            elif isinstance(said, Refusal) and self._modes[said.setup] != "off":
                self._note(from_refusal(self._ids.next("D"), said, now))

    def broken(self, key: str) -> str:
        """Return why the premise of the trade an instrument holds no longer stands; empty while it does."""
        trade = self._manager.portfolio.current(key)
        signal = None if trade is None else self._behind.get(trade.id)
        if trade is None or signal is None or not trade.open:
            return ""
        for setup in self._setups.get(key, ()):
            if setup.name == signal.setup:
                return setup.broken(self._market.context(key), signal)
        return ""

    def notes(self, key: str) -> tuple[SetupNote, ...]:
        """Return why each setup traded an instrument or not."""
        decisions = [one for one in self.decisions if one.instrument == key]
        return note_setups(self._market.context(key), self._setups.get(key, ()), decisions, self._modes)

    def _signal(self, signal: Signal, now: Instant) -> None:
        decision = from_signal(self._ids.next("D"), signal, now)
        mode = self._modes.get(signal.setup, "off")
        if mode == "off":
            self._note(_refused(decision, OFF, f"the setup {signal.setup} is switched off"))
        elif mode == "ask":
            self._ask(decision, signal, now)
        else:
            self._note(self._attempt(decision, signal, now))

    def _ask(self, decision: Decision, signal: Signal, now: Instant) -> None:
        """Let the card wait for a person, with quantity, risk and stop as they are now."""
        planned = self._plan(signal, now)
        decision = with_size(decision, planned.sized)
        if not isinstance(planned, EntryPlan):
            self._note(_refused(decision, planned.code, planned.reason))
            return
        expires = now + round(self._settings.entry.ask_seconds * SECOND)
        decision = msgspec.structs.replace(
            decision,
            quantity=planned.size.quantity,
            risk=planned.size.risk,
            reason="waiting for you",
            expires=expires,
        )
        laid = self._market_state.market_time(now)
        self._cards.lay(Card(signal, decision, planned.stop.trigger, laid, expires))
        self._note(decision)

    def take(self, name: str, now: Instant) -> Decision | None:
        """Accept a waiting signal at the touch of now; None when there is no such signal waiting.

        Whatever becomes of it, the card is over.
        """
        card = self._cards.take(name)
        if card is None:
            return None
        # The person has just looked: what they take is as fresh as their key, and priced at what they can have.
        signal = replace(
            card.signal,
            time=self._market_state.market_time(now),
            price=self._touch(card.signal.instrument, card.signal.side, now) or card.signal.price,
        )
        decision = self._attempt(card.decision, signal, now)
        self._note(decision)
        return decision

    def decline(self, name: str) -> Decision | None:
        """Let a waiting signal go because a person says so; None when there is no such signal waiting."""
        return self._drop(name, DECLINED, "you declined it")

    def manual(
        self,
        key: str,
        side: Side,
        now: Instant,
        stop: Paise = 0,
        terms: TicketTerms = WHOLE,
        shown: TicketQuote | None = None,
    ) -> Decision:
        """Enter by hand at the touch: sized, stopped (at ``stop`` where one was typed) and gated like any trade.

        Refused where that is worse than a ticket that was ``shown``.
        """
        signal, wrong = at_touch(self._market, self._market_state, key, side, now, stop, terms)
        decision = msgspec.structs.replace(
            from_signal(self._ids.next("D"), signal, now), stop=None, target_1=None, target_2=None
        )
        if wrong is not None:
            decision = _refused(decision, wrong.code, wrong.reason)
        else:
            decision = self._attempt(decision, signal, now, terms, shown)
        self._note(decision)
        return decision

    def would_enter(
        self, key: str, side: Side, now: Instant, stop: Paise, terms: TicketTerms
    ) -> tuple[EntryPlan | Denial, Draft | None]:
        """Return what ``manual`` would send now, or why it would not; nothing is sent, nothing is written."""
        signal, wrong = at_touch(self._market, self._market_state, key, side, now, stop, terms)
        planned = wrong or self._plan(signal, now, terms)
        if isinstance(planned, Denial):
            return planned, None
        return planned, draft_for(signal, planned, by_person=True)

    def _touch(self, key: str, side: Side, now: Instant) -> Paise | None:
        quote = self._market_state.quote(key, now)
        return quote.ask if side is Side.BUY else quote.bid

    def moved(self, update: MarketUpdate, now: Instant) -> bool:
        """Let cards go that the market has left behind; return whether there was one."""
        if not self._cards:
            return False
        return self._expire(self._cards.moved(update, self._market_state.quote(update.instrument, now)))

    def expire(self, now: Instant) -> None:
        """Let waiting signals go whose time is over."""
        self._expire(self._cards.expired(now))

    def _expire(self, gone: Sequence[Gone]) -> bool:
        for card, code, reason in gone:
            self._note(
                msgspec.structs.replace(card.decision, state=DecisionState.EXPIRED, code=code, reason=reason)
            )
        return bool(gone)

    def next_wake(self) -> Instant | None:
        """Return when the next waiting signal expires."""
        return self._cards.next_wake()

    def _drop(self, name: str, code: str, reason: str) -> Decision | None:
        card = self._cards.take(name)
        if card is None:
            return None
        dropped = msgspec.structs.replace(
            card.decision, state=DecisionState.DROPPED, code=code, reason=reason
        )
        self._note(dropped)
        return dropped

    def _attempt(
        self,
        decision: Decision,
        signal: Signal,
        now: Instant,
        terms: TicketTerms | None = None,
        shown: TicketQuote | None = None,
    ) -> Decision:
        """Enter what is planned now; ``terms`` are a person's, None stands for a setup's signal."""
        planned = self._plan(signal, now, terms)
        decision = with_size(decision, planned.sized)
        if isinstance(planned, EntryPlan) and shown is not None:
            planned = worse_than_shown(planned, shown) or planned
        if not isinstance(planned, EntryPlan):
            return _refused(decision, planned.code, planned.reason)
        decision = msgspec.structs.replace(decision, quantity=planned.size.quantity, risk=planned.size.risk)
        trade = trade_for(
            self._ids.next("T"),
            signal,
            planned,
            self._market.instruments[signal.instrument],
            decision.id,
            decision.time,
            now,
            terms,
            entry_mode(signal.setup, self._modes),
        )
        sent = self._manager.enter(trade, draft_for(signal, planned, by_person=terms is not None), now)
        if isinstance(sent, GateDenial):
            return _refused(decision, sent.code.value, sent.reason)
        self._behind[trade.id] = signal
        return msgspec.structs.replace(
            decision, state=DecisionState.TAKEN, trade=trade.id, reason="", code=""
        )

    def _plan(self, signal: Signal, now: Instant, terms: TicketTerms | None = None) -> EntryPlan | Denial:
        by_person = terms is not None
        instrument = self._market.instruments[signal.instrument]
        context = self._market.context(signal.instrument)
        facts = self.facts(instrument, signal, now, by_person=by_person)
        denial = door_denial(facts, self._settings)
        if denial is not None:
            return denial
        rooms, cost = rooms_of(facts), self._account.cost(instrument, signal.side)
        book, stop = self._market_state.quote(signal.instrument, now), signal.stop_reference
        planned = plan_entry(
            self._stops,
            self._settings.entry,
            instrument=instrument,
            side=signal.side,
            price=signal.price,
            structure=None if by_person else stop,
            target_1=None if by_person else signal.target_1,
            atr=context.atr,
            median_spread=context.median_spread,
            band=facts.band,
            rooms=rooms if terms is None else within_terms(rooms, terms, instrument.lot),
            cost=cost,
            typed=TypedStop(stop, book.bid, book.ask) if by_person and stop else None,
        )
        if terms is not None and isinstance(planned, EntryPlan):
            planned = with_targets(planned, terms, instrument, cost)
        if isinstance(planned, Denial):
            return planned
        denial = plan_denial(facts, planned, self._settings)
        return planned if denial is None else replace(denial, sized=planned.sized)

    def facts(self, instrument: Instrument, signal: Signal, now: Instant, *, by_person: bool) -> EntryFacts:
        """Return what an entry would be judged by now."""
        kind = instrument.kind
        by_itself = not by_person and self._modes.get(signal.setup) == "auto"
        time = self._market_state.market_time(now)
        day = self._market_state.day
        stop = day.entries_stop(kind) if by_person else day.setup_entries_stop(kind)
        holdings = self._account.holdings(now)
        frozen = self._manager.freeze_reason(instrument.key)
        settling = self._manager.portfolio.current(instrument.key) is not None
        mine = any(holding.instrument.key == instrument.key for holding in holdings)
        if not frozen and settling and not mine:
            frozen = f"the last trade in {instrument.symbol} still settles"
        result = self._account.result(now, holdings)
        whole, symbols = self._account.account_result(now, result), self._market.instruments
        return EntryFacts(
            instrument=instrument,
            side=signal.side,
            by_person=by_person,
            # A signal is as old as the trade it speaks of: an instrument's packets may lag while the feed is fresh.
            decided_at=now - max(0, time - signal.time),
            now=now,
            market_time=time,
            first_entry=(
                open_drive_entry(day.open(kind)) if signal.setup == OpenDrive.name else day.first_entry(kind)
            ),
            entries_stop=min(stop, day.flatten_start(kind)),
            day=self._day.day,
            limits=self._account.limits,
            result=result,
            holdings=holdings,
            account_net=None if whole is None else whole.net,
            latched=self._manager.kill.active,
            pause=self.pause,
            feed_fresh=not self._market.stale(self._market_state.arrival_time(now))
            and self._market_state.quote(instrument.key, now).fresh,
            band=self._market_state.band(instrument.key),
            margin_available=self._margin(),
            orders_today=self._manager.gate.budget.today,
            entries_last_minute=self._manager.gate.entries_within(instrument.key, MINUTE, now),
            blocked=self.why_blocked(instrument.key) or frozen,
            locked=", ".join(
                symbols[key].symbol if key in symbols else key for key in self._account.locked()
            ),
            event=day.event_words(instrument, time) if by_itself else "",
            one_sided=self._account.marking.one_sided(instrument.key),
            stage=self._stage(by_person=by_person),
        )

    def _stage(self, *, by_person: bool) -> EntryStage | None:
        stages = self._manager.stages
        if stages is None:
            return None
        return stages.stage_of(track_of(by_person=by_person), self._manager.gate.entered)

    def why_blocked(self, key: str) -> str:
        """Return why nothing may be entered in an instrument today; empty when it may."""
        return self.blocked.get(key, "") or self.barred.get(key, "")

    def _margin(self) -> Paise:
        """Return the margin of a simulated account: what the day has left of the opening account."""
        return self._account.limits.account + min(self._account.realised - self._account.charges, 0)

    def _note(self, decision: Decision) -> None:
        known = next((index for index, old in enumerate(self.decisions) if old.id == decision.id), None)
        if known is None:
            decision = self._proof.told(decision, self._modes)
            self.decisions.append(decision)
        else:
            self.decisions[known] = decision
        self._decided(decision)
