"""An order that was changed often is replaced before the broker refuses; a partly filled one is never changed."""

import msgspec
import pytest

from engine.contract.commands import ExitPosition, Kill, TightenStop
from engine.market.clock import MILLISECOND, SECOND
from engine.orders.changes import MOST_CHANGES
from engine.orders.messages import ModifyOrder, Role
from engine.orders.order import Order
from tests.core.broker import LATENCY
from tests.core.broker import MOST_CHANGES as BROKERS_MOST
from tests.core.changing import bought, cancels, changes, covers, fill_more, partly_bought, until
from tests.core.entries import buy
from tests.core.faults import latch, placed, stop_of, writes
from tests.core.hostile import STOCK, TICK, World
from tests.core.oracles import Oracles


def known(world: World, tag: str) -> Order:
    order = world.core.orders.get(tag)
    assert order is not None
    return order


def wear_out(world: World) -> int:
    """Move the stop a tick at a time until its changes are used up; return its trigger."""
    first = stop_of(world).trigger_price
    for step in range(1, MOST_CHANGES + 1):
        world.trade()
        world.tell(TightenStop(f"w{step}", STOCK, first + step * TICK))
        world.run(200 * MILLISECOND)
    assert len(changes(world)) == MOST_CHANGES
    return first + MOST_CHANGES * TICK


def test_a_stop_that_was_changed_twenty_times_is_replaced_while_price_is_far_from_it() -> None:
    world, rest = bought()
    trigger = wear_out(world)
    assert stop_of(world).trigger_price == trigger
    world.trade(STOCK, world.prices[STOCK] + 40_00)
    world.tell(TightenStop("t", STOCK, trigger + TICK))
    world.run(SECOND)
    assert len(changes(world)) == MOST_CHANGES
    assert len(placed(world, Role.STOP)) == 2
    assert stop_of(world).trigger_price == trigger + TICK
    assert covers(world)
    assert rest.longest_naked <= 300 * MILLISECOND


def test_a_stop_that_was_changed_twenty_times_stays_while_price_is_near_it() -> None:
    world, _ = bought()
    trigger = wear_out(world)
    world.trade(STOCK, trigger + 30 * TICK)
    world.tell(TightenStop("t", STOCK, trigger + TICK))
    world.run(5 * SECOND)
    assert (stop_of(world).trigger_price, len(placed(world, Role.STOP))) == (trigger, 1)
    world.trade(STOCK, trigger + 40_00)
    world.run(3 * SECOND)
    assert (stop_of(world).trigger_price, len(placed(world, Role.STOP))) == (trigger + TICK, 2)
    assert covers(world)


def test_a_stop_that_was_changed_twenty_times_trails_no_more() -> None:
    world, _ = bought()
    wear_out(world)
    trade = world.core.manager.portfolio.current(STOCK)
    assert trade is not None
    assert trade.stop is not None
    for step in range(1, 200):
        world.trade(STOCK, world.prices[STOCK] + 10 * TICK)
        world.run(2 * SECOND)
        if step % 20 == 0:
            assert len(changes(world)) == MOST_CHANGES
    still = world.core.manager.portfolio.current(STOCK)
    assert still is not None
    assert still.stop is not None
    assert still.stop.trigger == trade.stop.trigger


def test_an_exit_that_was_moved_twenty_times_is_seen_cancelled_and_placed_anew() -> None:
    world, rest = bought()
    world.liquidity[STOCK] = 0
    world.tell(ExitPosition("x", STOCK))
    for _ in range(45):
        world.run(SECOND)
        world.trade(STOCK, world.prices[STOCK] - 10 * TICK)
    most = max(order.changes for order in world.orders.values())
    assert most <= MOST_CHANGES < BROKERS_MOST
    assert len(placed(world, Role.EXIT)) >= 1
    assert len(cancels(world)) == len(placed(world, Role.EXIT))
    world.liquidity.clear()
    world.settle(3 * SECOND)
    assert world.position() == 0
    assert rest.longest_naked <= 300 * MILLISECOND


def test_what_fills_beside_a_stop_that_was_changed_often_has_a_stop_of_its_own() -> None:
    world, rest = partly_bought(100)
    stop = stop_of(world)
    order = known(world, stop.tag)
    world.core.orders._store(msgspec.structs.replace(order, moves=MOST_CHANGES))
    fill_more(world, 50)
    world.run(SECOND)
    assert sorted(order.quantity for order in world.live(STOCK) if order.role is Role.STOP) == [50, 100]
    assert changes(world) == []
    assert rest.longest_naked <= 300 * MILLISECOND


@pytest.mark.parametrize("whole_or_rest", ["whole", "rest"])
@pytest.mark.parametrize("way", ["modify", "replace"])
def test_an_exit_that_fills_in_pieces_never_leaves_more_at_rest_than_is_held(
    whole_or_rest: str, way: str
) -> None:
    world, _ = bought(way=way)
    world.quantity_is_rest = whole_or_rest == "rest"
    world.liquidity[STOCK] = 300
    world.tell(ExitPosition("x", STOCK))
    for piece in (0, 70, 0, 5, 0, 0, 111, 1, 0, 13):
        world.run(700 * MILLISECOND)
        world.liquidity[STOCK] = piece
        world.trade(STOCK, world.prices[STOCK] - 3 * TICK)
    world.liquidity.clear()
    took = until(world, lambda: world.position() == 0, 10 * SECOND)
    assert took <= 3 * SECOND
    for write in writes(world):
        if isinstance(write, ModifyOrder):
            assert write.quantity >= known(world, write.tag).quantity


@pytest.mark.parametrize("whole_or_rest", ["whole", "rest"])
def test_a_fired_stop_that_fills_in_pieces_is_chased_and_never_turns_the_position(whole_or_rest: str) -> None:
    world, _ = bought()
    world.quantity_is_rest = whole_or_rest == "rest"
    world.liquidity[STOCK] = 400
    world.trade(STOCK, stop_of(world).trigger_price - TICK)
    world.run(SECOND // 2)
    world.trade(STOCK, world.prices[STOCK] - 400 * TICK)
    for _ in range(20):
        world.liquidity[STOCK] = 40
        world.trade()
        world.run(500 * MILLISECOND)
    world.liquidity.clear()
    world.settle(5 * SECOND)
    assert world.position() == 0


@pytest.mark.parametrize("whole_or_rest", ["whole", "rest"])
def test_the_kill_ends_flat_under_either_reading_of_a_changes_quantity(whole_or_rest: str) -> None:
    world, rest = bought()
    world.quantity_is_rest = whole_or_rest == "rest"
    world.liquidity[STOCK] = 500
    world.tell(Kill("k", "test"))
    world.run(SECOND)
    world.liquidity[STOCK] = 500
    world.settle(2 * SECOND)
    world.liquidity.clear()
    world.settle(5 * SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")
    assert rest.longest_naked <= 500 * MILLISECOND


def test_a_fill_that_meets_a_change_on_its_way_is_taken_off_at_the_first_word_of_it() -> None:
    world = World()
    oracles = Oracles(world)
    buy(world)
    world.run(2 * SECOND)
    world.quantity_is_rest = True
    world.liquidity[STOCK] = 0
    world.tell(ExitPosition("x", STOCK))
    turned = len(changes(world))
    until(world, lambda: len(changes(world)) > turned, 5 * SECOND)
    (exit_,) = world.live(STOCK)
    held = world.position()
    world.liquidity[STOCK] = 30
    world.trade()
    assert (world.position(), exit_.filled) == (held - 30, 30)
    # No order that could be sent prevents this: the change left before the fill and arrives after it.
    until(world, lambda: exit_.remaining > world.position(), SECOND)
    took = until(world, lambda: not exit_.live, SECOND)
    assert took <= 2 * LATENCY
    world.run(2 * LATENCY)
    assert sum(order.remaining for order in world.live(STOCK)) == world.position()
    world.liquidity.clear()
    world.settle(5 * SECOND)
    assert world.position() == 0
    oracles.at_rest()
