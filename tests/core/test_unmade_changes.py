"""A change that does not come about: every exit ends flat all the same, and no unit is without a stop for long."""

import pytest

from engine.contract.commands import ExitPosition, Kill, TightenStop
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.messages import CancelOrder, ModifyOrder, PlaceOrder, Role
from tests.core.changing import (
    UNMADE,
    Rest,
    bought,
    cancels,
    changes,
    covers,
    fill_more,
    leaving,
    partly_bought,
    until,
)
from tests.core.entries import buy
from tests.core.faults import latch, placed, said, stop_of, writes
from tests.core.hostile import OTHER, STOCK, TICK
from tests.core.planned import CANCEL, MODIFY, READ

WAYS = ("modify", "replace")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", UNMADE)
def test_an_exit_ends_flat_while_no_change_comes_about(fault: str, way: str) -> None:
    world, _ = bought(way=way)
    world.faults.standing[MODIFY] = fault
    world.tell(ExitPosition("x", STOCK))
    took = until(world, lambda: world.position() == 0, 10 * SECOND)
    assert took <= (2 * SECOND + 300 * MILLISECOND if way == "modify" else 300 * MILLISECOND)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", UNMADE)
def test_the_kill_says_flat_while_no_change_comes_about(fault: str, way: str) -> None:
    world, _ = bought(way=way)
    world.faults.standing[MODIFY] = fault
    world.tell(Kill("k", "test"))
    until(world, lambda: latch(world) == "FLAT", 10 * SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")


@pytest.mark.parametrize("fault", UNMADE)
def test_an_exit_that_rests_is_replaced_while_no_change_comes_about(fault: str) -> None:
    world, _ = bought()
    world.faults.standing[MODIFY] = fault
    world.liquidity[STOCK] = 0
    world.tell(ExitPosition("x", STOCK))
    world.run(4 * SECOND)
    prices = [order.price for order in placed(world, Role.EXIT)]
    world.liquidity.clear()
    world.trade(STOCK, world.prices[STOCK] - 60 * TICK)
    took = until(world, lambda: world.position() == 0, 20 * SECOND)
    assert prices
    assert took <= 3 * SECOND


def test_a_stop_that_cannot_be_turned_is_seen_cancelled_before_the_plain_exit_leaves() -> None:
    world, _ = bought()
    held, stop = world.position(), stop_of(world)
    world.faults.standing[MODIFY] = "refuse"
    world.faults.reports.append("slow")
    world.tell(ExitPosition("x", STOCK))
    until(world, lambda: bool(placed(world, Role.EXIT)), 5 * SECOND)
    order = world.core.orders.get(stop.tag)
    assert order is not None
    assert order.state.value == "CANCELLED"
    [plain] = placed(world, Role.EXIT)
    assert plain.quantity == held
    assert len(changes(world)) == 2


def test_the_patience_of_a_change_begins_with_its_first_write() -> None:
    world, _ = bought()
    world.faults.standing[MODIFY] = "silent"
    at = world.now
    world.tell(ExitPosition("x", STOCK))
    until(world, lambda: bool(cancels(world)), 10 * SECOND)
    assert world.now - at <= 2 * SECOND + 50 * MILLISECOND
    assert len(changes(world)) >= 1


@pytest.mark.parametrize("fault", ["lost", "silent", "refuse", "reject", "nothing", "pending"])
@pytest.mark.parametrize("way", WAYS)
def test_an_exit_ends_flat_by_changes_while_no_cancel_comes_about(fault: str, way: str) -> None:
    world, _ = bought(way=way)
    world.faults.standing[CANCEL] = fault
    world.tell(ExitPosition("x", STOCK))
    until(world, lambda: world.position() == 0, 12 * SECOND)
    if fault == "pending" and way == "replace":
        assert placed(world, Role.EXIT) == []
        world.faults.clear()
        until(world, lambda: world.position() == 0, 5 * SECOND)
    assert world.position() == 0


def test_nothing_leaves_beside_a_stop_whose_cancel_is_refused() -> None:
    world, _ = bought(way="replace")
    world.faults.standing[CANCEL] = "refuse"
    world.faults.standing[MODIFY] = "refuse"
    world.tell(ExitPosition("x", STOCK))
    world.run(8 * SECOND)
    assert placed(world, Role.EXIT) == []
    assert len(cancels(world)) >= 3
    assert stop_of(world).remaining == world.position()
    world.faults.clear()
    world.run(3 * SECOND)
    assert world.position() == 0


def test_exits_by_replacement_ask_for_no_change() -> None:
    world, _ = bought(way="replace")
    world.tell(Kill("k", "test"))
    world.run(3 * SECOND)
    kinds = [type(write) for write in writes(world)]
    assert ModifyOrder not in kinds
    assert kinds[-2:] == [CancelOrder, PlaceOrder]
    assert (world.position(), latch(world)) == (0, "FLAT")


def test_a_broker_that_turns_no_stop_into_a_limit_is_not_asked_again() -> None:
    world, _ = bought()
    buy(world, OTHER, "other")
    world.run(2 * SECOND)
    world.stop_becomes_limit = False
    world.tell(ExitPosition("x", STOCK))
    world.run(3 * SECOND)
    assert world.position() == 0
    asked = len(changes(world))
    assert asked == 2
    assert said(world, "cancel and a new order")
    world.tell(ExitPosition("y", OTHER))
    took = until(world, lambda: world.position(OTHER) == 0, 5 * SECOND)
    assert len(changes(world)) == asked
    assert took <= 300 * MILLISECOND


@pytest.mark.parametrize("fault", UNMADE)
def test_what_fills_later_is_covered_within_two_seconds_while_the_stop_cannot_grow(fault: str) -> None:
    world, rest = partly_bought(100)
    world.faults.standing[MODIFY] = fault
    fill_more(world, 50)
    world.run(4 * SECOND)
    assert rest.longest_naked <= 2 * SECOND
    assert covers(world) or leaving(world)
    world.liquidity.clear()
    world.faults.clear()
    world.settle(5 * SECOND)
    assert covers(world) or world.position() == 0


@pytest.mark.parametrize("fault", ["refuse", "reject"])
def test_a_second_stop_covers_the_rest_once_the_stop_is_known_not_to_have_grown(fault: str) -> None:
    world, rest = partly_bought(100)
    world.faults.standing[MODIFY] = fault
    fill_more(world, 50)
    world.run(2 * SECOND)
    assert sorted(order.quantity for order in world.live(STOCK) if order.role is Role.STOP) == [50, 100]
    assert rest.longest_naked <= SECOND
    world.faults.clear()
    world.tell(TightenStop("t", STOCK, stop_of(world).trigger_price + 10 * TICK))
    world.run(SECOND)
    triggers = {order.trigger_price for order in world.live(STOCK) if order.role is Role.STOP}
    assert len(triggers) == 1
    world.settle(5 * SECOND)
    assert covers(world)
    world.liquidity.clear()
    world.tell(Kill("k", "test"))
    world.run(3 * SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")


@pytest.mark.parametrize("fault", ["lost", "silent", "nothing"])
def test_a_stop_in_doubt_whether_it_grew_is_replaced_with_its_larger_quantity_counted(fault: str) -> None:
    world, rest = partly_bought(100)
    world.faults.modifies.append(fault)
    fill_more(world, 50)
    world.run(3 * SECOND)
    stops = [order.quantity for order in world.live(STOCK) if order.role is Role.STOP]
    assert stops == [150]
    assert len(placed(world, Role.STOP)) == 2
    assert rest.longest_naked <= 2 * SECOND


def test_a_stop_that_grew_though_nobody_said_so_stays() -> None:
    world, rest = partly_bought(100)
    world.faults.modifies.append("lost-answer")
    world.faults.reports += ["ok", "never"]
    fill_more(world, 50)
    world.run(2 * SECOND)
    assert covers(world)
    assert len(placed(world, Role.STOP)) == 1
    assert rest.longest_naked <= SECOND


def test_a_stop_in_doubt_that_no_read_settles_ends_in_the_exit() -> None:
    world, rest = partly_bought(100)
    world.faults.standing[MODIFY] = "silent"
    world.faults.standing[READ] = "fail"
    fill_more(world, 50)
    world.run(2 * SECOND)
    assert leaving(world)
    assert rest.longest_naked <= 2 * SECOND
    world.liquidity.clear()
    world.faults.clear()
    world.settle(5 * SECOND)
    assert world.position() == 0


def test_a_late_growth_never_leaves_more_at_rest_than_is_held() -> None:
    world, _ = partly_bought(100)
    world.faults.modifies.append("late")
    fill_more(world, 50)
    world.settle(12 * SECOND)
    assert covers(world)


@pytest.mark.parametrize("fault", ["pending", "nothing", "silent"])
def test_a_cancel_that_stands_is_looked_at_and_tried_again(fault: str) -> None:
    world, _ = bought(way="replace")
    world.faults.cancels.append(fault)
    world.tell(ExitPosition("x", STOCK))
    took = until(world, lambda: world.position() == 0, 10 * SECOND)
    assert took <= 2 * SECOND + 400 * MILLISECOND
    assert len(cancels(world)) == 2


@pytest.mark.parametrize("fault", ["pending", "nothing", "silent", "lost"])
def test_a_move_of_the_stop_that_stands_is_looked_at_and_tried_again(fault: str) -> None:
    world, _ = bought()
    wished = stop_of(world).trigger_price + 10 * TICK
    world.faults.modifies.append(fault)
    world.tell(TightenStop("t", STOCK, wished))
    world.run(8 * SECOND)
    assert stop_of(world).trigger_price == wished
    assert covers(world)


def test_a_stop_that_is_too_large_is_lowered_or_replaced_whichever_way_comes_about() -> None:
    world, _ = bought()
    held = world.position()
    world.checks.clear()
    world.faults.standing[MODIFY] = "refuse"
    world.faults.standing[CANCEL] = "refuse"
    world.phone(STOCK, Side.SELL, 20)
    world.run(3 * SECOND)
    assert stop_of(world).remaining == held
    del world.faults.standing[MODIFY]
    world.run(4 * SECOND)
    assert stop_of(world).remaining == held - 20 == world.position()


def test_no_stop_goes_back_beside_one_in_doubt() -> None:
    world, _ = bought()
    world._report(stop_of(world), "cancelled")
    world.faults.places += ["silent", "reject"]
    world.faults.cancels += ["silent"] * 4
    world.run(6 * SECOND)
    stops = placed(world, Role.STOP)
    assert len(stops) == 2
    world.settle(20 * SECOND)
    assert world.position() == 0


@pytest.mark.parametrize("way", WAYS)
def test_a_part_leaves_at_once_though_the_stop_is_tightened_again_and_again(way: str) -> None:
    world, rest = bought(way=way)
    first = stop_of(world).trigger_price
    world.tell(ExitPosition("half", STOCK, half=True))
    for step in range(1, 60):
        world.tell(TightenStop(f"t{step}", STOCK, first + step * TICK))
        world.run(5 * MILLISECOND)
    assert len(placed(world, Role.EXIT)) == 1
    assert rest.longest_naked <= 300 * MILLISECOND
    world.run(3 * SECOND)
    assert covers(world)
    assert stop_of(world).trigger_price == first + 59 * TICK


def test_no_part_is_begun_while_an_earlier_change_of_its_stop_may_still_arrive() -> None:
    world, rest = bought()
    held = world.position()
    world.faults.modifies += ["silent", "silent"]
    world.tell(TightenStop("t", STOCK, stop_of(world).trigger_price + TICK))
    until(world, lambda: len(changes(world)) == 3, 10 * SECOND)
    world.run(SECOND)
    world.tell(ExitPosition("half", STOCK, half=True))
    world.run(SECOND)
    assert covers(world)
    assert world.position() == held
    assert rest.longest_naked <= 300 * MILLISECOND


def test_a_change_that_nobody_answered_for_is_trusted_no_more() -> None:
    world, rest = bought()
    world.faults.standing[MODIFY] = "lost"
    world.tell(TightenStop("t", STOCK, stop_of(world).trigger_price + TICK))
    world.run(1_200 * MILLISECOND)
    before = len(writes(world))
    world.tell(ExitPosition("x", STOCK))
    took = until(world, lambda: world.position() == 0, 5 * SECOND)
    assert took <= 300 * MILLISECOND
    assert isinstance(writes(world)[before], CancelOrder)
    assert rest.longest_naked <= 300 * MILLISECOND


def test_the_refusal_of_an_earlier_change_is_not_taken_for_one_of_the_change_that_follows_it() -> None:
    world, rest = partly_bought(100)
    world.faults.modifies.append("reject")
    world.tell(TightenStop("t", STOCK, stop_of(world).trigger_price + TICK))
    world.run(20 * MILLISECOND)
    fill_more(world, 50)
    world.run(2 * SECOND)
    assert covers(world)
    assert len(placed(world, Role.STOP)) == 1
    assert rest.longest_naked <= 300 * MILLISECOND


def test_moves_of_a_stop_leave_room_for_what_closes() -> None:
    world, _ = bought()
    first = stop_of(world).trigger_price
    for step in range(1, 70):
        world.tell(TightenStop(f"t{step}", STOCK, first + step * TICK))
        world.run(10 * MILLISECOND)
    world.tell(Kill("k", "test"))
    took = until(world, lambda: world.position() == 0, 5 * SECOND)
    assert took <= 200 * MILLISECOND


def test_a_stop_is_cancelled_for_its_exit_only_where_the_exit_may_follow_at_once() -> None:
    world, rest = bought(way="replace")
    other = Rest(world, OTHER)
    buy(world, OTHER, "other")
    world.run(2 * SECOND)
    rest.longest_naked = other.longest_naked = 0
    budget = world.core.manager.gate.budget
    for _ in range(budget.per_second - 3):
        budget.spend(world.now)
    world.tell(Kill("k", "test"))
    world.run(3 * SECOND)
    assert (world.position(), world.position(OTHER)) == (0, 0)
    assert max(rest.longest_naked, other.longest_naked) <= 200 * MILLISECOND
