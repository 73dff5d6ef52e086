"""News told in another order than the exchange filled: its time says whose units others closed."""

import msgspec
import pytest

from engine.market.clock import MILLISECOND, SECOND
from engine.orders.order import Fill
from engine.orders.trade import Trade
from engine.setups.signal import Side
from tests.core.faults import opened, stop_of
from tests.core.hostile import STOCK, TICK, Resting, World
from tests.core.oracles import Oracles
from tests.core.phone import Phone
from tests.core.test_happy_path import buy


def entered_unheard() -> tuple[World, Oracles, int]:
    """Return a world whose entry has rested and then filled without a word of it."""
    world = World()
    oracles = Oracles(world)
    world.liquidity[STOCK] = 0
    buy(world)
    world.run(300 * MILLISECOND)
    (entry,) = world.live(STOCK)
    world.faults.reports.append("never")
    world.liquidity.clear()
    world.trade()
    assert (entry.filled, world.core.keeper.portfolio.open()) == (entry.quantity, ())
    return world, oracles, entry.quantity


def first_trade(world: World) -> Trade:
    return world.core.keeper.portfolio.all()[0]


def test_a_square_off_told_before_the_entry_it_closed_closes_our_trade() -> None:
    world, oracles, units = entered_unheard()
    world.run(200 * MILLISECOND)
    world.square_off()
    world.run(SECOND)
    trade = first_trade(world)
    assert (trade.entry_quantity, trade.open_quantity) == (units, 0)
    assert trade.exit_reason == "closed outside"
    assert world.core.keeper.portfolio.outside == {}
    world.settle(40 * SECOND)
    oracles.at_rest()
    assert (world.position(), world.live(STOCK)) == (0, [])
    assert world.core.keeper.freeze_reason(STOCK) == ""


def test_a_part_sold_by_phone_before_our_entry_is_told_leaves_a_stop_for_the_rest() -> None:
    world, oracles, units = entered_unheard()
    world.run(200 * MILLISECOND)
    world.phone(STOCK, Side.SELL, 40)
    world.run(SECOND)
    assert (first_trade(world).open_quantity, stop_of(world).remaining) == (units - 40, units - 40)
    world.settle(40 * SECOND)
    oracles.at_rest()


def test_what_others_sold_before_our_entry_filled_stays_theirs() -> None:
    world = World()
    world.liquidity[STOCK] = 0
    buy(world)
    world.run(300 * MILLISECOND)
    (entry,) = world.live(STOCK)
    phone = Phone(world)
    phone.fill(phone.order(Side.SELL, 40, world.bid(STOCK)), 40)
    world.run(100 * MILLISECOND)
    world.liquidity.clear()
    world.trade()
    world.run(SECOND)
    assert first_trade(world).open_quantity == entry.filled == entry.quantity
    assert world.core.keeper.portfolio.outside == {STOCK: -40}


def bought_then_sold_by_phone(world: World, bought: int, sold: int) -> tuple[Resting, Resting]:
    """Let a phone buy and then sell behind a mute stream; return both orders."""
    world.mute = True
    first = world.phone(STOCK, Side.BUY, bought)
    world.run(50 * MILLISECOND)
    second = world.phone(STOCK, Side.SELL, sold)
    world.run(50 * MILLISECOND)
    world.mute = False
    assert (first.filled, second.filled) == (bought, sold)
    return first, second


@pytest.mark.parametrize(("bought", "sold"), [(60, 40), (40, 60), (50, 50)])
def test_a_sale_told_before_the_older_purchase_it_closed_costs_ours_nothing_of_that(
    bought: int, sold: int
) -> None:
    world, oracles = opened()
    ours = world.position()
    purchase, sale = bought_then_sold_by_phone(world, bought, sold)
    world.tell(world.row(sale))
    world.run(40 * MILLISECOND)
    world.tell(world.row(purchase))
    world.run(SECOND)
    left = ours - max(sold - bought, 0)
    assert (first_trade(world).open_quantity, stop_of(world).remaining) == (left, left)
    assert world.core.keeper.portfolio.outside.get(STOCK, 0) == max(bought - sold, 0)
    world.settle(40 * SECOND)
    oracles.at_rest()


def test_what_is_given_back_has_earned_our_trade_nothing() -> None:
    world, _ = opened()
    purchase, sale = bought_then_sold_by_phone(world, 60, 40)
    world.tell(world.row(sale))
    assert first_trade(world).exit_value == 40 * (sale.value // 40)
    world.tell(world.row(purchase))
    trade = first_trade(world)
    assert (trade.exit_quantity, trade.exit_value, trade.gross) == (0, 0, 0)
    told = [record.payload for record in world.records if isinstance(record.payload, Fill)][-2:]
    assert sum(fill.quantity * fill.side.sign for fill in told) == 0
    assert len({fill.value for fill in told}) == 1


def test_a_purchase_after_the_sale_gives_ours_nothing_back() -> None:
    world, _ = opened()
    ours = world.position()
    world.checks.clear()
    world.phone(STOCK, Side.SELL, 40)
    world.run(300 * MILLISECOND)
    world.phone(STOCK, Side.BUY, 60)
    world.run(SECOND)
    assert (first_trade(world).open_quantity, stop_of(world).remaining) == (ours - 40, ours - 40)
    assert world.core.keeper.portfolio.outside == {STOCK: 60}


def test_a_purchase_known_to_rest_before_the_sale_gives_nothing_back_by_a_time_that_has_not_moved() -> None:
    world, _ = opened()
    ours = world.position()
    phone = Phone(world)
    purchase = phone.order(Side.BUY, 60, world.bid(STOCK) - 100 * TICK)
    world.run(SECOND)
    came = world.row(purchase).time
    phone.fill(phone.order(Side.SELL, 40, world.bid(STOCK)), 40)
    world.run(SECOND)
    world.mute = True
    phone.fill(purchase, 60)
    world.tell(msgspec.structs.replace(world.row(purchase), time=came))
    world.run(SECOND)
    assert (first_trade(world).open_quantity, stop_of(world).remaining) == (ours - 40, ours - 40)
    assert world.core.keeper.portfolio.outside == {STOCK: 60}
