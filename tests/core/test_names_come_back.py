"""Names that an earlier life used and no journal kept: found at the broker, they are never used a second time."""

from engine.commands import Outcome
from engine.core import Resumed
from engine.market.clock import SECOND
from engine.orders.messages import OrderType, PlaceOrder, Role
from engine.setups.signal import Side
from tests.core.hostile import OTHER, STOCK, World
from tests.core.test_happy_path import buy


def test_an_order_found_with_the_next_name_of_ours_does_not_get_a_namesake() -> None:
    """Its intent was lost with a slow disk: a reducing order does not wait for it."""
    world = World()
    lost = f"{world.core.ids.prefix}-000001-E"
    world._request(PlaceOrder(lost, OTHER, Side.BUY, Role.ENTRY, OrderType.LIMIT, 1, 10_00))
    world.run(SECOND)
    world.tell(Resumed("r"))
    world.run(3 * SECOND)
    assert buy(world, STOCK).outcome is Outcome.ACCEPTED
    world.run(3 * SECOND)
    assert world.position(STOCK) > 0
    tags = [effect.tag for _, effect in world.sent if isinstance(effect, PlaceOrder)]
    assert lost not in tags
    assert len(set(tags)) == len(tags)
