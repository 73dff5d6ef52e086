"""What the trader does by phone beside us: our units stay ours, and a kill closes theirs too."""

import pytest

from engine.commands import Kill
from engine.core import Answer, Latched
from engine.market.clock import SECOND
from engine.orders.messages import OrderType, Role
from engine.setups.signal import Side
from tests.core.faults import latch, opened, outside, stop_of
from tests.core.hostile import OTHER, STOCK, Resting, World


def trade_by_phone(world: World, side: Side, quantity: int) -> None:
    world._ids += 1
    order = Resting(
        f"P{world._ids}", "", STOCK, side, Role.EXIT, OrderType.LIMIT, quantity, world.prices[STOCK], 0
    )
    world.orders[order.order_id] = order
    world.fill(order, quantity, world.prices[STOCK])


def flat_by_a_kill() -> World:
    world, _ = opened()
    world.tell(Kill("first", "test"))
    world.settle(60 * SECOND)
    assert latch(world) == "FLAT"
    # From here on the trader trades against the latch; the oracles know ours alone.
    world.checks.clear()
    return world


def test_a_round_trip_by_phone_costs_our_position_nothing() -> None:
    world, _ = opened()
    world.checks.clear()
    ours = world.position()
    trade_by_phone(world, Side.BUY, 50)
    world.settle(20 * SECOND)
    assert (world.position(), stop_of(world).remaining) == (ours + 50, ours)
    trade_by_phone(world, Side.SELL, 50)
    world.settle(40 * SECOND)
    assert (world.position(), stop_of(world).remaining) == (ours, ours)


def test_a_sale_by_phone_beyond_their_own_closes_ours_for_the_rest() -> None:
    world, _ = opened()
    world.checks.clear()
    ours = world.position()
    trade_by_phone(world, Side.BUY, 50)
    world.settle(20 * SECOND)
    trade_by_phone(world, Side.SELL, 50 + ours)
    world.settle(40 * SECOND)
    assert world.position() == 0
    assert world.live(STOCK) == []


@pytest.mark.parametrize("again", [Kill("second", "test"), Latched("cockpit flatten", "a shell", "second")])
def test_a_second_kill_closes_what_was_opened_since_the_first(again: Kill | Latched) -> None:
    world = flat_by_a_kill()
    outside(world, OTHER, 300)
    world.tell(again)
    assert latch(world) == "KILLING"
    world.settle(40 * SECOND)
    assert (world.position(OTHER), latch(world)) == (0, "FLAT")


def test_the_same_kill_told_again_does_nothing() -> None:
    world = flat_by_a_kill()
    told = len(world.sent)
    world.tell(Kill("first", "test"))
    world.settle(10 * SECOND)
    assert latch(world) == "FLAT"
    assert [effect for _, effect in world.sent[told:] if not isinstance(effect, Answer)] == []


def test_a_fill_by_phone_under_the_latch_is_closed() -> None:
    world = flat_by_a_kill()
    trade_by_phone(world, Side.BUY, 50)
    world.settle(40 * SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")
