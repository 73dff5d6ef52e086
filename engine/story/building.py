"""A run's records read once, and the story of each of its trades and signals made of them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from engine.core.decision import Decision
from engine.core.story_records import (
    AFTER_EXIT,
    FILL_BOOK,
    PROTECTED,
    SIGHT,
    WOULD_HAVE,
    AfterExit,
    FillBook,
    Protection,
    Sight,
    WouldHave,
)
from engine.core.told_stop_moves import StopMove
from engine.ledger.by_a_person import confirmed_charges, estimated_charges, notes_of
from engine.ledger.reader import LedgerReader
from engine.ledger.records import Fact, LedgerError, Run
from engine.market.charges import NO_CHARGES, Charges, order_charges
from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.orders.messages import CancelOrder, ModifyOrder, PlaceOrder, Role
from engine.orders.order import Correction, Fill, Order
from engine.performance.trade import ClosedTrade
from engine.story.mistakes import mistakes_of
from engine.story.tree import (
    ASKED,
    FillStory,
    OrderStep,
    OrderStory,
    SignalStory,
    Spoken,
    StopStep,
    TradeStory,
)

LIVE: Final = "live"
CHANGE_ASKED: Final = "change asked"
CANCEL_ASKED: Final = "cancel asked"
PROVEN: Final = "proven to stand"

_Kind = TypeVar("_Kind")
_Asked = PlaceOrder | ModifyOrder | CancelOrder


class _Plan(msgspec.Struct, frozen=True):
    """What of a run's plan a story needs."""

    instruments: tuple[Instrument, ...] = ()


class RunStories:
    """The records of one run, and the stories in them. Raises LedgerError for records that do not read."""

    def __init__(self, ledger: LedgerReader, run: Run) -> None:
        self._ledger = ledger
        self.run = run
        self.market = run.run.partition("-")[0]
        self._read: dict[str, list[Fact]] = {}
        self.trades = {trade.id: trade for trade in ledger.trades(run.run)}
        """Finished trades by id, as they were corrected last."""
        self.decisions = self._decisions()
        """By id, every word on each signal, oldest first."""
        self._of_trade = {one[-1].trade: one[-1].id for one in self.decisions.values() if one[-1].trade}
        plan = self._decoded(run.plan, _Plan)
        self._instruments = {one.key: one for one in plan.instruments}

    def name_of(self, name: str) -> str:
        """Return the id that a story goes by: a signal that became a trade is told with it."""
        decided = self.decisions.get(name)
        return name if decided is None else decided[-1].trade or name

    def story(self, name: str) -> TradeStory | None:
        """Return the story of a trade or signal; None where the run tells nothing of it."""
        name = self.name_of(name)
        trade = self.trades.get(name)
        decided = self.decisions.get(self._of_trade.get(name, name), [])
        if trade is None and not decided:
            return None
        missing: list[str] = []
        signal = self._signal(decided, missing)
        orders = self._orders(name, missing)
        instrument = trade.instrument if trade is not None else decided[-1].instrument
        known = self._instruments.get(instrument)
        after = self._after(name)
        entered = any(order.fills for order in orders)
        would_have = None if entered or signal is None else self._would_have(signal.last.id)
        if trade is not None and not orders:
            missing.append("its orders and fills")
        if trade is not None and not after:
            missing.append("what the market did after the exit")
        if not entered and signal is not None and signal.last.price and would_have is None:
            missing.append("what would have become of it")
        live = self.market == LIVE
        notes = notes_of(self._ledger, self.run.run, name)
        stops = self._stops(name, orders)
        return TradeStory(
            id=name,
            run=self.run.run,
            world=self.run.world,
            market=self.market,
            day=self.run.day,
            instrument=instrument,
            symbol=instrument if known is None else known.symbol,
            trade=trade,
            signal=signal,
            orders=orders,
            stops=stops,
            charges=None if trade is None else self._charges(trade, orders),
            after=after,
            would_have=would_have,
            notes=notes,
            mistakes=mistakes_of(trade, signal, orders, stops, notes),
            day_estimated=estimated_charges(self._ledger, self.run.day) if live else None,
            day_confirmed=confirmed_charges(self._ledger, self.run.day) if live else None,
            missing=tuple(missing),
        )

    def _decisions(self) -> dict[str, list[Decision]]:
        found: dict[str, list[Decision]] = {}
        facts = [*self._facts("signal"), *self._facts("refusal")]
        for fact in sorted(facts, key=lambda one: one.time):
            decision = self._decoded(fact.payload, Decision)
            found.setdefault(decision.id, []).append(decision)
        return found

    def _signal(self, decided: Sequence[Decision], missing: list[str]) -> SignalStory | None:
        if not decided:
            missing.append("the signal behind it")
            return None
        last = decided[-1]
        sights = self._keyed(SIGHT, Sight)
        sight = sights.get(last.id)
        if sight is None and last.side is not None:
            missing.append("the market that the signal saw")
        times = self._times("signal") | self._times("refusal")
        spoken = tuple(
            Spoken(times[f"{one.id}:{one.state.value}"], one.state.value, one.reason) for one in decided
        )
        return SignalStory(decided[0], last, spoken, sight)

    def _orders(self, trade: str, missing: list[str]) -> tuple[OrderStory, ...]:
        """Return the orders of a trade in the order of their intents."""
        asked = [(fact, self._decoded(fact.payload, PlaceOrder)) for fact in self._facts("intent")]
        told: dict[str, list[OrderStep]] = {}
        known: dict[str, PlaceOrder | Order] = {one.tag: one for _, one in asked if one.trade == trade}
        for fact, place in asked:
            if place.trade == trade:
                step = OrderStep(
                    fact.time, ASKED, place.order_type, place.quantity, place.price, place.trigger_price
                )
                told.setdefault(place.tag, []).append(step)
        before: dict[str, Order] = {}
        for fact in self._facts("order_event"):
            event = self._event(fact.payload)
            if isinstance(event, Order):
                if event.trade == trade:
                    known.setdefault(event.tag, event)
                    told.setdefault(event.tag, []).append(_moved(fact.time, event, before.get(event.tag)))
                    before[event.tag] = event
            elif event.tag in known:
                told[event.tag].append(_asked(fact.time, event))
        fills = self._fills(trade, missing)
        corrected = self._corrected()
        return tuple(
            OrderStory(
                tag=tag,
                role=one.role,
                side=one.side,
                steps=tuple(sorted(told[tag], key=lambda step: step.at)),
                fills=tuple(fills.get(tag, ())),
                ended=before[tag].state.value if tag in before else "",
                corrected=corrected.get(tag, 0),
            )
            for tag, one in known.items()
        )

    def _fills(self, trade: str, missing: list[str]) -> dict[str, list[FillStory]]:
        books = self._keyed(FILL_BOOK, FillBook)
        found: dict[str, list[FillStory]] = {}
        unseen = False
        for fact in self._facts("fill"):
            fill = self._decoded(fact.payload, Fill)
            if fill.trade != trade:
                continue
            book = books.get(fact.key)
            unseen = unseen or book is None
            found.setdefault(fill.tag, []).append(
                FillStory(fact.time, fill.time, fill.quantity, fill.value, fill.quality, book)
            )
        if unseen:
            missing.append("the book that a fill met")
        return found

    def _stops(self, trade: str, orders: Iterable[OrderStory]) -> tuple[StopStep, ...]:
        """Return how the stop stood; a proof tells the time without it once for each fill that began it."""
        entered = [fill.at for order in orders if order.role is Role.ENTRY for fill in order.fills]
        steps = []
        before: Instant = 0
        for fact in self._facts(PROTECTED):
            proof = self._decoded(fact.payload, Protection)
            if proof.trade == trade:
                naked = proof.after if any(before < at <= fact.time for at in entered) else None
                before = fact.time
                steps.append(
                    StopStep(fact.time, PROVEN, None, proof.trigger, proof.limit, proof.quantity, naked)
                )
        for fact in self._facts("stop_move"):
            move = self._decoded(fact.payload, StopMove)
            if move.trade == trade:
                steps.append(
                    StopStep(fact.time, move.why, move.before, move.after, move.limit, move.quantity)
                )
        return tuple(sorted(steps, key=lambda step: step.at))

    def _corrected(self) -> dict[str, Paise]:
        found: dict[str, Paise] = {}
        for fact in self._facts("correction"):
            correction = self._decoded(fact.payload, Correction)
            found[correction.tag] = found.get(correction.tag, 0) + correction.change
        return found

    def _charges(self, trade: ClosedTrade, orders: Iterable[OrderStory]) -> Charges | None:
        """Return the charges of a trade by kind as they were kept, else if its orders come to what was counted."""
        if trade.charge_items is not None:
            return trade.charge_items
        known = self._instruments.get(trade.instrument)
        if known is None or not known.tradable:
            return None
        charges = NO_CHARGES
        for order in orders:
            if order.filled:
                charges += order_charges(known.kind, order.side, order.value, self.run.day)
        return charges if charges.total == trade.charges else None

    def _after(self, trade: str) -> tuple[AfterExit, ...]:
        found = (self._decoded(fact.payload, AfterExit) for fact in self._facts(AFTER_EXIT))
        return tuple(one for one in found if one.trade == trade)

    def _would_have(self, decision: str) -> WouldHave | None:
        return self._keyed(WOULD_HAVE, WouldHave).get(decision)

    def _facts(self, kind: str) -> list[Fact]:
        if kind not in self._read:
            self._read[kind] = self._ledger.records(kind, self.run.run)
        return self._read[kind]

    def _times(self, kind: str) -> dict[str, Instant]:
        return {fact.key: fact.time for fact in self._facts(kind)}

    def _keyed(self, kind: str, form: type[_Kind]) -> dict[str, _Kind]:
        return {fact.key: self._decoded(fact.payload, form) for fact in self._facts(kind)}

    def _event(self, payload: str) -> Order | _Asked:
        """Return an order as it stood, or what was asked of it: the latter says its kind."""
        form: Any = _Asked if "type" in self._decoded(payload, dict[str, msgspec.Raw]) else Order
        event: Order | _Asked = self._decoded(payload, form)
        return event

    def _decoded(self, payload: str, form: type[_Kind]) -> _Kind:
        try:
            return msgspec.json.decode(payload, type=form)
        except msgspec.DecodeError as error:
            raise LedgerError(
                f"{self._ledger.path}: a record of run {self.run.run} does not read: {error}"
            ) from error


def _asked(at: Instant, request: _Asked) -> OrderStep:
    if isinstance(request, CancelOrder):
        return OrderStep(at, CANCEL_ASKED)
    return OrderStep(
        at, CHANGE_ASKED, request.order_type, request.quantity, request.price, request.trigger_price
    )


def _moved(at: Instant, order: Order, before: Order | None) -> OrderStep:
    """Return what an order became; its terms are told where they are others than before."""
    words = order.message if before is None or order.message != before.message else ""
    if before is not None and before.terms != order.terms:
        return OrderStep(
            at,
            order.state.value,
            order.order_type,
            order.quantity,
            order.price,
            order.trigger_price,
            words,
        )
    return OrderStep(at, order.state.value, words=words)
