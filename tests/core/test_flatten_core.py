"""`cockpit flatten` without an engine: the engine's own planner under a broker that does everything wrong."""

import msgspec
import pytest

from engine.contract.commands import Outcome
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.messages import CancelOrder, ModifyOrder, PlaceOrder, ReadTag, Role
from tests.core.entries import buy
from tests.core.faults import outside, placed, writes
from tests.core.hostile import OPTION, OTHER, STOCK
from tests.core.shell import ShellWorld, flat_within


def held(*keys: str) -> ShellWorld:
    """Return a world with protected positions, its engine still alive."""
    world = ShellWorld()
    for number, key in enumerate(keys or (STOCK,)):
        assert buy(world, key, f"buy{number}").outcome is Outcome.ACCEPTED
        world.run(2 * SECOND)
        assert world.position(key)
    return world


def test_a_stop_becomes_the_exit_with_one_write_and_nothing_else_leaves() -> None:
    world = held()
    world.die()
    assert flat_within(world, 3 * SECOND)
    assert [type(write) for write in writes(world)] == [ModifyOrder]
    assert world.position() == 0


def test_without_a_ledger_the_same_is_closed_in_the_same_way() -> None:
    world = held()
    world.die(known=False)
    assert flat_within(world, 3 * SECOND)
    assert [type(write) for write in writes(world)] == [ModifyOrder]


def test_an_exit_that_rests_is_moved_once_a_second_and_never_cancelled() -> None:
    world = held()
    world.liquidity[STOCK] = 0
    world.die()
    assert not flat_within(world, 10 * SECOND)
    sent = writes(world)
    assert {type(write) for write in sent} == {ModifyOrder}
    assert len(sent) <= 11
    assert len(world.live(STOCK)) == 1
    world.liquidity.clear()
    assert flat_within(world, 5 * SECOND)


def test_at_the_circuit_the_exit_rests_at_the_band_and_says_stuck_without_a_storm() -> None:
    world = held(OTHER)
    world.prices[OTHER] = 400_00
    world.lock(OTHER, Side.SELL)
    shell = world.die()
    assert not flat_within(world, 30 * SECOND)
    before = len(writes(world))
    assert not flat_within(world, 30 * SECOND)
    assert len(writes(world)) - before <= 3
    assert any("STUCK" in problem for problem in shell.problems)
    assert world.live(OTHER)[0].price == 400_00
    world.prices[OTHER] = 401_00
    world.unlock(OTHER)
    assert flat_within(world, 10 * SECOND)


@pytest.mark.parametrize("fault", ["lost", "lost-answer", "late", "refuse", "hold-back", "reject"])
def test_a_first_write_that_goes_wrong_ends_flat_all_the_same(fault: str) -> None:
    world = held()
    size = world.position()
    world.die()
    world.faults.modifies.append(fault)
    assert flat_within(world, 30 * SECOND)
    assert world.position() == 0
    assert sum(order.filled for order in world.orders.values() if order.side is Side.SELL) == size


def test_two_empty_lists_against_a_known_fill_are_never_flat() -> None:
    world = held()
    world.faults.standing["read"] = "empty"
    shell = world.die()
    assert not flat_within(world, 60 * SECOND)
    assert not any(isinstance(write, PlaceOrder) for write in writes(world))
    assert shell.unknown
    asked = [one.tag for _, one in world.sent if isinstance(one, ReadTag)]
    assert 9 <= len(asked) <= 12
    assert set(asked) == {order.tag for order in world.orders.values() if order.role is Role.ENTRY}
    world.faults.clear()
    assert flat_within(world, 15 * SECOND)
    assert world.position() == 0


def test_an_entry_in_doubt_that_arrives_late_is_closed_before_flat_is_said() -> None:
    world = ShellWorld()
    world.faults.places.append("late")
    buy(world)
    world.run(2 * SECOND)
    kept = list(world._queue)
    world.die()
    world._queue.extend(kept)
    assert flat_within(world, 40 * SECOND)
    assert [order.filled > 0 for order in world.orders.values()] == [True, True]
    assert world.position() == 0


def test_an_entry_that_never_arrived_is_waited_for_until_it_cannot_arrive_any_more() -> None:
    world = ShellWorld()
    world.faults.places.append("silent")
    buy(world)
    began = world.now
    world.die()
    assert flat_within(world, 40 * SECOND)
    assert world.now - began >= 10 * SECOND


def test_what_a_phone_bought_is_closed_too_and_a_resting_order_of_it_cancelled() -> None:
    world = ShellWorld()
    outside(world, OTHER, 300)
    world.phone(OTHER, Side.SELL, 300, price=600_00)
    world.die()
    assert flat_within(world, 10 * SECOND)
    assert world.position(OTHER) == 0
    assert world.live() == []


def test_shorts_leave_before_longs() -> None:
    world = ShellWorld()
    outside(world, STOCK, 100)
    outside(world, OTHER, -300)
    outside(world, OPTION, -65)
    world.die()
    assert flat_within(world, 10 * SECOND)
    assert [order.instrument for order in placed(world)][:3] == [OPTION, OTHER, STOCK]


def test_in_a_market_that_takes_nothing_entries_are_cancelled_stops_stay_and_the_exit_follows_the_reopening() -> (
    None
):
    world = held()
    world.halted = True
    world.die()
    assert not flat_within(world, 20 * SECOND)
    assert [order.role for order in world.live()] == [Role.STOP]
    assert not any(isinstance(write, CancelOrder) for write in writes(world))
    world.reopen()
    assert flat_within(world, 10 * SECOND)


def test_when_the_time_is_up_nothing_is_left_without_an_order_of_its_closing_side() -> None:
    for span in range(0, 4 * SECOND, SECOND // 10):
        world = held()
        world.liquidity[STOCK] = 0
        world.faults.standing["modify"] = "refuse"
        world.die()
        flat_within(world, span)
        world.cover()
        world.run(3 * SECOND)
        covered = sum(order.remaining for order in world.live(STOCK) if order.side is Side.SELL)
        assert covered >= world.position(STOCK), span


def test_a_broker_that_says_429_for_half_a_minute_is_not_stormed() -> None:
    world = held()
    for kind in ("place", "modify", "cancel"):
        world.faults.standing[kind] = "hold-back"
    world.die()
    assert not flat_within(world, 30 * SECOND)
    assert len(writes(world)) <= 40
    world.faults.clear()
    assert flat_within(world, 12 * SECOND)


def test_a_known_order_whose_id_was_never_learned_is_found_by_its_tag() -> None:
    world = held()
    remembered = [msgspec.structs.replace(order, order_id="") for order in world.core.orders.all()]
    world.die(remembered=remembered)
    assert flat_within(world, 5 * SECOND)


def test_an_exit_in_doubt_is_not_sent_again_on_the_word_of_reads_from_before_it_could_arrive() -> None:
    """Reads fail while it arrives, eight seconds late: only one asked for later proves that it never did."""
    world = ShellWorld()
    outside(world, OTHER, -130)
    world.faults.places.append("late")
    world.die()
    for _ in range(7):
        world.trade(OTHER)
        world.run(SECOND)
    world.faults.standing["read"] = "fail"
    for _ in range(8):
        world.trade(OTHER)
        world.run(SECOND)
    assert len(placed(world, Role.EXIT)) == 1
    world.faults.clear()
    assert flat_within(world, 15 * SECOND)
    assert len(placed(world, Role.EXIT)) == 1


def test_orders_of_another_program_that_share_one_tag_are_each_cancelled_before_flat_is_said() -> None:
    world = ShellWorld()
    outside(world, OTHER, 300)
    for price in (600_00, 610_00, 620_00):
        world.phone(OTHER, Side.SELL, 100, price=price).tag = "string"
    shell = world.die()
    assert flat_within(world, 15 * SECOND)
    assert world.live() == []
    assert len({order.order_id for order in shell.manager.orders.all() if order.adopted}) == 3


def test_after_an_outage_an_exit_that_never_arrived_is_sent_anew_within_ten_seconds() -> None:
    world = ShellWorld()
    world.phone(OTHER, Side.SELL, 130)
    world.run(SECOND)
    world.faults.places.append("silent")
    world.die()
    world.run(SECOND)
    world.down = True
    assert not flat_within(world, 25 * SECOND)
    world.down = False
    assert flat_within(world, 10 * SECOND)
    assert len(placed(world)) == 2
