"""What others are said to have closed of ours and have not: ours again, and protected, once a read denies it."""

import msgspec
import pytest

from engine.contract.commands import ExitPosition, Kill
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.messages import BookRead, Role
from engine.orders.order import Fill
from engine.orders.trade import Mode, Trade
from tests.core.entries import buy
from tests.core.faults import latch, placed, said
from tests.core.hostile import OTHER, STOCK, TICK, Resting, World
from tests.core.oracles import Oracles
from tests.core.phone import Phone
from tests.core.planned import READ


def held_in(*keys: str, side: Side = Side.BUY) -> World:
    """Return a world with a protected position of ours in each instrument."""
    world = World()
    for number, key in enumerate(keys or (STOCK,)):
        buy(world, key, f"buy{number}", side)
        world.run(2 * SECOND)
        assert world.position(key)
    return world


def trade_in(world: World, key: str = STOCK) -> Trade:
    return next(trade for trade in world.core.manager.portfolio.all() if trade.instrument == key)


def rests_far(world: World, units: int, key: str = STOCK, side: Side = Side.SELL) -> Resting:
    """Return an order of a phone that rests far from the market."""
    order = Phone(world).order(side, units, world.prices[key] - 400 * TICK * side.sign, key=key)
    world.run(SECOND)
    return order


def say_filled(world: World, order: Resting, units: int) -> None:
    """Let the stream alone say that an order has filled, which it has not."""
    row = world.row(order, "complete" if units == order.quantity else "open")
    value = units * world.prices[order.instrument]
    world.tell(msgspec.structs.replace(row, filled_quantity=units, filled_value=value, time=world.now))


def stopped(world: World, key: str = STOCK) -> int:
    return sum(one.remaining for one in world.live(key) if one.stop and one.role is Role.STOP)


def folded(world: World, key: str = STOCK) -> int:
    """Return the signed units that the journal's fills add up to."""
    fills = [record.payload for record in world.records if isinstance(record.payload, Fill)]
    return sum(fill.quantity * fill.side.sign for fill in fills if fill.instrument == key)


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize("taken_back", [False, True], ids=["it rests on", "it is cancelled unfilled"])
def test_a_position_that_a_phone_is_falsely_said_to_have_closed_is_stopped_again_with_the_next_lists(
    side: Side, taken_back: bool
) -> None:
    world = held_in(side=side)
    held = world.position()
    order = rests_far(world, abs(held), side=side.opposite)
    say_filled(world, order, abs(held))
    world.run(100 * MILLISECOND)
    assert stopped(world) == 0, "a stop beside a fill could turn the position round"
    if taken_back:
        Phone(world).cancel(order)
    world.run(2_500 * MILLISECOND)
    assert (world.position(), stopped(world)) == (held, abs(held))
    trade = trade_in(world)
    assert (trade.mode, trade.signed, trade.exit_reason, trade.closed_by) == (Mode.HOLD, held, "", "")
    assert world.core.manager.portfolio.outside == {}
    assert said(world, f"{abs(held)} units that others were said to have closed are still held: ours again")
    world.settle(60 * SECOND)
    assert stopped(world) == abs(held), "once, and not twice"
    assert folded(world) == held


def test_what_is_taken_back_has_cost_and_earned_nothing() -> None:
    world, undisturbed = held_in(), held_in()
    order = rests_far(world, world.position())
    say_filled(world, order, world.position())
    world.settle(10 * SECOND)
    assert world.core.account.charges == undisturbed.core.account.charges
    assert world.core.account.realised == undisturbed.core.account.realised == 0


def test_a_part_that_others_are_falsely_said_to_have_closed_is_covered_again() -> None:
    world = held_in()
    held = world.position()
    order = rests_far(world, held)
    say_filled(world, order, 10)
    world.run(SECOND)
    assert stopped(world) == held - 10
    world.settle(5 * SECOND)
    assert stopped(world) == held
    assert trade_in(world).open_quantity == held


def deny_later(world: World, held: int, key: str = STOCK, reads: int = 1) -> None:
    """Let the day's totals of some reads tell of a sale that there was not."""
    told = 0

    def misread(read: BookRead) -> BookRead:
        nonlocal told
        told += 1
        if told > reads:
            return read
        value = held * world.prices[key]
        rows = tuple(
            msgspec.structs.replace(row, quantity=0, sell_quantity=held, sell_value=value)
            if row.instrument == key
            else row
            for row in read.positions
        )
        return msgspec.structs.replace(read, positions=rows)

    world.misread = misread


@pytest.mark.parametrize("reads", [1, 1_000], ids=["the next read denies it", "no read does"])
def test_a_position_that_one_read_alone_says_was_closed_is_stopped_again_by_the_read_that_denies_it(
    reads: int,
) -> None:
    world = held_in()
    held = world.position()
    deny_later(world, held, reads=reads)
    world.settle(30 * SECOND)
    assert said(world, f"{held} units of ours were closed by somebody else")
    assert stopped(world) == (held if reads == 1 else 0)
    assert trade_in(world).open == (reads == 1)
    assert said(world, "flat (closed outside)") == (reads > 1)


def test_a_position_left_out_of_the_lists_for_half_a_minute_is_stopped_again_when_they_show_it() -> None:
    world = held_in()
    held = world.position()
    world.misread = lambda read: msgspec.structs.replace(read, positions=())
    world.settle(50 * SECOND)
    assert stopped(world) == 0
    world.misread = lambda read: read
    world.settle(17 * SECOND)
    assert stopped(world) == held
    assert trade_in(world).mode is Mode.HOLD


def test_two_positions_that_are_falsely_said_to_be_closed_at_once_are_both_stopped_again() -> None:
    world = held_in(STOCK, OTHER)
    held = {key: world.position(key) for key in (STOCK, OTHER)}
    orders = {key: rests_far(world, held[key], key) for key in held}
    for key, order in orders.items():
        say_filled(world, order, held[key])
    world.run(2_500 * MILLISECOND)
    assert {key: stopped(world, key) for key in held} == held


def test_while_no_list_can_be_read_what_is_said_to_be_closed_stays_so_and_is_stopped_by_the_first_that_comes() -> (
    None
):
    world = held_in()
    held = world.position()
    order = rests_far(world, held)
    world.faults.standing[READ] = "fail"
    say_filled(world, order, held)
    world.settle(20 * SECOND)
    assert stopped(world) == 0
    assert not said(world, "flat (closed outside)")
    world.faults.clear()
    world.settle(4 * SECOND)
    assert stopped(world) == held


def test_a_list_from_before_the_word_of_a_true_sale_gives_nothing_back() -> None:
    """Lists lag behind the stream for a second: what it tells is true, and no stop may rest beside it."""
    world = held_in()
    held = world.position()
    order = rests_far(world, held)
    before = world.book("")

    def lagging(read: BookRead) -> BookRead:
        return msgspec.structs.replace(read, positions=before.positions, orders=before.orders)

    world.misread = lagging
    Phone(world).fill(order, held)
    world.run(1_800 * MILLISECOND)
    world.misread = lambda read: read
    world.settle(10 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])
    assert not said(world, "ours again")
    assert said(world, "flat (closed outside)")
    assert len(placed(world, Role.STOP)) == 1


@pytest.mark.parametrize("lag", [3, 6])
def test_a_true_sale_that_old_lists_deny_together_takes_the_stop_away_again_with_the_first_new_one(
    lag: int,
) -> None:
    world = held_in()
    held = world.position()
    order = rests_far(world, held)
    before, until = world.book(""), world.now + lag * SECOND

    def lagging(read: BookRead) -> BookRead:
        if world.now >= until:
            return read
        return msgspec.structs.replace(
            read, positions=before.positions, orders=before.orders, fills=before.fills
        )

    world.misread = lagging
    Phone(world).fill(order, held)
    world.run((lag + 2) * SECOND + 300 * MILLISECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])
    world.settle(20 * SECOND)
    assert (world.position(), world.live(STOCK), folded(world)) == (0, [], 0)


def test_what_was_taken_back_and_fills_after_all_closes_the_trade() -> None:
    world = held_in()
    held = world.position()
    order = rests_far(world, held)
    say_filled(world, order, held)
    world.settle(5 * SECOND)
    assert stopped(world) == held
    Phone(world).fill(order, held)
    world.settle(10 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])
    assert (trade_in(world).open_quantity, trade_in(world).closed_by) == (0, "closed outside")
    assert folded(world) == 0


def test_a_kill_closes_what_it_was_told_is_closed_and_is_not() -> None:
    world = held_in()
    held = world.position()
    order = rests_far(world, held)
    say_filled(world, order, held)
    world.run(100 * MILLISECOND)
    world.tell(Kill("k", "test"))
    world.settle(20 * SECOND)
    assert (world.position(), world.live(STOCK), latch(world)) == (0, [], "FLAT")


def test_an_exit_by_hand_that_was_under_way_goes_on_once_its_closing_by_others_is_denied() -> None:
    world = held_in()
    held = world.position()
    order = rests_far(world, held)
    world.liquidity[STOCK] = 0
    world.tell(ExitPosition("x", STOCK))
    world.run(100 * MILLISECOND)
    say_filled(world, order, held)
    world.run(SECOND)
    world.liquidity.clear()
    world.settle(15 * SECOND)
    assert (world.position(), world.live(STOCK)) == (0, [])
    assert sum(one.filled for one in world.orders.values() if one.side is Side.SELL) == held


def test_what_lies_through_its_stop_when_its_closing_is_denied_is_closed_at_once() -> None:
    world = held_in()
    Oracles(world)
    held = world.position()
    order = rests_far(world, held)
    trigger = next(one.trigger_price for one in placed(world, Role.STOP))
    say_filled(world, order, held)
    world.run(100 * MILLISECOND)
    world.trade(STOCK, trigger - 10 * TICK)
    world.run(3 * SECOND)
    assert world.position() == 0


def test_a_purchase_beside_ours_that_never_filled_is_forgotten_and_lists_count_again() -> None:
    world = held_in()
    held = world.position()
    order = rests_far(world, 50, side=Side.BUY)
    say_filled(world, order, 50)
    world.settle(10 * SECOND)
    assert world.core.manager.portfolio.outside == {}
    assert world.core.manager.reconciliation.behind == {}
    assert stopped(world) == held
