"""GTT orders of the account wait at the broker: they are shown, left alone, and named with FLAT."""

from engine.contract.commands import Kill
from engine.market.clock import SECOND
from engine.market.figures import grouped
from engine.market.side import Side
from engine.orders.trade import Mode
from engine.presenter.rows import order_rows
from tests.core.faults import latch, opened, said, stop_of
from tests.core.hostile import STOCK, TICK, World


def beside_a_gtt(pieces: int = 1) -> tuple[World, int]:
    world, _ = opened()
    world.checks.clear()
    held = world.position()
    world.wait_for(STOCK, Side.SELL, held, world.prices[STOCK] + 60 * TICK, above=True, pieces=pieces)
    world.settle(20 * SECOND)
    return world, held


def test_a_gtt_order_on_an_instrument_of_ours_is_shown_and_leaves_the_stop_whole() -> None:
    world, held = beside_a_gtt()
    (shown, *_) = order_rows(world.core, world.now)
    assert (shown.type, shown.state, shown.side, shown.quantity) == ("GTT", "WAITING", "SELL", held)
    assert shown.trigger_price == world.prices[STOCK] + 60 * TICK
    assert said(world, f"waits at the broker: GTT sell {grouped(held)} {STOCK}")
    assert stop_of(world).remaining == held


def test_a_gtt_order_is_named_with_flat_and_counted_in_what_is_left() -> None:
    world, held = beside_a_gtt()
    world.tell(Kill("k", "test"))
    world.settle(20 * SECOND)
    assert latch(world) == "FLAT"
    assert said(world, f"left alone: GTT sell {grouped(held)} {STOCK}")
    scope = world.core.kill_scope()
    assert (scope.left_outside, len(scope.left)) == (1, 1)


def test_a_gtt_that_fires_and_fills_in_pieces_takes_ours_fill_by_fill() -> None:
    world, held = beside_a_gtt(pieces=5)
    lowest = [held]
    world.checks.append(lambda here: lowest.append(here.position()))
    world.trade(STOCK, world.prices[STOCK] + 62 * TICK)
    world.settle(20 * SECOND)
    assert (world.position(), min(lowest), world.live(STOCK)) == (0, 0, [])
    trade = world.core.manager.portfolio.all()[0]
    assert (trade.exit_reason, trade.mode) == ("closed outside", Mode.EXIT)
    assert [row for row in order_rows(world.core, world.now) if row.type == "GTT"] == []
