"""Planted mistakes of what closes, what stands behind it, and what is said while neither does its work."""

from collections.abc import Callable
from functools import partial

from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders import broker_events, exit_plan, plight, plight_watch
from engine.orders.plan import TradeContext
from engine.orders.tick_prices import stop_prices
from tests.campaign.mutants import Mutant, Swap
from tests.core import test_lost_exits as lost_exits
from tests.core import test_products as products
from tests.core import test_silence as silence
from tests.core.hostile import OTHER


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


def _unfilled_for_ever() -> tuple[Swap, ...]:
    return ((plight, "UNFILLED_FOR", 3_600 * SECOND), (plight_watch, "UNFILLED_FOR", 3_600 * SECOND))


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
        Mutant("an exit that the market should meet is waited for in silence", _unfilled_for_ever),
        silence.test_an_exit_that_the_market_should_meet_and_does_not_is_said_to_leave_it_naked,
    ),
)
