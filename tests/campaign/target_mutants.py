"""Planted mistakes about targets, and about stops that say they are something else: each has a test that notices it."""

from collections.abc import Callable
from functools import partial

from engine.core import trade_manager
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders import exit_plan, external_clearing, parts, targets
from engine.orders.messages import OrderType
from engine.orders.order import Order
from engine.orders.plan import Plan, TradeContext
from engine.orders.states import OrderState
from engine.orders.trade import Trade, leave
from tests.campaign.mutants import Mutant, Swap
from tests.core import test_disguised_stops as disguised
from tests.core import test_targets as at_target


def _chased() -> tuple[Swap, ...]:
    def aim(trade: Trade, reason: str, limit: int, now: int) -> Trade:
        del limit, now
        return leave(trade, reason)

    return ((trade_manager, "aim", aim),)


def _never_put_back() -> tuple[Swap, ...]:
    def after_target(s: TradeContext) -> tuple[Trade, int | None]:
        return s.trade, None

    return ((external_clearing, "after_target", after_target),)


def _part_left_resting() -> tuple[Swap, ...]:
    return ((parts, "RESTS_FOR", 3_600 * SECOND),)


def _again_at_once() -> tuple[Swap, ...]:
    return ((targets, "AGAIN_AFTER", 0),)


def _waits_unmoved() -> tuple[Swap, ...]:
    tend = exit_plan._tend

    def leave_alone(plan: Plan, s: TradeContext, order: Order, rest: int) -> None:
        if order.state is not OrderState.ARMED or order.order_type is OrderType.STOP_LIMIT:
            tend(plan, s, order, rest)

    return ((exit_plan, "_tend", leave_alone),)


_PUT_BACK = at_target.test_unfilled_for_a_second_the_stop_is_put_back_at_its_trigger_and_nothing_is_chased
_PART_BACK = (
    at_target.test_a_first_target_that_does_not_fill_gives_its_part_back_to_the_stop_and_counts_as_not_taken
)
_AGAIN = at_target.test_the_target_is_watched_again_and_taken_by_a_later_book_that_reaches_it
_BY_A_SHELL = (
    disguised.test_a_shell_closes_a_stop_that_its_ledger_knows_as_armed_and_the_broker_shows_otherwise
)

TARGETS: tuple[tuple[Mutant, Callable[[], None]], ...] = (
    (Mutant("an unfilled target chases", _chased), partial(_PUT_BACK, "modify", Side.BUY)),
    (Mutant("an unfilled target rests for ever", _never_put_back), partial(_PUT_BACK, "replace", Side.SELL)),
    (Mutant("an unfilled part of a target is left without its stop", _part_left_resting), _PART_BACK),
    (Mutant("a target is tried again at once", _again_at_once), partial(_AGAIN, "modify")),
    (
        Mutant("a limit that waits for a trigger is left waiting", _waits_unmoved),
        partial(_BY_A_SHELL, disguised.waits_and_says_limit, True),
    ),
)
