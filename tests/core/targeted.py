"""A protected position with a target ahead, and prices that go for it."""

import msgspec
import pytest

import config
from engine.contract.commands import Outcome
from engine.core import Core
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.messages import OrderType
from engine.orders.trade import Trade
from tests.core.entries import buy
from tests.core.faults import stop_of
from tests.core.hostile import PRICES, STOCK, TICK, World
from tests.core.oracles import Oracles

UP = 40 * TICK
SPREAD = 2 * TICK


class Targeted:
    """A world with a protected position whose second target, or its first, lies ahead."""

    def __init__(self, by: str = "modify", *, first: bool = False, side: Side = Side.BUY) -> None:
        self.world = World(config.Settings.model_validate({"orders": {"exit_by": by}}))
        self.oracles = Oracles(self.world)
        assert buy(self.world, side=side).outcome is Outcome.ACCEPTED
        self.world.run(2 * SECOND)
        self.sign = side.sign
        self.target = PRICES[STOCK] + self.sign * UP
        targets = {"target_1": self.target} if first else {"target_2": self.target}
        self.core.manager.portfolio.put(msgspec.structs.replace(self.trade, **targets))
        self.held = abs(self.world.position())
        self.trigger = stop_of(self.world).trigger_price
        self.excess = 0
        self.world.checks.append(self._follow)

    @property
    def core(self) -> Core:
        return self.world.core

    @property
    def trade(self) -> Trade:
        trade = self.core.manager.portfolio.current(STOCK)
        assert trade is not None
        return trade

    @property
    def closing(self) -> list[tuple[OrderType, int, int]]:
        """Return what rests to close it: type, units and the price that matters."""
        return [
            (order.order_type, order.remaining, order.trigger_price or order.price)
            for order in self.world.live(STOCK)
        ]

    @property
    def stopped(self) -> list[tuple[OrderType, int, int]]:
        return [(OrderType.STOP_LIMIT, abs(self.world.position()), self.trigger)]

    def reach(self, room: int | None = 0) -> None:
        """Let the exit touch come to the target, with so many units to be had there."""
        if room is None:
            self.world.liquidity.clear()
        else:
            self.world.liquidity[STOCK] = room
        self.world.trade(STOCK, self.target + self.sign * TICK)

    def _follow(self, world: World) -> None:
        resting = sum(order.remaining for order in world.live(STOCK) if order.side.sign == -self.sign)
        self.excess = max(self.excess, resting - abs(world.position()))


SIDES = pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
