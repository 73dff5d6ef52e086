"""Planted mistakes about what lacks its stop: how long a stop is waited for, and what has room in the budget."""

from collections.abc import Callable
from functools import partial

from engine.market.clock import SECOND, Instant
from engine.orders import changes, dispatcher, exit_plan, gate, order_book, stop_plan
from engine.orders.dispatcher import Dispatcher
from engine.orders.order import Order
from engine.orders.requests import STOP_IN_DOUBT_FOR, is_lost_exit, unproven_since
from engine.orders.states import UNPROVEN
from tests.campaign.mutants import Mutant, Swap
from tests.core import test_slow_answers as slow_answers
from tests.core import test_unmade_changes as unmade_changes
from tests.core import test_what_others_close as what_others_close


def _lists_prove_nothing() -> tuple[Swap, ...]:
    """A stop that a list should show and does not is waited for as long as one that nobody could ask for."""

    def missing(order: Order, now: Instant) -> bool:
        return order.state in UNPROVEN and now >= unproven_since(order) + STOP_IN_DOUBT_FOR

    return ((exit_plan, "is_missing", missing), (stop_plan, "is_missing", missing))


def _waited_for_in_doubt() -> tuple[Swap, ...]:
    def missing(order: Order, _: Instant) -> bool:
        return order.state in UNPROVEN and order.missed_at > unproven_since(order)

    return ((exit_plan, "is_missing", missing), (stop_plan, "is_missing", missing))


def _receipt_is_proof() -> tuple[Swap, ...]:
    return ((order_book, "LISTED_WITHIN", 3_600 * SECOND),)


def _moves_use_the_budget_up() -> tuple[Swap, ...]:
    return ((dispatcher, "KEPT_FROM_MOVES", 0),)


def _cancelled_without_room() -> tuple[Swap, ...]:
    return ((Dispatcher, "_successors", lambda *_: 0),)


def _trusted_on() -> tuple[Swap, ...]:
    return ((changes, "_went_unheard", lambda *_: False),)


def _nothing_behind_a_lost_exit() -> tuple[Swap, ...]:
    return ((exit_plan, "_cover", lambda *_: None),)


def _second_exit_beside_a_lost_one() -> tuple[Swap, ...]:
    """An exit that no list shows is given up at once, and another leaves beside it."""
    return (
        (exit_plan, "given_up", is_lost_exit),
        (gate, "given_up", is_lost_exit),
        (exit_plan, "_cover", lambda *_: None),
    )


def _fired_for_ever() -> tuple[Swap, ...]:
    return ((order_book, "waits_again", lambda order, *_: order),)


COVER: tuple[tuple[Mutant, Callable[[], None]], ...] = (
    (
        Mutant("nothing stands behind an exit that no list shows", _nothing_behind_a_lost_exit),
        partial(slow_answers.test_a_stop_stands_within_two_seconds_behind_an_exit_that_no_list_shows, "lost"),
    ),
    (
        Mutant("a second exit leaves beside one that may still arrive", _second_exit_beside_a_lost_one),
        slow_answers.test_an_exit_that_shows_eight_seconds_late_closes_and_the_stop_behind_it_is_cancelled,
    ),
    (
        Mutant("a stop of theirs that was once called fired stays ahead of ours", _fired_for_ever),
        what_others_close.test_a_stop_of_theirs_that_only_one_message_calls_fired_leaves_ours_whole_again_with_the_next_read,
    ),
    (
        Mutant("a list that should show a stop and does not proves nothing", _lists_prove_nothing),
        partial(
            slow_answers.test_a_stop_that_no_list_shows_a_second_after_it_left_is_closed_over_at_once, "lost"
        ),
    ),
    (
        Mutant("a stop is waited for while no read can be had", _waited_for_in_doubt),
        partial(
            slow_answers.test_a_stop_in_doubt_is_closed_over_within_two_seconds_though_no_read_comes_back,
            "lost",
        ),
    ),
    (
        Mutant("the receipt of a stop proves that it rests", _receipt_is_proof),
        slow_answers.test_a_stop_that_was_acknowledged_and_that_no_list_shows_is_closed_over_within_two_seconds,
    ),
    (
        Mutant("moves of a stop use the budget up", _moves_use_the_budget_up),
        unmade_changes.test_moves_of_a_stop_leave_room_for_what_closes,
    ),
    (
        Mutant("a stop is cancelled though its exit cannot follow", _cancelled_without_room),
        unmade_changes.test_a_stop_is_cancelled_for_its_exit_only_where_the_exit_may_follow_at_once,
    ),
    (
        Mutant("a change that nobody answered for is trusted on", _trusted_on),
        unmade_changes.test_a_change_that_nobody_answered_for_is_trusted_no_more,
    ),
)
