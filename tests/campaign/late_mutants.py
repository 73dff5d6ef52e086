"""Planted mistakes about news that comes in another order than what it tells of: each has a test that notices it."""

from collections.abc import Callable
from functools import partial

from engine.orders import broker_events, exit_plan, external_fills
from engine.orders import late_news as late_news_module
from engine.orders.late_news import LateNews
from tests.campaign.mutants import Mutant, Swap
from tests.core import test_late_news as late_news
from tests.core import test_worn_orders as worn_orders


def _left_outside() -> tuple[Swap, ...]:
    return ((broker_events, "set_in_time", lambda *_: None),)


def _in_order_of_news() -> tuple[Swap, ...]:
    return ((LateNews, "tell", lambda *_, **__: ()),)


def _sold_at_any_time() -> tuple[Swap, ...]:
    lay = late_news_module._Line.lay

    def ours_first(self: late_news_module._Line, move: late_news_module._Move) -> None:
        move.time = move.time if move.theirs else 0
        lay(self, move)

    return ((late_news_module._Line, "lay", ours_first),)


def _never_given_back() -> tuple[Swap, ...]:
    return ((external_fills, "_give_back", lambda _, trade, *__: trade),)


def _always_dated() -> tuple[Swap, ...]:
    return ((external_fills, "_dated", lambda *_: True),)


def _excess_left() -> tuple[Swap, ...]:
    return ((exit_plan, "_see_through", lambda *_: None),)


LATE: tuple[tuple[Mutant, Callable[[], None]], ...] = (
    (
        Mutant("what others closed before our entry was told lies outside for ever", _left_outside),
        late_news.test_a_square_off_told_before_the_entry_it_closed_closes_our_trade,
    ),
    (
        Mutant("what others sold before our entry filled closes it", _sold_at_any_time),
        late_news.test_what_others_sold_before_our_entry_filled_stays_theirs,
    ),
    (
        Mutant("a sale costs ours what an older purchase of theirs covers", _never_given_back),
        partial(
            late_news.test_a_sale_told_before_the_older_purchase_it_closed_costs_ours_nothing_of_that, 60, 40
        ),
    ),
    (
        Mutant("a sale older than our entry closes it", _in_order_of_news),
        late_news.test_a_sale_older_than_our_entry_and_told_after_it_closes_nothing_of_ours,
    ),
    (
        Mutant("a sale closes what others bought after it", _in_order_of_news),
        partial(
            late_news.test_a_sale_told_after_a_younger_purchase_closes_only_what_theirs_was_before_it, 40, 40
        ),
    ),
    (
        Mutant("a time that has not moved dates a fill", _always_dated),
        late_news.test_a_sale_known_before_our_entry_filled_closes_ours_by_a_time_that_has_not_moved,
    ),
    (
        Mutant("what a fill on the way of a change has added is left", _excess_left),
        worn_orders.test_a_fill_that_meets_a_change_on_its_way_is_taken_off_at_the_first_word_of_it,
    ),
)
