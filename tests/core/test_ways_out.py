"""Every way out of a trade, and why it closed: the ledger, the story, the events and the screen say the same, truly."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
import pytest

from engine.contract.commands import AdoptPosition, ExitPosition, Kill, MoveToBreakeven, TightenStop
from engine.contract.views import EventLine
from engine.core import Halted
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.messages import Role
from engine.performance.trade import ClosedTrade
from engine.risk.terms import StopTerm
from tests.core.closing import clock, locked_in
from tests.core.faults import latch, outside, said, stop_of
from tests.core.hostile import INSTRUMENTS, STOCK, TICK, World
from tests.core.phone import Phone
from tests.core.targeted import Targeted


@dataclass(frozen=True)
class Way:
    """One way out: what happens to a position with a target ahead, and what must be said of it."""

    go: Callable[[Targeted], None]
    reason: str
    first: bool = False
    """Whether the target ahead is the first."""


def fall(held: Targeted, beyond: int = 1) -> None:
    """Let the market trade through the stop that stands at the exchange."""
    held.world.liquidity.clear()
    trigger = stop_of(held.world).trigger_price
    held.world.trade(STOCK, trigger - held.sign * beyond * TICK)


def moved(held: Targeted, term: StopTerm) -> None:
    """Let the stop go nearer as by a term of ours."""
    state = held.trade.stop
    assert state is not None
    trigger = state.trigger + held.sign * 12 * TICK
    changed = replace(state, trigger=trigger, limit=trigger - held.sign * TICK * 20, term=term)
    held.core.manager.change(msgspec.structs.replace(held.trade, stop=changed), held.world.now)
    held.world.settle(3 * SECOND)
    assert stop_of(held.world).trigger_price == trigger


def trailed(held: Targeted) -> None:
    moved(held, StopTerm.TRAIL_ATR)
    fall(held)


def spiked(held: Targeted) -> None:
    moved(held, StopTerm.SPIKE)
    fall(held)


def stop(held: Targeted) -> None:
    fall(held)


def gap(held: Targeted) -> None:
    fall(held, 20)


def tightened(held: Targeted) -> None:
    trigger = held.trigger + held.sign * 10 * TICK
    held.world.tell(TightenStop("t", STOCK, trigger))
    held.world.settle(3 * SECOND)
    assert stop_of(held.world).trigger_price == trigger
    fall(held)


def breakeven(held: Targeted) -> None:
    held.world.trade(STOCK, held.target - held.sign * 4 * TICK)
    held.world.settle(3 * SECOND)
    held.world.tell(MoveToBreakeven("b", STOCK))
    held.world.settle(3 * SECOND)
    assert (stop_of(held.world).trigger_price - held.trigger) * held.sign > 0
    fall(held)


def first_target(held: Targeted) -> None:
    held.reach(None)
    held.world.settle(5 * SECOND)
    held.world.tell(ExitPosition("rest", STOCK))


def first_target_then_stop(held: Targeted) -> None:
    held.reach(None)
    held.world.settle(8 * SECOND)
    assert 0 < abs(held.world.position()) < held.held
    fall(held)


def second_target(held: Targeted) -> None:
    held.reach(None)


def target_touched_then_stop(held: Targeted) -> None:
    held.reach()
    held.world.settle(4 * SECOND)
    assert abs(held.world.position()) == held.held
    fall(held)


def target_lost_then_stop(held: Targeted) -> None:
    held.world.faults.standing["modify"] = "lost"
    held.reach()
    fall(held)
    held.world.run(100 * MILLISECOND)
    held.world.faults.clear()


def by_hand(held: Targeted) -> None:
    held.world.tell(ExitPosition("x", STOCK))


def half_then_hand(held: Targeted) -> None:
    held.world.tell(ExitPosition("h", STOCK, half=True))
    held.world.settle(3 * SECOND)
    held.world.tell(ExitPosition("x", STOCK))


def half_then_stop(held: Targeted) -> None:
    held.world.tell(ExitPosition("h", STOCK, half=True))
    held.world.settle(4 * SECOND)
    assert 0 < abs(held.world.position()) < held.held
    fall(held)


def kill(held: Targeted) -> None:
    held.world.tell(Kill("k", "a person"))


def kill_in_a_halt(held: Targeted) -> None:
    held.world.halt()
    held.world.tell(Kill("k", "a person"))
    held.world.run(20 * SECOND)
    assert latch(held.world) == "STUCK"
    held.world.reopen()


def kill_of_what_nobody_takes(held: Targeted) -> None:
    held.world.liquidity[STOCK] = 0
    held.world.tell(Kill("k", "a person"))
    held.world.run(40 * SECOND)
    assert latch(held.world) == "STUCK"
    held.world.liquidity.clear()


def stops_cancelled_again_and_again(held: Targeted) -> None:
    for _ in range(12):
        for order in held.world.live(STOCK):
            if order.role is Role.STOP:
                held.world._report(order, "cancelled")
        held.world.run(SECOND)


def day_loss(held: Targeted) -> None:
    limit = held.core.limits.stopped_by.value
    held.core.state.set_latch(limit, "test", limit, held.world.now, ours_only=True)


def flat_by(held: Targeted) -> None:
    start = held.core.day.flatten_start(held.core.instruments[STOCK].kind)
    left = start - held.core.market_time(held.world.now)
    for _ in range(left // (30 * SECOND) - 1):
        for key in INSTRUMENTS:
            held.world.trade(key)
        held.world.run(30 * SECOND)
    held.world.settle(start - held.core.market_time(held.world.now) + SECOND)


def halted_then_hand(held: Targeted) -> None:
    held.world.halt()
    held.world.tell(ExitPosition("x", STOCK))
    held.world.run(10 * SECOND)
    held.world.reopen()


def halted_then_stop(held: Targeted) -> None:
    held.world.tell(Halted("NSE_EQ is NORMAL_CLOSE"))
    held.world.run(10 * SECOND)
    held.world.tell(Halted(""))
    fall(held)


def phone_whole(held: Targeted) -> None:
    phone = Phone(held.world)
    order = phone.order(Side.SELL if held.sign > 0 else Side.BUY, held.held, 0)
    phone.fill(order, held.held)


def phone_part_then_stop(held: Targeted) -> None:
    phone = Phone(held.world)
    order = phone.order(Side.SELL if held.sign > 0 else Side.BUY, 10, 0)
    phone.fill(order, 10)
    held.world.settle(5 * SECOND)
    fall(held)


def hand_then_phone_takes_the_rest(held: Targeted) -> None:
    held.world.liquidity[STOCK] = held.held // 2
    held.world.tell(ExitPosition("x", STOCK))
    held.world.run(SECOND)
    left = abs(held.world.position())
    assert 0 < left < held.held
    phone = Phone(held.world)
    order = phone.order(Side.SELL if held.sign > 0 else Side.BUY, left, 0)
    phone.fill(order, left)


def only_the_book_tells(held: Targeted) -> None:
    outside(held.world, STOCK, -held.sign * held.held)


WAYS = {
    "the stop": Way(stop, "stop"),
    "the stop, beyond its trigger": Way(gap, "stop"),
    "a tightened stop": Way(tightened, "stop"),
    "a trailed stop": Way(trailed, "stop"),
    "a stop behind a spike": Way(spiked, "stop"),
    "the stop at breakeven": Way(breakeven, "stop"),
    "T1, the rest by hand": Way(first_target, "by hand", first=True),
    "T1, the rest by the stop": Way(first_target_then_stop, "stop", first=True),
    "T2": Way(second_target, "T2"),
    "T2 touched, then the stop": Way(target_touched_then_stop, "stop"),
    "T2 asked for in vain, then the stop": Way(target_lost_then_stop, "stop"),
    "by hand": Way(by_hand, "by hand"),
    "half and then all by hand": Way(half_then_hand, "by hand"),
    "half by hand, the rest by the stop": Way(half_then_stop, "stop"),
    "the kill": Way(kill, "kill"),
    "the kill, held by a halt": Way(kill_in_a_halt, "kill"),
    "the kill, stuck": Way(kill_of_what_nobody_takes, "kill"),
    "a stop that somebody cancels": Way(
        stops_cancelled_again_and_again, "the stop was cancelled by somebody else again and again"
    ),
    "the day's loss": Way(day_loss, "daily loss limit"),
    "flat by": Way(flat_by, "flat by"),
    "by hand in a halt": Way(halted_then_hand, "by hand"),
    "the stop after a halt": Way(halted_then_stop, "stop"),
    "a phone": Way(phone_whole, "closed outside"),
    "a phone in part, the rest by the stop": Way(phone_part_then_stop, "stop"),
    "by hand in part, the rest by a phone": Way(hand_then_phone_takes_the_rest, "closed outside"),
    "somebody whom only the book tells of": Way(only_the_book_tells, "closed outside"),
}


def flat_line(held: Targeted) -> EventLine:
    lines = [line for line in held.core.events if " flat (" in line.text]
    assert len(lines) == 1, [line.text for line in held.core.events]
    return lines[0]


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("name", WAYS)
def test_a_trade_closes_for_the_reason_that_closed_it(name: str, side: Side) -> None:
    way = WAYS[name]
    held = Targeted(first=way.first, side=side)
    trade = held.trade.id
    way.go(held)
    held.world.settle(20 * SECOND)
    assert held.world.position() == 0, "the way out must lead out"
    (closed,) = [one for one in held.core.closed_trades if one.id == trade]
    kept = [one.payload for one in held.world.records if one.kind == "trade" and one.key == trade]
    assert [one.exit_reason for one in kept if isinstance(one, ClosedTrade)] == [way.reason]
    assert closed.exit_reason == way.reason
    assert f"flat ({way.reason})" in flat_line(held).text


@pytest.mark.parametrize("reason", ["stop", "by hand", "kill"])
def test_what_was_adopted_is_told_with_its_reason_and_kept_in_no_record(reason: str) -> None:
    world = World()
    phone = Phone(world)
    phone.fill(phone.order(Side.BUY, 200, 0), 200)
    world.settle(20 * SECOND)
    world.tell(AdoptPosition("a", STOCK))
    world.settle(3 * SECOND)
    if reason == "stop":
        world.trade(STOCK, stop_of(world).trigger_price - TICK)
    elif reason == "kill":
        world.tell(Kill("k", "a person"))
    else:
        world.tell(ExitPosition("f", STOCK))
    world.settle(10 * SECOND)
    assert world.position() == 0
    assert said(world, f"flat ({reason})")
    assert [one for one in world.records if one.kind == "trade"] == []


def test_what_the_closing_auction_matches_closed_for_the_reason_it_was_wanted() -> None:
    world = locked_in()
    world.until(clock(15, 20))
    world.refer(1_000_00)
    world.until(clock(15, 25))
    world.unlock(STOCK)
    world.until(clock(15, 40))
    assert world.position() == 0
    assert [one.exit_reason for one in world.core.closed_trades] == ["flat by"]
