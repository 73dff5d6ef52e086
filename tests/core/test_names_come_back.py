"""Names that an earlier life used and no journal kept: found at the broker, they are never used a second time."""

from engine.contract.commands import Kill, Outcome
from engine.core import Resumed
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.messages import OrderType, PlaceOrder, Role
from tests.core.entries import buy
from tests.core.faults import latch, opened, stop_of
from tests.core.hostile import OTHER, STOCK, World


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


def test_a_stop_of_ours_that_no_journal_tells_of_is_not_joined_by_another() -> None:
    """Two stops for one position would turn it around."""
    world, oracles = opened()
    held, known = world.position(), stop_of(world)
    lost = PlaceOrder(
        f"{world.core.ids.prefix}-000002-S",
        STOCK,
        Side.SELL,
        Role.STOP,
        OrderType.STOP_LIMIT,
        held,
        known.price,
        known.trigger_price,
    )
    world._request(lost)
    world.tell(Resumed("r"))
    world.settle(5 * SECOND)
    assert [order.quantity for order in world.live(STOCK) if order.stop] == [held]
    world.trade(STOCK, known.trigger_price - 2_00)
    world.settle(5 * SECOND)
    assert world.position() == 0
    world.tell(Kill("k", "test"))
    world.settle(5 * SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")
    oracles.at_rest()
