"""How long the card of a setup that asks lives, and what Enter makes of it."""

import config
from engine.contract.commands import Outcome, TakeSignal
from engine.core import Decision, DecisionState
from engine.market.clock import MINUTE, SECOND
from engine.market.side import Side
from engine.market.update import Bar, MarketUpdate
from engine.orders.messages import PlaceOrder, Role
from tests.core.entries import answered
from tests.core.faults import placed
from tests.core.hostile import OTHER, PRICES, STOCK, TICK, World
from tests.core.signals import decide, with_mode


def asked(side: Side = Side.BUY) -> tuple[World, Decision]:
    """Return a world with one card waiting in the stock."""
    world = World(with_mode("ask"))
    decision = decide(world, side)
    assert decision.state is DecisionState.WAITING, decision.reason
    return world, decision


def card(world: World, name: str) -> Decision:
    return next(one for one in world.core.signals if one.id == name)


def risk_per_unit(decision: Decision) -> int:
    assert decision.price is not None
    assert decision.stop is not None
    return abs(decision.price - decision.stop)


def take(world: World, decision: Decision) -> None:
    world.tell(TakeSignal("t", decision.id))


def test_a_card_lives_45_seconds_and_no_longer() -> None:
    world, decision = asked()
    world.settle(44 * SECOND)
    assert card(world, decision.id).state is DecisionState.WAITING
    world.settle(2 * SECOND)
    assert (card(world, decision.id).state, card(world, decision.id).code) == (
        DecisionState.EXPIRED,
        "EXPIRED",
    )


def test_a_card_goes_once_the_touch_is_more_than_three_tenths_of_r_from_the_signals_price() -> None:
    for side in Side:
        for away in (1, -1):
            world, decision = asked(side)
            assert decision.price is not None
            reach = risk_per_unit(decision) * 3 // 10 // TICK * TICK
            # The touch an entry meets lies one tick beyond the last price.
            world.trade(STOCK, decision.price + away * reach - side.sign * TICK)
            assert card(world, decision.id).state is DecisionState.WAITING, (side, away)
            world.trade(STOCK, decision.price + away * (reach + 2 * TICK) - side.sign * TICK)
            gone = card(world, decision.id)
            assert (gone.state, gone.code) == (DecisionState.EXPIRED, "MOVED_AWAY"), (side, away)
            assert "0.3 R" in gone.reason
            take(world, decision)
            assert answered(world, "t").outcome is Outcome.REFUSED


def test_another_instruments_market_moves_no_card() -> None:
    world, decision = asked()
    world.trade(OTHER, PRICES[OTHER] * 9 // 10)
    assert card(world, decision.id).state is DecisionState.WAITING


def test_a_card_goes_when_its_stop_is_traded_by_a_print_or_inside_a_minute() -> None:
    for inside in (False, True):
        world, decision = asked()
        assert decision.stop is not None
        if inside:
            world = World(
                config.Settings.model_validate(
                    {"setups": {"failed_auction": "ask"}, "entry": {"ask_seconds": 120}}
                )
            )
            decision = decide(world)
            assert decision.stop is not None
            world.run(2 * MINUTE - world.now % MINUTE)
            close_minute_through(world, decision.stop)
        else:
            world.trade(STOCK, decision.stop)
        assert card(world, decision.id).code == "STOP_TRADED", card(world, decision.id).reason


def close_minute_through(world: World, price: int) -> None:
    """Let a minute close that reached a price which no packet showed as its last."""
    start = world.now // MINUTE * MINUTE - MINUTE
    last = world.prices[STOCK]
    world.volume[STOCK] += 10
    world.tell(
        MarketUpdate(
            STOCK,
            world.now,
            world.now - SECOND // 5,
            last,
            10,
            world.volume[STOCK],
            PRICES[STOCK],
            ((last - TICK, 100_000),),
            ((last + TICK, 100_000),),
            minute=Bar(start, last, last, price, last, 1_000),
        )
    )


def test_enter_prices_sizes_and_gates_anew_at_the_touch() -> None:
    world, decision = asked()
    assert decision.price is not None
    assert decision.quantity is not None
    moved = risk_per_unit(decision) // 5 // TICK * TICK
    world.settle(30 * SECOND)
    world.trade(STOCK, decision.price + moved)
    take(world, decision)
    assert answered(world, "t").outcome is Outcome.ACCEPTED, answered(world, "t").text
    entry = next(order for order in placed(world) if order.role is Role.ENTRY)
    assert isinstance(entry, PlaceOrder)
    assert entry.price > decision.price + moved
    (trade,) = world.core.manager.portfolio.running()
    assert trade.plan is not None
    assert decision.stop is not None
    assert trade.plan.trigger == decision.stop + moved + TICK


def test_a_card_that_enter_could_not_take_is_over() -> None:
    world, decision = asked()
    world.run(6 * SECOND)
    take(world, decision)
    assert "STALE_FEED" in answered(world, "t").text
    assert card(world, decision.id).state is DecisionState.REFUSED
    world.trade(STOCK)
    world.tell(TakeSignal("again", decision.id))
    assert answered(world, "again").outcome is Outcome.REFUSED


def test_the_time_of_a_card_is_a_setting_and_45_seconds_by_default() -> None:
    assert config.Settings().entry.ask_seconds == 45
