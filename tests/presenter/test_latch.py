"""The latch's banner: what is left, and what the broker said no to while everything is closed."""

from engine.contract.commands import Kill
from engine.market.clock import SECOND
from engine.presenter import Presenter, ViewFacts
from tests.core.faults import latch, opened
from tests.core.hostile import World


def progress(world: World) -> str:
    view = Presenter((), {}).view(world.core, ViewFacts(world.now, 1, held=False, ended=False), None)
    assert view.latch is not None
    return view.latch.progress


def test_a_kill_whose_every_write_is_refused_says_the_newest_refusal_beside_what_is_left() -> None:
    world, _ = opened()
    world.faults.requests.extend(["refuse"] * 40)
    world.tell(Kill("k", "test"))
    world.settle(4 * SECOND)
    assert latch(world) != "FLAT"
    assert progress(world).startswith("1 position and ")
    assert " left · last refusal: " in progress(world)
    assert "TEST: " in progress(world)
    world.faults.requests.clear()
    world.settle(20 * SECOND)
    assert latch(world) == "FLAT"
    assert progress(world) == "the broker confirmed flat; cockpit rearm clears the latch"


def test_a_kill_that_goes_well_speaks_of_no_refusal() -> None:
    world, _ = opened()
    world.tell(Kill("k", "test"))
    assert progress(world) == "1 position and 1 order left"


def test_a_refusal_from_before_the_latch_is_not_told_as_the_kills() -> None:
    world, _ = opened()
    world.core.manager.kill.refused("an exit of this morning")
    world.tell(Kill("k", "test"))
    assert progress(world) == "1 position and 1 order left"


def test_a_broker_that_cannot_be_read_is_told_until_it_answers() -> None:
    world, _ = opened()
    world.down = True
    world.tell(Kill("k", "test"))
    world.settle(8 * SECOND)
    assert "the broker cannot be asked: " in progress(world)
    world.down = False
    world.settle(20 * SECOND)
    assert latch(world) == "FLAT"


def test_nothing_is_counted_as_left_where_nobody_could_be_asked() -> None:
    world = World()
    world.down = True
    world.tell(Kill("k", "test"))
    world.settle(8 * SECOND)
    assert progress(world).startswith("what is left is unknown · the broker cannot be asked: ")


def test_what_is_known_to_be_left_is_no_whole_count_while_the_broker_cannot_be_asked() -> None:
    world, _ = opened()
    world.down = True
    world.tell(Kill("k", "test"))
    world.settle(8 * SECOND)
    assert "known of, more may be left" in progress(world)
