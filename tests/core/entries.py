"""Entries by hand, and the answers to what a trader asked for."""

from engine.contract.commands import ArmManual, CommandResult, ManualOrder
from engine.core import CommandAnswer
from engine.market.side import Side
from tests.core.hostile import STOCK, World


def answered(world: World, name: str) -> CommandResult:
    for answer in world.answers:
        if isinstance(answer, CommandAnswer) and answer.result.id == name:
            return answer.result
    raise AssertionError(f"no answer to {name}")


def buy(world: World, key: str = STOCK, name: str = "buy", side: Side = Side.BUY) -> CommandResult:
    world.tell(ArmManual(f"arm-{name}", armed=True))
    world.tell(ManualOrder(name, key, side))
    return answered(world, name)
