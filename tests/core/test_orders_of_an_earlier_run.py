"""Orders that an earlier run of ours left at the broker: they stay while they protect, and go when they cannot."""

from engine.core import Resumed
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.messages import OrderType, PlaceOrder, Role
from tests.core.faults import outside
from tests.core.hostile import OTHER, World

HELD = 300
STOP_OF_OURS = "251215s8x-000002-S"
ENTRY_OF_OURS = "251215s8x-000003-E"


def taken_over(tag: str = STOP_OF_OURS) -> World:
    """Return a world that begins on a position with a stop of an earlier run, or of somebody else."""
    world = World()
    outside(world, OTHER, HELD)
    trigger = world.prices[OTHER] - 10_00
    stop = PlaceOrder(tag, OTHER, Side.SELL, Role.STOP, OrderType.STOP_LIMIT, HELD, trigger - 1_00, trigger)
    world._request(stop)
    world.run(SECOND)
    world.tell(Resumed("r", begins=True))
    world.settle(40 * SECOND)
    return world


def live_tags(world: World) -> list[str]:
    return [order.tag for order in world.live(OTHER)]


def test_a_stop_of_an_earlier_run_stays_as_long_as_what_it_protects() -> None:
    world = taken_over()
    assert live_tags(world) == [STOP_OF_OURS]
    assert world.position(OTHER) == HELD


def test_a_stop_of_an_earlier_run_goes_with_what_it_protected_before_it_can_open_the_reverse() -> None:
    world = taken_over()
    outside(world, OTHER, -HELD)
    world.settle(40 * SECOND)
    assert (live_tags(world), world.position(OTHER)) == ([], 0)


def test_a_stop_of_somebody_else_is_left_alone_whatever_becomes_of_the_position() -> None:
    world = taken_over("by hand")
    outside(world, OTHER, -HELD)
    world.settle(40 * SECOND)
    assert live_tags(world) == ["by hand"]


def test_an_entry_of_an_earlier_run_is_cancelled_before_it_can_fill_for_nobody() -> None:
    world = World()
    price = world.prices[OTHER] - 10_00
    world._request(PlaceOrder(ENTRY_OF_OURS, OTHER, Side.BUY, Role.ENTRY, OrderType.LIMIT, HELD, price))
    world.run(SECOND)
    world.tell(Resumed("r", begins=True))
    world.settle(10 * SECOND)
    assert (live_tags(world), world.position(OTHER)) == ([], 0)
