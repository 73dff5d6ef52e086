"""A tick that becomes coarser in the day: what reduces follows it from the refusal on."""

import pytest

import config
from engine.commands import Kill
from engine.market.clock import SECOND
from engine.orders.learned import coarser_tick
from tests.core.faults import latch, said, stop_of
from tests.core.hostile import STOCK, World
from tests.core.oracles import Oracles
from tests.core.test_happy_path import buy


def held(by: str) -> World:
    world = World(config.Settings.model_validate({"orders": {"exit_by": by}}))
    Oracles(world)
    buy(world)
    world.run(2 * SECOND)
    assert world.position() > 0
    # Off every coarser tick, whatever an exit adds to it.
    world.trade(STOCK, world.prices[STOCK] + 15)
    world.run(SECOND)
    return world


@pytest.mark.parametrize("by", ["modify", "replace"])
def test_a_kill_after_the_tick_became_coarser_ends_flat_within_two_seconds(by: str) -> None:
    world = held(by)
    world.ticks[STOCK] = 50
    world.tell(Kill("k", "test"))
    world.run(2 * SECOND)
    assert world.position() == 0
    world.settle(5 * SECOND)
    assert latch(world) == "FLAT"


def test_a_stop_that_must_be_placed_again_lies_on_the_coarser_tick() -> None:
    world = held("modify")
    world.ticks[STOCK] = 50
    world._report(stop_of(world), "cancelled")
    world.run(2 * SECOND)
    stop = stop_of(world)
    assert (stop.trigger_price % 50, stop.price % 50) == (0, 0)
    assert said(world, "steps of 0.50")


@pytest.mark.parametrize(
    ("refusal", "known", "tick"),
    [
        ("16283 : The order price 999.30 is not multiple of the tick size 0.50", 10, 50),
        ("price not in multiples of tick", 10, 20),
        ("Tick size violated", 5, 10),
        ("RMS:Margin Exceeds, Required: 0.50", 10, None),
        ("tick size 5.00", 500, None),
        ("", 5, None),
    ],
)
def test_a_refusal_tells_the_tick_or_that_there_is_a_coarser_one(
    refusal: str, known: int, tick: int | None
) -> None:
    assert coarser_tick(refusal, known) == tick
