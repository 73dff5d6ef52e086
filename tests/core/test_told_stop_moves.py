"""Every move of a stop leaves one event with from, to and the term; strip, panel and ladder never contradict it."""

import msgspec
import pytest

from engine.contract.commands import ExitPosition, MoveToBreakeven, TightenStop
from engine.contract.views import StopStatus
from engine.core.told_stop_moves import StopMove
from engine.market.clock import MINUTE, SECOND
from engine.market.price import rupees_of
from engine.market.side import Side
from engine.market.update import Bar
from engine.orders.trade import Trade
from engine.presenter.own_levels import own_levels
from engine.presenter.rows import position_row
from tests.core.faults import opened, stop_of, trade_of
from tests.core.hostile import PRICES, STOCK, TICK, World
from tests.core.targeted import SIDES, Targeted


def moves(world: World) -> list[StopMove]:
    """Return the moves that were written down; each has its line in the strip."""
    found = [record.payload for record in world.records if isinstance(record.payload, StopMove)]
    texts = [line.text for line in world.core.events]
    assert all(any(move.words in text for text in texts) for move in found)
    return found


def shown(world: World) -> tuple[int | None, str, list[str]]:
    """Return the stop and its term in the panel, and what the ladder says of it."""
    trade = trade_of(world)
    assert isinstance(trade, Trade)
    row = position_row(world.core, trade, world.now)
    return row.stop, row.stop_term, [one.text for one in own_levels(world.core, STOCK) if "stop" in one.text]


def test_a_typed_move_is_told_once_it_stands_with_from_to_and_term() -> None:
    world, _ = opened()
    before = stop_of(world).trigger_price
    assert moves(world) == []
    world.tell(TightenStop("t", STOCK, before + 10 * TICK))
    assert moves(world) == []
    world.run(SECOND)
    (move,) = moves(world)
    assert (move.before, move.after, move.why) == (before, before + 10 * TICK, "typed")
    assert move.limit == stop_of(world).price
    price = f"{rupees_of(move.after):,.2f}"
    assert shown(world) == (move.after, "typed", [f"stop {price}"])


def test_a_move_to_breakeven_names_it() -> None:
    world, _ = opened()
    world.trade(STOCK, world.prices[STOCK] + 200 * TICK)
    world.run(SECOND)
    world.tell(MoveToBreakeven("b", STOCK))
    world.run(SECOND)
    assert [move.why for move in moves(world)][-1] == "breakeven"


def test_a_refused_move_leaves_no_event_and_every_place_shows_the_stop_in_force() -> None:
    world, _ = opened()
    stands = stop_of(world).trigger_price
    world.faults.requests += ["reject"] * 20
    world.tell(TightenStop("t", STOCK, stands + 10 * TICK))
    world.run(SECOND)
    assert moves(world) == []
    stop, term, ladder = shown(world)
    assert stop == stands
    assert term.endswith(f"moving to {rupees_of(stands + 10 * TICK):,.2f}")
    assert ladder == [f"stop {rupees_of(stands):,.2f}"]


def test_a_lowered_quantity_is_told_with_what_lowered_it() -> None:
    world, _ = opened()
    held = world.position()
    world.tell(ExitPosition("h", STOCK, half=True))
    world.run(2 * SECOND)
    (move,) = moves(world)
    assert (move.before, move.quantity_before, move.quantity) == (move.after, held, world.position())
    assert move.why == "lowered for half by hand"


@pytest.mark.parametrize("by", ["modify", "replace"])
def test_a_stop_that_goes_back_after_a_target_is_told_as_put_back(by: str) -> None:
    held = Targeted(by)
    held.reach()
    held.world.run(600 * SECOND // 1_000)
    trade = held.trade
    row = position_row(held.core, trade, held.world.now)
    assert (row.stop, row.stop_state) == (None, StopStatus.EXITING)
    assert not any("stop" in one.text for one in own_levels(held.core, STOCK))
    held.world.run(SECOND)
    (move,) = moves(held.world)
    assert (move.why, move.before, move.after, move.quantity) == ("put back", None, held.trigger, held.held)


def trading(world: World, price: int, seconds: int, volume: int = 10) -> None:
    """Let the stock trade once a second around a price, so many units each time; the feed tells each minute's bar."""
    for second in range(seconds):
        world.volume[STOCK] += volume - 10
        world.trade(STOCK, price + second % 7 * TICK)
        world.run(SECOND)
        if world.now % MINUTE < SECOND:
            update = world.core.market_state.update(STOCK)
            assert update is not None
            start = world.now // MINUTE * MINUTE - MINUTE
            bar = Bar(start, price, price + 6 * TICK, price, price, 60 * volume)
            world.tell(msgspec.structs.replace(update, arrival=world.now, minute=bar))


@SIDES
def test_a_trail_is_told_with_from_to_and_the_wider_of_its_two_terms(side: Side) -> None:
    held = Targeted(side=side)
    world, risk = held.world, abs(held.trade.entry_value // held.trade.entry_quantity - held.trigger)
    held.core.manager.portfolio.put(msgspec.structs.replace(held.trade, target_1=None, target_2=None))
    trading(world, PRICES[STOCK] + side.sign * 3 * risk // TICK * TICK, 12 * 60)
    found = moves(world)
    assert found
    assert {move.why for move in found} <= {"trail structure", "trail ATR"}
    assert [move.before for move in found] == [held.trigger, *(move.after for move in found[:-1])]
    assert all((move.after - (move.before or 0)) * side.sign > 0 for move in found)
    assert shown(world)[:2] == (found[-1].after, found[-1].why)
    assert stop_of(world).trigger_price == found[-1].after


@SIDES
def test_a_spike_of_volume_is_told_as_what_moved_the_stop(side: Side) -> None:
    held = Targeted(side=side)
    world = held.world
    held.core.manager.portfolio.put(msgspec.structs.replace(held.trade, target_1=None, target_2=None))
    price = PRICES[STOCK] + side.sign * 40 * TICK
    trading(world, price, 30)
    trading(world, price, 4 * 60, volume=400)
    (move,) = moves(world)
    assert (move.why, move.before) == ("spike", held.trigger)
    assert (move.after - held.trigger) * side.sign > 0
    assert shown(world)[:2] == (move.after, "spike")
