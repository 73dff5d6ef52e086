"""News told in another order than the exchange filled: its time says whose units others closed."""

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract.commands import ExitPosition
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.order import Fill
from engine.orders.trade import Trade
from tests.core.entries import buy
from tests.core.faults import opened, stop_of
from tests.core.hostile import STOCK, TICK, Resting, World
from tests.core.oracles import Oracles
from tests.core.phone import Phone


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
    assert (entry.filled, world.core.manager.portfolio.open()) == (entry.quantity, ())
    return world, oracles, entry.quantity


def first_trade(world: World) -> Trade:
    return world.core.manager.portfolio.all()[0]


def test_a_square_off_told_before_the_entry_it_closed_closes_our_trade() -> None:
    world, oracles, units = entered_unheard()
    world.run(200 * MILLISECOND)
    world.square_off()
    world.run(SECOND)
    trade = first_trade(world)
    assert (trade.entry_quantity, trade.open_quantity) == (units, 0)
    assert trade.exit_reason == "closed outside"
    assert world.core.manager.portfolio.outside == {}
    world.settle(40 * SECOND)
    oracles.at_rest()
    assert (world.position(), world.live(STOCK)) == (0, [])
    assert world.core.manager.freeze_reason(STOCK) == ""


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
    assert world.core.manager.portfolio.outside == {STOCK: -40}


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
    assert world.core.manager.portfolio.outside.get(STOCK, 0) == max(bought - sold, 0)
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
    assert world.core.manager.portfolio.outside == {STOCK: 60}


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
    assert world.core.manager.portfolio.outside == {STOCK: 60}


def sold_by_phone_unheard(world: World, units: int) -> Resting:
    """Let a phone sell behind a mute stream; return its order."""
    world.mute = True
    sale = world.phone(STOCK, Side.SELL, units)
    world.run(50 * MILLISECOND)
    world.mute = False
    assert sale.filled == units
    return sale


def test_a_sale_older_than_our_entry_and_told_after_it_closes_nothing_of_ours() -> None:
    world = World()
    oracles = Oracles(world)
    sale = sold_by_phone_unheard(world, 40)
    buy(world)
    world.run(500 * MILLISECOND)
    world.tell(world.row(sale))
    world.run(SECOND)
    units = first_trade(world).entry_quantity
    assert (first_trade(world).open_quantity, first_trade(world).exit_value) == (units, 0)
    assert (world.core.manager.portfolio.outside, stop_of(world).remaining) == ({STOCK: -40}, units - 40)
    world.phone(STOCK, Side.BUY, 40)
    world.run(SECOND)
    assert (world.core.manager.portfolio.outside, stop_of(world).remaining) == ({}, units)
    world.settle(40 * SECOND)
    oracles.at_rest()


def test_a_sale_told_after_two_pieces_of_our_entry_closes_only_the_one_that_was_filled_before_it() -> None:
    world = World()
    oracles = Oracles(world)
    world.liquidity[STOCK] = 100
    buy(world)
    world.run(300 * MILLISECOND)
    world.mute, phone = True, Phone(world)
    sale = phone.order(Side.SELL, 160, world.bid(STOCK))
    phone.fill(sale, 160)
    world.run(50 * MILLISECOND)
    world.mute = False
    del world.liquidity[STOCK]
    world.trade()
    world.run(100 * MILLISECOND)
    world.tell(world.row(sale))
    world.run(SECOND)
    trade = first_trade(world)
    assert trade.open_quantity == trade.entry_quantity - 100
    assert world.core.manager.portfolio.outside == {STOCK: -60}
    world.settle(40 * SECOND)
    oracles.at_rest()


def test_a_sale_older_than_our_entry_is_no_race_with_the_half_that_we_closed() -> None:
    world = World()
    oracles = Oracles(world)
    sale = sold_by_phone_unheard(world, 40)
    buy(world)
    world.run(500 * MILLISECOND)
    world.tell(ExitPosition("half", STOCK, half=True))
    world.run(SECOND)
    trade = first_trade(world)
    assert 0 < trade.exit_quantity < trade.entry_quantity
    world.tell(world.row(sale))
    world.run(SECOND)
    assert [one.id for one in world.core.manager.portfolio.all()] == [trade.id]
    assert world.core.manager.portfolio.outside == {STOCK: -40}
    assert stop_of(world).remaining == trade.open_quantity - 40 == world.position()
    world.settle(40 * SECOND)
    oracles.at_rest()


def test_a_sale_known_before_our_entry_filled_closes_ours_by_a_time_that_has_not_moved() -> None:
    world = World()
    phone = Phone(world)
    sale = phone.order(Side.SELL, 40, world.bid(STOCK) + 100 * TICK)
    world.run(SECOND)
    came = world.row(sale).time
    buy(world)
    world.run(SECOND)
    world.mute = True
    phone.fill(sale, 40)
    world.tell(msgspec.structs.replace(world.row(sale), time=came))
    trade = first_trade(world)
    assert (trade.open_quantity, world.core.manager.portfolio.outside) == (trade.entry_quantity - 40, {})


@pytest.mark.parametrize(("before", "after"), [(40, 40), (0, 80), (100, 20)])
def test_a_sale_told_after_a_younger_purchase_closes_only_what_theirs_was_before_it(
    before: int, after: int
) -> None:
    world, oracles = opened()
    ours = world.position()
    if before:
        world.phone(STOCK, Side.BUY, before)
        world.run(200 * MILLISECOND)
    sale = sold_by_phone_unheard(world, 90)
    world.phone(STOCK, Side.BUY, after)
    world.run(60 * MILLISECOND)
    assert world.core.manager.portfolio.outside == {STOCK: before + after}
    world.tell(world.row(sale))
    world.run(SECOND)
    closed = max(90 - before, 0)
    assert first_trade(world).open_quantity == ours - closed
    assert world.core.manager.portfolio.outside == {STOCK: world.position() - ours + closed}
    assert stop_of(world).remaining == ours - closed
    world.settle(40 * SECOND)
    oracles.at_rest()


MOVES = st.lists(
    st.tuples(st.sampled_from("EBS"), st.integers(1, 5).map(lambda tens: 10 * tens)), min_size=2, max_size=6
)


def played(moves: list[tuple[str, int]], prices: list[int]) -> tuple[int, int, int]:
    """Return what is ours, what lies outside, and what others' closing of ours is worth, as the exchange filled."""
    ours = outside = worth = 0
    for (kind, units), price in zip(moves, prices, strict=True):
        if kind == "E":
            ours += units
        elif kind == "B":
            outside += units
        else:
            closes = min(max(units - max(outside, 0), 0), ours)
            ours, outside, worth = ours - closes, outside - units + closes, worth + closes * price
    return ours, outside, worth


@settings(max_examples=60, deadline=None)
@given(moves=MOVES, chance=st.randoms(use_true_random=False))
def test_whatever_the_order_of_the_news_units_and_worth_are_those_of_the_exchange(
    moves: list[tuple[str, int]], chance: Random
) -> None:
    world = World()
    world.mute, world.liquidity[STOCK] = True, 0
    buy(world)
    world.run(45 * MILLISECOND)
    (entry,), phone = world.live(STOCK), Phone(world)
    prices = [world.prices[STOCK] + number * TICK for number in range(len(moves))]
    rows = []
    for (kind, units), price in zip(moves, prices, strict=True):
        world.now += MILLISECOND
        side = Side.SELL if kind == "S" else Side.BUY
        order = entry if kind == "E" else phone.order(side, units, price, told=False)
        phone.fill(order, units, price)
        rows.append(world.row(order))
    told = chance.sample(range(len(moves)), len(moves))
    # One order's own rows come as they were.
    pieces = iter(sorted(number for number in told if moves[number][0] == "E"))
    for number in told:
        world.tell(rows[next(pieces) if moves[number][0] == "E" else number])
    trade, outside = first_trade(world), world.core.manager.portfolio.outside.get(STOCK, 0)
    assert (trade.open_quantity, outside, trade.exit_value) == played(moves, prices)
    fills = [(record.key, record.payload) for record in world.records if isinstance(record.payload, Fill)]
    assert len({key for key, _ in fills}) == len(fills)
    assert sum(fill.quantity * fill.side.sign for _, fill in fills) == trade.open_quantity
