"""Planted mistakes of a shell that flattens with no engine; each must be noticed in some death."""

from collections.abc import Iterable

import msgspec

import config
from engine.core import flatten_core
from engine.core.flatten_core import FlattenCore
from engine.orders import exit_plan
from engine.orders.changes import ExitWay
from engine.orders.messages import Request
from engine.orders.order import Order, OrderTerms
from engine.orders.plan import Plan, TradeContext
from engine.orders.reconciliation_state import ReconciliationState
from engine.orders.states import UNPROVEN, OrderState
from engine.orders.tags import Ids
from tests.campaign.mutants import Mutant, Swap
from tests.campaign.named_mutants import Named
from tests.core import test_flatten_core as flattening


def _knows_nothing() -> tuple[Swap, ...]:
    begin = FlattenCore.__init__

    def begin_without(
        self: FlattenCore,
        settings: config.Settings,
        ids: Ids,
        now: int,
        *,
        known: Iterable[Order] = (),
        by: str,
        why: str,
    ) -> None:
        del known
        begin(self, settings, ids, now, by=by, why=why)

    return ((FlattenCore, "__init__", begin_without),)


def _waits_for_nothing() -> tuple[Swap, ...]:
    remembered = flatten_core._remembered

    def as_ended(order: Order, now: int) -> Order:
        known = remembered(order, now)
        return (
            msgspec.structs.replace(known, state=OrderState.CANCELLED) if order.state in UNPROVEN else known
        )

    return ((flatten_core, "_remembered", as_ended),)


def _sends_anew() -> tuple[Swap, ...]:
    move_on = exit_plan._move_on

    def take_back(plan: Plan, s: TradeContext, order: Order, wanted: OrderTerms, way: ExitWay) -> None:
        del way
        move_on(plan, s, order, wanted, ExitWay.REPLACE)

    return ((exit_plan, "_move_on", take_back),)


def _sweeps_at_once() -> tuple[Swap, ...]:
    def known(self: ReconciliationState, instrument: str) -> bool:
        del self, instrument
        return False

    return ((ReconciliationState, "says_nothing_of", known),)


def _leaves_uncovered() -> tuple[Swap, ...]:
    def go(self: FlattenCore, now: int) -> list[Request]:
        del self, now
        return []

    return ((FlattenCore, "cover", go),)


SHELL_MUTANTS = (
    Mutant("a shell believes two empty lists against what is known", _knows_nothing),
    Mutant("a shell waits for no order that left without an answer", _waits_for_nothing),
    Mutant("a shell takes a resting exit back and sends it anew", _sends_anew),
)

NAMED_SHELL_MUTANTS = (
    Named(
        Mutant("a stop is swept before it is read what is held", _sweeps_at_once),
        flattening.test_a_stop_becomes_the_exit_with_one_write_and_nothing_else_leaves,
    ),
    Named(
        Mutant("a shell whose time is up leaves a stop cancelled", _leaves_uncovered),
        flattening.test_when_the_time_is_up_nothing_is_left_without_an_order_of_its_closing_side,
    ),
)
