"""Exits in a market that does not take them at once: they are moved on, sliced, and never doubled."""

from collections.abc import Callable

import msgspec
import pytest

from engine.contract.commands import ExitPosition, Kill
from engine.core import Resumed
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.messages import BookRead, CancelOrder, ModifyOrder, PlaceOrder
from tests.core.entries import buy
from tests.core.faults import latch, opened, outside, placed, stop_of, writes
from tests.core.hostile import INSTRUMENTS, OPTION, OTHER, PRICES, STOCK, TICK, World
from tests.core.packets import show
from tests.core.phone import trade_by_phone
from tests.core.targeted import Targeted


def moved_to(world: World) -> list[int]:
    return [write.price for write in writes(world) if isinstance(write, ModifyOrder)]


def exit_that_rests(tick: Callable[[World], None]) -> list[int]:
    """Return the prices of an exit whose book shows buyers that are gone."""
    world, _ = opened()
    world.liquidity[STOCK] = 0
    world.tell(ExitPosition("exit", STOCK))
    for _ in range(10):
        world.run(SECOND)
        tick(world)
    return moved_to(world)


def test_an_unfilled_exit_is_moved_on_while_the_book_stands_still() -> None:
    prices = exit_that_rests(lambda _: None)
    assert len(prices) > 3
    assert prices == sorted(prices, reverse=True)


def test_an_unfilled_exit_is_moved_on_while_the_book_repeats_itself() -> None:
    prices = exit_that_rests(lambda world: world.trade())
    assert len(prices) > 3
    assert prices == sorted(prices, reverse=True)


def test_a_kill_gets_flat_though_the_feed_died_before_the_market_fell() -> None:
    world, _ = opened()
    world.prices[STOCK] = world.prices[STOCK] * 95 // 100 // TICK * TICK
    world.liquidity[STOCK] = 0
    world.tell(Kill("kill", "test"))
    world.run(2 * SECOND)
    world.liquidity.clear()
    for _ in range(30):
        world._match(STOCK)
        world.run(SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")


def test_the_old_book_of_a_quiet_instrument_is_not_left_behind_while_the_feed_speaks() -> None:
    world, _ = opened()
    world.liquidity[STOCK] = 0
    touch = world.prices[STOCK]
    world.tell(ExitPosition("exit", STOCK))
    for _ in range(20):
        world.run(SECOND)
        world.trade(OTHER)
    assert min(moved_to(world)) > touch * 98 // 100


class Freezing(World):
    """A broker that takes neither an order nor a change above the freeze quantity."""

    def _arrive(self, request: PlaceOrder | ModifyOrder | CancelOrder, *, answered: bool, fault: str) -> None:
        if isinstance(request, ModifyOrder):
            order = self.orders.get(request.order_id)
            if order is not None and request.quantity > INSTRUMENTS[order.instrument].freeze_quantity:
                self._report(order, "not modified", keep="open")
                return
        if (
            isinstance(request, PlaceOrder)
            and request.quantity > INSTRUMENTS[request.instrument].freeze_quantity
        ):
            fault = "reject"
        super()._arrive(request, answered=answered, fault=fault)


def test_a_kill_above_the_freeze_quantity_follows_the_market_in_slices() -> None:
    world = Freezing()
    freeze = INSTRUMENTS[OPTION].freeze_quantity
    outside(world, OPTION, 3 * freeze)
    world.tell(Resumed("run"))
    world.settle(3 * SECOND)
    world.liquidity[OPTION] = 0
    world.tell(Kill("kill", "test"))
    world.run(SECOND)
    world.liquidity.clear()
    world.prices[OPTION] = world.prices[OPTION] * 97 // 100 // 5 * 5
    world.settle(60 * SECOND)
    assert (world.position(OPTION), latch(world)) == (0, "FLAT")
    asked = [write.quantity for write in writes(world) if isinstance(write, ModifyOrder | PlaceOrder)]
    assert max(asked) <= freeze


def test_one_read_without_the_row_of_a_proven_stop_closes_nothing() -> None:
    world, oracles = opened()
    stop, reads = stop_of(world), 0

    def without_the_stop_once(read: BookRead) -> BookRead:
        nonlocal reads
        reads += 1
        if reads > 1:
            return read
        rows = tuple(row for row in read.orders if row.order_id != stop.order_id)
        return msgspec.structs.replace(read, orders=rows)

    world.misread = without_the_stop_once
    before = len(placed(world))
    world.run(40 * SECOND)
    assert reads > 1
    assert len(placed(world)) == before
    assert stop_of(world).remaining == world.position()
    oracles.at_rest()


class NarrowBand(World):
    """A broker whose circuit is narrower than the band that is assumed for the class."""

    LOWEST = PRICES[OTHER] * 95 // 100

    def _arrive(self, request: PlaceOrder | ModifyOrder | CancelOrder, *, answered: bool, fault: str) -> None:
        if not isinstance(request, CancelOrder):
            key = (
                request.instrument
                if isinstance(request, PlaceOrder)
                else self.orders[request.order_id].instrument
            )
            if key == OTHER and request.price < self.LOWEST:
                fault = "reject"
        super()._arrive(request, answered=answered, fault=fault)


def test_a_kill_near_a_circuit_that_is_narrower_than_assumed_gets_flat() -> None:
    world = NarrowBand()
    buy(world, OTHER)
    world.run(2 * SECOND)
    assert world.position(OTHER) > 0
    world.liquidity[OTHER] = 0
    world.prices[OTHER] = world.LOWEST + 20
    world.trade(OTHER)
    world.tell(Kill("kill", "test"))
    world.run(SECOND)
    world.liquidity.clear()
    world.settle(60 * SECOND)
    assert (world.position(OTHER), latch(world)) == (0, "FLAT")


def test_a_resting_exit_follows_the_market_inside_a_circuit_that_is_narrower_than_assumed() -> None:
    world = NarrowBand()
    buy(world, OTHER)
    world.run(2 * SECOND)
    assert world.position(OTHER) > 0
    world.liquidity[OTHER] = 0
    world.prices[OTHER] = world.LOWEST + 10_00
    world.trade(OTHER)
    world.tell(Kill("kill", "test"))
    world.run(SECOND // 2)
    world.prices[OTHER] = world.LOWEST + 20
    world.trade(OTHER)
    world.liquidity.clear()
    world.settle(120 * SECOND)
    assert (world.position(OTHER), latch(world)) == (0, "FLAT")


def test_a_refused_conversion_told_twice_sells_no_more_than_is_held() -> None:
    world, _ = opened()
    world.checks.clear()
    trade_by_phone(world, Side.BUY, 122)
    world.settle(20 * SECOND)
    world.faults.requests.append("reject")
    world.faults.reports.append("twice")
    # The kill's own read comes between the two tellings and what they lead to.
    world.book_waits = 2
    world.tell(Kill("kill", "test"))
    for _ in range(600):
        world.run(SECOND // 10)
        assert world.position() >= 0
    assert (world.position(), latch(world)) == (0, "FLAT")


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize("by", ["modify", "replace"])
def test_a_fired_stop_is_never_chased_nearer_than_its_own_limit_by_a_book_from_before_it(
    side: Side, by: str
) -> None:
    held = Targeted(by, side=side)
    world = held.world
    limit = stop_of(world).price
    world.liquidity[STOCK] = 0
    world.trade(STOCK, held.trigger - side.sign * TICK)
    old = PRICES[STOCK]
    show(world, STOCK, bid=old - TICK, ask=old + TICK, last=held.trigger - side.sign * TICK)
    world.run(1_500 * MILLISECOND)
    (order,) = world.live(STOCK)
    assert (limit - order.price) * side.sign >= 0
    world.liquidity.clear()
    world.settle(5 * SECOND)
    assert world.position() == 0
