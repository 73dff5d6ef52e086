"""Signals of a setup, told to core as an evaluation would."""

import config
from engine.core import Decision, Wake
from engine.market.side import Side
from engine.setups.signal import Signal
from tests.core.hostile import STOCK, TICK, World


def signal(world: World, side: Side = Side.BUY) -> Signal:
    price = world.prices[STOCK]
    return Signal(
        time=world.now,
        instrument=STOCK,
        setup="failed auction",
        version=1,
        side=side,
        price=price,
        stop_reference=price - side.sign * 60 * TICK,
        target_1=price + side.sign * 300 * TICK,
        target_2=price + side.sign * 500 * TICK,
        premise="by test",
        evidence={"probe": 2},
    )


def decide(world: World, side: Side = Side.BUY) -> Decision:
    """Let a setup's signal reach the decider as an evaluation would."""
    world.core.entries._signal(signal(world, side), world.now)
    world.tell(Wake())
    return world.core.signals[-1]


def with_mode(mode: str) -> config.Settings:
    return config.Settings.model_validate({"setups": {"failed_auction": mode}})
