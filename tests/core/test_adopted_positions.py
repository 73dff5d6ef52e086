"""Adopting what others hold: a stop of ours goes under it, it is ours for exits, and no statistic counts it."""

import pytest

from engine.contract.commands import AdoptPosition, ExitPosition, Kill, Outcome
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.messages import OrderType, Role
from engine.orders.trade import Mode
from engine.risk.stop_controller import StopTerm
from tests.core.entries import answered, buy
from tests.core.faults import latch, stop_of
from tests.core.hostile import STOCK, TICK, Resting, World
from tests.core.phone import Phone


def held_outside(side: Side = Side.BUY) -> World:
    world = World()
    order = Phone(world).order(side, 200, 0)
    Phone(world).fill(order, 200)
    world.settle(20 * SECOND)
    assert world.core.manager.portfolio.outside == {STOCK: 200 * side.sign}
    assert world.live(STOCK) == []
    return world


def stops(world: World) -> list[Resting]:
    return [order for order in world.live(STOCK) if order.role is Role.STOP]


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_an_adopted_position_has_a_stop_by_the_atr_at_the_exchange_within_two_seconds(side: Side) -> None:
    world = held_outside(side)
    world.tell(AdoptPosition("a", STOCK))
    assert answered(world, "a").outcome is Outcome.ACCEPTED, answered(world, "a").text
    world.run(2 * SECOND)
    (stop,) = stops(world)
    assert (stop.remaining, stop.side, stop.order_type) == (200, side.opposite, OrderType.STOP_LIMIT)
    assert (stop.trigger_price - world.prices[STOCK]) * side.sign < 0
    assert world.core.manager.portfolio.outside == {}


def test_a_typed_stop_stands_where_it_was_typed() -> None:
    world = held_outside()
    wished = world.prices[STOCK] - 60 * TICK
    world.tell(AdoptPosition("a", STOCK, wished))
    world.run(2 * SECOND)
    assert stop_of(world).trigger_price == wished
    trade = world.core.manager.portfolio.open()[0]
    assert trade.stop is not None
    assert trade.stop.term is StopTerm.TYPED


@pytest.mark.parametrize(("ticks", "why"), [(2, "nearer than 4 ticks"), (-40, "not behind the price")])
def test_a_typed_stop_that_cannot_stand_there_is_refused_and_nothing_changes(ticks: int, why: str) -> None:
    world = held_outside()
    world.tell(AdoptPosition("a", STOCK, world.prices[STOCK] - ticks * TICK))
    answer = answered(world, "a")
    assert (answer.outcome, why in answer.text) == (Outcome.REFUSED, True)
    assert world.core.manager.portfolio.outside == {STOCK: 200}


def test_an_adopted_position_is_closed_by_hand_and_counted_in_no_statistic() -> None:
    world = held_outside()
    world.tell(AdoptPosition("a", STOCK))
    world.settle(3 * SECOND)
    world.tell(ExitPosition("f", STOCK))
    world.settle(10 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])
    assert world.core.closed_trades == []
    assert [record for record in world.records if record.kind == "trade"] == []


def test_its_stop_that_fires_closes_it_and_never_more() -> None:
    world = held_outside()
    lowest = [200]
    world.checks.append(lambda here: lowest.append(here.position()))
    world.tell(AdoptPosition("a", STOCK))
    world.settle(3 * SECOND)
    world.trade(STOCK, stop_of(world).trigger_price - 4 * TICK)
    world.settle(10 * SECOND)
    assert (world.position(), min(lowest)) == (0, 0)


def test_a_kill_turns_the_stop_of_an_adopted_position_into_its_exit() -> None:
    world = held_outside()
    world.tell(AdoptPosition("a", STOCK))
    world.settle(3 * SECOND)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")


def test_what_others_sell_of_an_adopted_position_lowers_its_stop() -> None:
    world = held_outside()
    world.tell(AdoptPosition("a", STOCK))
    world.settle(3 * SECOND)
    phone = Phone(world)
    order = phone.order(Side.SELL, 50, 0)
    phone.fill(order, 50)
    world.settle(5 * SECOND)
    assert stop_of(world).remaining == 150
    assert world.core.manager.portfolio.open()[0].mode is Mode.HOLD


def test_where_a_trade_of_ours_runs_or_nothing_is_held_there_is_nothing_to_adopt() -> None:
    world = World()
    world.tell(AdoptPosition("none", STOCK))
    assert "nothing external is held" in answered(world, "none").text
    buy(world)
    world.run(2 * SECOND)
    phone = Phone(world)
    phone.fill(phone.order(Side.BUY, 50, 0), 50)
    world.settle(5 * SECOND)
    world.tell(AdoptPosition("mixed", STOCK))
    assert "a trade of ours runs" in answered(world, "mixed").text
    assert world.core.manager.portfolio.outside == {STOCK: 50}
