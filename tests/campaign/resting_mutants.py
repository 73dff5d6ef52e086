"""Planted mistakes about the trader's orders that rest at the exchange until their price comes."""

from collections.abc import Callable

from engine.contract.commands import RestOrder
from engine.core.trader_orders import TraderOrders
from engine.market.clock import Instant
from engine.orders import manager, stop_plan
from engine.orders.manager import OrderManager
from engine.orders.order import Order
from engine.orders.plan import Cancel, OrderAction, Plan, TradeContext
from engine.orders.resting_orders import Rest, RestingLives
from engine.orders.trade import MANUAL, Trade
from tests.campaign.mutants import Hunt, Mutant, Swap, hunted
from tests.campaign.resting import run_resting
from tests.core import test_resting_orders as resting_orders

WITHIN = 200
"""Schedules in which a mutant must be noticed."""


def hunt_resting(mutant: Mutant, schedules: int = WITHIN, first: int = 0) -> Hunt:
    """Run schedules of what rests against a mutant until one breaks a law."""
    return hunted(mutant, lambda seed: run_resting(seed).broken, schedules, first)


def _rests(self: OrderManager, wish: OrderAction) -> bool:
    """Say whether a wish would cancel what rests by the trader's hand."""
    lives = self.entry_life
    if not isinstance(wish, Cancel) or not isinstance(lives, RestingLives):
        return False
    return lives.get(wish.order.tag) is not None


def _outlives_the_kill() -> tuple[Swap, ...]:
    grant = OrderManager._grant

    def leaves_it(self: OrderManager, wish: OrderAction, s: TradeContext, now: Instant) -> Instant | None:
        return None if self.kill.active and _rests(self, wish) else grant(self, wish, s, now)

    return ((OrderManager, "_grant", leaves_it),)


def _is_no_risk() -> tuple[Swap, ...]:
    return ((TraderOrders, "_at_risk", lambda *_: 0),)


def _fills_without_a_stop() -> tuple[Swap, ...]:
    original = stop_plan.plan_protection

    def waits(s: TradeContext) -> Plan:
        more = s.trade.setup == MANUAL and s.entries and s.trade.open
        return Plan(s.trade) if more else original(s)

    return ((manager, "plan_protection", waits),)


def _both_sides() -> tuple[Swap, ...]:
    beside = TraderOrders._beside

    def any_side(self: TraderOrders, command: RestOrder, running: Trade | None) -> object:
        same = running is None or running.side is command.side or running.entry_quantity
        return beside(self, command, running) if same else None

    return ((TraderOrders, "_beside", any_side),)


def _outlives_a_pause() -> tuple[Swap, ...]:
    grant = OrderManager._grant

    def leaves_it(self: OrderManager, wish: OrderAction, s: TradeContext, now: Instant) -> Instant | None:
        taken_back = not _rests(self, wish) or self.kill.active
        return grant(self, wish, s, now) if taken_back else None

    return ((TraderOrders, "_spent", lambda *_: ""), (OrderManager, "_grant", leaves_it))


def _outlives_its_trade() -> tuple[Swap, ...]:
    def for_ever(self: TraderOrders, trade: Trade, rest: Rest, now: Instant) -> str:
        del self, trade, rest, now
        return ""

    def ends(self: RestingLives, order: Order, now: Instant) -> Instant | None:
        if order.tag not in self._rests:
            return self._lives.ends(order, now)
        return order.sent_at if order.cancel_at is not None else None

    return ((TraderOrders, "_over", for_ever), (RestingLives, "ends", ends))


RESTING_MUTANTS = (
    Mutant("what rests outlives the kill", _outlives_the_kill),
    Mutant("what fills while more of it rests has no stop", _fills_without_a_stop),
    Mutant("both sides of an instrument rest at once", _both_sides),
    Mutant("what rests outlives a pause and a person's cancel", _outlives_a_pause),
    Mutant("what rests outlives its trade", _outlives_its_trade),
)

RESTS: tuple[tuple[Mutant, Callable[[], None]], ...] = (
    (
        Mutant("what rests counts for no risk", _is_no_risk),
        resting_orders.test_all_that_rests_in_any_instrument_stays_inside_one_risk,
    ),
)
