"""Planted mistakes: each breaks one promise of the order path, and some schedule must notice."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import msgspec

from engine.market.clock import SECOND
from engine.orders import exit_plan, external_clearing, manager, order_book, reconciliation, stop_plan
from engine.orders.broker_events import BrokerEvents
from engine.orders.dispatcher import Dispatcher
from engine.orders.fence import Judgement
from engine.orders.gate import Draft, Gate, GateDenial, GateFacts, MessageBudget
from engine.orders.kill import Flattening, LatchState
from engine.orders.messages import (
    BrokerEvent,
    OrderReport,
    OrderType,
    PlaceOrder,
    ReadFailed,
    Role,
    Unanswered,
)
from engine.orders.order import Fill, Order
from engine.orders.order_book import AppliedMessage, OrderBook
from engine.orders.plan import Place, Plan, TradeContext
from engine.orders.quote import marketable_price
from engine.orders.states import OrderState
from engine.risk import entry_checks
from tests.campaign.schedule import run_seed
from tests.campaign.verdict import by_a_law

Swap = tuple[object, str, object]

WITHIN = 1_000
"""Schedules in which a mutant must be noticed."""


@dataclass(frozen=True)
class Mutant:
    """A mistake: what is put in the place of what, and the promise it breaks in words."""

    name: str
    swaps: Callable[[], tuple[Swap, ...]]


@dataclass(frozen=True)
class Hunt:
    """Where a mutant was noticed first. ``seed`` is None when no law of any schedule noticed it."""

    name: str
    seed: int | None
    broken: str
    schedules: int


@contextlib.contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Run the block with a mistake in the engine; afterwards everything is as before."""
    with contextlib.ExitStack() as stack:
        for owner, name, changed in mutant.swaps():
            stack.callback(setattr, owner, name, _plain(owner, name))
            setattr(owner, name, changed)
        yield


def hunt(mutant: Mutant, schedules: int = WITHIN, first: int = 0) -> Hunt:
    """Run schedules against a mutant until one breaks a law."""
    return hunted(mutant, lambda seed: run_seed(seed).broken, schedules, first)


def hunted(mutant: Mutant, run: Callable[[int], str], schedules: int, first: int = 0) -> Hunt:
    """Plant a mistake and run one seed after the other until something breaks; ``run`` returns what did.

    Broken by anything but a law it is not caught: the mistake does not fit the engine any more, or a law is mute.
    """
    with planted(mutant):
        for seed in range(first, first + schedules):
            broken = run(seed)
            if broken:
                caught = seed if by_a_law(broken) else None
                return Hunt(mutant.name, caught, broken, seed - first + 1)
    return Hunt(mutant.name, None, "", schedules)


def _plain(owner: object, name: str) -> object:
    """Return an attribute as it stands in its owner, static methods included."""
    return vars(owner)[name]


def _send_again(tag: Callable[[Dispatcher, Order], str]) -> Callable[[BrokerEvents, BrokerEvent, int], None]:
    """Return an inbox that answers silence by placing the same order again."""
    receive = BrokerEvents.receive

    def receive_and_repeat(self: BrokerEvents, event: BrokerEvent, now: int) -> None:
        dispatcher = self._manager.dispatcher
        if isinstance(event, Unanswered) and not event.request:
            order = self._manager.orders.get(event.tag)
            if order is not None and order.state is OrderState.SUBMITTED:
                again = msgspec.structs.replace(
                    order, tag=tag(dispatcher, order), sent_at=now, written_at=now
                )
                dispatcher.book._store(again)
                dispatcher.gate.budget.spend(now)
                dispatcher.outbox.append(_placement(again))
                self._manager.wake(order.instrument, now)
                return
        receive(self, event, now)

    return receive_and_repeat


def _placement(order: Order) -> PlaceOrder:
    return PlaceOrder(
        tag=order.tag,
        instrument=order.instrument,
        side=order.side,
        role=order.role,
        order_type=order.order_type,
        quantity=order.quantity,
        price=order.price,
        trigger_price=order.trigger_price,
        trade=order.trade,
    )


def _resend_on_timeout() -> tuple[Swap, ...]:
    return (
        (BrokerEvents, "receive", _send_again(lambda dispatcher, order: dispatcher.ids.next(order.role[0]))),
    )


def _resend_under_the_old_tag() -> tuple[Swap, ...]:
    return ((BrokerEvents, "receive", _send_again(lambda _, order: order.tag)),)


def _flat_on_a_failed_read() -> tuple[Swap, ...]:
    def receive(self: BrokerEvents, event: BrokerEvent, now: int) -> None:
        if isinstance(event, ReadFailed):
            last = self._manager.orders.last_fill_at
            self._manager.kill.answered(event.request, flat=True, last_fill_at=last, now=now)
        original(self, event, now)

    original = BrokerEvents.receive
    return ((BrokerEvents, "receive", receive),)


def _no_fence() -> tuple[Swap, ...]:
    answered = Flattening.answered

    def trusting(
        self: Flattening, request: str, *, flat: bool, last_fill_at: int, now: int, settled: bool = True
    ) -> None:
        del last_fill_at
        answered(self, request, flat=flat, last_fill_at=0, now=now, settled=settled)

    return (
        (reconciliation, "judge", lambda *_: Judgement({}, {})),
        (Flattening, "answered", trusting),
    )


def _exit_beside_the_stop() -> tuple[Swap, ...]:
    original = Gate.check

    def plan_close(s: TradeContext) -> Plan:
        plan = Plan(s.trade)
        for order in (*s.entries, *s.reducing):
            if order.role is not Role.EXIT:
                exit_plan.wish_cancel(plan, s, order)
        exits = sum(order.exposed for order in s.reducing if order.role is Role.EXIT)
        priced = marketable_price(s.instrument, s.side, s.closable, s.quote, s.band, 0)
        if s.closable > exits and s.takes_orders and priced is not None:
            plan.wishes.append(Place(Role.EXIT, OrderType.LIMIT, s.closable - exits, priced.price))
        plan.look_at(s.now + s.chase)
        return plan

    def check(self: Gate, draft: Draft, around: GateFacts, now: int) -> GateDenial | None:
        if draft.role is Role.EXIT:
            stops = tuple(order for order in around.orders if order.role is not Role.STOP)
            around = replace(around, orders=stops)
        return original(self, draft, around, now)

    return (
        (external_clearing, "plan_close", plan_close),
        (stop_plan, "plan_close", plan_close),
        (Gate, "check", check),
    )


def _stop_never_replaced() -> tuple[Swap, ...]:
    original = stop_plan.plan_protection

    def plan_protection(s: TradeContext) -> Plan:
        if s.trade.stop_losses and s.closable and not s.reducing:
            return Plan(s.trade)
        return original(s)

    return ((manager, "plan_protection", plan_protection),)


def _stop_never_raised() -> tuple[Swap, ...]:
    original = stop_plan.plan_protection

    def plan_protection(s: TradeContext) -> Plan:
        stop = next((order for order in s.reducing if order.role is Role.STOP), None)
        if stop is not None and s.trade.part is None:
            s = replace(s, closable=min(s.closable, stop.wanted.quantity - stop.filled))
        return original(s)

    return ((manager, "plan_protection", plan_protection),)


def _entries_while_latched() -> tuple[Swap, ...]:
    check = Gate.check

    def open_gate(self: Gate, draft: Draft, around: GateFacts, now: int) -> GateDenial | None:
        return check(self, draft, replace(around, latched=False), now)

    doors = tuple(door for door in entry_checks.DOOR_CHECKS if door is not entry_checks._latched)
    return ((Gate, "check", open_gate), (entry_checks, "DOOR_CHECKS", doors))


def _no_budget() -> tuple[Swap, ...]:
    return ((MessageBudget, "wait", lambda *_, **__: None),)


def _fill_counted_twice() -> tuple[Swap, ...]:
    reported = OrderBook.reported

    def gullible(
        self: OrderBook, report: OrderReport, now: int, *, asked_at: int | None = None
    ) -> AppliedMessage:
        known = self.get(report.tag)
        applied = reported(self, report, now, asked_at=asked_at)
        told_again = known is not None and 0 < report.filled_quantity == known.filled and asked_at is None
        if (
            known is None
            or not told_again
            or report.status != "complete"
            or known.state is not OrderState.FILLED
        ):
            return applied
        fill = Fill(
            known.tag,
            known.instrument,
            known.side,
            known.role,
            known.trade,
            report.filled_quantity,
            report.filled_value,
            report.time,
        )
        return msgspec.structs.replace(applied, fill=fill)

    return ((OrderBook, "reported", gullible),)


def _absent_at_once() -> tuple[Swap, ...]:
    """One empty read is taken as proof that an order never arrived."""
    return ((order_book, "ABSENT_PROBES", 1), (order_book, "ABSENT_AFTER", 0))


def _fired_stop_left_alone() -> tuple[Swap, ...]:
    hour = 3_600 * SECOND
    return ((stop_plan, "TRIGGERED_FOR", hour),)


def _kill_gives_up() -> tuple[Swap, ...]:
    """The kill marks itself done once its own orders are gone, without asking the broker."""
    settle = Flattening.settle

    def settle_alone(self: Flattening, *, quiet: bool, stuck: bool, now: int) -> bool:
        if quiet and self.latch is not None:
            self._mark(LatchState.FLAT)
            return False
        return settle(self, quiet=quiet, stuck=stuck, now=now)

    return ((Flattening, "settle", settle_alone),)


MUTANTS = (
    Mutant("resend on timeout", _resend_on_timeout),
    Mutant("resend under the old tag", _resend_under_the_old_tag),
    Mutant("flat said on a failed read", _flat_on_a_failed_read),
    Mutant("no fence: a read older than the last fill counts", _no_fence),
    Mutant("exit sent before the cancel of the stop is confirmed", _exit_beside_the_stop),
    Mutant("a stop cancelled by somebody else is never replaced", _stop_never_replaced),
    Mutant("a stop is not raised when more fills", _stop_never_raised),
    Mutant("entries allowed while latched", _entries_while_latched),
    Mutant("no limit on messages in a second", _no_budget),
    Mutant("a fill told twice counts twice", _fill_counted_twice),
    Mutant("one empty read proves an order missing", _absent_at_once),
    Mutant("a fired stop is left alone", _fired_stop_left_alone),
    Mutant("the kill says flat without asking", _kill_gives_up),
)
