"""A slow answer holds nothing up: the newest wish leaves when it comes, and what cannot wait goes another way."""

from itertools import pairwise

import pytest

import config
from engine.contract.commands import ExitPosition, Kill, TightenStop
from engine.market.clock import MILLISECOND, SECOND
from engine.orders.messages import ModifyOrder, OrderType, Role
from tests.core.changing import Rest, bought, changes, covers, fill_more, leaving, partly_bought, until
from tests.core.entries import buy
from tests.core.faults import latch, placed, stop_of, writes
from tests.core.hostile import OTHER, STOCK, TICK, World
from tests.core.oracles import Oracles
from tests.core.planned import MODIFY, READ, REPORT


def test_of_six_quick_moves_of_a_stop_the_first_and_the_newest_leave() -> None:
    world, _ = bought()
    first = stop_of(world).trigger_price
    for step in range(1, 7):
        world.tell(TightenStop(f"t{step}", STOCK, first + step * TICK))
    world.run(SECOND)
    assert [change.trigger_price for change in changes(world)] == [first + TICK, first + 6 * TICK]
    assert stop_of(world).trigger_price == first + 6 * TICK


def test_a_stop_whose_answer_is_slow_has_one_change_under_way_at_a_time() -> None:
    world, _ = bought()
    first = stop_of(world).trigger_price
    world.faults.standing[MODIFY] = "slow-answer"
    world.mute = True
    world.faults.standing[READ] = "fail"
    for step in range(1, 7):
        world.tell(TightenStop(f"t{step}", STOCK, first + step * TICK))
        world.run(100 * MILLISECOND)
    assert len(changes(world)) == 1
    world.run(2 * SECOND)
    assert [change.trigger_price for change in changes(world)] == [first + TICK, first + 6 * TICK]


@pytest.mark.parametrize("fault", ["silent", "slow-answer", "lost"])
def test_an_exit_leaves_at_once_while_a_move_of_the_stop_is_without_an_answer(fault: str) -> None:
    world, _ = bought()
    world.faults.modifies.append(fault)
    world.tell(TightenStop("t", STOCK, stop_of(world).trigger_price + TICK))
    world.run(100 * MILLISECOND)
    world.tell(ExitPosition("x", STOCK))
    took = until(world, lambda: world.position() == 0, 5 * SECOND)
    assert took <= 300 * MILLISECOND


@pytest.mark.parametrize("fault", ["silent", "lost", "late"])
def test_what_fills_while_a_stop_hangs_on_its_way_is_covered_by_other_means(fault: str) -> None:
    world = World()
    Oracles(world)
    world.faults.places += ["ok", fault]
    world.liquidity[STOCK] = 100
    buy(world)
    world.run(200 * MILLISECOND)
    fill_more(world, 50)
    took = until(world, lambda: len(placed(world, Role.STOP)) > 1, 5 * SECOND)
    assert took <= SECOND
    assert [order.quantity for order in placed(world, Role.STOP)] == [100, 50]
    world.liquidity.clear()
    world.run(2 * SECOND)
    assert leaving(world)
    world.settle(20 * SECOND)
    assert world.position() == 0


@pytest.mark.parametrize("fault", ["silent", "lost"])
def test_a_stop_that_no_list_shows_a_second_after_it_left_is_closed_over_at_once(fault: str) -> None:
    world = World()
    Oracles(world)
    rest = Rest(world)
    world.faults.places += ["ok", fault]
    buy(world)
    world.run(3 * SECOND)
    assert world.position() == 0
    assert rest.longest_naked <= SECOND + 200 * MILLISECOND
    assert [order.quantity for order in placed(world, Role.EXIT)] == [placed(world, Role.STOP)[0].quantity]
    world.settle(20 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])


def test_a_stop_that_was_acknowledged_and_that_no_list_shows_is_closed_over_within_two_seconds() -> None:
    world = World()
    Oracles(world)
    rest = Rest(world)
    world.faults.places += ["ok", "nothing"]
    buy(world)
    world.run(4 * SECOND)
    assert world.position() == 0
    assert rest.longest_naked <= 1_900 * MILLISECOND


@pytest.mark.parametrize("fault", ["ok", "lost"])
def test_a_stop_that_no_list_ever_showed_is_closed_over_though_a_change_of_it_is_under_way(
    fault: str,
) -> None:
    world = World()
    Oracles(world)
    rest = Rest(world)
    world.faults.places += ["ok", "nothing"]
    world.faults.standing[MODIFY] = fault
    buy(world)
    world.run(900 * MILLISECOND)
    world.tell(ExitPosition("x", STOCK))
    world.run(3 * SECOND)
    assert world.position() == 0
    assert rest.longest_naked <= 1_900 * MILLISECOND


@pytest.mark.parametrize("fault", ["silent", "lost"])
def test_a_stop_in_doubt_is_closed_over_within_two_seconds_though_no_read_comes_back(fault: str) -> None:
    world = World()
    Oracles(world)
    rest = Rest(world)
    world.faults.places += ["ok", fault]
    world.faults.standing[READ] = "fail"
    buy(world)
    world.run(4 * SECOND)
    assert world.position() == 0
    assert rest.longest_naked <= 1_900 * MILLISECOND


def test_a_stop_that_shows_eight_seconds_after_it_was_closed_over_is_cancelled_and_sells_nothing() -> None:
    world = World()
    Oracles(world)
    world.faults.places += ["ok", "late"]
    buy(world)
    world.run(3 * SECOND)
    assert world.position() == 0
    world.settle(20 * SECOND)
    late = next(order for order in world.orders.values() if order.late)
    assert (late.status, late.filled, world.position()) == ("cancelled", 0, 0)
    assert len(placed(world, Role.EXIT)) == 1


def test_a_stop_whose_answer_is_slow_stays_once_a_list_shows_it() -> None:
    world = World()
    Oracles(world)
    world.faults.places += ["ok", "slow-answer"]
    buy(world)
    world.run(50 * MILLISECOND)
    world.mute = True
    world.run(4 * SECOND)
    assert covers(world)
    assert not leaving(world)
    assert placed(world, Role.EXIT) == []


def test_what_a_stop_that_is_given_up_was_to_cover_waits_for_no_change_of_another() -> None:
    world = World()
    Oracles(world)
    rest = Rest(world)
    world.faults.places += ["ok", "silent"]
    world.faults.standing[MODIFY] = "lost"
    world.liquidity[STOCK] = 100
    buy(world)
    world.run(200 * MILLISECOND)
    fill_more(world, 50)
    world.run(3 * SECOND)
    assert rest.longest_naked <= SECOND + 300 * MILLISECOND


def test_a_stop_that_grows_while_its_answer_is_slow_takes_the_newest_quantity_only() -> None:
    world, rest = partly_bought(100)
    for _ in range(5):
        fill_more(world, 10)
        world.run(15 * MILLISECOND)
    world.run(SECOND)
    assert covers(world)
    assert [change.quantity for change in changes(world)][-1] == 150
    assert len(changes(world)) <= 3
    assert rest.longest_naked <= 300 * MILLISECOND


def test_an_exit_that_is_not_proven_to_rest_is_not_walked_down() -> None:
    world, _ = bought()
    world.liquidity[STOCK] = 0
    world.mute = True
    world.faults.standing[READ] = "fail"
    world.tell(ExitPosition("x", STOCK))
    world.run(20 * SECOND)
    asked = {change.price for change in changes(world) if change.order_type is OrderType.LIMIT}
    asked |= {order.price for order in placed(world, Role.EXIT)}
    assert len(asked) == 1
    assert stop_of(world).remaining == world.position(), "what nobody can see is not cancelled"


def test_an_exit_rests_for_its_time_at_each_price_however_slow_the_broker_is() -> None:
    world, _ = bought()
    world.liquidity[STOCK] = 0
    world.faults.standing[REPORT] = "slow"
    world.tell(ExitPosition("x", STOCK))
    at: list[tuple[int, int]] = []
    order = stop_of(world)
    for _ in range(800):
        world.run(10 * MILLISECOND)
        if not at or at[-1][1] != order.price:
            at.append((world.now, order.price))
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(at[1:])]
    assert len(gaps) >= 3
    assert min(gaps) >= SECOND


def test_one_slow_instrument_holds_up_no_other() -> None:
    world, _ = bought()
    buy(world, OTHER, "other")
    world.run(2 * SECOND)
    world.faults.modifies += ["slow-answer"]
    world.tell(Kill("k", "test"))
    world.run(300 * MILLISECOND)
    assert (world.position(), world.position(OTHER)) == (0, 0)
    world.settle(5 * SECOND)
    assert latch(world) == "FLAT"
    assert len([write for write in writes(world) if isinstance(write, ModifyOrder)]) == 2


def exit_lost(fault: str) -> tuple[World, int]:
    """Return a world that is leaving by a plain exit whose placement meets a fault, and the units held."""
    world = World(config.Settings.model_validate({"orders": {"exit_by": "replace"}}))
    Oracles(world)
    world.faults.places += ["ok", "ok", fault]
    buy(world)
    world.run(2 * SECOND)
    units = world.position()
    return world, units


@pytest.mark.parametrize("fault", ["lost", "silent", "nothing"])
def test_a_stop_stands_within_two_seconds_behind_an_exit_that_no_list_shows(fault: str) -> None:
    world, units = exit_lost(fault)
    rest = Rest(world)
    world.tell(ExitPosition("x", STOCK))
    world.run(3 * SECOND)
    assert [(order.role, order.remaining) for order in world.live(STOCK)] == [(Role.STOP, units)]
    assert rest.longest_naked <= 1_900 * MILLISECOND
    assert len(placed(world, Role.EXIT)) == 1, "a second exit beside one that may still arrive"
    world.settle(20 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])
    assert rest.longest_naked <= 1_900 * MILLISECOND


def test_an_exit_that_shows_eight_seconds_late_closes_and_the_stop_behind_it_is_cancelled() -> None:
    world, units = exit_lost("late")
    world.tell(ExitPosition("x", STOCK))
    world.run(3 * SECOND)
    assert len(placed(world, Role.EXIT)) == 1, "a second exit beside one that may still arrive"
    assert [(order.role, order.remaining) for order in world.live(STOCK)] == [(Role.STOP, units)]
    world.settle(20 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])


def test_half_of_a_position_whose_exit_no_list_shows_is_under_the_stop_again() -> None:
    world = World()
    Oracles(world)
    rest = Rest(world)
    world.faults.places += ["ok", "ok", "lost"]
    buy(world)
    world.run(2 * SECOND)
    units = world.position()
    world.tell(ExitPosition("x", STOCK, half=True))
    world.run(3 * SECOND)
    assert sum(order.remaining for order in world.live(STOCK) if order.role is Role.STOP) == units
    assert rest.longest_naked <= 1_900 * MILLISECOND
    world.settle(20 * SECOND)
    assert sum(order.remaining for order in world.live(STOCK)) == world.position() > 0
