"""A trade closed for the reason of the order that closed it, whatever was wished before."""

import pytest

from engine.contract.commands import ExitPosition
from engine.market.clock import MILLISECOND, SECOND
from tests.core.faults import opened
from tests.core.hostile import STOCK, TICK, World
from tests.core.targeted import Targeted

BOTH = pytest.mark.parametrize("by", ["modify", "replace"])


def reason(world: World) -> str:
    world.settle(5 * SECOND)
    assert world.position() == 0
    return world.core.closed_trades[-1].exit_reason


@BOTH
@pytest.mark.parametrize("fault", ["lost", "nothing", "late"])
def test_a_stop_that_fires_before_a_target_could_turn_it_is_a_stop_out(by: str, fault: str) -> None:
    held = Targeted(by)
    held.world.faults.standing["modify" if by == "modify" else "cancel"] = fault
    held.reach()
    held.world.liquidity.clear()
    held.world.trade(STOCK, held.trigger - TICK)
    held.world.run(100 * MILLISECOND)
    held.world.faults.clear()
    assert reason(held.world) == "stop"
    assert any("flat (stop)" in line.text for line in held.core.events)


@BOTH
def test_a_target_that_fills_is_never_a_stop(by: str) -> None:
    held = Targeted(by)
    held.reach(None)
    assert reason(held.world) == "T2"


def test_a_stop_that_fires_after_an_exit_by_hand_was_lost_is_a_stop_out() -> None:
    world, _ = opened()
    world.faults.standing["modify"] = "lost"
    world.tell(ExitPosition("x", STOCK))
    trigger = world.core.trades[0].stop
    assert trigger is not None
    world.trade(STOCK, trigger.trigger - TICK)
    world.run(100 * MILLISECOND)
    world.faults.clear()
    assert reason(world) == "stop"


def test_halves_by_hand_to_the_last_unit_are_no_stop() -> None:
    world, _ = opened()
    world.tell(ExitPosition("h", STOCK, half=True))
    world.run(3 * SECOND)
    world.tell(ExitPosition("x", STOCK))
    assert reason(world) == "by hand"


@pytest.mark.parametrize("ours", [True, False])
def test_a_limit_of_the_day_is_named_as_what_closed(ours: bool) -> None:
    world, _ = opened()
    limit = world.core.limits.stopped_by.value
    world.core.state.set_latch(limit, "test", limit, world.now, ours_only=ours)
    assert reason(world) == "daily loss limit"


def test_a_fired_stop_keeps_how_far_it_was_filled_from_its_trigger() -> None:
    world, _ = opened()
    trade = world.core.trades[0]
    assert trade.stop is not None
    world.trade(STOCK, trade.stop.trigger - 4 * TICK)
    assert reason(world) == "stop"
    closed = world.core.closed_trades[-1]
    assert closed.stop_slip is not None
    assert closed.stop_slip.worth == trade.stop.trigger * closed.quantity
    assert closed.stop_slip.slip == closed.stop_slip.worth - closed.exit_value > 0


def test_an_exit_by_hand_slips_from_no_stop() -> None:
    world, _ = opened()
    world.tell(ExitPosition("x", STOCK))
    assert reason(world) == "by hand"
    assert world.core.closed_trades[-1].stop_slip is None
