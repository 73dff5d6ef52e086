"""What tests of changes that do not come about share."""

from collections import deque
from collections.abc import Callable

import config
from engine.contract.commands import Outcome
from engine.market.clock import SECOND, Instant
from engine.market.side import Side
from engine.orders.messages import CancelOrder, ModifyOrder, PlaceOrder, Role
from engine.orders.trade import Mode
from tests.core.entries import buy
from tests.core.faults import writes
from tests.core.hostile import INSTRUMENTS, STOCK, World
from tests.core.oracles import Oracles

UNMADE = ("lost", "silent", "refuse", "reject", "nothing", "pending")
"""What may become of every change: not one of them is made."""


def settings_by(way: str) -> config.Settings:
    """Return settings whose exits are tried one way first."""
    return config.Settings.model_validate({"orders": {"exit_by": way}})


class Rest:
    """Watches that never more rests than is held, and how long a unit is uncovered, by the broker's own record.

    What fills first is covered first: the law gives each unit its two seconds from its own fill.
    """

    def __init__(self, world: World, key: str = STOCK) -> None:
        self.world = world
        self.key = key
        self.longest_naked = 0
        self._bare: deque[tuple[Instant, int]] = deque()
        world.checks.append(self.check)

    def check(self, _: World) -> None:
        held = self.world.position(self.key)
        closing = Side.SELL if held > 0 else Side.BUY
        resting = [order for order in self.world.live(self.key) if order.role is not Role.ENTRY]
        assert all(order.side is closing for order in resting) or not held
        covered = sum(order.remaining for order in resting)
        assert covered <= abs(held), f"{covered} rest of {abs(held)} held"
        self._follow(abs(held) - covered)
        if self._bare:
            self.longest_naked = max(self.longest_naked, self.world.now - self._bare[0][0])

    def _follow(self, uncovered: int) -> None:
        """Let ``uncovered`` units be what is bare: more of them now, or the oldest of them covered."""
        known = sum(units for _, units in self._bare)
        if uncovered > known:
            self._bare.append((self.world.now, uncovered - known))
        while known > uncovered:
            since, units = self._bare.popleft()
            known -= units
            if known < uncovered:
                self._bare.appendleft((since, uncovered - known))
                known = uncovered


def bought(key: str = STOCK, *, way: str = "modify") -> tuple[World, Rest]:
    """Return a world with a protected long position whose exits are tried one way first."""
    world = World(settings_by(way))
    Oracles(world)
    rest = Rest(world, key)
    assert buy(world, key).outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    assert world.position(key) > 0
    return world, rest


def partly_bought(first: int, *, way: str = "modify") -> tuple[World, Rest]:
    """Return a world whose entry has filled in part, and whose stop covers that part; the rest still works."""
    world = World(settings_by(way))
    Oracles(world)
    rest = Rest(world)
    world.liquidity[STOCK] = first
    assert buy(world).outcome is Outcome.ACCEPTED
    world.run(SECOND // 2)
    assert world.position() == first
    return world, rest


def fill_more(world: World, units: int) -> None:
    """Let the market give the entry a further part."""
    world.liquidity[STOCK] = units
    world.trade()
    world.liquidity[STOCK] = 0


def until(world: World, done: Callable[[], bool], within: int, step: int = SECOND // 50) -> int:
    """Let time pass until something is so; return how long it took, at most ``within``."""
    began = world.now
    while not done() and world.now - began < within:
        world.run(step)
    return world.now - began


def changes(world: World) -> list[ModifyOrder]:
    return [write for write in writes(world) if isinstance(write, ModifyOrder)]


def cancels(world: World) -> list[CancelOrder]:
    return [write for write in writes(world) if isinstance(write, CancelOrder)]


def covers(world: World, key: str = STOCK) -> bool:
    """Say whether stops of the whole position rest, neither more nor less."""
    stops = [order for order in world.live(key) if order.role is Role.STOP and order.stop]
    return sum(order.remaining for order in stops) == abs(world.position(key)) > 0


def leaving(world: World, key: str = STOCK) -> bool:
    """Say whether everything held is being closed."""
    trade = world.core.manager.portfolio.current(key)
    return trade is not None and trade.mode is Mode.EXIT


def whole_lots(world: World, key: str) -> bool:
    lot = INSTRUMENTS[key].lot
    return all(write.quantity % lot == 0 for write in writes(world) if isinstance(write, PlaceOrder))
