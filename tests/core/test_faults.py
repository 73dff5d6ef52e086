"""The faults an order path must survive, by name; numbers are those of the fault list."""

import msgspec

from engine.contract.commands import ExitPosition, Outcome
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.messages import (
    CancelOrder,
    ModifyOrder,
    OrderType,
    ReadTag,
    Role,
    UnreadRow,
)
from engine.orders.states import OrderState
from tests.core.entries import buy
from tests.core.faults import opened, placed, said, stop_of, trade_of, writes
from tests.core.hostile import STOCK, TICK, World
from tests.core.oracles import Oracles

# 1 to 4: the answer.


def test_01_an_accepted_order_whose_answer_is_lost_is_found_by_tag_and_not_sent_again() -> None:
    world = World()
    oracles = Oracles(world)
    world.faults.requests.append("lost-answer")
    world.faults.reports += ["never", "never"]
    buy(world)
    world.settle(5 * SECOND)
    assert len(placed(world, Role.ENTRY)) == 1
    assert any(isinstance(effect, ReadTag) for _, effect in world.sent)
    world.settle(20 * SECOND)
    assert world.position() == sum(order.quantity for order in placed(world, Role.ENTRY))
    oracles.at_rest()


def test_02_an_order_that_never_arrived_is_absent_after_five_empty_reads_and_ten_seconds() -> None:
    world = World()
    world.faults.requests.append("lost")
    buy(world)
    [entry] = placed(world, Role.ENTRY)
    world.run(9 * SECOND)
    order = world.core.orders.get(entry.tag)
    assert order is not None
    assert order.state is OrderState.IN_DOUBT
    world.settle(8 * SECOND)
    order = world.core.orders.get(entry.tag)
    assert order is not None
    assert order.state is OrderState.ABSENT
    assert order.empty_probes >= 5
    assert len(placed(world, Role.ENTRY)) == 1


def test_03_an_order_that_shows_after_eight_seconds_stays_one_order() -> None:
    world = World()
    oracles = Oracles(world)
    world.faults.requests.append("late")
    buy(world)
    world.settle(30 * SECOND)
    assert len(placed(world, Role.ENTRY)) == 1
    oracles.at_rest()


def test_03_an_entry_in_doubt_is_cancelled_by_its_tag_at_its_timeout() -> None:
    world = World(world="live")
    world.faults.requests.append("late")
    buy(world)
    world.run(4 * SECOND)
    [cancel] = [effect for _, effect in world.sent if isinstance(effect, CancelOrder)]
    assert cancel.order_id == ""


def test_04_a_refusal_with_the_brokers_envelope_is_final_and_blocks_the_name() -> None:
    world = World()
    world.faults.requests.append("refuse")
    buy(world)
    world.run(SECOND)
    [entry] = placed(world, Role.ENTRY)
    order = world.core.orders.get(entry.tag)
    assert order is not None
    assert order.state is OrderState.REJECTED
    world.trade()
    assert "the broker refused it" in buy(world, name="again").text


def test_04_a_refusal_that_judged_no_order_leaves_the_name_tradable() -> None:
    world = World()
    world.faults.requests.append("hold-back")
    buy(world)
    world.run(SECOND)
    [entry] = placed(world, Role.ENTRY)
    order = world.core.orders.get(entry.tag)
    assert order is not None
    assert order.state is OrderState.REJECTED
    world.run(5 * SECOND)
    world.trade()
    assert buy(world, name="again").outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    assert stop_of(world).remaining == world.position() > 0


# 5 to 11: fills.


def test_05_a_fill_before_the_answer_is_protected_at_once() -> None:
    world = World()
    Oracles(world)
    world.faults.requests.append("lost-answer")
    buy(world)
    world.run(500 * MILLISECOND)
    assert world.position() > 0
    assert stop_of(world).remaining == world.position()


def test_06_repeated_messages_change_nothing() -> None:
    world = World()
    oracles = Oracles(world)
    world.faults.reports += ["twice"] * 6
    buy(world)
    world.settle(3 * SECOND)
    assert len(placed(world, Role.STOP)) == 1
    assert world.core.orders.counters["old"] > 0
    oracles.at_rest()


def test_07_the_same_fill_with_another_value_is_corrected_and_everything_read_again() -> None:
    world, _ = opened()
    row = world.row(world.orders["B1"])
    world.tell(msgspec.structs.replace(row, filled_value=row.filled_value + 100))
    assert world.core.manager.portfolio.open()[0].entry_value == row.filled_value + 100
    assert world.core.manager.freeze_reason(STOCK) == ""
    assert world.core.manager.reconciliation.wanted or any(
        "ReadBook" in type(e).__name__ for _, e in world.sent[-3:]
    )


def test_07_an_execution_told_again_with_other_numbers_stops_entries_and_reads_again() -> None:
    world, _ = opened()
    row = world.row(world.orders["B1"])
    world.tell(
        UnreadRow(STOCK, row.order_id, row.tag, "trades: expected one execution of id 7, got two that differ")
    )
    assert "got two that differ" in world.core.manager.freeze_reason(STOCK)
    assert world.core.manager.reconciliation.wanted or any(
        "ReadBook" in type(e).__name__ for _, e in world.sent[-3:]
    )


def test_08_a_status_out_of_order_takes_no_step_back() -> None:
    world, _ = opened()
    row = world.row(world.orders["B1"])
    world.tell(msgspec.structs.replace(row, status="open"))
    order = world.core.orders.get(row.tag)
    assert order is not None
    assert order.state is OrderState.FILLED


def test_09_the_rest_filled_while_nobody_heard_is_covered_after_the_next_read() -> None:
    world = World()
    Oracles(world)
    world.liquidity[STOCK] = 100
    buy(world)
    world.run(SECOND)
    assert stop_of(world).remaining == 100
    world.faults.reports += ["never"]
    world.liquidity[STOCK] = 50
    world.trade()
    world.settle(18 * SECOND)
    assert world.position() == 150
    assert stop_of(world).remaining == 150


def test_10_a_partial_entry_is_protected_for_the_filled_part_only() -> None:
    world = World()
    oracles = Oracles(world)
    world.liquidity[STOCK] = 100
    buy(world)
    world.settle(8 * SECOND)
    assert world.position() == 100
    assert stop_of(world).remaining == 100
    oracles.at_rest()


def test_11_a_fill_after_the_confirmed_cancel_is_protected() -> None:
    world = World(world="live")
    oracles = Oracles(world)
    world.liquidity[STOCK] = 0
    buy(world)
    world.run(4 * SECOND)
    entry = world.orders["B1"]
    assert entry.status == "cancelled"
    world.liquidity.clear()
    world.fill(entry, 30, world.prices[STOCK])
    world.settle(3 * SECOND)
    assert world.position() == 30
    assert stop_of(world).remaining == 30
    oracles.at_rest()


# 12 to 19: the stop.


def test_12_a_price_already_through_the_stop_exits_at_once() -> None:
    world = World()
    oracles = Oracles(world)
    buy(world)
    world.run(60 * MILLISECOND)
    world.trade(STOCK, world.prices[STOCK] - 200 * TICK)
    world.run(2 * SECOND)
    assert world.position() == 0
    assert placed(world, Role.STOP) == []
    oracles.at_rest()


def test_13_a_rejected_stop_gets_one_corrected_try_and_then_the_exit_within_two_seconds() -> None:
    world = World()
    Oracles(world)
    world.faults.requests += ["ok", "reject", "reject"]
    buy(world)
    world.run(SECOND)
    assert len(placed(world, Role.STOP)) == 2
    assert len(placed(world, Role.EXIT)) == 1
    assert world.position() == 0


def test_14_a_stop_cancelled_by_the_broker_is_placed_again_with_an_alarm() -> None:
    world, oracles = opened()
    world._report(stop_of(world), "cancelled")
    world.run(SECOND)
    assert stop_of(world).remaining == world.position()
    assert said(world, "was cancelled")
    oracles.at_rest()


def test_14_a_stop_cancelled_again_and_again_ends_in_an_exit() -> None:
    world, oracles = opened()
    for _ in range(3):
        world._report(stop_of(world), "cancelled")
        world.run(SECOND)
    world.settle(3 * SECOND)
    assert world.position() == 0
    oracles.at_rest()


def test_15_a_limit_resting_where_a_stop_should_is_replaced() -> None:
    world, oracles = opened()
    stop = stop_of(world)
    stop.order_type, stop.price, stop.trigger_price = OrderType.LIMIT, world.prices[STOCK] + 900 * TICK, 0
    world._report(stop, "open")
    world.run(SECOND)
    assert stop.status == "cancelled"
    assert stop_of(world).stop
    assert stop_of(world).remaining == world.position()
    oracles.at_rest()


def test_16_a_target_never_leaves_stop_and_exit_above_what_is_held() -> None:
    world, oracles = opened()
    held = world.position()
    trade = world.core.manager.portfolio.current(STOCK)
    assert trade is not None
    target = world.prices[STOCK] + 40 * TICK
    world.core.manager.portfolio.put(msgspec.structs.replace(trade, target_1=target))
    world.trade(STOCK, target + TICK)
    most = 0
    for _ in range(200):
        world.run(10 * MILLISECOND)
        most = max(
            most, sum(o.remaining for o in world.live(STOCK) if o.side is Side.SELL) - world.position()
        )
    assert most <= 0
    assert world.position() == held - held // 2
    assert stop_of(world).remaining == world.position()
    assert trade_of(world).t1_done  # type: ignore[attr-defined]
    world.settle(3 * SECOND)
    assert trade_of(world).stop.term.value in ("breakeven", "trail structure", "trail ATR")  # type: ignore[attr-defined]
    oracles.at_rest()


def test_16_a_second_target_turns_the_stop_into_the_exit() -> None:
    world, oracles = opened()
    trade = world.core.manager.portfolio.current(STOCK)
    assert trade is not None
    world.core.manager.portfolio.put(msgspec.structs.replace(trade, target_2=world.prices[STOCK] + 20 * TICK))
    world.trade(STOCK, world.prices[STOCK] + 21 * TICK)
    world.run(SECOND)
    assert world.position() == 0
    assert placed(world, Role.EXIT) == []
    assert world.core.closed_trades[-1].exit_reason == "T2"
    oracles.at_rest()


def test_17_a_stop_that_filled_before_its_change_counts_as_the_exit() -> None:
    world, oracles = opened()
    stop = stop_of(world)
    world.tell(ExitPosition("x", STOCK))
    world.fill(stop, stop.remaining, stop.trigger_price)
    world.settle(3 * SECOND)
    assert world.position() == 0
    assert placed(world, Role.EXIT) == []
    oracles.at_rest()


def test_18_a_fired_stop_left_behind_is_chased_after_one_second() -> None:
    world, oracles = opened()
    stop = stop_of(world)
    world.liquidity[STOCK] = 0
    world.trade(STOCK, stop.trigger_price - TICK)
    world.run(900 * MILLISECOND)
    before = len([e for e in writes(world) if isinstance(e, ModifyOrder)])
    world.liquidity.clear()
    world.prices[STOCK] = stop.price - 100 * TICK
    world.trade()
    assert world.position() > 0
    world.run(SECOND)
    assert len([e for e in writes(world) if isinstance(e, ModifyOrder)]) > before
    world.settle(3 * SECOND)
    assert world.position() == 0
    oracles.at_rest()


def test_19_a_change_of_the_stop_without_an_answer_is_settled_and_never_doubled() -> None:
    from engine.contract.commands import TightenStop

    for fault in ("lost", "lost-answer", "silent", "late"):
        world, oracles = opened()
        stop = stop_of(world)
        world.faults.requests.append(fault)
        world.tell(TightenStop("t", STOCK, stop.trigger_price + 10 * TICK))
        world.settle(14 * SECOND)
        assert len(placed(world, Role.STOP)) == 1
        assert stop_of(world).trigger_price == stop.trigger_price
        oracles.at_rest()
