"""What a fill was worth is corrected when the broker's executions say so, everywhere and to the paisa."""

import msgspec

from engine.contract.commands import ExitPosition
from engine.market.charges import order_charges
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.messages import OrderReport, Role
from engine.orders.order import Correction
from tests.core.entries import buy
from tests.core.faults import stop_of
from tests.core.hostile import DAY, INSTRUMENTS, OTHER, STOCK, Resting, World
from tests.core.phone import Phone


def exactly(world: World, order: Resting, value: int) -> OrderReport:
    """Return what the broker tells of an order once its executions are known."""
    order.value = value
    return msgspec.structs.replace(world.row(order), exact=True)


def bought() -> tuple[World, Resting]:
    world = World()
    buy(world)
    world.run(2 * SECOND)
    return world, next(order for order in world.orders.values() if order.role is Role.ENTRY)


def sold() -> tuple[World, Resting, Resting]:
    world, entry = bought()
    stop = stop_of(world)
    world.tell(ExitPosition("out", STOCK))
    world.settle(5 * SECOND)
    assert world.position() == 0
    return world, entry, stop


def charged(*orders: Resting) -> int:
    return sum(order_charges(INSTRUMENTS[o.instrument].kind, o.side, o.value, DAY).total for o in orders)


def test_an_entry_whose_executions_differ_is_corrected_and_nothing_is_frozen() -> None:
    world, entry = bought()
    before = world.core.manager.portfolio.open()[0]
    world.tell(exactly(world, entry, entry.value - 1_234))
    trade = world.core.manager.portfolio.open()[0]
    assert (trade.entry_value, before.entry_value - trade.entry_value) == (entry.value, 1_234)
    assert world.core.account.charges == charged(entry)
    assert world.core.manager.reconciliation.frozen == {}
    assert world.core.manager.freeze_reason(STOCK) == ""


def test_a_correction_is_a_record_of_its_own_beside_the_fill() -> None:
    world, entry = bought()
    told = entry.value
    world.tell(exactly(world, entry, told + 7))
    found = [record.payload for record in world.records if record.kind == "correction"]
    assert [(one.tag, one.before, one.value) for one in found if isinstance(one, Correction)] == [
        (entry.tag, told, told + 7)
    ]
    fills = [record.key for record in world.records if record.kind == "fill"]
    assert fills == [f"{entry.tag}:{entry.filled}"]


def test_a_trade_that_is_over_follows_with_its_result_and_its_charges() -> None:
    world, entry, stop = sold()
    world.tell(exactly(world, entry, entry.value - 500))
    world.tell(exactly(world, stop, stop.value + 333))
    account = world.core.account
    assert account.realised == stop.value - entry.value
    assert account.charges == charged(entry, stop)
    closed = world.core.closed_trades[-1]
    assert (closed.entry_value, closed.exit_value) == (entry.value, stop.value)
    assert closed.charges == charged(entry, stop)
    written = [record.payload for record in world.records if record.kind == "trade"]
    assert written[-1] == closed
    assert len({record.key for record in world.records if record.kind == "trade"}) == len(written) == 3
    state = [record.payload for record in world.records if record.kind == "day_state"][-1]
    assert (state.realised, state.charges) == (account.realised, account.charges)  # type: ignore[union-attr]


def test_a_rounded_average_never_takes_back_what_the_executions_said() -> None:
    world, entry = bought()
    rounded = world.row(entry)
    world.tell(exactly(world, entry, entry.value + 9))
    world.tell(msgspec.structs.replace(rounded, time=world.now))
    assert world.core.manager.portfolio.open()[0].entry_value == entry.value
    assert len([record for record in world.records if record.kind == "correction"]) == 1


def test_the_same_correction_told_twice_counts_once() -> None:
    world, entry = bought()
    report = exactly(world, entry, entry.value + 9)
    world.tell(report)
    world.tell(report)
    assert len([record for record in world.records if record.kind == "correction"]) == 1


def test_an_estimate_that_the_stream_corrects_by_itself_freezes_nothing() -> None:
    world = World()
    world.faults.standing["report"] = "estimated"
    buy(world)
    world.run(3 * SECOND)
    entry = next(order for order in world.orders.values() if order.role is Role.ENTRY)
    assert world.core.manager.portfolio.open()[0].entry_value == entry.value
    assert world.core.manager.reconciliation.frozen == {}


def test_what_a_sale_by_phone_brought_is_corrected_for_the_part_that_was_ours() -> None:
    world, _ = bought()
    phone = Phone(world)
    theirs = phone.order(Side.BUY, 50, world.ask(STOCK))
    phone.fill(theirs, 50)
    world.settle(3 * SECOND)
    sale = phone.order(Side.SELL, 80, 0)
    phone.fill(sale, 80)
    world.settle(3 * SECOND)
    trade = world.core.manager.portfolio.open()[0]
    assert trade.exit_quantity == 30
    world.tell(exactly(world, sale, sale.value + 80 * 5))
    after = world.core.manager.portfolio.open()[0]
    assert after.exit_value == trade.exit_value + 30 * 5


def test_a_sale_first_told_by_totals_is_worth_what_its_order_says() -> None:
    world, _ = bought()
    phone = Phone(world)
    totals = world.totals[STOCK]
    sale = phone.order(Side.SELL, 40, 0, told=False)
    del world.orders[sale.order_id]
    totals[2] += 40
    totals[3] += 40 * world.prices[STOCK]
    world.fills += 1
    world.settle(20 * SECOND)
    price = world.prices[STOCK] - 35
    sale.filled, sale.value, sale.status = 40, 40 * price, "complete"
    totals[3] += 40 * -35
    world.orders[sale.order_id] = sale
    world.tell(world.row(sale))
    world.settle(5 * SECOND)
    trade = world.core.manager.portfolio.open()[0]
    assert (trade.exit_quantity, trade.exit_value) == (40, 40 * price)


def test_a_correction_of_one_instrument_leaves_another_alone() -> None:
    world, entry = bought()
    buy(world, OTHER, "other")
    world.run(2 * SECOND)
    before = {trade.instrument: trade for trade in world.core.manager.portfolio.open()}
    world.tell(exactly(world, entry, entry.value + 11))
    world.run(100 * MILLISECOND)
    after = {trade.instrument: trade for trade in world.core.manager.portfolio.open()}
    assert after[OTHER].entry_value == before[OTHER].entry_value
    assert after[STOCK].entry_value == before[STOCK].entry_value + 11
