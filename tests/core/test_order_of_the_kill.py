"""In what order the kill closes, and that nothing waits behind an instrument that is busy filling."""

from dataclasses import replace

import pytest

import config
from engine.contract.commands import ExitPosition, Kill, Outcome
from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.orders.messages import ModifyOrder
from tests.core import broker
from tests.core.entries import buy
from tests.core.faults import latch, opened, outside
from tests.core.hostile import INSTRUMENTS, OPTION, PRICES, STOCK, World
from tests.core.oracles import Oracles


def fill_in_pieces(world: World, key: str, units: int, every: int, until: Instant) -> None:
    """Let an instrument's orders fill a few units at a time."""

    def piece() -> None:
        world.liquidity[key] = units
        world._match(key)
        world.liquidity[key] = 0
        if world.now < until:
            world.after(every, piece)

    world.liquidity[key] = 0
    piece()


@pytest.mark.parametrize("every", [40, 70, 150])
def test_an_external_short_option_is_bought_back_while_ours_fills_in_pieces(every: int) -> None:
    world, _ = opened()
    world.checks.clear()
    held = world.position()
    fill_in_pieces(world, STOCK, 1, every * MILLISECOND, world.now + 20 * SECOND)
    world.tell(ExitPosition("x", STOCK))
    world.run(300 * MILLISECOND)
    outside(world, OPTION, -65)
    world.tell(Kill("k", "test"))
    closed_after = None
    for step in range(100):
        world.run(20 * MILLISECOND)
        if closed_after is None and world.position(OPTION) == 0:
            closed_after = step * 20 * MILLISECOND
    assert closed_after is not None
    assert closed_after <= 500 * MILLISECOND
    assert 0 < world.position() < held
    assert latch(world) == "KILLING"


def test_flat_waits_for_a_read_that_is_newer_than_the_last_fill_of_everything() -> None:
    world, _ = opened()
    world.checks.clear()
    outside(world, OPTION, -65)
    world.tell(Kill("k", "test"))
    fill_in_pieces(world, STOCK, 200, 300 * MILLISECOND, world.now + 20 * SECOND)
    for _ in range(400):
        world.run(20 * MILLISECOND)
        if latch(world) == "FLAT":
            break
        assert latch(world) == "KILLING"
    assert latch(world) == "FLAT"
    assert (world.position(), world.position(OPTION)) == (0, 0)


def test_a_read_that_tells_of_a_fill_is_new_enough_to_prove_it() -> None:
    world, oracles = opened()
    world.mute = True
    began = world.now
    world.tell(Kill("k", "test"))
    world.run(2 * SECOND)
    assert latch(world) == "FLAT"
    # One that was answered after the exit had filled, and one half a second later.
    assert oracles.reads_after(began) == 2


@pytest.fixture
def thirteen(monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world with thirteen protected positions, whose broker answers in a tenth of a second."""
    for number in range(10):
        key = f"NSE_EQ|TEST{number}"
        more = replace(INSTRUMENTS[STOCK], key=key, symbol=f"TEST{number}")
        monkeypatch.setitem(INSTRUMENTS, key, more)
        monkeypatch.setitem(PRICES, key, 1_000_00)
    monkeypatch.setattr(broker, "LATENCY", 50 * MILLISECOND)
    limits = {
        "max_positions": 13,
        "risk_per_trade_pct": 0.1,
        "max_leverage": 5.0,
        "max_open_risk_pct": 5.0,
        "max_gap_risk_pct": 100,
    }
    world = World(config.Settings.model_validate({"risk": limits}))
    for number, key in enumerate(INSTRUMENTS):
        assert buy(world, key, f"buy-{number}").outcome is Outcome.ACCEPTED
        world.settle(SECOND)
    assert all(world.position(key) for key in INSTRUMENTS)
    world.settle(2 * SECOND)
    assert len(world.live()) == 13
    return world


@pytest.mark.parametrize("mute", [False, True])
def test_thirteen_positions_are_verified_flat_in_three_seconds(thirteen: World, mute: bool) -> None:
    world, began, before = thirteen, thirteen.now, len(thirteen.sent)
    world.mute = mute
    Oracles(world)
    world.tell(Kill("k", "test"))
    first = [effect for at, effect in world.sent[before:] if at == began]
    assert sum(isinstance(effect, ModifyOrder) for effect in first) == (world.settings.risk.orders_per_second)
    while latch(world) != "FLAT" and world.now < began + 10 * SECOND:
        world.run(20 * MILLISECOND)
    changes = [effect for _, effect in world.sent[before:] if isinstance(effect, ModifyOrder)]
    assert (latch(world), len(changes)) == ("FLAT", 13)
    assert world.now - began <= 3 * SECOND
