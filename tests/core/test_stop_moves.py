"""Every move of a stop leaves one event with from, to and the term; strip, panel and ladder never contradict it."""

import pytest

from engine.commands import ExitPosition, MoveToBreakeven, TightenStop
from engine.core.stop_moves import StopMove
from engine.market.clock import SECOND
from engine.market.price import rupees_of
from engine.orders.trade import Trade
from engine.presenter.own_levels import own_levels
from engine.presenter.rows import position_row
from engine.views import StopState
from tests.core.faults import opened, stop_of, trade_of
from tests.core.hostile import STOCK, TICK, World
from tests.core.test_targets import Targeted


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
    return row.stop, row.stop_term, [text for _, text in own_levels(world.core, STOCK) if "stop" in text]


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
    assert (row.stop, row.stop_state) == (None, StopState.EXITING)
    assert not any("stop" in text for _, text in own_levels(held.core, STOCK))
    held.world.run(SECOND)
    (move,) = moves(held.world)
    assert (move.why, move.before, move.after, move.quantity) == ("put back", None, held.trigger, held.held)
