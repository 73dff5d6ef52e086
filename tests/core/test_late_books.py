"""A book that comes from before what we know must cost a position neither its stop nor its side."""

import msgspec

from engine.contract.commands import Kill
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.messages import BookRead, BrokerPosition
from tests.core.entries import buy
from tests.core.faults import latch
from tests.core.hostile import STOCK, World


def is_naked(world: World) -> bool:
    """Say whether neither a stop nor an exit stands for everything that is held."""
    held = world.position()
    return held > sum(order.remaining for order in world.live(STOCK) if order.side is Side.SELL)


def holding() -> World:
    """Return a world with one protected position."""
    world = World()
    buy(world)
    world.run(2 * SECOND)
    assert world.position() > 0
    assert not is_naked(world)
    return world


def answer_with(world: World, book: BookRead) -> None:
    """Let every read of the book be answered with an older one, however new it calls itself."""

    world.misread = lambda read: msgspec.structs.replace(book, request=read.request, time=world.now)


def test_a_whole_book_of_before_the_entry_leaves_the_stop() -> None:
    world = World()
    before = world.book("")
    buy(world)
    world.run(2 * SECOND)
    assert world.position() > 0
    answer_with(world, before)
    for _ in range(40):
        world.run(SECOND)
        world.trade()
        assert not is_naked(world)


def test_a_kill_is_not_flat_by_a_book_of_before_the_entry() -> None:
    world = World()
    before = world.book("")
    buy(world)
    world.run(300 * MILLISECOND)
    assert world.position() > 0
    answer_with(world, before)
    world.liquidity[STOCK] = 0
    world.tell(Kill("kill", "test"))
    for _ in range(60):
        world.run(100 * MILLISECOND)
        assert latch(world) != "FLAT"
        assert not is_naked(world)


def test_positions_of_before_the_entry_leave_the_stop() -> None:
    world = holding()

    def without_the_entry(read: BookRead) -> BookRead:
        return msgspec.structs.replace(
            read,
            positions=tuple(
                BrokerPosition(one.instrument, 0, 0, 0, 0, 0) if one.instrument == STOCK else one
                for one in read.positions
            ),
        )

    world.misread = without_the_entry
    for _ in range(24):
        world.run(SECOND)
        assert not is_naked(world)


def test_a_kill_never_reverses_while_positions_lag_a_second_behind_the_orders() -> None:
    world = holding()
    told = [(world.now - 10 * SECOND, world.book("").positions)]

    def late(read: BookRead) -> BookRead:
        positions = [positions for at, positions in told if at <= world.now - SECOND][-1]
        return msgspec.structs.replace(read, positions=positions)

    world.misread = late
    world.checks.append(lambda here: told.append((here.now, here.book("").positions)))
    world.tell(Kill("kill", "test"))
    for _ in range(100):
        world.run(50 * MILLISECOND)
        assert world.position() >= 0
    assert latch(world) == "FLAT"
