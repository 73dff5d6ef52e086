"""What the trader does by phone beside us: our units stay ours, and a kill closes theirs too."""

import msgspec
import pytest

import config
from engine.contract.commands import Kill, Outcome
from engine.core import CommandAnswer, Core, DayState, Ids, Latched, Resumed
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.messages import OrderType, Role
from engine.risk.day_result import DayResult
from engine.risk.limits import open_day, wished_limits
from engine.risk.marks import MarkState
from tests.core.entries import buy
from tests.core.faults import latch, opened, outside, placed, stop_of
from tests.core.hostile import DAY, INSTRUMENTS, OTHER, STOCK, Resting, World
from tests.core.phone import Phone, trade_by_phone


def flat_by_a_kill() -> World:
    world, _ = opened()
    world.tell(Kill("first", "test"))
    world.settle(60 * SECOND)
    assert latch(world) == "FLAT"
    # From here on the trader trades against the latch; the oracles know ours alone.
    world.checks.clear()
    return world


def test_a_round_trip_by_phone_costs_our_position_nothing() -> None:
    world, _ = opened()
    world.checks.clear()
    ours = world.position()
    trade_by_phone(world, Side.BUY, 50)
    world.settle(20 * SECOND)
    assert (world.position(), stop_of(world).remaining) == (ours + 50, ours)
    trade_by_phone(world, Side.SELL, 50)
    world.settle(40 * SECOND)
    assert (world.position(), stop_of(world).remaining) == (ours, ours)


def test_a_sale_by_phone_beyond_their_own_closes_ours_for_the_rest() -> None:
    world, _ = opened()
    world.checks.clear()
    ours = world.position()
    trade_by_phone(world, Side.BUY, 50)
    world.settle(20 * SECOND)
    trade_by_phone(world, Side.SELL, 50 + ours)
    world.settle(40 * SECOND)
    assert world.position() == 0
    assert world.live(STOCK) == []


@pytest.mark.parametrize("again", [Kill("second", "test"), Latched("cockpit flatten", "a shell", "second")])
def test_a_second_kill_closes_what_was_opened_since_the_first(again: Kill | Latched) -> None:
    world = flat_by_a_kill()
    outside(world, OTHER, 300)
    world.tell(again)
    assert latch(world) == "KILLING"
    world.settle(40 * SECOND)
    assert (world.position(OTHER), latch(world)) == (0, "FLAT")


def test_the_same_kill_told_again_does_nothing() -> None:
    world = flat_by_a_kill()
    told = len(world.sent)
    world.tell(Kill("first", "test"))
    world.settle(10 * SECOND)
    assert latch(world) == "FLAT"
    assert [effect for _, effect in world.sent[told:] if not isinstance(effect, CommandAnswer)] == []


def test_a_fill_by_phone_under_the_latch_is_closed() -> None:
    world = flat_by_a_kill()
    trade_by_phone(world, Side.BUY, 50)
    world.settle(40 * SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")


@pytest.mark.parametrize("fault", ["fail", "empty"])
def test_a_read_that_goes_wrong_after_flat_is_asked_for_again(fault: str) -> None:
    world = flat_by_a_kill()
    world.mute = True
    world.faults.reads.append(fault)
    world.tell(Resumed("line"))
    world.run(SECOND)
    trade_by_phone(world, Side.BUY, 50)
    world.run(4 * SECOND)
    assert world.position() == 0
    world.settle(10 * SECOND)
    assert latch(world) == "FLAT"


def test_an_exit_of_ours_that_no_journal_tells_of_closes_ours_and_not_theirs() -> None:
    world, _ = opened()
    world.checks.clear()
    ours = world.position()
    trade_by_phone(world, Side.BUY, 50)
    world.settle(20 * SECOND)
    stop = stop_of(world)
    world._ids += 1
    name = f"{world.core.ids.prefix}-000099-X"
    lost = Resting(
        f"B{world._ids}",
        name,
        STOCK,
        Side.SELL,
        Role.EXIT,
        OrderType.LIMIT,
        ours,
        world.prices[STOCK],
        0,
    )
    world.orders[lost.order_id] = lost
    stop.status = "cancelled"
    world.fill(lost, ours, world.prices[STOCK])
    world.run(SECOND // 4)
    world.tell(world.row(stop))
    world.settle(60 * SECOND)
    assert world.position() == 50
    assert world.core.manager.portfolio.open() == ()


def test_a_book_taken_over_with_a_day_that_had_lost_its_limit_is_closed() -> None:
    world = World()
    limits = open_day(DAY, 1_000_000_00, wished_limits(config.Settings().risk), None)
    lost = DayResult(-60_000_00, 0, 0, 0, MarkState.LIVE, 0)
    recovered = DayState(limits.observed(lost, world.now), lost.realised, 0, None)
    world.core = Core(world.settings, INSTRUMENTS, world.day, "replay", 1_000_000_00, Ids("H"), recovered)
    world._seed()
    outside(world, OTHER, 300)
    world.tell(Resumed("run", begins=True))
    world.settle(40 * SECOND)
    assert world.core.limits.stopped
    assert (world.position(OTHER), latch(world)) == (0, "FLAT")


def test_a_stop_told_to_have_fired_is_not_chased_into_a_phone_order_that_takes_all_of_it() -> None:
    world, _ = opened()
    held, stop, phone = world.position(), stop_of(world), Phone(world)
    world.tell(msgspec.structs.replace(world.row(stop, "open"), time=stop.time - SECOND))
    world.run(SECOND // 2)
    theirs = phone.order(Side.SELL, held, 0)
    world.faults.standing["cancel"] = "refuse"
    for _ in range(30):
        world.run(SECOND // 10)
        assert (stop.order_type, placed(world, Role.EXIT)) == (OrderType.STOP_LIMIT, [])
    phone.cancel(theirs)
    world.run(SECOND // 2)
    assert world.position() == 0


def test_a_target_left_over_from_an_earlier_trade_takes_no_place_of_the_one_that_runs() -> None:
    world = World()
    buy(world, name="short", side=Side.SELL)
    world.run(2 * SECOND)
    phone = Phone(world)
    target = phone.order(Side.BUY, 65, world.prices[STOCK] - 30_00)
    world.run(SECOND)
    world.trade(STOCK, stop_of(world).trigger_price)
    world.settle(3 * SECOND)
    assert world.position() == 0
    world.settle(20 * SECOND)
    assert buy(world, name="long").outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    ours = world.position()
    assert stop_of(world).remaining == ours > 0
    phone.fill(target, 65)
    world.settle(40 * SECOND)
    assert world.position() == ours + 65
    assert stop_of(world).remaining == ours
    assert world.core.manager.portfolio.outside == {STOCK: 65}
