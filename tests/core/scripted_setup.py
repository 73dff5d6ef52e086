"""A setup that says what it is told to, and the minutes that make it speak."""

from dataclasses import dataclass
from typing import ClassVar

import config
from engine.auction.values.context import Context
from engine.market.clock import MINUTE, SECOND
from engine.market.side import Side
from engine.market.update import Bar, MarketUpdate
from engine.setups.signal import Refusal, Signal
from tests.core.hostile import OTHER, PRICES, STOCK, World

PRICE = PRICES[STOCK]


@dataclass
class Scripted:
    """A setup that says what it is told to, once."""

    name: ClassVar[str] = "value area fade"
    version: ClassVar[int] = 1
    says: str = "signal"
    reason: str = ""

    def evaluate(self, context: Context) -> Signal | Refusal | None:
        says, self.says = self.says, ""
        key = context.instrument.key
        if says == "signal":
            return Signal(
                context.time,
                key,
                self.name,
                self.version,
                Side.BUY,
                context.last or 0,
                PRICE - 500,
                PRICE + 5_000,
                PRICE + 9_000,
                "as told",
                {},
                edge=PRICE,
            )
        if says == "refusal":
            return Refusal(context.time, key, self.name, self.version, Side.BUY, "SHAPE", "as told", {})
        return None

    def missing(self, context: Context) -> tuple[str, ...]:
        return () if context.row else ("row size",)

    def broken(self, context: Context, signal: Signal) -> str:
        return self.reason if context.time >= signal.time else ""


def world_with(setup: Scripted, mode: config.Mode = "auto") -> World:
    """Return a world whose stock is watched by one setup alone."""
    world = World(config.Settings(setups=config.SetupSettings(value_area_fade=mode)))
    world.core.entries._setups = {STOCK: (setup,)}
    return world


def close_minute(world: World, lag: int = SECOND // 5) -> None:
    """Let the stock's next minute close, told by a packet whose trade is ``lag`` old; another name trades meanwhile."""
    world.run(MINUTE)
    world.volume[OTHER] += 10
    world.tell(
        MarketUpdate(
            OTHER, world.now, world.now - SECOND // 5, PRICES[OTHER], 10, world.volume[OTHER], PRICES[OTHER]
        )
    )
    start = (world.now - 200_000) // MINUTE * MINUTE - MINUTE
    world.volume[STOCK] += 10
    minute = Bar(start, PRICE, PRICE + 100, PRICE - 100, PRICE, 1_000)
    bids, asks = ((PRICE - 5, 100_000),), ((PRICE + 5, 100_000),)
    world.tell(
        MarketUpdate(
            STOCK,
            world.now,
            world.now - lag,
            PRICE,
            10,
            world.volume[STOCK],
            PRICE,
            bids,
            asks,
            minute=minute,
        )
    )
