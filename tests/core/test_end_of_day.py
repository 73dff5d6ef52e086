"""The end of the day with something still held: said when it begins, for each position, with what can be done."""

from itertools import pairwise

from engine.contract.commands import Kill
from engine.contract.views import AlarmRank, EventLine
from engine.core import Halted, Resumed
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.messages import ModifyOrder, OrderType, PlaceOrder, Product, Role
from engine.orders.plight import PlightKind
from tests.core.closing import ClosingWorld, clock, locked_in
from tests.core.entries import buy
from tests.core.faults import latch, outside, said, writes
from tests.core.hostile import OPTION, OTHER, STOCK, World
from tests.core.phone import carry


def vital(world: World, *words: str) -> list[EventLine]:
    lines = [line for line in world.core.events if line.rank is AlarmRank.VITAL]
    return [line for line in lines if all(word in line.text for word in words)]


def only(lines: list[EventLine]) -> EventLine:
    assert len(lines) == 1, f"expected one line, got {[line.text for line in lines]}"
    return lines[0]


def kinds(world: World) -> dict[str, PlightKind]:
    return {p.instrument.key: p.kind for p in world.core.watch.plights.current.values()}


def sent_since(world: World, begin: int) -> list[object]:
    return [
        effect for at, effect in world.sent if at >= begin and isinstance(effect, PlaceOrder | ModifyOrder)
    ]


def test_a_position_whose_stop_the_auction_cancels_is_naked_at_that_moment_and_says_what_can_be_done() -> (
    None
):
    world = ClosingWorld()
    buy(world)
    world.run(2 * SECOND)
    world.until(clock(14, 40))
    world.halted = True
    world.tell(Halted("NSE_EQ is NORMAL_CLOSE"))
    world.until(clock(15, 15, 10))
    assert vital(world, "TEST AUCTION AHEAD: nothing is taken", "its stop rests")
    line = only(vital(world, "TEST NAKED", "closing auction"))
    assert abs(line.time - clock(15, 15)) <= 2 * SECOND
    assert "a limit to sell" in line.text
    assert "15:20" in line.text
    assert "limit until 15:28" in line.text


def test_an_exit_that_is_wanted_goes_into_the_auction_as_a_limit_at_the_edge_of_its_band() -> None:
    world = locked_in()
    world.until(clock(15, 15, 10))
    world._cancel_all(STOCK, stops_only=False)
    world.run(2 * SECOND)
    before = len(writes(world))
    world.until(clock(15, 19, 55))
    assert writes(world)[before:] == [], "nothing is taken between 15:15 and 15:20"
    world.refer(1_000_00)
    world.until(clock(15, 20, 10))
    (sent,) = sent_since(world, clock(15, 20))
    assert isinstance(sent, PlaceOrder)
    assert (sent.role, sent.order_type, sent.price, sent.side) == (
        Role.EXIT,
        OrderType.LIMIT,
        970_00,
        Side.SELL,
    )
    line = only(vital(world, "TEST IN AUCTION", sent.tag))
    assert "970.00" in line.text
    assert "15:35" in line.text
    assert world.refused_in_auction == []


def test_what_the_auction_matches_is_flat_and_the_kill_says_so() -> None:
    world = locked_in()
    world.until(clock(15, 16))
    world.tell(Kill("k", "test"))
    world.refer(1_000_00)
    world.until(clock(15, 25))
    assert latch(world) == "STUCK"
    before = len(writes(world))
    world.unlock(STOCK)
    world.until(clock(15, 31))
    assert (world.position(STOCK), latch(world)) == (0, "FLAT")
    assert len(writes(world)) == before, "a limit in the auction keeps its place"


def test_an_exit_that_is_carried_over_into_the_auction_is_brought_to_the_edge_of_its_band_once() -> None:
    world = locked_in()
    world.until(clock(15, 15, 10), every=4 * SECOND)
    (resting,) = world.live(STOCK)
    assert resting.order_type is OrderType.LIMIT
    assert vital(world, "TEST AUCTION AHEAD", resting.tag)
    assert resting.price > 970_00
    world.refer(1_000_00)
    world.until(clock(15, 27))
    assert len(sent_since(world, clock(15, 20))) == 1
    (now_resting,) = world.live(STOCK)
    assert now_resting.price == 970_00


def test_where_no_reference_was_told_the_auctions_limit_lies_well_inside_the_band() -> None:
    world = locked_in()
    world.until(clock(15, 15, 10))
    world._cancel_all(STOCK, stops_only=False)
    world.until(clock(15, 20, 10))
    (sent,) = sent_since(world, clock(15, 20))
    assert isinstance(sent, PlaceOrder)
    assert sent.price == 980_00


def test_nothing_is_sent_once_the_auction_may_end_at_any_moment() -> None:
    world = locked_in()
    world.until(clock(15, 27, 57))
    world._cancel_all(STOCK, stops_only=False)
    before = len(writes(world))
    world.until(clock(15, 34))
    assert writes(world)[before:] == []


def test_what_the_auction_leaves_unmatched_is_carried_and_says_what_that_means() -> None:
    world = locked_in()
    world.refer(1_000_00)
    world.liquidity[STOCK] = 0
    world.until(clock(15, 29))
    assert kinds(world) == {STOCK: PlightKind.IN_AUCTION}
    world.until(clock(15, 36))
    line = only(vital(world, "TEST CARRIED"))
    assert clock(15, 30) <= line.time <= clock(15, 35, 5)
    assert "next open, 09:15" in line.text
    assert "delivery" in line.text
    world.until(clock(15, 45))
    assert len(vital(world, "TEST CARRIED")) == 1


def test_a_short_in_cash_that_is_carried_is_a_delivery_shortage() -> None:
    world = ClosingWorld()
    buy(world, OTHER, side=Side.SELL)
    world.run(2 * SECOND)
    assert world.position(OTHER) < 0
    world.until(clock(14, 50))
    world.lock(OTHER, Side.BUY)
    world.until(clock(15, 31))
    line = only(vital(world, "OTHER CARRIED"))
    assert abs(line.time - clock(15, 30)) <= 3 * SECOND
    assert "buys it in by auction" in line.text


def test_an_option_is_carried_from_its_own_close_on() -> None:
    world = locked_in(OPTION)
    world.until(clock(15, 39))
    assert vital(world, "OPT CARRIED") == []
    world.until(clock(15, 41))
    line = only(vital(world, "OPT CARRIED"))
    assert abs(line.time - clock(15, 40)) <= 3 * SECOND
    assert "margin" in line.text


def test_a_halt_until_the_end_of_the_day_ends_as_carried() -> None:
    world = ClosingWorld()
    buy(world, OTHER)
    world.run(2 * SECOND)
    world.until(clock(14, 40))
    world.halted = True
    world.tell(Halted("NSE_EQ is NORMAL_CLOSE"))
    world.until(clock(15, 5))
    assert kinds(world)[OTHER] is PlightKind.HELD_BY_HALT
    world.until(clock(15, 31))
    assert kinds(world)[OTHER] is PlightKind.CARRIED
    assert vital(world, "OTHER HELD BY HALT")
    assert vital(world, "OTHER CARRIED")


def test_between_the_auctions_begin_and_the_end_of_the_day_no_stretch_is_silent() -> None:
    world = locked_in()
    world.refer(1_000_00)
    world.liquidity[STOCK] = 0
    world.until(clock(15, 40))
    said = [line.time for line in world.core.events if line.time >= clock(15, 14) and "TEST" in line.text]
    marks = [clock(15, 14), *said, clock(15, 40)]
    assert max(later - earlier for earlier, later in pairwise(marks)) <= 10 * 60 * SECOND


def test_what_lasts_is_said_again_every_ten_minutes() -> None:
    world = locked_in(OTHER)
    world.until(clock(15, 28))
    times = [line.time for line in vital(world, "OTHER STUCK")]
    assert len(times) >= 3
    assert max(later - earlier for earlier, later in pairwise(times)) <= 10 * 60 * SECOND + SECOND


def test_what_a_phone_left_open_is_carried_and_not_ours_from_its_close_on() -> None:
    world = ClosingWorld()
    world.until(clock(14, 30))
    outside(world, OTHER, 50)
    world.tell(Resumed("r"))
    world.until(clock(15, 29, 50))
    assert vital(world, "CARRIED") == []
    world.until(clock(15, 31))
    line = only(vital(world, "OTHER CARRIED, not ours: +50"))
    assert abs(line.time - clock(15, 30)) <= 3 * SECOND
    assert "whoever holds it calls the broker" in line.text
    world.until(clock(15, 45))
    assert len(vital(world, "CARRIED")) == 1


def test_what_a_phone_holds_beside_ours_and_in_delivery_is_carried_for_itself() -> None:
    world = ClosingWorld()
    buy(world, OTHER)
    world.run(2 * SECOND)
    world.lock(OTHER, Side.SELL)
    outside(world, OTHER, 7)
    carry(world, OTHER, Product.DELIVERY, 20, overnight=True)
    world.tell(Resumed("r"))
    world.until(clock(15, 31))
    ours, theirs = only(vital(world, "OTHER CARRIED into")), only(vital(world, "OTHER CARRIED, not ours: +7"))
    assert ours.time == theirs.time
    assert said(world, "OTHER CARRIED, not ours: +20 in product D stays overnight")


def test_what_others_closed_before_the_end_is_not_carried() -> None:
    world = ClosingWorld()
    outside(world, OTHER, 50)
    world.tell(Resumed("r"))
    world.until(clock(15, 10))
    world.square_off()
    world.until(clock(15, 45))
    assert world.position(OTHER) == 0
    assert vital(world, "CARRIED") == []
