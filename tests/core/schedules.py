"""Random schedules of trader, market and faults: one seed is one schedule, step for step."""

import random
from collections.abc import Callable

from engine.contract.commands import (
    ArmManual,
    CancelResting,
    ExitPosition,
    Kill,
    ManualOrder,
    MoveToBreakeven,
    PauseEntries,
    RestOrder,
    TightenStop,
)
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.messages import Role
from tests.core.hostile import OPTION, OTHER, PRICES, STOCK, TICK, World
from tests.core.oracles import Oracles

REQUEST_FAULTS = ("lost", "silent", "lost-answer", "late", "reject", "refuse", "slow-answer", "hold-back")
REPORT_FAULTS = ("twice", "slow", "never", "estimated")
READ_FAULTS = ("fail", "slow", "empty", "lagging")


class Trader:
    """Named steps on one world; every step may be taken at any time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.commands = 0

    def _name(self) -> str:
        self.commands += 1
        return f"c{self.commands}"

    def enter(self, key: str, side: Side) -> None:
        self.world.tell(ArmManual(self._name(), armed=True))
        self.world.tell(ManualOrder(self._name(), key, side))

    def rest(self, key: str, side: Side, ticks: int, *, stop_entry: bool) -> None:
        """Let an order wait so many ticks from the price: a limit on the near side, a stop-entry on the far one."""
        price = self.world.prices[key] + (ticks if stop_entry else -ticks) * side.sign * TICK
        self.world.tell(ArmManual(self._name(), armed=True))
        limit, trigger = (0, price) if stop_entry else (price, 0)
        self.world.tell(RestOrder(self._name(), key, side, limit, trigger))

    def cancel_resting(self, key: str) -> None:
        self.world.tell(CancelResting(self._name(), key))

    def exit(self, key: str, *, half: bool = False) -> None:
        self.world.tell(ExitPosition(self._name(), key, half=half))

    def breakeven(self, key: str) -> None:
        self.world.tell(MoveToBreakeven(self._name(), key))

    def tighten(self, key: str, ticks: int) -> None:
        trade = self.world.core.manager.portfolio.current(key)
        if trade is not None and trade.stop is not None:
            price = trade.stop.trigger + trade.side.sign * ticks * TICK
            self.world.tell(TightenStop(self._name(), key, price))

    def pause(self, *, paused: bool) -> None:
        self.world.tell(PauseEntries(self._name(), paused=paused))

    def kill(self) -> None:
        self.world.tell(Kill(self._name(), "test"))

    def move(self, key: str, ticks: int) -> None:
        price = max(self.world.prices[key] + ticks * TICK, PRICES[key] // 2)
        self.world.trade(key, price)

    def starve(self, key: str, units: int | None) -> None:
        """Let only so many units trade from here; None is plenty."""
        if units is None:
            self.world.liquidity.pop(key, None)
        else:
            self.world.liquidity[key] = units
        self.world.trade(key)

    def cancel_stop(self, key: str) -> None:
        """Somebody else cancels a resting stop."""
        for order in self.world.live(key):
            if order.role is Role.STOP and not order.triggered:
                self.world._report(order, "cancelled")
                return

    def late_fill(self, key: str) -> None:
        """A cancelled entry fills after all."""
        for order in self.world.orders.values():
            late = order.status == "cancelled" and order.role is Role.ENTRY and order.filled < order.quantity
            if late and order.instrument == key and self.world.now - order.time < SECOND:
                self.world.fill(order, min(7, order.quantity - order.filled), self.world.prices[key])
                return

    def wait(self, milliseconds: int) -> None:
        self.world.run(milliseconds * MILLISECOND)


def run_schedule(seed: int, steps: int = 60, law: Callable[[World], object] = lambda _: None) -> World:
    """Run one schedule to its end and let it settle; oracles and ``law`` are checked after every event."""
    draw = random.Random(seed)
    world = World()
    oracles = Oracles(world)
    law(world)
    trader = Trader(world)
    keys = (STOCK, OTHER, OPTION)
    actions: tuple[tuple[int, Callable[[], None]], ...] = (
        (12, lambda: trader.enter(draw.choice(keys), draw.choice((Side.BUY, Side.SELL)))),
        (
            10,
            lambda: trader.rest(
                draw.choice(keys),
                draw.choice((Side.BUY, Side.SELL)),
                draw.randint(3, 40),
                stop_entry=draw.random() < 0.5,
            ),
        ),
        (1, lambda: trader.cancel_resting(draw.choice(keys))),
        (30, lambda: trader.wait(draw.choice((20, 60, 150, 400, 1_000, 2_500)))),
        (14, lambda: trader.move(draw.choice(keys), draw.randint(-60, 60))),
        (4, lambda: trader.move(draw.choice(keys), draw.randint(-400, 400))),
        (5, lambda: trader.starve(draw.choice(keys), draw.choice((None, 0, 65, 130, 50)))),
        (4, lambda: trader.exit(draw.choice(keys), half=draw.random() < 0.6)),
        (2, lambda: trader.breakeven(draw.choice(keys))),
        (4, lambda: trader.tighten(draw.choice(keys), draw.randint(-5, 40))),
        (1, lambda: trader.pause(paused=draw.random() < 0.3)),
        (2, lambda: trader.cancel_stop(draw.choice(keys))),
        (2, lambda: trader.late_fill(draw.choice(keys))),
        (1, trader.kill),
        (10, lambda: world.faults.requests.append(draw.choice(REQUEST_FAULTS))),
        (8, lambda: world.faults.reports.append(draw.choice(REPORT_FAULTS))),
        (4, lambda: world.faults.reads.append(draw.choice(READ_FAULTS))),
    )
    weights = [weight for weight, _ in actions]
    deeds = [deed for _, deed in actions]
    for _ in range(steps):
        draw.choices(deeds, weights)[0]()
    world.faults.requests.clear()
    world.faults.reports.clear()
    world.faults.reads.clear()
    world.liquidity.clear()
    world.settle(40 * SECOND)
    if draw.random() < 0.5:
        trader.kill()
        world.settle(20 * SECOND)
    oracles.at_rest()
    return world
