"""The whole account's limit: what others lose on it counts, what they gain does not, and only ours is closed for it."""

import config
from engine.contract.commands import Kill, Outcome
from engine.core import ACCOUNT_LOSS, DAY_LOSS, DayState, Latched, Quoted, Resumed
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.kill import LatchState
from engine.orders.messages import OrderType, PlaceOrder, Role
from engine.risk.external_result import AccountResult
from engine.risk.limits import Breach
from tests.core.entries import buy
from tests.core.faults import said, stopped
from tests.core.hostile import OPTION, OTHER, STOCK, TICK, World
from tests.core.live_account import CASH, account, move, ours


def standing(world: World) -> AccountResult:
    result = world.core.account.account_result(world.now)
    assert result is not None
    return result


def test_a_loss_by_phone_is_counted_beside_ours_marked_at_mid() -> None:
    world = account()
    assert standing(world).net == 0
    world.phone(OTHER, Side.BUY, 1_000)
    world.run(SECOND)
    bought = world.ask(OTHER)
    move(world, OTHER, 480_00)
    result = standing(world)
    assert result.external.result == 1_000 * (480_00 - bought)
    assert result.external.counted == result.external.result - result.external.charges
    assert result.external.charges > 0
    assert result.net == result.ours + result.counted
    assert result.ours == 0


def test_the_account_is_read_at_the_start_and_every_fifteen_seconds_though_nothing_of_ours_is_open() -> None:
    world = account()
    assert world.core.book_state is not None
    before = world.core.book_state.at
    world.run(40 * SECOND)
    assert world.core.book_state.at >= before + 30 * SECOND


def test_a_fill_of_others_has_the_account_read_at_once() -> None:
    world = account()
    world.run(5 * SECOND)
    reads = len([effect for _, effect in world.sent if type(effect).__name__ == "ReadBook"])
    assert world.core.book_state is not None
    before = world.core.book_state.at
    world.phone(OTHER, Side.BUY, 10)
    world.run(3 * SECOND)
    assert world.core.book_state.at > before or reads == 0
    assert world.core.account.external.held == (OTHER,)


def test_the_accounts_loss_stops_entries_and_closes_ours_alone() -> None:
    world = account()
    ours(world)
    theirs = world.phone(OTHER, Side.BUY, 5_000)
    resting = world.phone(OTHER, Side.SELL, 5_000, price=600_00)
    world.run(2 * SECOND)
    assert theirs.filled == 5_000
    move(world, OTHER, 479_00)
    assert stopped(world)
    limits = world.core.limits
    assert limits.stopped_by is Breach.ACCOUNT_LOSS
    assert limits.stopped_result is not None
    assert limits.stopped_result <= -100_000_00
    assert world.core.latch is not None
    assert (world.core.latch.by, world.core.latch.ours_only) == (ACCOUNT_LOSS, True)
    assert "OTHER" in world.core.latch.reason
    world.settle(20 * SECOND)
    assert world.position(STOCK) == 0
    assert world.position(OTHER) == 5_000
    assert resting.live
    assert world.core.latch.state is LatchState.FLAT
    assert said(world, "left alone: NSE_EQ|OTHER +5,000")
    world.trade(OPTION)
    assert buy(world, OPTION, "late").outcome is Outcome.REFUSED


def test_a_persons_kill_behind_it_closes_what_is_outside_too() -> None:
    world = account()
    ours(world)
    world.phone(OTHER, Side.BUY, 5_000)
    world.run(2 * SECOND)
    move(world, OTHER, 479_00)
    world.settle(5 * SECOND)
    assert world.position(OTHER) == 5_000
    world.tell(Kill("k", by="a person"))
    world.settle(20 * SECOND)
    assert (world.position(STOCK), world.position(OTHER)) == (0, 0)
    assert world.core.latch is not None
    assert (world.core.latch.by, world.core.latch.state) == ("a person", LatchState.FLAT)


def test_with_flatten_outside_the_limit_closes_everything() -> None:
    world = account(config.Settings.model_validate({"risk": {"flatten_outside": True}}))
    ours(world)
    world.phone(OTHER, Side.BUY, 5_000)
    world.run(2 * SECOND)
    move(world, OTHER, 479_00)
    world.settle(20 * SECOND)
    assert (world.position(STOCK), world.position(OTHER)) == (0, 0)


def test_the_days_own_loss_closes_ours_and_leaves_what_is_outside() -> None:
    world = account()
    quantity = ours(world)
    world.phone(OTHER, Side.BUY, 100)
    world.run(2 * SECOND)
    for stop in [order for order in world.live(STOCK) if order.role is Role.STOP]:
        stop.trigger_price = 1
    world.liquidity[STOCK] = 0
    move(world, STOCK, world.prices[STOCK] - 55_000_00 // quantity)
    assert world.core.limits.stopped_by is Breach.DAY_LOSS
    assert world.core.latch is not None
    assert (world.core.latch.by, world.core.latch.ours_only) == (DAY_LOSS, True)
    world.liquidity.clear()
    world.settle(20 * SECOND)
    assert (world.position(STOCK), world.position(OTHER)) == (0, 100)


def test_one_odd_book_of_what_others_hold_trips_nothing() -> None:
    world = account()
    world.phone(OTHER, Side.BUY, 5_000)
    world.run(SECOND)
    move(world, OTHER, 500_00)
    move(world, OTHER, 400_00, times=1)
    assert standing(world).net <= -100_000_00
    assert not stopped(world)
    move(world, OTHER, 500_00, times=1)
    assert not stopped(world)


def test_a_gain_outside_never_enlarges_what_ours_may_lose() -> None:
    world = account()
    ours(world)
    world.phone(OTHER, Side.BUY, 5_000)
    world.run(SECOND)
    move(world, OTHER, 560_00)
    result = standing(world)
    assert result.external.result > 250_000_00
    assert (result.counted, result.net) == (0, result.ours)


def test_a_gain_in_one_underlying_does_not_pay_for_a_loss_in_another() -> None:
    world = account()
    world.phone(OTHER, Side.BUY, 5_000)
    world.phone(STOCK, Side.BUY, 1_000)
    world.run(SECOND)
    move(world, STOCK, 1_200_00)
    move(world, OTHER, 479_00)
    assert standing(world).external.result > 0
    assert stopped(world)


def test_what_was_lost_and_closed_by_phone_goes_on_counting_when_the_broker_leaves_the_row_out() -> None:
    world = account()
    world.phone(OTHER, Side.BUY, 1_000)
    world.run(SECOND)
    move(world, OTHER, 480_00)
    world.phone(OTHER, Side.SELL, 1_000)
    world.run(2 * SECOND)
    lost = standing(world).external.result
    assert lost < -19_000_00
    world.misread = lambda read: type(read)(
        read.request,
        read.time,
        read.fills,
        tuple(row for row in read.positions if row.instrument != OTHER),
        read.orders,
    )
    world.run(40 * SECOND)
    assert standing(world).external.result == lost


def test_what_they_close_of_ours_is_ours_and_counts_once() -> None:
    world = account()
    quantity = ours(world)
    before = standing(world)
    assert before.external.result == 0
    world.phone(STOCK, Side.SELL, quantity)
    world.run(3 * SECOND)
    result = standing(world)
    assert result.external.result == 0
    assert result.ours == world.core.account.realised - world.core.account.charges


def test_a_fresh_home_knows_what_the_day_has_cost_and_leaves_only_that_much_room() -> None:
    world = account()
    world.phone(OTHER, Side.BUY, 4_900)
    world.run(SECOND)
    move(world, OTHER, 480_00)
    world.phone(OTHER, Side.SELL, 4_900)
    world.run(2 * SECOND)
    lost = standing(world).net
    assert -100_000_00 < lost < -98_000_00
    world.trade(STOCK)
    sent = buy(world)
    room = 100_000_00 + lost
    holdings = world.core.account.holdings(world.now)
    if sent.outcome is Outcome.ACCEPTED:
        assert sum(one.risk or 0 for one in holdings) <= room
    else:
        assert "DAY_LOSS" in sent.text or "ZERO" in sent.text


def elsewhere(world: World, side: Side, units: int, number: int) -> None:
    """Let another run of the engine trade on the account: an order named as every account run names its own."""
    touch = world.ask(OTHER) if side is Side.BUY else world.bid(OTHER)
    tag = f"251215s8x-{number:06d}-E"
    world._request(PlaceOrder(tag, OTHER, side, Role.ENTRY, OrderType.LIMIT, units, touch + side.sign * 100))
    world.run(3 * SECOND)


def test_another_home_that_lost_the_days_limit_leaves_nothing_for_this_one() -> None:
    world = account(own_cash=10_000_000_00)
    elsewhere(world, Side.BUY, 2_000, 1)
    move(world, OTHER, 470_00)
    elsewhere(world, Side.SELL, 2_000, 2)
    assert world.core.account.external.of_other_runs(believed=True) < -50_000_00
    assert world.core.account.result(world.now).elsewhere < -50_000_00
    assert stopped(world)
    assert world.core.limits.stopped_by is Breach.DAY_LOSS


def test_what_an_earlier_run_of_this_home_lost_counts_once() -> None:
    first = account()
    ours(first)
    state = DayState(first.core.limits, -30_000_00, 1_000_00)
    world = World(world="live", own_cash=CASH, recovered=state)
    world.tell(Resumed("run", begins=True))
    elsewhere(world, Side.BUY, 2_000, 1)
    move(world, OTHER, 485_00)
    elsewhere(world, Side.SELL, 2_000, 2)
    result = world.core.account.result(world.now)
    assert result.realised == -30_000_00
    # What the ledger knows of is not counted again, but for the difference of a tick and of estimated charges.
    assert -1_000_00 <= result.elsewhere <= 0
    whole = standing(world)
    assert abs(whole.net - result.net) < 2_000_00


def test_what_nobody_subscribed_to_is_marked_by_quotes_and_two_rounds_must_agree() -> None:
    world = account()
    key = "BSE_EQ|FAR"
    order = world.phone(OTHER, Side.BUY, 5_000)
    world.run(SECOND)
    del order
    stakes = world.core.account.external
    far = next(iter(stakes._stakes.values()))
    stakes._stakes = {key: type(far)(key, 5_000, 2_500_000_00)}
    world.core.guard.quoted(Quoted({key: 470_00}), world.now)
    assert standing(world).external.result == -150_000_00
    assert not stopped(world)
    world.core.guard.quoted(Quoted({key: 500_00}), world.now)
    world.core.guard.quoted(Quoted({key: 470_00}), world.now)
    assert not stopped(world)
    world.core.guard.quoted(Quoted({key: 471_00}), world.now)
    assert stopped(world)


def test_legs_of_one_underlying_are_one_group() -> None:
    world = account()
    world.phone(OPTION, Side.BUY, 6_500)
    world.run(SECOND)
    move(world, OPTION, 320_00)
    outside = world.core.account.external.result(believed=False)
    assert outside.counted == 0
    assert outside.result == 6_500 * (320_00 - 300_00 - TICK)


def test_a_limits_latch_that_comes_back_from_its_file_closes_ours_alone_too() -> None:
    world = account()
    world.phone(OTHER, Side.BUY, 100)
    world.run(2 * SECOND)
    world.tell(Latched(ACCOUNT_LOSS, "from its file", ACCOUNT_LOSS))
    world.settle(10 * SECOND)
    assert world.position(OTHER) == 100


def test_without_own_cash_nothing_of_it_counts() -> None:
    world = World()
    world.phone(OTHER, Side.BUY, 5_000)
    world.run(SECOND)
    move(world, OTHER, 300_00)
    assert world.core.account.account_result(world.now) is None
    assert not stopped(world)


def test_a_new_run_on_a_day_that_was_lost_closes_what_an_earlier_run_may_have_left() -> None:
    lost = account()
    ours(lost)
    lost.phone(OTHER, Side.BUY, 5_000)
    lost.run(2 * SECOND)
    move(lost, OTHER, 479_00)
    (state,) = [record.payload for record in lost.records if record.kind == "day_state"][-1:]
    assert isinstance(state, DayState)
    assert state.limits.stopped_by is Breach.ACCOUNT_LOSS
    again = World(world="live", own_cash=CASH, recovered=state)
    again.phone(OTHER, Side.BUY, 100)
    again.tell(Resumed("next", begins=True))
    again.settle(20 * SECOND)
    assert again.position(OTHER) == 0


def test_what_the_kill_takes_over_counts_once() -> None:
    world = account()
    world.phone(OTHER, Side.BUY, 3_000)
    world.run(2 * SECOND)
    move(world, OTHER, 480_00)
    before = standing(world).net
    assert before < -60_000_00
    world.tell(Kill("k", by="a person"))
    world.settle(20 * SECOND)
    assert world.position(OTHER) == 0
    # Half a spread and the charges of leaving are what is lost on the way.
    assert before - 1_000_00 < standing(world).net < before + 1_000_00
    assert not stopped(world) or world.core.limits.stopped_by is Breach.DAY_LOSS
