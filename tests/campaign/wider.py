"""Schedules of a wider account: delivery and margin quantity in either scope, and a second engine beside ours.

Everything that the other schedules draw goes on. One seed is one schedule.
"""

import config
from engine.core import Ids
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.messages import Product
from engine.runtime.plan import base36
from tests.campaign.company import Beside, OtherEngine, OtherProducts
from tests.campaign.intruder import UnconfirmedWorld
from tests.campaign.schedule import KEYS, STEPS, Deed, Schedule, SeedRun, outcome_of
from tests.core.hostile import DAY, OPTION, OTHER, START, STOCK, TICK

HOLDINGS = (
    (STOCK, Product.DELIVERY),
    (OTHER, Product.DELIVERY),
    (OPTION, Product.DELIVERY),
    (STOCK, Product.MARGIN),
    (OTHER, Product.MARGIN),
)
WIDER = (
    "carried overnight",
    "sold from holdings",
    "a product is refused",
    "another product bought",
    "another product closed",
    "another product's stop rests",
    "another engine enters",
    "another engine leaves",
)
"""Everything that many of these schedules must have done at least once."""


def prefix_of(began: int) -> str:
    """Return the names' beginning of a run that began at an instant."""
    return f"{DAY:%y%m%d}{base36(began // MILLISECOND).zfill(8)}00"


class WiderSchedule(Schedule):
    """A schedule on an account that has more on it."""

    world: UnconfirmedWorld

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        draw, world = self.draw, self.world
        self.second = draw.random() < 0.6
        """Whether a second engine trades the account."""
        self.earlier = draw.random() < 0.5
        prefix = prefix_of(START + (-60 if self.earlier else 60) * SECOND)
        self.beside = Beside(world, prefix)
        self._carry()
        self.products = OtherProducts(world, self.oracles.owned)
        self.watch.left = self.products.could_not_close
        self.engine = OtherEngine(world, prefix, earlier=self.earlier)

    def _world(self) -> UnconfirmedWorld:
        world = UnconfirmedWorld(self._settings(), Ids(prefix_of(START)))
        world.core.manager.external.engines.watch(prefix_of(START), ())
        return world

    def _settings(self) -> config.Settings:
        scope = self.draw.choice(("account", "account", "intraday"))
        drawn = super()._settings().model_dump()
        return config.Settings.model_validate(drawn | {"kill": drawn["kill"] | {"scope": scope}})

    def _carry(self) -> None:
        """Draw what is held from the day before, and what the broker lets nobody close."""
        draw, world = self.draw, self.world
        for key, product in HOLDINGS:
            if draw.random() < 0.4:
                sign = -1 if draw.random() < (0.5 if key == OPTION else 0.15) else 1
                if sign < 0 and key != OPTION and product is Product.MARGIN:
                    continue
                name = "carried overnight" if sign > 0 or key == OPTION else "sold from holdings"
                world.injected[name] += 1
                world.carried[key, product] = [sign * self._lots(key, draw.choice((10, 200))), 0, 0, 0, 0]
        if draw.random() < 0.15:
            world.injected["a product is refused"] += 1
            world.refused_products.add(Product.MARGIN)

    def _lots(self, key: str, units: int) -> int:
        lot = self.world.core.manager.instruments[key].lot
        return max(units // lot, 1) * lot

    def _deeds(self) -> tuple[tuple[int, Deed], ...]:
        draw, beside = self.draw, self.beside
        second = int(self.second)

        def key() -> str:
            return draw.choice(KEYS)

        def side() -> Side:
            return draw.choice((Side.BUY, Side.SELL))

        return (
            *super()._deeds(),
            (40, lambda: self._buys(*draw.choice(HOLDINGS))),
            (50, lambda: self._closes(*draw.choice(HOLDINGS), draw.choice((30, 100)))),
            (25, lambda: self._protects(*draw.choice(HOLDINGS))),
            (6, self.saboteur.kill),
            (30 * second, lambda: beside.enters(key(), side(), self._lots(key(), 65), 0)),
            (20 * second, lambda: beside.enters(key(), side(), 65, draw.choice((5, 40, 400)) * TICK)),
            (40 * second, lambda: beside.leaves(key())),
            (20 * second, lambda: self.saboteur.pause(paused=False)),
        )

    def _traded(self, what: str, key: str) -> None:
        self.saboteur._note(what, key)

    def _refused(self, product: Product) -> bool:
        return product in self.world.refused_products

    def _buys(self, key: str, product: Product) -> None:
        """Somebody buys in another product; an option may be sold, too."""
        if self._refused(product):
            return
        side = Side.SELL if key == OPTION and self.draw.random() < 0.4 else Side.BUY
        self._traded("another product bought", key)
        self.world.phone(key, side, self._lots(key, self.draw.choice((10, 130))), product=product)

    def _closes(self, key: str, product: Product, percent: int) -> None:
        """Somebody closes a part of it, or all."""
        held = self.world.position(key, product)
        if held and not self._refused(product):
            self._traded("another product closed", key)
            side = Side.SELL if held > 0 else Side.BUY
            units = self._lots(key, abs(held) * percent // 100)
            self.world.phone(key, side, units, product=product, pieces=self.draw.choice((1, 3)))

    def _protects(self, key: str, product: Product) -> None:
        """Somebody puts a stop behind it."""
        held = self.world.position(key, product)
        if held and not self._refused(product):
            self._traded("another product's stop rests", key)
            side = Side.SELL if held > 0 else Side.BUY
            away = side.sign * self.draw.choice((20, 400)) * TICK
            self.world.phone(key, side, abs(held), trigger=self.world.prices[key] + away, product=product)

    def run(self, steps: int = STEPS) -> None:
        """Take every step, let everything settle, and look at what is known of the account."""
        super().run(steps)
        self.products.at_rest()


def run_wider(seed: int, steps: int = STEPS) -> SeedRun:
    """Run one schedule to its end, whatever becomes of it."""
    return outcome_of(WiderSchedule(seed), steps, "WIDER")
