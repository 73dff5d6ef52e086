"""A target is watched: the stop becomes its exit for a second, and the stop again where that does not fill."""

import msgspec
import pytest

from engine.contract.commands import ExitPosition, Kill, TightenStop
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.market.update import MarketUpdate
from engine.orders.messages import ModifyOrder, OrderType, Role
from engine.orders.trade import Mode
from engine.presenter.rows import position_row
from tests.core.faults import latch, said, stop_of, writes
from tests.core.hostile import PRICES, STOCK, TICK
from tests.core.targeted import SIDES, SPREAD, Targeted

BOTH = pytest.mark.parametrize("by", ["modify", "replace"])


@BOTH
@SIDES
def test_the_stop_becomes_the_exit_no_worse_than_the_target_less_one_spread(by: str, side: Side) -> None:
    held = Targeted(by, side=side)
    held.reach()
    held.world.run(500 * MILLISECOND)
    assert held.closing == [(OrderType.LIMIT, held.held, held.target - held.sign * SPREAD)]


@BOTH
@SIDES
def test_unfilled_for_a_second_the_stop_is_put_back_at_its_trigger_and_nothing_is_chased(
    by: str, side: Side
) -> None:
    held = Targeted(by, side=side)
    held.reach()
    held.world.run(1_500 * MILLISECOND)
    assert held.closing == held.stopped
    assert (held.trade.mode, held.trade.aimed, held.excess) == (Mode.HOLD, None, 0)
    assert len(writes(held.world)) == (4 if by == "modify" else 6)
    assert said(held.world, "T2 did not fill within a second")
    held.oracles.at_rest()


@BOTH
def test_the_target_is_watched_again_and_taken_by_a_later_book_that_reaches_it(by: str) -> None:
    held = Targeted(by)
    held.reach()
    held.world.run(1_500 * MILLISECOND)
    held.reach()
    held.world.run(100 * MILLISECOND)
    assert held.closing == held.stopped
    held.world.run(2 * SECOND)
    held.reach(None)
    held.world.run(SECOND)
    assert held.world.position() == 0
    assert held.core.closed_trades[-1].exit_reason == "T2"
    held.oracles.at_rest()


@BOTH
def test_filled_in_part_the_rest_goes_back_under_the_stop(by: str) -> None:
    held = Targeted(by)
    held.reach(room=held.held // 3)
    held.world.run(2 * SECOND)
    assert held.world.position() == held.held - held.held // 3
    assert (held.closing, held.excess) == (held.stopped, 0)
    held.oracles.at_rest()


@pytest.mark.parametrize("way", ["stop_becomes_limit", "limit_becomes_stop"])
def test_a_broker_that_turns_one_into_the_other_only_one_way_has_its_stop_put_back_all_the_same(
    way: str,
) -> None:
    held = Targeted()
    setattr(held.world, way, False)
    for _ in range(4):
        held.reach()
        held.world.settle(5 * SECOND)
    assert (held.closing, held.excess) == (held.stopped, 0)
    assert said(held.world, "turns no stop into a limit") is (way == "stop_becomes_limit")
    back = [one for one in writes(held.world) if isinstance(one, ModifyOrder) and one.trigger_price]
    assert len(back) == (1 if way == "limit_becomes_stop" else 0)
    assert held.trade.conversion_refusals == (2 if way == "stop_becomes_limit" else 0)


@BOTH
@pytest.mark.parametrize("kind", ["modify", "cancel", "place"])
@pytest.mark.parametrize("fault", ["lost", "lost-answer", "refuse", "reject", "nothing", "pending", "late"])
def test_a_stop_that_does_not_go_back_in_time_leaves_a_real_exit_and_never_too_much(
    by: str, kind: str, fault: str
) -> None:
    if kind == "place" and fault in ("nothing", "pending"):
        return
    held = Targeted(by)
    held.reach()
    held.world.run(700 * MILLISECOND)
    held.world.faults.standing[kind] = fault
    held.world.run(4 * SECOND)
    held.world.faults.clear()
    held.world.liquidity.clear()
    held.world.settle(30 * SECOND)
    position = held.world.position()
    assert position in (0, held.held)
    if position:
        assert sum(units for kind, units, _ in held.closing if kind is OrderType.STOP_LIMIT) == position


@BOTH
def test_a_price_that_falls_through_the_stop_meanwhile_is_followed(by: str) -> None:
    held = Targeted(by)
    held.reach()
    held.world.run(600 * MILLISECOND)
    held.world.liquidity.clear()
    held.world.trade(STOCK, held.trigger - 4 * TICK)
    held.world.run(1_500 * MILLISECOND)
    assert held.world.position() == 0
    assert held.core.closed_trades[-1].exit_reason == "stop"
    held.oracles.at_rest()


@BOTH
@pytest.mark.parametrize("why", ["kill", "hand"])
def test_the_kill_and_an_exit_by_hand_chase_what_a_target_left_resting(by: str, why: str) -> None:
    held = Targeted(by)
    held.reach()
    held.world.run(600 * MILLISECOND)
    held.world.trade(STOCK, held.target - 10 * TICK)
    held.world.tell(Kill("k", "test") if why == "kill" else ExitPosition("x", STOCK))
    held.world.run(SECOND)
    held.world.liquidity.clear()
    held.world.settle(5 * SECOND)
    assert held.world.position() == 0
    assert latch(held.world) == ("FLAT" if why == "kill" else "")
    assert held.core.closed_trades[-1].exit_reason == ("kill" if why == "kill" else "by hand")


def test_the_days_clock_chases_what_a_target_left_resting_in_a_halt() -> None:
    held = Targeted()
    held.reach()
    held.world.run(500 * MILLISECOND)
    held.world.halt()
    flat_by = held.core.day.flatten_start(held.core.instruments[STOCK].kind)
    held.world.run(flat_by - held.core.market_time(held.world.now) + SECOND)
    assert (held.trade.aimed, held.trade.exit_reason) == (None, "flat by")


def test_an_exit_by_hand_is_chased_as_before() -> None:
    held = Targeted()
    held.world.liquidity[STOCK] = 0
    held.world.tell(ExitPosition("x", STOCK))
    held.world.run(500 * MILLISECOND)
    held.world.trade(STOCK, held.world.prices[STOCK] - 20 * TICK)
    held.world.run(4 * SECOND)
    assert [kind for kind, _, _ in held.closing] == [OrderType.LIMIT]
    assert len([one for one in writes(held.world) if isinstance(one, ModifyOrder)]) > 2


def test_a_last_price_beyond_the_target_is_no_touch_and_neither_is_an_odd_book() -> None:
    held = Targeted()
    held.world.trade(STOCK, held.target)
    assert held.trade.mode is Mode.HOLD
    last, volume = held.world.prices[STOCK], held.world.volume[STOCK] + 10
    for bid, ask in ((last + 500 * TICK, last + 502 * TICK), (held.target + 6 * TICK, held.target)):
        held.world.tell(
            MarketUpdate(
                STOCK,
                held.world.now,
                held.world.now,
                last,
                10,
                volume,
                PRICES[STOCK],
                ((bid, 100),),
                ((ask, 100),),
            )
        )
        assert held.trade.mode is Mode.HOLD


def test_a_first_target_that_does_not_fill_gives_its_part_back_to_the_stop_and_counts_as_not_taken() -> None:
    held = Targeted(first=True)
    held.reach()
    held.world.run(500 * MILLISECOND)
    half = held.held // 2
    assert (OrderType.LIMIT, half, held.target - SPREAD) in held.closing
    held.world.run(1_500 * MILLISECOND)
    covered = sum(units for kind, units, _ in held.closing if kind is OrderType.STOP_LIMIT)
    assert (covered, len([1 for kind, _, _ in held.closing if kind is OrderType.LIMIT])) == (held.held, 0)
    assert (held.trade.t1_done, held.excess) == (False, 0)
    held.world.settle(SECOND)
    assert held.trade.stop is not None
    assert held.trade.stop.trigger == held.trigger
    held.oracles.at_rest()


def test_a_first_target_filled_in_part_takes_what_is_left_of_its_share_later_and_no_more() -> None:
    held = Targeted(first=True)
    half = held.held // 2
    held.reach(room=half // 4)
    held.world.run(3 * SECOND)
    assert (held.world.position(), held.trade.t1_done) == (held.held - half // 4, False)
    held.world.run(2 * SECOND)
    held.reach(None)
    held.world.run(SECOND)
    assert (held.world.position(), held.trade.t1_done) == (held.held - half, True)
    held.world.settle(5 * SECOND)
    held.oracles.at_rest()


def test_changes_are_counted_whoever_asks_for_them_and_a_worn_order_is_replaced() -> None:
    held = Targeted()
    for _ in range(16):
        held.reach()
        held.world.settle(4 * SECOND)
        held.world.trade(STOCK, held.target - 10 * TICK)
    assert max(order.changes for order in held.world.orders.values()) <= 20
    assert (held.world.position(), held.closing, held.excess) == (held.held, held.stopped, 0)


def test_a_halt_leaves_the_exit_where_it_is_until_a_stop_can_go_back() -> None:
    held = Targeted()
    held.reach()
    held.world.run(500 * MILLISECOND)
    held.world.halt()
    held.world.run(5 * SECOND)
    assert held.closing == [(OrderType.LIMIT, held.held, held.target - SPREAD)]
    held.world.trade(STOCK, held.target - 10 * TICK)
    held.world.liquidity[STOCK] = 0
    held.world.reopen()
    held.world.run(3 * SECOND)
    assert held.closing == held.stopped


def test_the_screen_says_watched_or_held() -> None:
    held = Targeted(first=True)
    assert position_row(held.core, held.trade, held.world.now).target_state == "watched"
    held.reach()
    held.world.run(300 * MILLISECOND)
    assert position_row(held.core, held.trade, held.world.now).target_state == "held"
    held.world.run(2 * SECOND)
    assert position_row(held.core, held.trade, held.world.now).target_state == "watched"


def test_a_stop_that_goes_back_and_fills_on_the_way_was_the_target() -> None:
    held = Targeted()
    held.reach()
    held.world.run(900 * MILLISECOND)
    stop = stop_of(held.world)
    held.world.after(220 * MILLISECOND, lambda: held.world.fill(stop, stop.remaining, held.target))
    held.world.run(2 * SECOND)
    assert held.world.position() == 0
    assert held.core.closed_trades[-1].exit_reason == "T2"
    assert stop.role is Role.STOP


def test_a_stop_that_has_locked_more_than_the_risk_of_a_trade_goes_back_whole() -> None:
    held = Targeted()
    held.target = PRICES[STOCK] + 22_00
    held.core.manager.portfolio.put(msgspec.structs.replace(held.trade, target_2=held.target))
    for step in range(1, 5):
        held.world.trade(STOCK, PRICES[STOCK] + step * 5_00)
        held.world.run(SECOND)
    held.world.tell(TightenStop("t", STOCK, PRICES[STOCK] + 15_00))
    held.world.run(SECOND)
    held.trigger = stop_of(held.world).trigger_price
    assert held.trigger >= PRICES[STOCK] + 12_00
    held.reach()
    held.world.run(4 * SECOND)
    assert (held.world.position(), held.closing) == (held.held, held.stopped)
