"""The trader's own limit and stop-entry orders: how they rest, what ends them, and the one risk they share."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time

import pytest

from config import RiskSettings, Settings
from engine.contract.commands import (
    ArmManual,
    CancelResting,
    CommandResult,
    Kill,
    ManualOrder,
    Outcome,
    PauseEntries,
    RestOrder,
)
from engine.core import Attended
from engine.market.clock import MINUTE, SECOND, Instant, instant_at
from engine.market.figures import rupees
from engine.market.side import Side
from engine.market.update import Bar, MarketUpdate
from engine.orders.messages import CancelOrder, OrderType, PlaceOrder, Role
from engine.presenter.rows import order_rows
from tests.core.entries import answered, buy
from tests.core.faults import placed, said, stop_of
from tests.core.hostile import DAY, OPTION, OTHER, PRICES, STOCK, TICK, Resting, World
from tests.core.oracles import Oracles
from tests.core.signals import decide

PRICE = PRICES[STOCK]


def rest(
    world: World,
    name: str = "rest",
    *,
    key: str = STOCK,
    side: Side = Side.BUY,
    price: int = 0,
    trigger: int = 0,
    stop: int = 0,
    good_for: Instant = 0,
) -> CommandResult:
    """Arm manual entry and let an order rest; prices in paise."""
    world.tell(ArmManual(f"arm-{name}", armed=True))
    world.tell(RestOrder(name, key, side, price, trigger, stop, good_for))
    return answered(world, name)


def entries(world: World, key: str = STOCK) -> list[Resting]:
    return [order for order in world.live(key) if order.role is Role.ENTRY]


def waiting(price: int = PRICE - 40 * TICK, stop: int = 0) -> World:
    """Return a world with one order of the trader's at rest in the stock."""
    world = World()
    Oracles(world)
    answer = rest(world, price=price, stop=stop)
    assert answer.outcome is Outcome.ACCEPTED, answer.text
    world.run(SECOND)
    assert len(entries(world)) == 1
    return world


def test_a_limit_order_rests_long_after_a_signals_entry_would_be_over_and_its_fill_is_protected() -> None:
    world = waiting()
    world.settle(20 * MINUTE)
    (order,) = entries(world)
    assert (order.order_type, order.price, order.side) == (OrderType.LIMIT, PRICE - 40 * TICK, Side.BUY)
    world.trade(STOCK, PRICE - 41 * TICK)
    world.settle(2 * SECOND)
    assert world.position() == order.quantity
    assert stop_of(world).remaining == order.quantity
    assert entries(world) == []


@pytest.mark.parametrize("side", list(Side))
def test_a_stop_entry_waits_for_its_trigger_with_a_limit_at_most_three_spreads_beyond(side: Side) -> None:
    world = World()
    Oracles(world)
    trigger = PRICE + side.sign * 40 * TICK
    answer = rest(world, side=side, trigger=trigger)
    assert answer.outcome is Outcome.ACCEPTED, answer.text
    world.settle(5 * MINUTE)
    (order,) = entries(world)
    assert (order.order_type, order.trigger_price) == (OrderType.STOP_LIMIT, trigger)
    assert 0 < (order.price - trigger) * side.sign <= 6 * TICK
    world.trade(STOCK, trigger)
    world.settle(2 * SECOND)
    assert world.position() == side.sign * order.quantity
    assert stop_of(world).remaining == order.quantity


def test_a_limit_that_is_typed_for_a_stop_entry_stays_as_typed_and_within_what_the_exchange_takes() -> None:
    world = World()
    trigger = PRICE + 40 * TICK
    assert rest(world, "ok", trigger=trigger, price=trigger + 20 * TICK).outcome is Outcome.ACCEPTED
    world.run(SECOND)
    assert [(one.price, one.trigger_price) for one in entries(world)] == [(trigger + 20 * TICK, trigger)]
    far = rest(World(), "far", trigger=trigger, price=trigger * 104 // 100 // TICK * TICK)
    assert (far.outcome, far.text.rpartition("(")[2]) == (Outcome.REFUSED, "COLLAR)")
    behind = rest(World(), "behind", trigger=trigger, price=trigger - TICK)
    assert behind.outcome is Outcome.REFUSED


def test_a_stop_entry_that_would_fire_at_once_is_refused() -> None:
    answer = rest(World(), trigger=PRICE)
    assert answer.outcome is Outcome.REFUSED
    assert "at once" in answer.text


def test_resting_orders_need_manual_entry_and_use_it() -> None:
    world = World()
    world.tell(RestOrder("early", STOCK, Side.BUY, PRICE - 40 * TICK))
    assert "not armed" in answered(world, "early").text
    assert placed(world) == []


def test_an_entry_never_sells_an_option_by_resting_either() -> None:
    answer = rest(World(), key=OPTION, side=Side.SELL, price=PRICES[OPTION] + 100 * TICK)
    assert answer.text.endswith("(OPTION_SHORT)")


# One at a time per price, one side, one risk.


def test_one_order_rests_at_a_price_and_others_at_other_prices_share_its_risk() -> None:
    world = waiting()
    again = rest(world, "again", price=PRICE - 40 * TICK)
    assert (again.outcome, "already" in again.text) == (Outcome.REFUSED, True)
    full = rest(world, "beside", price=PRICE - 60 * TICK)
    assert full.outcome is Outcome.REFUSED, "the first took the whole of the one risk"
    assert "allows none" in full.text


def at_most(world: World, units: int) -> None:
    """Let no entry in the stock be larger: by what the exchange takes in one order."""
    world.core.instruments[STOCK] = replace(world.core.instruments[STOCK], freeze_quantity=units)


def small_world(share: int = 3) -> World:
    """Return a world whose trades are kept so small by their size that several fit into one risk."""
    world = World()
    Oracles(world)
    at_most(world, 200)
    for number in range(share):
        answer = rest(world, f"r{number}", price=PRICE - (40 + 20 * number) * TICK)
        assert answer.outcome is Outcome.ACCEPTED, answer.text
        world.settle(MINUTE)
    return world


def test_several_prices_fill_into_one_position_with_one_stop_of_equal_quantity() -> None:
    world = small_world()
    assert [order.quantity for order in entries(world)] == [200, 200, 200]
    world.trade(STOCK, PRICE - 62 * TICK)
    world.settle(3 * SECOND)
    assert world.position() == 400
    assert sum(order.remaining for order in world.live(STOCK) if order.role is Role.STOP) == 400
    assert len(entries(world)) == 1
    (holding,) = world.core.account.holdings(world.now)
    assert holding.risk is not None
    assert holding.risk <= world.core.limits.budget


def test_no_further_order_rests_beside_what_has_filled() -> None:
    world = small_world(2)
    world.trade(STOCK, PRICE - 41 * TICK)
    world.settle(3 * SECOND)
    late = rest(world, "late", price=PRICE - 100 * TICK)
    assert late.text.endswith("(SAME_INSTRUMENT)")


def test_both_sides_of_an_instrument_never_rest_at_once() -> None:
    world = waiting()
    answer = rest(world, "other", side=Side.SELL, price=PRICE + 40 * TICK)
    assert answer.outcome is Outcome.REFUSED
    assert "both sides never rest at once" in answer.text


def test_all_that_rests_in_any_instrument_stays_inside_one_risk() -> None:
    world = World()
    Oracles(world)
    at_most(world, 500)
    assert rest(world, "one", price=PRICE - 40 * TICK).outcome is Outcome.ACCEPTED
    at_most(world, 100_000)
    second = rest(world, "two", key=OTHER, price=PRICES[OTHER] - 40 * TICK)
    assert second.outcome is Outcome.ACCEPTED, second.text
    risks = [one.risk for one in world.core.account.holdings(world.now)]
    assert len(risks) == 2
    assert sum(risk or 0 for risk in risks) <= world.core.limits.budget
    third = rest(world, "three", key=OPTION, price=PRICES[OPTION] - 40 * TICK)
    assert third.outcome is Outcome.REFUSED


def test_a_setup_enters_nothing_where_an_order_of_the_trader_rests() -> None:
    world = waiting()
    assert decide(world).code == "SAME_INSTRUMENT"


def test_the_risk_of_what_rests_counts_in_the_open_risk_of_every_other_entry() -> None:
    world = waiting()
    (holding,) = world.core.account.holdings(world.now)
    (order,) = entries(world)
    assert (holding.working, holding.quantity, holding.value) == (
        True,
        order.quantity,
        order.quantity * order.price,
    )


def test_a_stop_out_takes_back_what_still_rests_beside_it() -> None:
    world = small_world()
    world.trade(STOCK, PRICE - 41 * TICK)
    world.settle(3 * SECOND)
    (trade,) = world.core.trades
    assert trade.stop is not None
    held = entries(world)
    assert len(held) == 2
    # The market jumps over the resting prices: nobody else sells there.
    for order in held:
        order.held = True
    world.trade(STOCK, trade.stop.trigger)
    world.settle(5 * SECOND)
    assert (world.position(), entries(world)) == (0, [])


# The stop at the fill.


def test_the_stop_is_computed_anew_at_the_fill_and_size_only_shrinks() -> None:
    world = waiting()
    (order,) = entries(world)
    (waits,) = world.core.manager.portfolio.running()
    assert waits.plan is not None
    for _ in range(16):
        wild_minute(world)
    world.trade(STOCK, PRICE - 41 * TICK)
    world.settle(5 * SECOND)
    (trade,) = world.core.trades
    assert trade.stop is not None
    assert (order.price - trade.stop.trigger) > (order.price - waits.plan.trigger)
    assert 0 < world.position() < order.quantity
    (holding,) = world.core.account.holdings(world.now)
    assert (holding.risk or 0) <= world.core.limits.budget
    assert stop_of(world).remaining == world.position()


def wild_minute(world: World) -> None:
    """Let a minute of twice the range close."""
    world.settle(MINUTE - world.now % MINUTE + SECOND)
    start = world.now // MINUTE * MINUTE - MINUTE
    last, wide = world.prices[STOCK], PRICE // 250 // TICK * TICK
    world.volume[STOCK] += 10
    bids, asks = ((last - TICK, 100_000),), ((last + TICK, 100_000),)
    minute = Bar(start, last, last + wide, last - wide // 8, last, 1_000)
    world.tell(
        MarketUpdate(
            STOCK,
            world.now,
            world.now - SECOND // 5,
            last,
            10,
            world.volume[STOCK],
            PRICE,
            bids,
            asks,
            minute=minute,
        )
    )


def test_a_typed_stop_stays_where_it_was_typed() -> None:
    stop = PRICE - 140 * TICK
    world = waiting(stop=stop)
    for _ in range(16):
        wild_minute(world)
    world.trade(STOCK, PRICE - 41 * TICK)
    world.settle(3 * SECOND)
    assert stop_of(world).trigger_price == stop


def test_a_typed_stop_on_the_wrong_side_or_too_near_is_refused() -> None:
    for stop in (PRICE, PRICE - 42 * TICK):
        assert rest(World(), price=PRICE - 40 * TICK, stop=stop).outcome is Outcome.REFUSED


# Before half past nine.


@pytest.mark.parametrize(
    ("clock", "stop", "accepted"),
    [
        (time(9, 20), 0, False),
        (time(9, 20), PRICE - 140 * TICK, True),
        (time(9, 29), 0, False),
        (time(9, 45), 0, True),
    ],
)
def test_before_half_past_nine_a_resting_order_needs_a_typed_stop(
    clock: time, stop: int, accepted: bool
) -> None:
    world = World(start=instant_at(DAY, clock))
    Oracles(world)
    answer = rest(world, price=PRICE - 40 * TICK, stop=stop)
    assert (answer.outcome is Outcome.ACCEPTED) is accepted, answer.text
    if not accepted:
        assert answer.text.endswith("(TOO_EARLY)")
        return
    world.trade(STOCK, PRICE - 41 * TICK)
    world.settle(3 * SECOND)
    assert world.position() == stop_of(world).remaining > 0


def test_a_manual_order_at_the_market_waits_for_half_past_nine() -> None:
    world = World(start=instant_at(DAY, time(9, 20)))
    world.tell(ArmManual("a", armed=True))
    world.tell(ManualOrder("m", STOCK, Side.BUY))
    assert answered(world, "m").text.endswith("(TOO_EARLY)")


# What ends it.


def lose_the_feed(world: World) -> None:
    world.run(7 * SECOND)


def leave_alone(world: World) -> None:
    world.tell(Attended(attended=False))
    world.tell(ArmManual("off", armed=False))
    world.settle(62 * SECOND)


ENDINGS: dict[str, Callable[[World], None]] = {
    "a cancel": lambda world: world.tell(CancelResting("x", STOCK)),
    "p": lambda world: world.tell(PauseEntries("p", paused=True)),
    "the kill": lambda world: world.tell(Kill("k", "test")),
    "a lost feed": lose_the_feed,
    "disarmed and unattended": leave_alone,
}


@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.parametrize("stop_entry", [False, True])
@pytest.mark.parametrize("fault", ["ok", "lost", "reject"])
def test_a_resting_order_ends_by(name: str, stop_entry: bool, fault: str) -> None:
    world = World()
    oracles = Oracles(world)
    answer = rest(world, trigger=PRICE + 40 * TICK) if stop_entry else rest(world, price=PRICE - 40 * TICK)
    assert answer.outcome is Outcome.ACCEPTED, answer.text
    world.settle(10 * SECOND)
    world.faults.cancels.append(fault)
    ENDINGS[name](world)
    world.settle(20 * SECOND)
    assert entries(world) == []
    assert world.core.manager.portfolio.running() == ()
    world.trade(STOCK, PRICE + 45 * TICK if stop_entry else PRICE - 45 * TICK)
    world.settle(5 * SECOND)
    assert world.position() == 0
    oracles.at_rest()


TIGHT = RiskSettings(risk_per_trade_pct=1, max_daily_loss_pct=2, max_gap_risk_pct=100)


def beside_a_position(*prices: int) -> World:
    """Return a world with orders of the trader's at rest in one stock, oldest first, and a position in another."""
    world = World(Settings(risk=TIGHT))
    Oracles(world)
    at_most(world, 400)
    for price in prices:
        answer = rest(world, f"rest-{price}", price=price)
        assert answer.outcome is Outcome.ACCEPTED, answer.text
        world.settle(5 * SECOND)
    at_most(world, 100_000)
    assert buy(world, OTHER).outcome is Outcome.ACCEPTED, answered(world, "buy").text
    world.settle(3 * SECOND)
    assert world.position(OTHER) > 0
    return world


def stakes(world: World) -> list[int]:
    """Return what each resting order may lose, paise, oldest first."""
    return [
        one.loss
        for trade in world.core.manager.portfolio.running()
        for one in world.core.trader_orders.rests(trade.id)
    ]


def lose_in_the_other(world: World, loss: int) -> None:
    """Let the position's stop fill where it loses that much, paise, as after a jump."""
    (trade,) = (one for one in world.core.trades if one.open)
    world.trade(OTHER, trade.cost // trade.open_quantity - loss // trade.open_quantity)
    world.settle(5 * SECOND)
    assert world.position(OTHER) == 0


def test_a_resting_order_that_the_days_loss_leaves_no_room_for_is_taken_back_with_its_reason() -> None:
    world = beside_a_position(PRICE - 40 * TICK)
    world.settle(MINUTE)
    assert len(entries(world)) == 1
    (stake,) = stakes(world)
    lose_in_the_other(world, world.core.limits.loss_limit - stake // 2)
    assert not world.core.limits.stopped
    assert entries(world) == []
    assert said(world, f"is cancelled: it may lose {rupees(stake)}, and the day's loss limit lacks")


def test_a_resting_order_that_still_fits_goes_on_resting_behind_a_loss() -> None:
    world = beside_a_position(PRICE - 40 * TICK)
    (stake,) = stakes(world)
    lose_in_the_other(world, world.core.limits.loss_limit - 2 * stake)
    assert world.core.limits.loss_limit + world.core.account.believed(world.now).net < 2 * stake
    assert len(entries(world)) == 1


def test_the_newest_of_what_rests_gives_way_first_and_what_fits_stays() -> None:
    world = beside_a_position(PRICE - 40 * TICK, PRICE - 60 * TICK)
    first, second = stakes(world)
    lose_in_the_other(world, world.core.limits.loss_limit - first - second // 2)
    assert [order.price for order in entries(world)] == [PRICE - 40 * TICK]


def test_a_position_on_its_way_to_its_stop_takes_no_resting_order_back() -> None:
    world = beside_a_position(PRICE - 40 * TICK)
    (trade,) = (one for one in world.core.trades if one.open)
    assert trade.stop is not None
    for _ in range(5):
        world.trade(OTHER, trade.stop.trigger + TICK)
        world.settle(2 * SECOND)
    assert world.position(OTHER) > 0
    assert len(entries(world)) == 1


def test_armed_or_attended_it_goes_on_resting() -> None:
    attended = waiting()
    attended.tell(Attended(attended=True))
    attended.tell(ArmManual("off", armed=False))
    attended.settle(2 * MINUTE)
    assert len(entries(attended)) == 1
    armed = waiting()
    armed.tell(Attended(attended=False))
    armed.settle(2 * MINUTE)
    assert len(entries(armed)) == 1


def test_it_is_taken_back_at_its_good_for_with_the_reason() -> None:
    world = World()
    Oracles(world)
    assert rest(world, price=PRICE - 40 * TICK, good_for=world.now + 5 * MINUTE).outcome is Outcome.ACCEPTED
    world.settle(4 * MINUTE)
    assert len(entries(world)) == 1
    world.settle(90 * SECOND)
    assert entries(world) == []
    assert said(world, "it was good until 11:05")


def test_by_default_it_is_good_until_the_traders_last_entry_and_never_longer() -> None:
    start = instant_at(DAY, time(14, 43))
    for good_for in (0, instant_at(DAY, time(15, 20))):
        world = World(start=start)
        Oracles(world)
        assert rest(world, price=PRICE - 40 * TICK, good_for=good_for).outcome is Outcome.ACCEPTED
        world.settle(100 * SECOND)
        assert len(entries(world)) == 1
        world.settle(30 * SECOND)
        assert entries(world) == []


def test_a_good_for_that_is_over_is_refused() -> None:
    world = World()
    assert rest(world, price=PRICE - 40 * TICK, good_for=world.now - SECOND).text.endswith("(TOO_LATE)")


def test_one_of_several_is_cancelled_by_its_name() -> None:
    world = small_world()
    first, second, third = entries(world)
    world.tell(CancelResting("x", STOCK, second.tag))
    world.settle(3 * SECOND)
    assert [order.tag for order in entries(world)] == [first.tag, third.tag]
    world.tell(CancelResting("y", STOCK, "nobody"))
    assert answered(world, "y").outcome is Outcome.REFUSED


def test_a_fill_that_meets_its_cancel_on_the_way_is_protected_like_any_other() -> None:
    world = waiting()
    world.tell(CancelResting("x", STOCK))
    world.trade(STOCK, PRICE - 41 * TICK)
    world.settle(3 * SECOND)
    assert world.position() > 0
    assert stop_of(world).remaining == world.position()


def test_a_kill_while_it_rests_writes_one_cancel_and_no_entry_leaves_afterwards() -> None:
    world = waiting()
    before = len(world.sent)
    world.tell(Kill("k", "test"))
    world.settle(5 * SECOND)
    kinds = [effect for _, effect in world.sent[before:] if isinstance(effect, PlaceOrder | CancelOrder)]
    assert [type(one) for one in kinds] == [CancelOrder]
    assert world.core.latch is not None
    assert world.core.latch.state.value == "FLAT"


def test_the_order_list_says_until_when_it_rests() -> None:
    world = waiting()
    (row,) = order_rows(world.core, world.now)
    assert (row.role, row.message) == ("ENTRY", "rests until 14:45")
    world.tell(PauseEntries("p", paused=True))
    world.run(3 * SECOND)
    (row,) = order_rows(world.core, world.now)
    assert "rests" not in row.message
