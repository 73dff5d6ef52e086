"""Planted mistakes about what others do in the same account, and about what fills were worth: each must be noticed."""

from collections.abc import Callable

import msgspec

from engine.core.account import Account
from engine.market.clock import Instant
from engine.orders import external_clearing, external_fills, external_orders, reconciliation
from engine.orders.exit_plan import plan_close
from engine.orders.external_orders import Ahead, External, ExternalReach
from engine.orders.manager import OrderManager
from engine.orders.order import Correction, Fill, Order
from engine.orders.plan import Plan, TradeContext
from engine.orders.portfolio import Corrected, Portfolio
from engine.orders.quote import Quote
from engine.orders.trade import Trade, leave
from tests.campaign.mutants import Hunt, Mutant, Swap, hunted
from tests.campaign.others import run_others

WITHIN = 300
"""Schedules in which one must be noticed."""


def hunt_others(mutant: Mutant, schedules: int = WITHIN, first: int = 0) -> Hunt:
    """Run schedules of an account that is not ours alone against a mutant until one breaks a law."""
    return hunted(mutant, lambda seed: run_others(seed).broken, schedules, first)


def _exit_on_any_sale() -> tuple[Swap, ...]:
    original = external_fills.fold_external

    def fold(
        manager: OrderManager, fill: Fill, order: Order | None, now: Instant, *, before: Order | None = None
    ) -> None:
        held = manager.portfolio.current(fill.instrument, fill.product)
        original(manager, fill, order, now, before=before)
        trade = manager.portfolio.current(fill.instrument, fill.product)
        if trade is not None and held is not None and trade.exit_quantity > held.exit_quantity:
            manager.portfolio.put(leave(trade, external_fills.CLOSED_OUTSIDE))

    from engine.orders import broker_events

    return (
        (external_fills, "fold_external", fold),
        (reconciliation, "fold_external", fold),
        (broker_events, "fold_external", fold),
    )


def _never_ahead() -> tuple[Swap, ...]:
    def nothing(self: External, trade: Trade, quote: Quote, now: Instant, *, kill: bool) -> Ahead:
        del self, trade, quote, now, kill
        return Ahead(0)

    return ((External, "ahead", nothing),)


def _always_ahead() -> tuple[Swap, ...]:
    def ahead(*_: object) -> ExternalReach:
        return ExternalReach.AHEAD

    return ((external_orders, "reach", ahead),)


def _exit_beside_theirs() -> tuple[Swap, ...]:
    """Neither cancelled first nor counted once we leave."""
    original = External.ahead

    def plan(s: TradeContext, _: External, *, kill: bool) -> Plan:
        del kill
        return plan_close(s)

    def held(self: External, trade: Trade, quote: Quote, now: Instant, *, kill: bool) -> Ahead:
        return Ahead(0) if trade.leaving else original(self, trade, quote, now, kill=kill)

    from engine.orders import manager

    return ((manager, "plan_exit", plan), (External, "ahead", held), (external_clearing, "plan_exit", plan))


def _told_twice_counts_twice() -> tuple[Swap, ...]:
    def everything(_: External, fill: Fill) -> tuple[Fill, tuple[Correction, ...]]:
        return fill, ()

    return ((External, "unheard", everything),)


def _ours_closed_before_theirs() -> tuple[Swap, ...]:
    return ((Portfolio, "beside", lambda *_: 0),)


def _excess_of_a_race_left() -> tuple[Swap, ...]:
    return ((External, "raced", lambda *_: 0),)


def _closed_trade_not_corrected() -> tuple[Swap, ...]:
    corrected = Account.corrected

    def forgetful(self: Account, correction: Correction, changes: tuple[Corrected, ...]) -> None:
        known, self._closed = self._closed, {}
        corrected(self, correction, changes)
        self._closed = known

    return ((Account, "corrected", forgetful),)


def _correction_left_out() -> tuple[Swap, ...]:
    def same(_: Portfolio, correction: Correction) -> tuple[Corrected, ...]:
        del correction
        return ()

    return ((Portfolio, "correct", same),)


def _part_of_a_sale_lost() -> tuple[Swap, ...]:
    original: Callable[[Fill, int, str], Fill] = external_fills._part

    def short(fill: Fill, quantity: int, trade: str) -> Fill:
        part = original(fill, quantity, trade)
        return msgspec.structs.replace(part, quantity=max(part.quantity - 1, 1))

    return ((external_fills, "_part", short),)


OTHERS_MUTANTS = (
    Mutant("any sale by others begins our own exit of the rest", _exit_on_any_sale),
    Mutant("what others sell at the market is never counted ahead", _never_ahead),
    Mutant("a target of theirs far away is counted ahead", _always_ahead),
    Mutant("an exit beside their order, neither cancelled nor counted", _exit_beside_theirs),
    Mutant("a sale told by totals and by its order counts twice", _told_twice_counts_twice),
    Mutant("ours is closed before what they hold beside us", _ours_closed_before_theirs),
    Mutant("the excess of a race is left", _excess_of_a_race_left),
    Mutant("the result of a trade that is over is not corrected", _closed_trade_not_corrected),
    Mutant("a correction of the broker's executions is left out", _correction_left_out),
    Mutant("a unit of what others sold is lost", _part_of_a_sale_lost),
)
