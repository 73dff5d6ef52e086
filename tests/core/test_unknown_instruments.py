"""What the account holds in instruments that nobody follows: survived, shown, and closed once it is followed."""

from engine.commands import Kill
from engine.core import Followed, Resumed
from engine.market.clock import SECOND
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.presenter import Presenter, Surroundings
from tests.core.faults import latch, outside
from tests.core.hostile import World

UNKNOWN = "NSE_EQ|INE999999999"
STRANGER = Instrument(UNKNOWN, "STRANGER", InstrumentClass.STOCK, 5, 1, 100_000, Provenance.MASTER)


def holding_a_stranger() -> World:
    world = World()
    world.totals[UNKNOWN] = [0, 0, 0, 0]
    world.prices[UNKNOWN] = 100_00
    world.volume[UNKNOWN] = 1_000_000
    outside(world, UNKNOWN, 300)
    world.tell(Resumed("r", begins=True))
    world.settle(3 * SECOND)
    return world


def test_a_kill_that_cannot_close_what_nobody_follows_never_says_flat_and_is_shown() -> None:
    world = holding_a_stranger()
    world.tell(Kill("k", "test"))
    world.settle(60 * SECOND)
    assert (world.position(UNKNOWN), latch(world)) == (300, "KILLING")
    surroundings = Surroundings(now=world.now, speed=1, held=False, ended=False, problems=(), end=None)
    view = Presenter((), {}).view(world.core, surroundings, None)
    assert [(row.symbol, row.quantity) for row in view.positions] == [(UNKNOWN, 300)]


def test_what_is_followed_because_it_is_held_is_closed_by_the_kill_and_traded_by_no_setup() -> None:
    world = holding_a_stranger()
    world.tell(Kill("k", "test"))
    world.settle(3 * SECOND)
    world.tell(Followed(STRANGER, judged=False))
    world.trade(UNKNOWN)
    world.settle(10 * SECOND)
    assert (world.position(UNKNOWN), latch(world)) == (0, "FLAT")
    assert UNKNOWN not in world.core.decider._setups
