"""In what order the kill closes, and that nothing waits behind an instrument that is busy filling."""

import pytest

from engine.commands import ExitPosition, Kill
from engine.market.clock import MILLISECOND, SECOND, Instant
from tests.core.faults import latch, opened, outside
from tests.core.hostile import OPTION, STOCK, World


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
