"""What tests of named faults share."""

from engine.contract.commands import Outcome
from engine.market.clock import SECOND
from engine.orders.messages import (
    CancelOrder,
    ModifyOrder,
    PlaceOrder,
    Role,
)
from tests.core.entries import buy
from tests.core.hostile import STOCK, Resting, World
from tests.core.oracles import Oracles


def opened() -> tuple[World, Oracles]:
    """Return a world with a protected long position."""
    world = World()
    oracles = Oracles(world)
    assert buy(world).outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    assert world.position() > 0
    return world, oracles


def placed(world: World, role: Role | None = None) -> list[PlaceOrder]:
    found = [effect for _, effect in world.sent if isinstance(effect, PlaceOrder)]
    return [order for order in found if role is None or order.role is role]


def writes(world: World) -> list[object]:
    return [e for _, e in world.sent if isinstance(e, PlaceOrder | ModifyOrder | CancelOrder)]


def stop_of(world: World, key: str = STOCK) -> Resting:
    return next(order for order in world.live(key) if order.role is Role.STOP)


def said(world: World, words: str) -> bool:
    return any(words in line.text for line in world.core.events)


def latch(world: World) -> str:
    return "" if world.core.latch is None else world.core.latch.state.value


def stopped(world: World) -> bool:
    return world.core.limits.stopped


def trade_of(world: World, key: str = STOCK) -> object:
    trade = world.core.manager.portfolio.current(key)
    assert trade is not None
    return trade


def outside(world: World, key: str, quantity: int) -> None:
    """Somebody trades the same account by phone; only the book knows."""
    totals = world.totals[key]
    offset = 0 if quantity > 0 else 2
    totals[offset] += abs(quantity)
    totals[offset + 1] += abs(quantity) * world.prices[key]
    world.fills += 1
