"""An exit that never arrived, or may have: what stands behind it within two seconds, and where nothing can."""

from collections.abc import Callable

import pytest

import config
from engine.contract.commands import ExitPosition, Kill
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.messages import CancelOrder, ModifyOrder, OrderType, PlaceOrder, Role
from tests.core.changing import Rest, until
from tests.core.entries import buy
from tests.core.faults import outside, placed, said, stop_of
from tests.core.hostile import OPTION, OTHER, PRICES, STOCK, TICK, World
from tests.core.oracles import Oracles
from tests.core.planned import READ
from tests.core.shell import ShellWorld
from tests.core.silence import NeverSilent

LOST = ("lost", "silent", "nothing")


def through_its_trigger(
    fault: str, side: Side = Side.BUY, key: str = STOCK, law: Callable[[World, str], object] = Rest
) -> World:
    """Return a world whose stop was cancelled for an exit that meets a fault, the price through the trigger since."""
    world = World(config.Settings.model_validate({"orders": {"exit_by": "replace"}}))
    Oracles(world)
    world.faults.places += ["ok", "ok", fault]
    buy(world, key, side=side)
    world.run(2 * SECOND)
    trigger = stop_of(world, key).trigger_price
    law(world, key)
    NeverSilent(world)
    world.tell(ExitPosition("x", key))
    world.run(200 * MILLISECOND)
    assert len(placed(world, Role.EXIT)) == 1
    world.trade(key, trigger - 10 * TICK * side.sign)
    return world


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize("fault", LOST)
def test_a_stop_beyond_the_market_stands_behind_a_lost_exit_whose_trigger_the_price_has_gone_through(
    fault: str, side: Side
) -> None:
    naked: list[Rest] = []
    world = through_its_trigger(fault, side, law=lambda world, key: naked.append(Rest(world, key)))
    units = abs(world.position())
    world.run(3 * SECOND)
    assert [(one.role, one.stop, one.remaining) for one in world.live(STOCK)] == [(Role.STOP, True, units)]
    (stop,) = world.live(STOCK)
    assert (world.prices[STOCK] - stop.trigger_price) * side.sign > 0
    assert naked[0].longest_naked <= 1_900 * MILLISECOND
    assert len(placed(world, Role.EXIT)) == 1, "a second exit beside one that may still arrive"
    world.settle(20 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])


def test_a_lost_exit_that_arrives_eight_seconds_late_closes_and_the_stop_beyond_the_market_is_cancelled() -> (
    None
):
    world = through_its_trigger("late", law=lambda *_: None)
    world.run(3 * SECOND)
    assert [order.role for order in world.live(STOCK)] == [Role.STOP]
    took = until(world, lambda: any(order.late for order in world.live(STOCK)), 8 * SECOND)
    assert took < 8 * SECOND
    world.run(200 * MILLISECOND)
    assert [order.role for order in world.live(STOCK)] == [Role.EXIT], "beside what closes no stop rests"
    world.settle(20 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])


def test_a_market_that_goes_on_through_the_stop_behind_a_lost_exit_is_closed_by_it() -> None:
    world = through_its_trigger("silent")
    world.run(2 * SECOND)
    world.trade(STOCK, stop_of(world).trigger_price - TICK)
    world.run(SECOND)
    assert world.position() == 0
    world.settle(20 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])


def test_a_stop_that_the_market_overtakes_on_its_way_is_followed_by_one_further_out() -> None:
    naked: list[Rest] = []
    world = through_its_trigger("silent", law=lambda world, key: naked.append(Rest(world, key)))
    world.faults.places += ["reject"]
    world.run(3 * SECOND)
    stops = [order.trigger_price for order in placed(world, Role.STOP)][1:]
    assert len(stops) == 2
    assert stops[1] < stops[0]
    assert naked[0].longest_naked <= 2 * SECOND
    assert [order.role for order in world.live(STOCK)] == [Role.STOP]


def outsiders(key: str, units: int, fault: str) -> World:
    """Return a world whose kill closes what somebody else holds, by an exit that meets a fault: no stop is planned."""
    world = World()
    Oracles(world)
    world.faults.places += [fault]
    outside(world, key, units)
    world.tell(Kill("k", "test"))
    return world


@pytest.mark.parametrize("key", [OTHER, OPTION])
@pytest.mark.parametrize("units", [130, -130])
@pytest.mark.parametrize("fault", LOST)
def test_a_stop_stands_behind_a_lost_exit_of_what_never_had_one(fault: str, units: int, key: str) -> None:
    world = outsiders(key, units, fault)
    rest = Rest(world, key)
    world.run(3 * SECOND)
    assert [(order.role, order.stop, order.remaining) for order in world.live(key)] == [
        (Role.STOP, True, 130)
    ]
    assert rest.longest_naked <= 2 * SECOND
    assert len(placed(world, Role.EXIT)) == 1, "a second exit beside one that may still arrive"
    world.settle(30 * SECOND)
    assert (world.position(key), world.live(key)) == (0, [])


def test_a_shell_without_an_engine_puts_a_stop_behind_a_lost_exit_of_what_never_had_one() -> None:
    world = ShellWorld()
    outside(world, OTHER, 130)
    world.faults.places.append("silent")
    world.die()
    world.run(4 * SECOND)
    assert [(order.role, order.stop) for order in world.live(OTHER)] == [(Role.STOP, True)]
    assert len(placed(world, Role.EXIT)) == 1


def no_band_left(world: World) -> None:
    world.prices[OTHER] = PRICES[OTHER] * 80 // 100
    world.lock(OTHER, Side.SELL)


def no_stops_taken(world: World) -> None:
    world.halt()


@pytest.mark.parametrize("prevent", [no_band_left, no_stops_taken])
def test_where_no_stop_can_stand_behind_a_lost_exit_it_is_said(prevent: Callable[[World], None]) -> None:
    world = through_its_trigger("silent", key=OTHER)
    prevent(world)
    world.run(3 * SECOND)
    assert world.live(OTHER) == []
    assert len(placed(world, Role.EXIT)) == 1
    assert any(said(world, word) for word in ("no stop can stand behind it", "HELD BY HALT"))


def test_no_stop_stands_behind_an_exit_of_which_no_list_can_be_read_and_it_is_said() -> None:
    """It may have filled: a stop that nobody takes away then could open a short."""
    world = through_its_trigger("silent")
    world.faults.standing[READ] = "fail"
    world.mute = True
    world.run(4 * SECOND)
    assert world.live(STOCK) == []
    assert said(world, "TEST NAKED: ")
    assert said(world, f"(order {placed(world, Role.EXIT)[0].tag}) left, and nothing tells what became of it")
    assert said(world, "Look for that order in the broker's app first")
    assert len(placed(world, Role.EXIT)) == 1
    world.faults.clear()
    world.settle(20 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])


def test_half_of_a_position_never_leaves_beside_a_stop_that_was_not_lowered_for_it() -> None:
    world = World()
    buy(world)
    world.run(2 * SECOND)
    units = world.position()
    Rest(world)
    world.faults.modifies.append("lost")
    world.tell(ExitPosition("x", STOCK, half=True))
    world.settle(5 * SECOND)
    assert world.position() == units
    assert [(order.role, order.remaining) for order in world.live(STOCK)] == [(Role.STOP, units)]


class NoExits(World):
    """A broker that takes stops, and for a while no limit order that closes."""

    def _arrive(self, request: PlaceOrder | ModifyOrder | CancelOrder, *, answered: bool, fault: str) -> None:
        closing = isinstance(request, PlaceOrder) and request.role is Role.EXIT
        turning = isinstance(request, ModifyOrder) and request.order_type is OrderType.LIMIT
        refuses = (closing or turning) and self.now < self.refuses_until
        super()._arrive(request, answered=answered, fault="reject" if refuses else fault)

    refuses_until = 0


def test_while_exits_are_refused_a_stop_goes_back_beyond_a_market_that_has_gone_through_its_trigger() -> None:
    world = NoExits(config.Settings.model_validate({"orders": {"exit_by": "replace"}}))
    Oracles(world)
    buy(world)
    world.run(2 * SECOND)
    rest, trigger = Rest(world), stop_of(world).trigger_price
    world.refuses_until = world.now + 6 * SECOND
    world.tell(ExitPosition("x", STOCK))
    world.run(60 * MILLISECOND)
    world.trade(STOCK, trigger - 10 * TICK)
    world.run(5 * SECOND)
    assert rest.longest_naked <= 2 * SECOND
    assert [(order.role, order.stop) for order in world.live(STOCK)] == [(Role.STOP, True)]
    world.settle(20 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])
