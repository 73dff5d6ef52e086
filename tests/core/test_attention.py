"""How closely the broker is to be watched: core says it from its orders, its trades and their market."""

import msgspec
import pytest

from engine.contract.commands import ExitPosition, Kill
from engine.core import Resumed
from engine.core.attention import EXPECTED_WITHIN, YOUNG_FOR, attention_of
from engine.market.clock import SECOND
from engine.orders.attention import Attention
from tests.core.entries import buy
from tests.core.faults import opened, outside, stop_of
from tests.core.hostile import STOCK, TICK, World


def watched(world: World) -> Attention:
    return attention_of(world.core.manager, world.core.market_state, world.now)


def resting(price_below: int, age: int = YOUNG_FOR) -> World:
    """Return a world with an entry of ours at the exchange so far below the market, in ticks, and so old."""
    world = World()
    world.liquidity[STOCK] = 0
    buy(world)
    world.run(SECOND)
    orders = world.core.manager.orders
    (order,) = orders.live()
    world.trade(STOCK, order.price + price_below * TICK)
    # As the trader's own limit rests: one of a signal would be cancelled at this age.
    orders._store(msgspec.structs.replace(order, sent_at=world.now - age))
    return world


def test_nothing_held_and_nothing_live_needs_no_attention() -> None:
    assert watched(World()) is Attention.IDLE


@pytest.mark.parametrize(
    ("age", "wanted"),
    [
        (EXPECTED_WITHIN - 1, Attention.FILLING),
        (EXPECTED_WITHIN, Attention.CHANGING),
        (YOUNG_FOR - 1, Attention.CHANGING),
        (YOUNG_FOR, Attention.HELD),
    ],
)
def test_an_entry_that_has_just_left_is_watched_for_its_fill_and_a_young_one_for_half_a_minute(
    age: int, wanted: Attention
) -> None:
    assert watched(resting(100, age)) is wanted


@pytest.mark.parametrize(
    ("ticks", "wanted"),
    [(2, Attention.CHANGING), (5, Attention.CHANGING), (6, Attention.HELD), (40, Attention.HELD)],
)
def test_an_old_entry_within_two_spreads_of_the_market_may_fill_at_any_moment(
    ticks: int, wanted: Attention
) -> None:
    # The touch is one tick below the last price, the spread two ticks.
    assert watched(resting(ticks)) is wanted


def test_an_old_entry_whose_market_nobody_sees_may_fill_at_any_moment() -> None:
    world = resting(40)
    world.now += 10 * SECOND
    assert watched(world) is Attention.CHANGING


def test_a_protected_position_is_held_until_its_market_comes_near_its_stop() -> None:
    world, _ = opened()
    world.settle(40 * SECOND)
    assert watched(world) is Attention.HELD
    world.trade(STOCK, stop_of(world).trigger_price + 3 * TICK)
    assert watched(world) is Attention.CHANGING


def test_a_position_without_its_stop_an_exit_and_a_kill_under_way_are_watched_closely() -> None:
    world, _ = opened()
    world.settle(40 * SECOND)
    world.liquidity[STOCK] = 0
    world.tell(ExitPosition("x", STOCK))
    assert watched(world) is Attention.CHANGING
    world.run(SECOND)
    assert watched(world) is Attention.CHANGING
    other, _ = opened()
    other.settle(40 * SECOND)
    other.tell(Kill("k", "test"))
    assert watched(other) is Attention.CHANGING
    other.settle(20 * SECOND)
    assert watched(other) is Attention.IDLE


def test_what_others_hold_is_watched_like_a_position() -> None:
    world = World()
    outside(world, STOCK, 10)
    world.tell(Resumed("test"))
    world.settle(5 * SECOND)
    assert watched(world) is Attention.HELD
