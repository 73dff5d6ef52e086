"""A tick that becomes coarser in the day: what reduces follows it from the refusal on."""

import pytest

import config
from engine.contract.commands import ExitPosition, Kill, TightenStop
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.learned_ticks import coarser_tick
from engine.orders.messages import OrderType
from tests.core.entries import buy
from tests.core.faults import latch, said, stop_of
from tests.core.hostile import STOCK, TICK, World
from tests.core.oracles import Oracles
from tests.core.targeted import SPREAD, Targeted


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


def on_tick(world: World) -> bool:
    """Say whether everything that rests in the stock lies on the coarser tick."""
    return all(order.price % 50 == 0 and order.trigger_price % 50 == 0 for order in world.live(STOCK))


@pytest.mark.parametrize("by", ["modify", "replace"])
@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_target_and_the_stop_that_goes_back_lie_on_the_coarser_tick(by: str, side: Side) -> None:
    held = Targeted(by, side=side)
    held.world.ticks[STOCK] = 50
    held.reach()
    held.world.run(6 * SECOND)
    held.reach()
    held.world.run(500 * MILLISECOND)
    ((kind, quantity, price),) = held.closing
    assert (kind, quantity, price % 50) == (OrderType.LIMIT, held.held, 0)
    assert (price - (held.target - side.sign * SPREAD)) * side.sign >= 0
    held.world.run(4 * SECOND)
    ((kind, quantity, trigger),) = held.closing
    assert (kind, quantity) == (OrderType.STOP_LIMIT, held.held)
    assert 0 <= (trigger - held.trigger) * side.sign < 50
    assert on_tick(held.world)
    held.oracles.at_rest()


def test_a_first_targets_exit_lies_on_the_coarser_tick() -> None:
    held = Targeted(first=True)
    held.world.ticks[STOCK] = 50
    held.reach()
    held.world.run(20 * SECOND)
    held.reach(None)
    held.world.run(3 * SECOND)
    assert held.trade.t1_done
    assert 0 < held.world.position() < held.held
    assert on_tick(held.world)


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_moved_stop_lies_on_the_coarser_tick_and_its_event_says_so(side: Side) -> None:
    held = Targeted(side=side)
    held.world.ticks[STOCK] = 50
    wished = held.trigger + side.sign * 13 * TICK
    held.world.tell(TightenStop("t", STOCK, wished))
    held.world.run(8 * SECOND)
    stop = stop_of(held.world)
    assert 0 <= (stop.trigger_price - wished) * side.sign < 50
    assert on_tick(held.world)
    assert said(held.world, "as the exchange takes it")


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_stop_put_back_after_a_rejected_exit_lies_on_the_coarser_tick(side: Side) -> None:
    held = Targeted("replace", side=side)
    held.world.ticks[STOCK] = 50
    held.world.faults.standing["place"] = "reject"
    held.world.tell(ExitPosition("x", STOCK))
    held.world.run(SECOND)
    held.world.faults.clear()
    held.world.liquidity[STOCK] = 0
    held.world.run(SECOND)
    assert on_tick(held.world)
    held.world.liquidity.clear()
    held.world.settle(5 * SECOND)
    assert held.world.position() == 0
