"""Nothing of ours lies bare in silence: without a stop of equal quantity or an exit at work, it is said."""

import pytest

from engine.contract.commands import ExitPosition
from engine.market.clock import SECOND
from tests.campaign.schedule import run_seed
from tests.core.changing import bought
from tests.core.entries import buy
from tests.core.faults import said
from tests.core.hostile import STOCK, TICK, World
from tests.core.schedules import run_schedule
from tests.core.shell import ShellWorld, flat_within
from tests.core.silence import NeverSilent


def leaving_in_a_still_market(fault: str, *, way: str = "modify") -> tuple[World, NeverSilent]:
    """Return a world whose exit rests unfilled, and of which no change comes about."""
    world, _ = bought(way=way)
    law = NeverSilent(world)
    world.liquidity[STOCK] = 0
    world.tell(ExitPosition("x", STOCK))
    world.run(500_000)
    world.faults.standing["modify"] = fault
    world.faults.standing["cancel"] = fault
    return world, law


@pytest.mark.parametrize("fault", ["lost", "silent", "refuse", "reject", "nothing", "pending", "hold-back"])
@pytest.mark.parametrize("way", ["modify", "replace"])
def test_an_exit_that_rests_behind_the_market_and_cannot_be_moved_is_said_to_leave_it_naked(
    fault: str, way: str
) -> None:
    world, law = leaving_in_a_still_market(fault, way=way)
    world.trade(STOCK, world.prices[STOCK] - 400 * TICK)
    world.run(3 * SECOND)
    assert law.longest_bare > 2 * SECOND
    assert said(world, "TEST NAKED: ")
    assert said(world, "rests and does not fill")
    assert said(world, "cancel what rests first, else both fill; the engine goes on trying")


def test_an_exit_that_the_market_should_meet_and_does_not_is_said_to_leave_it_naked() -> None:
    world, law = leaving_in_a_still_market("refuse")
    world.run(12 * SECOND)
    assert law.longest_bare > 2 * SECOND
    assert said(world, "rests and does not fill")


def test_a_market_that_falls_without_a_buyer_is_not_silent_for_a_quarter_of_an_hour() -> None:
    world, _ = leaving_in_a_still_market("nothing")
    for _ in range(90):
        world.trade(STOCK, world.prices[STOCK] - 2 * TICK)
        world.run(10 * SECOND)
    assert said(world, "rests and does not fill")


@pytest.mark.parametrize("seed", [1406, 1724, 2060])
def test_an_exit_that_one_update_leaves_behind_is_timed_from_that_update(seed: int) -> None:
    """No message of the broker comes, and no timer is due: the price alone has gone past the exit."""
    assert run_seed(seed).broken == ""


@pytest.mark.parametrize("seed", range(24))
def test_no_schedule_of_faults_leaves_anything_bare_in_silence(seed: int) -> None:
    run_schedule(seed, law=NeverSilent)


def test_a_shell_without_an_engine_does_not_say_that_an_engine_goes_on() -> None:
    world = ShellWorld()
    buy(world)
    world.run(2 * SECOND)
    for order in world.live(STOCK):
        world._report(order, "cancelled")
    world.faults.standing["place"] = "refuse"
    shell = world.die()
    assert not flat_within(world, 10 * SECOND)
    naked = [problem for problem in shell.problems if "NAKED" in problem]
    assert naked
    assert not any("engine" in problem for problem in shell.problems)
    assert "cockpit flatten tries on until its time is up or it is interrupted" in naked[0]
