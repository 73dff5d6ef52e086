"""Faults of the kill, of the truth and of limits, by name; numbers are those of the fault list."""

import pytest

from engine.contract.commands import ExitPosition, Kill, Outcome
from engine.core import Latched, Resumed
from engine.market.clock import MILLISECOND, MINUTE, SECOND
from engine.orders.messages import (
    ModifyOrder,
    Role,
)
from engine.orders.trade import Mode
from tests.core.entries import buy
from tests.core.faults import latch, opened, outside, placed, said, stop_of, stopped, trade_of, writes
from tests.core.hostile import OPTION, OTHER, STOCK, World
from tests.core.oracles import Oracles

# 38 to 42: the kill.


def test_38_twenty_kills_from_two_terminals_close_once() -> None:
    world, oracles = opened()
    world.tell(ExitPosition("x", STOCK))
    for number in range(20):
        world.tell(Kill(f"k{number % 2}", "terminal"))
        world.run(10 * MILLISECOND)
    world.settle(4 * SECOND)
    assert len([e for e in writes(world) if isinstance(e, ModifyOrder)]) == 1
    assert placed(world, Role.EXIT) == []
    assert latch(world) == "FLAT"
    oracles.at_rest()


def test_39_a_kill_while_the_broker_is_down_stays_latched_and_finishes_on_its_return() -> None:
    world, oracles = opened()
    world.down = True
    world.tell(Kill("k", "test"))
    world.settle(20 * SECOND)
    assert latch(world) != "FLAT"
    assert world.position() > 0
    world.down = False
    world.settle(10 * SECOND)
    assert world.position() == 0
    assert latch(world) == "FLAT"
    oracles.at_rest()


def test_40_a_kill_with_an_entry_in_doubt_closes_its_late_fill_before_it_says_flat() -> None:
    world = World()
    oracles = Oracles(world)
    world.faults.requests.append("late")
    buy(world)
    world.run(2 * SECOND)
    world.tell(Kill("k", "test"))
    world.settle(5 * SECOND)
    assert latch(world) == "KILLING"
    world.settle(20 * SECOND)
    assert world.position() == 0
    assert latch(world) == "FLAT"
    oracles.at_rest()


def test_41_a_kill_with_an_exit_partly_filled_closes_the_rest_only() -> None:
    world, oracles = opened()
    world.liquidity[STOCK] = 100
    world.tell(ExitPosition("x", STOCK))
    world.run(300 * MILLISECOND)
    world.tell(Kill("k", "test"))
    world.liquidity.clear()
    world.settle(4 * SECOND)
    assert world.position() == 0
    assert len(placed(world)) == 2
    oracles.at_rest()


def test_42_a_kill_at_the_circuit_rests_at_the_band_says_stuck_and_does_not_spam() -> None:
    world = World()
    oracles = Oracles(world)
    buy(world, OTHER)
    world.run(2 * SECOND)
    world.prices[OTHER] = 400_00
    world.liquidity[OTHER] = 0
    world.trade(OTHER)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    before = len(writes(world))
    world.settle(20 * SECOND)
    assert latch(world) == "STUCK"
    assert len(writes(world)) - before <= 3
    assert said(world, "STUCK")
    assert world.live(OTHER)[0].price == 400_00
    world.liquidity.clear()
    world.prices[OTHER] = 401_00
    world.settle(5 * SECOND)
    assert world.position(OTHER) == 0
    oracles.at_rest()


def test_28_a_latch_from_an_earlier_life_is_honoured() -> None:
    world, oracles = opened()
    world.tell(Latched("cockpit flatten", "from a shell", "k0"))
    world.tell(Latched("cockpit flatten", "from a shell", "k0"))
    world.settle(4 * SECOND)
    assert world.position() == 0
    assert "latch" in buy(world, name="after").text
    oracles.at_rest()


# 45 to 48: the truth.


def test_45_a_position_opened_by_phone_is_external_and_left_alone_until_the_kill() -> None:
    world = World()
    outside(world, OTHER, 300)
    world.tell(Resumed("r"))
    world.settle(3 * SECOND)
    assert world.core.manager.portfolio.outside == {OTHER: 300}
    assert "outside" in buy(world, OTHER).text
    assert world.position(OTHER) == 300
    world.tell(Kill("k", "test"))
    world.settle(5 * SECOND)
    assert world.position(OTHER) == 0
    assert world.core.closed_trades == []
    assert latch(world) == "FLAT"


def test_46_a_position_closed_by_phone_takes_its_stop_with_it() -> None:
    world, _ = opened()
    held = world.position()
    outside(world, STOCK, -held)
    world.settle(20 * SECOND)
    assert world.position() == 0
    assert world.live(STOCK) == []
    [trade] = world.core.closed_trades
    assert trade.quantity == held
    assert trade.quality == "OUTSIDE"


def test_47_a_failed_read_is_unknown_and_never_flat() -> None:
    world, _ = opened()
    world.tell(ExitPosition("x", STOCK))
    world.run(SECOND)
    world.faults.reads += ["fail"] * 4
    world.tell(Kill("k", "test"))
    world.run(2 * SECOND)
    assert latch(world) != "FLAT"
    world.settle(20 * SECOND)
    assert latch(world) == "FLAT"


def test_48_a_snapshot_older_than_the_last_fill_is_left_aside() -> None:
    world = World()
    world.faults.reads.append("slow")
    world.tell(Resumed("r"))
    buy(world)
    world.settle(4 * SECOND)
    assert world.core.manager.portfolio.outside == {}
    assert stop_of(world).remaining == world.position()


def test_48_flat_takes_two_reads_half_a_second_apart() -> None:
    world = World()
    oracles = Oracles(world)
    at = world.now
    world.tell(Kill("k", "test"))
    world.run(5 * SECOND)
    assert latch(world) == "FLAT"
    assert oracles.reads_after(at) == 2


# 53 and 55.


def test_53_an_option_is_bought_in_whole_lots_only() -> None:
    world = World()
    Oracles(world)
    assert buy(world, OPTION).outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    assert world.position(OPTION) % 65 == 0
    assert all(order.quantity % 65 == 0 for order in placed(world))


def test_55_a_loss_seen_on_one_update_stops_nothing_but_three_in_a_row_do() -> None:
    world, oracles = opened()
    world.liquidity[STOCK] = 0
    stop = stop_of(world)
    stop.status = "trigger pending"
    good = world.prices[STOCK]
    world.prices[STOCK] = good - 60_00
    stop.trigger_price = 1
    world.trade()
    assert not stopped(world)
    world.trade(STOCK, good)
    for _ in range(3):
        world.trade(STOCK, good - 60_00)
    assert stopped(world)
    assert world.core.latch is not None
    assert world.core.latch.by == "daily loss limit"
    world.liquidity.clear()
    world.settle(5 * SECOND)
    assert world.position() == 0
    world.trade(STOCK, good)
    world.run(MINUTE)
    assert buy(world, OTHER, "late").outcome is Outcome.REFUSED
    del oracles


def test_a_name_in_exit_mode_never_takes_an_entry(  # law 2
) -> None:
    world, oracles = opened()
    world.liquidity[STOCK] = 0
    world.tell(ExitPosition("x", STOCK))
    world.run(2 * SECOND)
    assert buy(world, name="more").outcome is Outcome.REFUSED
    assert trade_of(world).mode is Mode.EXIT  # type: ignore[attr-defined]
    world.liquidity.clear()
    world.settle(4 * SECOND)
    oracles.at_rest()


@pytest.mark.parametrize("fault", ["reject", "refuse", "lost", "silent", "lost-answer", "late"])
def test_the_kill_gets_flat_whatever_happens_to_its_first_write(fault: str) -> None:
    world, oracles = opened()
    world.faults.requests.append(fault)
    world.tell(Kill("k", "test"))
    world.settle(15 * SECOND)
    assert world.position() == 0
    assert latch(world) == "FLAT"
    oracles.at_rest()


def test_a_kill_waits_with_flat_for_the_fill_that_may_overtake_the_cancel_of_an_entry() -> None:
    world = World()
    oracles = Oracles(world)
    world.liquidity[STOCK] = 0
    buy(world)
    world.run(300 * MILLISECOND)
    (entry,) = world.live(STOCK)
    world.tell(Kill("k", "test"))
    world.run(900 * MILLISECOND)
    assert (entry.status, latch(world)) == ("cancelled", "KILLING")
    world.fill(entry, 7, world.prices[STOCK])
    world.liquidity.clear()
    world.run(SECOND)
    assert world.position() == 0
    world.settle(3 * SECOND)
    assert latch(world) == "FLAT"
    oracles.at_rest()


def test_a_kill_without_a_late_fill_says_flat_within_two_seconds_of_the_cancel() -> None:
    world = World()
    world.liquidity[STOCK] = 0
    buy(world)
    world.run(300 * MILLISECOND)
    world.tell(Kill("k", "test"))
    world.run(2 * SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")
