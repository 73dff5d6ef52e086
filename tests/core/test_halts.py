"""In a halt and at a price limit cancels leave, exits wait or rest, and a person sees which waits for what."""

from engine.contract.commands import ExitPosition, Kill
from engine.contract.views import AlarmRank
from engine.core import Halted, Resumed
from engine.market.clock import SECOND
from engine.market.figures import grouped, rupees
from engine.market.instrument import InstrumentClass
from engine.market.side import Side
from engine.orders.messages import CancelOrder, ModifyOrder, PlaceOrder, Role
from engine.orders.plight import PlightKind
from tests.core.entries import answered, buy
from tests.core.faults import latch, opened, said, stop_of, writes
from tests.core.hostile import OPTION, OTHER, ROOMY, STOCK, World
from tests.core.oracles import Oracles

HALT = "NSE_EQ is NORMAL_CLOSE"


def exits_of(world: World) -> list[object]:
    return [w for w in writes(world) if not isinstance(w, CancelOrder) and not _enters(w)]


def _enters(write: object) -> bool:
    return isinstance(write, PlaceOrder) and write.role is not Role.EXIT


def kinds(world: World) -> dict[str, PlightKind]:
    plights = world.core.watch.plights.current.values()
    return {plight.instrument.key: plight.kind for plight in plights}


def vital(world: World, words: str) -> list[str]:
    return [line.text for line in world.core.events if words in line.text and line.rank is AlarmRank.VITAL]


def test_a_kill_in_an_announced_halt_sends_no_exit_and_is_held_by_halt() -> None:
    world, oracles = opened()
    stop = stop_of(world)
    before = len(writes(world))
    world.halt()
    world.tell(Kill("k", "test"))
    assert "it waits: HELD BY HALT" in answered(world, "k").text
    world.run(30 * SECOND)
    assert len(writes(world)) == before
    assert latch(world) == "STUCK"
    world.tell(Kill("again", "test"))
    assert answered(world, "again").text == "the kill waits: HELD BY HALT"
    assert kinds(world) == {STOCK: PlightKind.HELD_BY_HALT}
    assert len(vital(world, "TEST HELD BY HALT")) == 1
    assert stop.live, "the stop goes on resting at the exchange"
    world.reopen()
    world.settle(5 * SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")
    oracles.at_rest()


def test_the_exit_of_a_kill_in_a_halt_leaves_with_the_announcement_that_trading_goes_on() -> None:
    world, _ = opened()
    world.halt()
    world.tell(Kill("k", "test"))
    world.run(30 * SECOND)
    before = len(exits_of(world))
    world.halted = False
    world.tell(Halted(""))
    assert len(exits_of(world)) == before + 1


def test_an_entry_that_rests_when_the_exchange_halts_is_cancelled_by_the_kill() -> None:
    world = World()
    world.liquidity[STOCK] = 0
    buy(world)
    world.run(SECOND // 10)
    (entry,) = world.live(STOCK)
    world.halt()
    world.tell(Kill("k", "test"))
    world.run(3 * SECOND)
    assert any(isinstance(write, CancelOrder) for write in writes(world))
    assert not entry.live
    assert latch(world) == "FLAT"


def test_an_exit_by_hand_waits_in_a_halt_as_the_kill_does() -> None:
    world, _ = opened()
    before = len(writes(world))
    world.halt()
    world.tell(ExitPosition("x", STOCK))
    assert "HELD BY HALT: its exit leaves by itself" in answered(world, "x").text
    world.run(10 * SECOND)
    assert len(writes(world)) == before
    assert vital(world, "HELD BY HALT")
    world.reopen()
    world.settle(3 * SECOND)
    assert world.position() == 0


def test_only_what_is_halted_waits() -> None:
    world = World(ROOMY)
    buy(world, OTHER, "other")
    buy(world, OPTION, "option")
    world.run(2 * SECOND)
    world.tell(Halted("NSE_FO is NORMAL_CLOSE", (InstrumentClass.OPTION,)))
    world.tell(Kill("k", "test"))
    world.settle(5 * SECOND)
    assert world.position(OTHER) == 0
    assert world.position(OPTION) > 0
    assert kinds(world) == {OPTION: PlightKind.HELD_BY_HALT}
    world.tell(Halted(""))
    world.settle(5 * SECOND)
    assert (world.position(OPTION), latch(world)) == (0, "FLAT")


def test_without_a_feed_that_would_tell_of_the_end_one_exit_is_tried_and_its_refusal_decides() -> None:
    world, _ = opened()
    stop = stop_of(world)
    world.halt()
    world.tell(Kill("k", "test"))
    world.run(10 * SECOND)
    before = len(writes(world))
    world.tell(Halted(HALT, heard=False))
    world.run(25 * SECOND)
    assert len(writes(world)) == before + 1
    assert latch(world) == "STUCK"
    assert stop.live, "a refused try costs no stop"
    world.run(60 * SECOND)
    assert len(writes(world)) <= before + 3
    assert stop.live
    world.halted = False
    world.settle(35 * SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")


def test_a_try_that_the_exchange_takes_in_a_halt_rests_and_is_not_walked_down() -> None:
    world, _ = opened()
    world.refuses_in_halt = False
    world.halt()
    world.tell(Halted(HALT, heard=False))
    world.tell(Kill("k", "test"))
    world.run(60 * SECOND)
    moves = [w for w in writes(world) if isinstance(w, ModifyOrder)]
    assert len(moves) == 1
    (resting,) = world.live(STOCK)
    assert vital(world, f"HELD BY HALT: sell {grouped(resting.remaining)} at")
    assert vital(world, resting.tag)


def test_after_a_death_the_halt_of_the_earlier_life_is_not_believed_without_a_feed() -> None:
    world, _ = opened()
    world.tell(Halted(HALT))
    world.tell(Resumed("again"))
    world.tell(Kill("k", "test"))
    world.settle(5 * SECOND)
    assert (world.position(), latch(world)) == (0, "FLAT")


def test_a_refusal_in_a_halt_is_told_as_a_sentence_with_its_code_behind_it() -> None:
    world, _ = opened()
    world.faults.modifies.append("refuse")
    world.tell(Kill("k", "test"))
    world.run(SECOND // 5)
    assert world.core.manager.kill.refusal == "change of stop TEST: refused by test (UDAPI1)"


def test_at_the_price_limit_the_exit_that_rests_is_named_and_the_kill_is_stuck() -> None:
    world = World()
    oracles = Oracles(world)
    buy(world, OTHER)
    world.run(2 * SECOND)
    world.prices[OTHER] = 400_00
    world.lock(OTHER, Side.SELL)
    world.tell(Kill("k", "test"))
    for _ in range(10):
        world.trade(OTHER)
        world.run(SECOND)
    (resting,) = world.live(OTHER)
    assert latch(world) == "STUCK"
    (text,) = vital(world, "OTHER STUCK")
    assert f"sell {grouped(resting.remaining)} at {rupees(resting.price)} (order {resting.tag})" in text
    assert "hedge" in text
    assert not said(world, "KILLING")
    before = len(writes(world))
    world.settle(30 * SECOND)
    assert len(writes(world)) == before, "it rests and is not moved about"
    assert len(vital(world, "OTHER STUCK")) == 1
    world.unlock(OTHER)
    world.prices[OTHER] = 401_00
    world.settle(5 * SECOND)
    assert (world.position(OTHER), latch(world)) == (0, "FLAT")
    oracles.at_rest()


def test_an_exit_that_is_moved_on_is_not_called_stuck() -> None:
    world, _ = opened()
    world.liquidity[STOCK] = 0
    world.tell(Kill("k", "test"))
    for _ in range(5):
        world.trade(STOCK)
        world.run(SECOND)
    assert latch(world) == "KILLING"
    assert kinds(world) == {}


def test_stuck_ends_with_the_order_that_rested() -> None:
    world = World()
    buy(world, OTHER)
    world.run(2 * SECOND)
    world.prices[OTHER] = 400_00
    world.lock(OTHER, Side.SELL)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    (resting,) = world.live(OTHER)
    assert kinds(world) == {OTHER: PlightKind.STUCK}
    world.prices[OTHER] = 401_00
    world.unlock(OTHER)
    world.settle(5 * SECOND)
    assert not resting.live
    assert kinds(world) == {}
    assert said(world, "OTHER no longer STUCK") or latch(world) == "FLAT"


def test_a_limit_that_is_narrower_than_assumed_is_stuck_too() -> None:
    world, _ = opened()
    world.lock(STOCK, Side.SELL)
    world.faults.standing["modify"] = "ok"
    world.tell(Kill("k", "test"))
    for _ in range(15):
        world.trade(STOCK)
        world.run(SECOND)
    assert latch(world) == "STUCK"
    assert vital(world, "TEST STUCK: sell")


def test_a_short_at_the_upper_limit_is_stuck_for_want_of_a_seller() -> None:
    world = World()
    buy(world, OTHER, side=Side.SELL)
    world.run(2 * SECOND)
    assert world.position(OTHER) < 0
    world.prices[OTHER] = 600_00
    world.lock(OTHER, Side.BUY)
    world.tell(Kill("k", "test"))
    for _ in range(10):
        world.trade(OTHER)
        world.run(SECOND)
    (text,) = vital(world, "OTHER STUCK")
    assert "no seller stands there" in text
    assert f"buy {grouped(world.live(OTHER)[0].remaining)} at" in text


def test_a_position_with_neither_stop_nor_exit_is_naked_and_says_why_within_seconds() -> None:
    world, _ = opened()
    world.checks.clear()
    world.faults.standing["place"] = world.faults.standing["modify"] = "reject"
    (stop,) = world.live(STOCK)
    world._report(stop, "cancelled")
    began = world.now
    for _ in range(12):
        world.trade(STOCK)
        world.run(SECOND)
    lines = [line for line in world.core.events if "TEST NAKED" in line.text]
    assert lines, "nobody heard of it"
    assert lines[0].rank is AlarmRank.VITAL
    assert lines[0].time - began <= 6 * SECOND
    assert "neither stop nor exit rests at the exchange" in lines[0].text
    assert "last refusal: stop: no reason was given" in lines[0].text
    assert "Close it by the broker's app or phone" in lines[0].text
