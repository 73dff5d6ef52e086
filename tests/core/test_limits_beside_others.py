"""The day's loss and the end of the day where orders of others are in the way: those are cancelled first."""

from datetime import time

import pytest

import config
from engine.core import DAY_LOSS
from engine.market.clock import SECOND, instant_at
from engine.market.figures import grouped
from engine.market.side import Side
from engine.orders.messages import CancelOrder, ModifyOrder, PlaceOrder, Role
from tests.core.faults import latch, said
from tests.core.hostile import DAY, STOCK, TICK, World
from tests.core.live_account import account, move, ours
from tests.core.phone import Phone
from tests.core.planned import CANCEL

Write = ModifyOrder | CancelOrder | PlaceOrder


class Held:
    """One position of ours with an order of a phone far away beside it, and what was sent since."""

    def __init__(self, world: World, units: int) -> None:
        self.world = world
        self.units = units
        self.lowest = units
        self.target = Phone(world).order(Side.SELL, units, world.prices[STOCK] + 400 * TICK)
        world.settle(3 * SECOND)
        self._told = len(world.sent)
        world.checks.append(self._look)

    def _look(self, world: World) -> None:
        self.lowest = min(self.lowest, world.position())

    @property
    def writes(self) -> list[tuple[int, Write]]:
        return [(at, one) for at, one in self.world.sent[self._told :] if isinstance(one, Write)]

    def was_cleared_first(self) -> None:
        """Their order was cancelled and seen cancelled, then all of ours was sold at once."""
        (_, first), (at, second), *_ = self.writes
        assert isinstance(first, CancelOrder)
        assert first.order_id == self.target.order_id
        assert self.target.status == "cancelled"
        assert at > self.target.time
        assert isinstance(second, ModifyOrder | PlaceOrder)
        assert second.quantity == self.units
        assert (self.world.position(), self.lowest, self.world.live(STOCK)) == (0, 0, [])


def losing() -> Held:
    """Return a position whose stop the exchange forgot, so that the day's loss comes first."""
    world = account()
    return Held(world, ours(world))


def lose(held: Held) -> None:
    """Let the day's loss reach its limit."""
    world = held.world
    for stop in [order for order in world.live(STOCK) if order.role is Role.STOP and order.tag]:
        stop.trigger_price = 1
    move(world, STOCK, world.prices[STOCK] - 55_000_00 // held.units)
    assert world.core.latch is not None
    assert world.core.latch.by == DAY_LOSS


def closing_early() -> Held:
    """Return a position of a day that ends at half past eleven."""
    chosen = {"session": {"flat_by": "11:30", "last_entry": "11:10"}}
    world = account(config.Settings.model_validate(chosen))
    return Held(world, ours(world))


def come_to_the_end(held: Held) -> None:
    """Let the time of flattening come."""
    while held.world.now < instant_at(DAY, time(11, 30)) and not held.writes:
        held.world.trade(STOCK)
        held.world.run(SECOND)


def test_the_days_loss_cancels_an_order_of_theirs_first_and_then_sells_everything() -> None:
    held = losing()
    lose(held)
    held.world.settle(10 * SECOND)
    held.was_cleared_first()
    assert latch(held.world) == "FLAT"


def test_the_end_of_the_day_cancels_an_order_of_theirs_first_and_then_sells_everything() -> None:
    held = closing_early()
    come_to_the_end(held)
    held.world.settle(10 * SECOND)
    held.was_cleared_first()


@pytest.mark.parametrize("by", ["loss", "flat-by"])
def test_an_order_of_theirs_that_cannot_be_cancelled_is_named_and_nothing_is_sold_twice(by: str) -> None:
    held = losing() if by == "loss" else closing_early()
    world = held.world
    world.faults.standing[CANCEL] = "reject"
    if by == "loss":
        lose(held)
    else:
        come_to_the_end(held)
    world.settle(8 * SECOND)
    assert (world.position(), held.target.remaining) == (held.units, held.units)
    assert said(
        world,
        f"STUCK: their sell order {held.target.order_id} over {grouped(held.units)} cannot be cancelled",
    )
    world.faults.standing.clear()
    world.settle(20 * SECOND)
    assert (world.position(), held.lowest, world.live(STOCK)) == (0, 0, [])
