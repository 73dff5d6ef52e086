from engine.contract.commands import ArmManual, ExitPosition, Kill, ManualOrder, Outcome
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.kill import LatchState
from engine.orders.messages import OrderType, Role
from tests.core.entries import answered, buy
from tests.core.hostile import OPTION, STOCK, World
from tests.core.oracles import Oracles


def test_a_bought_position_has_its_stop_at_the_exchange_within_two_seconds() -> None:
    world = World()
    Oracles(world)
    assert buy(world).outcome is Outcome.ACCEPTED, answered(world, "buy").text
    world.run(2 * SECOND)
    position = world.position()
    stops = [order for order in world.live(STOCK) if order.role is Role.STOP]
    assert position > 0
    assert [(stop.remaining, stop.side, stop.order_type) for stop in stops] == [
        (position, Side.SELL, OrderType.STOP_LIMIT)
    ]


def test_the_kill_turns_the_stop_into_the_exit_with_one_write_and_proves_flat() -> None:
    world = World()
    oracles = Oracles(world)
    buy(world)
    world.run(2 * SECOND)
    before = len(world.sent)
    world.tell(Kill("k", "test"))
    world.run(3 * SECOND)
    kinds = [type(effect).__name__ for _, effect in world.sent[before:]]
    assert kinds.count("ModifyOrder") == 1
    assert kinds.count("PlaceOrder") == 0
    assert world.position() == 0
    latch = world.core.latch
    assert latch is not None
    assert latch.state is LatchState.FLAT
    oracles.at_rest()


def test_an_exit_by_hand_closes_and_books_the_trade() -> None:
    world = World()
    oracles = Oracles(world)
    buy(world)
    world.run(2 * SECOND)
    world.tell(ExitPosition("x", STOCK))
    world.run(2 * SECOND)
    assert world.position() == 0
    [trade] = world.core.closed_trades
    assert trade.exit_reason == "by hand"
    assert trade.net < 0
    oracles.at_rest()


def test_an_option_is_never_sold_to_open() -> None:
    world = World()
    result = buy(world, OPTION, side=Side.SELL)
    assert result.outcome is Outcome.REFUSED
    assert "OPTION_SHORT" in result.text
    assert world.sent == [entry for entry in world.sent if not hasattr(entry[1], "order_type")]


def test_the_intent_is_recorded_before_its_order_leaves() -> None:
    world = World()
    world.tell(ArmManual("a", armed=True))
    effects = world.core.handle(ManualOrder("m", STOCK, Side.BUY), world.now)
    kinds = [type(effect).__name__ for effect in effects]
    place = kinds.index("PlaceOrder")
    assert getattr(effects[place - 1], "kind", "") == "intent"
    assert getattr(effects[place - 1], "key", "") == getattr(effects[place], "tag", "?")
