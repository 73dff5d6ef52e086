"""What core makes of what setups say: by mode, by time of day, and when a premise breaks."""

from datetime import time

import pytest

import config
from engine.contract.decision_state import DecisionState
from engine.market.clock import SECOND, instant_at
from engine.market.instrument import InstrumentClass
from engine.market.side import Side
from engine.market.update import MarketUpdate
from engine.setups.signal import Signal
from tests.core.hostile import DAY, OTHER, PRICES, STOCK, World
from tests.core.scripted_setup import PRICE, Scripted, close_minute, world_with


def close_book(world: World) -> None:
    """Tell both books anew, so that neither is old."""
    for key in (STOCK, OTHER):
        world.volume[key] += 10
        price = PRICES[key]
        bids, asks = ((price - 5, 100_000),), ((price + 5, 100_000),)
        world.tell(
            MarketUpdate(
                key, world.now, world.now - SECOND // 5, price, 10, world.volume[key], price, bids, asks
            )
        )


def test_a_setup_that_is_off_trades_nothing_and_keeps_its_would_be_signal() -> None:
    world = world_with(Scripted(), "off")
    close_minute(world)
    (decision,) = world.core.signals
    assert (decision.code, decision.state) == ("OFF", DecisionState.REFUSED)
    assert world.core.trades == ()


def test_refusals_of_a_setup_that_is_off_are_not_kept() -> None:
    off, on = world_with(Scripted("refusal"), "off"), world_with(Scripted("refusal"))
    close_minute(off)
    close_minute(on)
    assert off.core.signals == []
    assert [decision.code for decision in on.core.signals] == ["SHAPE"]


@pytest.mark.parametrize(("lag", "taken"), [(4 * SECOND, True), (7 * SECOND, False)])
def test_a_signal_whose_trade_is_more_than_five_seconds_old_is_dropped(lag: int, taken: bool) -> None:
    world = world_with(Scripted())
    close_minute(world, lag)
    (decision,) = world.core.signals
    assert decision.taken is taken, decision.reason
    if not taken:
        assert (decision.code, decision.state) == ("SIGNAL_OLD", DecisionState.DROPPED)
        assert "s old (limit 5 s)" in decision.reason


def test_a_card_that_a_person_takes_within_its_time_is_not_too_old() -> None:
    world = world_with(Scripted(), "ask")
    close_minute(world)
    (waiting,) = world.core.signals
    world.run(8 * SECOND)
    close_book(world)
    taken = world.core.entries.take(waiting.id, world.now)
    assert taken is not None
    assert taken.taken, taken.reason


def test_a_setup_that_asks_waits_for_a_person() -> None:
    world = world_with(Scripted(), "ask")
    close_minute(world)
    (decision,) = world.core.signals
    assert decision.state is DecisionState.WAITING
    assert decision.quantity


def test_a_trade_whose_premise_breaks_is_left_with_the_reason() -> None:
    setup = Scripted()
    world = world_with(setup)
    close_minute(world)
    world.run(2 * SECOND)
    assert world.position() > 0
    close_minute(world)
    world.run(2 * SECOND)
    assert world.position() > 0
    setup.reason = "accepted beyond the edge"
    close_minute(world)
    world.run(3 * SECOND)
    assert world.position() == 0
    (trade,) = world.core.closed_trades
    assert trade.exit_reason == "premise: accepted beyond the edge"


@pytest.mark.parametrize(
    ("setup", "first"),
    [("open drive", time(9, 20)), ("failed auction", time(9, 30)), ("manual", time(9, 30))],
)
def test_only_an_open_drive_may_enter_before_half_past_nine(setup: str, first: time) -> None:
    world = World()
    instrument = world.core.instruments[STOCK]
    signal = Signal(0, STOCK, setup, 1, Side.BUY, PRICE, PRICE - 500, PRICE, PRICE, "", {})
    facts = world.core.entries.facts(instrument, signal, world.now, by_person=False)
    assert instrument.kind is InstrumentClass.AUCTION_STOCK
    assert facts.first_entry == instant_at(DAY, first)


def test_the_header_says_what_any_setup_may_do() -> None:
    quiet = dict.fromkeys(config.SetupSettings.model_fields, "off")
    for modes, word in (({}, "OFF"), ({"absorption": "ask"}, "ASK"), ({"open_drive": "auto"}, "AUTO")):
        world = World(config.Settings(setups=config.SetupSettings.model_validate(quiet | modes)))
        assert world.core.trading_word() == word
