"""A stop of ours that the broker shows as something else than was sent: the kill ends flat all the same.

It may rest as a limit order, may have fired and found nobody, or say of itself that it is a limit and wait for its
trigger; it may have become so while an engine lived, or before a shell came that knows it as an armed stop.
"""

from collections.abc import Callable

import pytest

from engine.contract.commands import Kill, Outcome
from engine.market.clock import SECOND
from engine.orders.messages import OrderType
from tests.core.entries import buy
from tests.core.faults import stop_of
from tests.core.hostile import STOCK, TICK, Resting, World
from tests.core.shell import ShellWorld, flat_within

Disguise = Callable[[World, Resting], None]


def rests_far_away(world: World, stop: Resting) -> None:
    stop.order_type, stop.trigger_price, stop.status = OrderType.LIMIT, 0, "open"
    stop.price = world.prices[STOCK] + 900 * TICK


def waits_and_says_limit(world: World, stop: Resting) -> None:
    """Its limit lies beyond the market, and it does not trade: it waits, whatever its type says."""
    stop.order_type, stop.trigger_price, stop.held = OrderType.LIMIT, 0, True
    changes = stop.changes

    def trades_once_changed(_: World) -> None:
        stop.held = stop.held and stop.changes == changes

    world.checks.append(trades_once_changed)


def fired_and_found_nobody(world: World, stop: Resting) -> None:
    stop.triggered, stop.status = True, "open"
    stop.price = world.prices[STOCK] + 20 * TICK


def fired_and_filled_in_part(world: World, stop: Resting) -> None:
    fired_and_found_nobody(world, stop)
    world.fill(stop, stop.quantity // 3, world.prices[STOCK])


def limit_filled_in_part(world: World, stop: Resting) -> None:
    rests_far_away(world, stop)
    world.fill(stop, stop.quantity // 3, world.prices[STOCK])


DISGUISES = (
    rests_far_away,
    waits_and_says_limit,
    fired_and_found_nobody,
    fired_and_filled_in_part,
    limit_filled_in_part,
)


def held_by(world: World, disguise: Disguise) -> None:
    """Buy, and turn the stop into something else without a word on the stream."""
    assert buy(world).outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    stop = stop_of(world)
    world.mute = True
    disguise(world, stop)
    stop.time = world.now
    world.mute = False


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("known", [True, False])
def test_a_shell_closes_a_stop_that_its_ledger_knows_as_armed_and_the_broker_shows_otherwise(
    disguise: Disguise, known: bool
) -> None:
    world = ShellWorld()
    held_by(world, disguise)
    world.die(known=known)
    assert flat_within(world, 8 * SECOND)
    assert world.position() == 0
    assert world.live() == []


@pytest.mark.parametrize("disguise", DISGUISES)
def test_an_engine_that_heard_nothing_of_it_closes_it_by_the_kill(disguise: Disguise) -> None:
    world = World()
    held_by(world, disguise)
    world.tell(Kill("k", "test"))
    world.settle(8 * SECOND)
    assert world.position() == 0
    assert world.live() == []
    assert world.core.latch is not None
    assert world.core.latch.state.value == "FLAT"


@pytest.mark.parametrize("disguise", DISGUISES)
def test_an_engine_that_goes_on_holding_puts_a_stop_back_or_closes(disguise: Disguise) -> None:
    world = World()
    held_by(world, disguise)
    world.settle(25 * SECOND)
    covered = sum(order.remaining for order in world.live(STOCK) if order.stop and not order.triggered)
    assert covered == world.position()
