"""Schedules of an account that is not ours alone: others trade beside one position of ours, and nobody is short for it.

One seed is one schedule. Every law is read off the broker's side; what two orders do in the same moment is the one
thing that nobody can prevent, and there the excess must be gone in the end.
"""

import random

import msgspec

from engine.contract.commands import ExitPosition, Kill
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.kill import LatchState
from engine.orders.messages import Role
from engine.orders.trade import Trade
from tests.campaign.schedule import SeedRun
from tests.campaign.verdict import told
from tests.core.entries import buy
from tests.core.hostile import STOCK, TICK, Resting, World
from tests.core.phone import Phone

STEPS = 40
SETTLED_AFTER = 3 * SECOND
"""After others were told of: what a read of the book and a change of the stop take."""


class Others:
    """One protected position of ours with a person's phone beside it."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.world = World()
        self.sign = self.draw.choice((1, -1))
        buy(self.world, side=Side.BUY if self.sign > 0 else Side.SELL)
        self.world.run(2 * SECOND)
        self.phone = Phone(self.world)
        self.raced = False
        self.untold = False
        """Something was sold that only the next read of the book can tell of."""
        self.touched = self.world.now
        """When others last did something."""
        self.base = self.world.prices[STOCK]
        self.claim, self.beside = self.held, 0
        """What of the account is ours, and what others hold beside it: theirs is closed first."""
        self.world.checks.append(self._check)

    @property
    def trade(self) -> Trade:
        """Return our trade."""
        return self.world.core.manager.portfolio.all()[0]

    @property
    def held(self) -> int:
        """Return what the account holds, above zero on our side."""
        return self.world.position() * self.sign

    @property
    def closing(self) -> Side:
        """Return the side that closes ours."""
        return self.trade.side.opposite

    def run(self, steps: int = STEPS) -> None:
        """Take every step, then let the market and the phone rest, and look at what is left."""
        deeds = (
            (6, self._wait),
            (3, self._piece),
            (2, lambda: self._order(self._away(self.draw.randint(60, 200)))),
            (2, lambda: self._order(0)),
            (1, self._hidden_sale),
            (1, self._buy_beside),
            (1, self._take_back),
            (2, self._move),
            (1, self._correct),
            (0.3, self._race),
            (0.3, lambda: self._command(ExitPosition(f"f{len(self.world.sent)}", STOCK))),
            (0.2, lambda: self._command(Kill("k", "test"))),
        )
        weights = [weight for weight, _ in deeds]
        for _ in range(steps):
            self.draw.choices(deeds, weights)[0][1]()
        self.touched = self.world.now
        for order in self._theirs():
            self.phone.cancel(order)
        self.world.settle(30 * SECOND)
        self._at_rest()

    # What others do.

    def _theirs(self) -> list[Resting]:
        return [order for order in self.world.live(STOCK) if order.external and order.side is self.closing]

    def _room(self) -> int:
        """Return units that others may still close without opening anything by themselves; none while we leave."""
        if self.trade.leaving or self.world.core.latch is not None:
            return 0
        return self.held - sum(order.remaining for order in self._theirs())

    def _away(self, ticks: int) -> int:
        return self.base + self.sign * ticks * TICK

    def _order(self, price: int) -> None:
        if self._room() > 1:
            self.touched = self.world.now
            self.phone.order(self.closing, self.draw.randint(1, self._room()), price)

    def _piece(self) -> None:
        orders = [order for order in self._theirs() if not order.stop]
        if orders:
            order = self.draw.choice(orders)
            self.touched = self.world.now
            self._fill(order, self.draw.randint(1, order.remaining))

    def _take_back(self) -> None:
        orders = self._theirs()
        if orders:
            self.touched = self.world.now
            self.phone.cancel(self.draw.choice(orders))

    def _buy_beside(self) -> None:
        order = self.phone.order(self.trade.side, self.draw.randint(5, 60), 0)
        self.touched = self.world.now
        self._fill(order, order.remaining)

    def _fill(self, order: Resting, quantity: int) -> None:
        if order.side is self.closing:
            theirs = min(self.beside, quantity)
            self.beside -= theirs
            self.claim -= quantity - theirs
        else:
            self.beside += quantity
        self.phone.fill(order, quantity)

    def _hidden_sale(self) -> None:
        """The day's totals tell of a sale before the list of orders does."""
        if self._room() < 2:
            return
        order = self.phone.order(self.closing, self.draw.randint(1, self._room() - 1), 0, told=False)
        rows = self.world.orders
        del rows[order.order_id]
        self.world.faults.reports.append("never")
        self.untold = True
        self._fill(order, order.remaining)
        self.world.settle(20 * SECOND)
        self.untold = False
        rows[order.order_id] = order
        self.touched = self.world.now
        self.world.tell(self.world.row(order))

    def _race(self) -> None:
        """A stop of theirs behind ours, and a price that goes through both at once."""
        stop = next((order for order in self.world.live(STOCK) if order.tag and order.stop), None)
        if stop is None or self._theirs() or not self._room() or self.world.core.manager.portfolio.outside:
            return
        self.raced = True
        ours, limit = stop.trigger_price, stop.price
        theirs = self.phone.order(self.closing, self.held, limit, trigger=ours - self.sign * 2 * TICK)
        self.world.run(300 * MILLISECOND)
        self.world.trade(STOCK, ours - self.sign * 6 * TICK)
        if theirs.live:
            self.phone.fire(theirs)
            self.phone.fill(theirs, theirs.remaining)
        self.touched = self.world.now
        self.world.settle(5 * SECOND)

    # What else happens.

    def _wait(self) -> None:
        self.world.trade(STOCK)
        self.world.run(self.draw.choice((20, 120, 500, 1_500)) * MILLISECOND)

    def _move(self) -> None:
        self.world.trade(STOCK, self.base + self.draw.randint(-20, 20) * TICK)

    def _command(self, command: ExitPosition | Kill) -> None:
        """Press a key once everything that happened was told: nobody can count what he has not heard of."""
        self.world.run(100 * MILLISECOND)
        self.touched = self.world.now
        self.world.tell(command)

    def _correct(self) -> None:
        """The broker's executions say of an order of ours what it was worth."""
        filled = [order for order in self.world.orders.values() if order.tag and order.filled]
        order = self.draw.choice(filled)
        delta = self.draw.randint(-order.filled, order.filled)
        order.value += delta
        totals = self.world.totals[STOCK]
        totals[1 if order.side is Side.BUY else 3] += delta
        self.world.tell(msgspec.structs.replace(self.world.row(order), exact=True))

    # The laws.

    def _check(self, world: World) -> None:
        if self.raced:
            return
        assert self.held >= 0, f"the account has turned over: {world.position()}"
        ours = [o for o in world.live(STOCK) if o.tag and o.role is not Role.ENTRY and o.side is self.closing]
        sure = sum(order.remaining for order in self._theirs() if order.price == 0)
        if world.now - self.touched <= SETTLED_AFTER or self.untold or self.trade.leaving:
            return
        wanted = max(self.claim - max(sure - self.beside, 0), 0)
        stopped = sum(order.remaining for order in ours)
        assert stopped == wanted, f"{stopped} stopped of {self.claim} ours beside {sure} on their way"

    def _at_rest(self) -> None:
        world, trade, portfolio = self.world, self.trade, self.world.core.manager.portfolio
        outside = portfolio.outside.get(STOCK, 0)
        assert portfolio.net(STOCK) == world.position(), f"{portfolio.net(STOCK)} known of {world.position()}"
        if self.raced:
            assert outside * self.sign >= 0, f"an excess of {outside} is left"
        stops = sum(order.remaining for order in world.live(STOCK) if order.tag and order.stop)
        wanted = trade.open_quantity if portfolio.current(STOCK) is trade else 0
        if not trade.leaving:
            assert stops == wanted, f"{stops} stopped of {wanted} held"
        latch = world.core.latch
        if latch is not None:
            assert latch.state is LatchState.FLAT, f"{latch.state.value} with {world.position()} left"
            assert world.position() == 0, f"FLAT with {world.position()}"
        self._values()

    def _values(self) -> None:
        """What was bought and sold for our trades is what the broker says, to the paisa."""
        core = self.world.core
        entry = [order for order in self.world.orders.values() if order.role is Role.ENTRY]
        assert sum(order.value for order in entry) == self.trade.entry_value, "the entry's value"
        if self.raced or core.manager.portfolio.running() or self._bought():
            return
        closing = [o for o in self.world.orders.values() if o.side is self.closing]
        result = (sum(o.value for o in closing) - self.trade.entry_value) * self.sign
        assert core.account.realised == result, f"realised {core.account.realised}, the broker says {result}"

    def _bought(self) -> bool:
        return any(o.external and o.side is not self.closing for o in self.world.orders.values())


def run_others(seed: int) -> SeedRun:
    """Run one schedule to its end, whatever becomes of it."""
    others = Others(seed)
    broken = ""
    try:
        others.run()
    except Exception as error:  # noqa: BLE001 - a core that raises has broken a law, too
        broken = f"OTHERS={seed}: {told(error)}"
    world = others.world
    traded = sum(1 for order in world.orders.values() if order.external)
    injected = {"order of somebody else": traded}
    return SeedRun(
        seed=seed,
        digest="",
        injected=injected,
        naked=0,
        naked_known=0,
        naked_by_family={},
        fills=world.fills,
        requests=len(world.sent),
        broken=broken,
    )
