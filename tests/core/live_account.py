"""A live account whose book has been read, a price that moves, and a position of ours in it."""

import config
from engine.contract.commands import Outcome
from engine.core import Resumed
from engine.market.clock import MILLISECOND, SECOND
from tests.core.entries import answered, buy
from tests.core.hostile import STOCK, World

CASH = 2_000_000_00
"""Its limit is 100,000."""


def account(settings: config.Settings | None = None, own_cash: int = CASH) -> World:
    """Return a world on a live account whose book has been read once."""
    world = World(settings, world="live", own_cash=own_cash)
    world.tell(Resumed("run", begins=True))
    world.run(SECOND)
    return world


def move(world: World, key: str, price: int, times: int = 3) -> None:
    """Let a price come in so many books."""
    for _ in range(times):
        world.run(200 * MILLISECOND)
        world.trade(key, price)


def ours(world: World) -> int:
    world.trade(STOCK)
    assert buy(world).outcome is Outcome.ACCEPTED, answered(world, "buy").text
    world.run(2 * SECOND)
    held = world.core.manager.portfolio.current(STOCK)
    assert held is not None
    return held.open_quantity
