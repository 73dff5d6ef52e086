"""Planted mistakes of what closes, what stands behind it, and what is said while neither does its work."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from engine.core.book_schedule import BookSchedule
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders import (
    broker_events,
    denied_closings,
    exit_plan,
    order_book,
    plight,
    plight_watch,
    reconciliation,
    stop_plan,
    stops,
    unproven_closings,
)
from engine.orders.gate import Draft, Gate, GateDenial, GateFacts
from engine.orders.messages import OrderReport, OrderType, Role
from engine.orders.order import Order
from engine.orders.parts import tend_part
from engine.orders.plan import Place, Plan, TradeContext
from engine.orders.quote import marketable_price
from engine.orders.reports import WAITS_AGAIN, waits_again
from engine.orders.tick_prices import stop_prices
from engine.orders.unproven_closings import UnprovenClosings
from tests.campaign.mutants import Mutant, Swap
from tests.core import test_denied_closings as denied
from tests.core import test_lost_exits as lost_exits
from tests.core import test_products as products
from tests.core import test_silence as silence
from tests.core import test_slow_answers as slow_answers
from tests.core import test_what_others_close as what_others_close
from tests.core.hostile import OTHER

_FALSELY = (
    denied.test_a_position_that_a_phone_is_falsely_said_to_have_closed_is_stopped_again_with_the_next_lists
)


def _planned_trigger(s: TradeContext) -> tuple[int, int] | None:
    """The stop behind a lost exit waits where it was planned, or nowhere."""
    stop = s.trade.stop
    if stop is None or s.quote.last is None or (s.quote.last - stop.trigger) * s.trade.side.sign <= 0:
        return None
    return stop_prices(s, stop.trigger, stop.limit)


def _at_planned_trigger_alone() -> tuple[Swap, ...]:
    return ((exit_plan, "stop_behind", _planned_trigger),)


def _fires_as_it_arrives() -> tuple[Swap, ...]:
    """The stop behind a lost exit goes to its planned trigger though the market has gone through it."""

    def planned(s: TradeContext) -> tuple[int, int] | None:
        stop = s.trade.stop
        return None if stop is None else stop_prices(s, stop.trigger, stop.limit)

    return ((exit_plan, "stop_behind", planned),)


def _never_given_time() -> tuple[Swap, ...]:
    return ((broker_events, "REFUSED_FOR", 0),)


def _rests_is_at_work() -> tuple[Swap, ...]:
    """Whatever rests is taken to be closing what is held."""
    return ((plight_watch, "at_work", lambda order, *_: order.resting),)


def _looks_at_timers_alone() -> tuple[Swap, ...]:
    """An update of the price that leaves an exit behind is not noticed before something else happens."""
    return ((plight_watch.Plights, "goes_by_price", lambda *_: False),)


def _unfilled_for_ever() -> tuple[Swap, ...]:
    return ((plight, "UNFILLED_FOR", 3_600 * SECOND),)


def _over_at_once() -> tuple[Swap, ...]:
    """A trade that others are said to have closed ends with the first word of it."""
    return ((UnprovenClosings, "of", lambda *_: 0),)


def _old_for_ever() -> tuple[Swap, ...]:
    """A list that tells of fewer fills of others than were told is old, however long ago that was."""
    return ((reconciliation, "deny_fills", lambda *_: None),)


def _totals_close_for_ever() -> tuple[Swap, ...]:
    return ((reconciliation, "deny_totals", lambda *_: None),)


def _denied_by_an_old_list() -> tuple[Swap, ...]:
    return ((denied_closings, "DENIED_AFTER", 0),)


def _left_out_is_closed() -> tuple[Swap, ...]:
    """A position that one list leaves out is closed, whatever a later one shows."""
    return ((unproven_closings, "UNSHOWN_FOR", 0),)


def _taken_back_by_an_old_list() -> tuple[Swap, ...]:
    """A list from before the word takes back that a stop of theirs has fired."""

    def waits(order: Order, report: OrderReport, asked_at: int | None) -> Order:
        return waits_again(order, report, None if asked_at is None else asked_at + WAITS_AGAIN)

    return ((order_book, "waits_again", waits),)


def _fired_waits_for_its_turn() -> tuple[Swap, ...]:
    """What a stop of theirs is ahead of is looked at with the regular read only."""
    return ((BookSchedule, "_fired", lambda _: None),)


def _behind_is_a_second_exit() -> tuple[Swap, ...]:
    """The stop behind a lost exit is turned into an exit beside it."""
    return ((exit_plan, "_stops_beside", lambda *_: []),)


def _part_leaves_beside_the_stop() -> tuple[Swap, ...]:
    """The exit of a part leaves before the stop has been lowered for it."""
    check = Gate.check

    def tend_at_once(plan: Plan, s: TradeContext, stops: list[Order]) -> int:
        part = plan.trade.part
        if part is None or part.tag:
            return tend_part(plan, s, stops)
        priced = marketable_price(s.instrument, s.side, part.quantity, s.quote, s.band, 0)
        if priced is not None:
            plan.wishes.append(Place(Role.EXIT, OrderType.LIMIT, part.quantity, priced.price))
        return part.quantity

    def check_alone(self: Gate, draft: Draft, around: GateFacts, now: int) -> GateDenial | None:
        return check(self, draft, replace(around, orders=()), now)

    return ((stop_plan, "tend_part", tend_at_once), (Gate, "check", check_alone))


def _moves_are_not_coalesced() -> tuple[Swap, ...]:
    return ((stops, "waits_for_answer", lambda *_: False),)


CLOSES: tuple[tuple[Mutant, Callable[[], None]], ...] = (
    (
        Mutant("a lost exit has a stop behind it at its planned trigger only", _at_planned_trigger_alone),
        partial(
            lost_exits.test_a_stop_stands_behind_a_lost_exit_of_what_never_had_one,
            "lost",
            130,
            OTHER,
        ),
    ),
    (
        Mutant("the stop behind a lost exit fires as it arrives", _fires_as_it_arrives),
        partial(
            lost_exits.test_a_stop_beyond_the_market_stands_behind_a_lost_exit_whose_trigger_the_price_has_gone_through,
            "lost",
            Side.BUY,
        ),
    ),
    (
        Mutant("no stop goes back beyond the market while exits are refused", _at_planned_trigger_alone),
        lost_exits.test_while_exits_are_refused_a_stop_goes_back_beyond_a_market_that_has_gone_through_its_trigger,
    ),
    (
        Mutant("three refusals of one moment give a quantity up", _never_given_time),
        products.test_a_product_whose_exit_is_refused_for_a_moment_only_is_closed_however_often_it_was,
    ),
    (
        Mutant("an exit that rests behind the market is not worth a word", _rests_is_at_work),
        partial(
            silence.test_an_exit_that_rests_behind_the_market_and_cannot_be_moved_is_said_to_leave_it_naked,
            fault="refuse",
            way="modify",
        ),
    ),
    (
        Mutant("an update that leaves an exit behind is not noticed", _looks_at_timers_alone),
        partial(silence.test_an_exit_that_one_update_leaves_behind_is_timed_from_that_update, seed=1406),
    ),
    (
        Mutant("an exit that the market should meet is waited for in silence", _unfilled_for_ever),
        silence.test_an_exit_that_the_market_should_meet_and_does_not_is_said_to_leave_it_naked,
    ),
    (
        Mutant("a trade is over with the first word of others", _over_at_once),
        partial(_FALSELY, side=Side.BUY, taken_back=False),
    ),
    (
        Mutant("a list that tells less of others is old for ever", _old_for_ever),
        partial(_FALSELY, side=Side.BUY, taken_back=True),
    ),
    (
        Mutant("what one read of totals closed is never ours again", _totals_close_for_ever),
        partial(
            denied.test_a_position_that_one_read_alone_says_was_closed_is_stopped_again_by_the_read_that_denies_it,
            1,
        ),
    ),
    (
        Mutant("a list from before the word denies a true sale", _denied_by_an_old_list),
        denied.test_a_list_from_before_the_word_of_a_true_sale_gives_nothing_back,
    ),
    (
        Mutant("a position that lists leave out is closed at once", _left_out_is_closed),
        denied.test_a_position_left_out_of_the_lists_for_half_a_minute_is_stopped_again_when_they_show_it,
    ),
    (
        Mutant("a list from before the word takes a fired stop of theirs back", _taken_back_by_an_old_list),
        what_others_close.test_a_list_from_before_a_stop_of_theirs_fired_takes_nothing_back,
    ),
    (
        Mutant("a stop of theirs that is called fired waits for the regular read", _fired_waits_for_its_turn),
        what_others_close.test_a_stop_of_theirs_that_only_one_message_calls_fired_leaves_ours_whole_again_with_the_next_read,
    ),
    (
        Mutant("the stop behind a lost exit becomes a second exit", _behind_is_a_second_exit),
        slow_answers.test_an_exit_that_shows_eight_seconds_late_closes_and_the_stop_behind_it_is_cancelled,
    ),
    (
        Mutant("a part leaves before the stop is lowered for it", _part_leaves_beside_the_stop),
        lost_exits.test_half_of_a_position_never_leaves_beside_a_stop_that_was_not_lowered_for_it,
    ),
    (
        Mutant("every move of a stop leaves at once", _moves_are_not_coalesced),
        slow_answers.test_a_stop_whose_answer_is_slow_has_one_change_under_way_at_a_time,
    ),
)
