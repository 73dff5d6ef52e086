"""Two engines on one account: the one that began later enters nothing and leaves the other's orders alone."""

from engine.contract.commands import Outcome, PauseEntries
from engine.core import Ids, Resumed
from engine.core.entry_pauses import OTHER_ENGINE
from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.side import Side
from engine.orders.messages import OrderType, PlaceOrder, Role
from engine.runtime.plan import base36
from tests.core.entries import answered, buy
from tests.core.faults import said, stop_of
from tests.core.hostile import OTHER, START, STOCK, World


def prefix(began: Instant) -> str:
    return f"251215{base36(began // MILLISECOND).zfill(8)}00"


OURS, EARLIER, LATER = prefix(START), prefix(START - 60 * SECOND), prefix(START + 60 * SECOND)


def live_world() -> World:
    world = World(world="live", ids=Ids(OURS))
    world.tell(Resumed("r", begins=True))
    world.settle(3 * SECOND)
    return world


def acts(world: World, run: str, number: int = 1, *, role: Role = Role.ENTRY, price_off: int = 10_00) -> None:
    """Let another engine send a limit order that rests."""
    price = world.prices[OTHER] - price_off
    tag = f"{run}-{number:06d}-{role.value[0]}"
    world._request(PlaceOrder(tag, OTHER, Side.BUY, role, OrderType.LIMIT, 100, price))
    world.run(SECOND)


def tags(world: World) -> list[str]:
    return [order.tag for order in world.live(OTHER)]


def test_the_later_engine_enters_nothing_guards_its_own_and_leaves_the_others_orders_alone() -> None:
    world = live_world()
    assert buy(world).outcome is Outcome.ACCEPTED
    world.settle(2 * SECOND)
    held = world.position()
    acts(world, EARLIER)
    world.settle(40 * SECOND)
    assert world.core.trading_word().startswith(f"PAUSED: {OTHER_ENGINE} since 10:59:00")
    refused = buy(world, OTHER, "second")
    assert refused.outcome is Outcome.REFUSED
    assert OTHER_ENGINE in refused.text
    assert tags(world) == [f"{EARLIER}-000001-E"]
    assert (world.position(), stop_of(world).remaining) == (held, held)
    # Its own stop is guarded as ever: cancelled by somebody, it is placed again.
    stop = stop_of(world)
    world._report(stop, "cancelled")
    world.settle(3 * SECOND)
    assert stop_of(world).order_id != stop.order_id


def test_the_earlier_engine_says_so_and_goes_on() -> None:
    world = live_world()
    acts(world, LATER)
    assert said(world, f"{OTHER_ENGINE}, begun at 11:01:00, by its order {LATER}-000001-E: it began later")
    assert not world.core.trading_word().startswith("PAUSED")
    assert buy(world).outcome is Outcome.ACCEPTED
    world.settle(30 * SECOND)
    assert stop_of(world, STOCK).remaining == world.position()
    assert tags(world) == [f"{LATER}-000001-E"]


def test_an_engine_that_begins_beside_a_live_order_of_an_unknown_run_gives_way_at_its_first_read() -> None:
    world = World(world="live", ids=Ids(OURS))
    acts(world, EARLIER)
    world.tell(Resumed("r", begins=True))
    world.settle(2 * SECOND)
    assert world.core.trading_word().startswith(f"PAUSED: {OTHER_ENGINE}")


def test_resuming_is_refused_while_an_order_of_the_other_is_live_and_possible_once_it_is_gone() -> None:
    world = live_world()
    acts(world, EARLIER)
    world.tell(PauseEntries("resume", paused=False))
    assert answered(world, "resume").outcome is Outcome.REFUSED
    (other,) = world.live(OTHER)
    world._report(other, "cancelled")
    world.settle(2 * SECOND)
    assert world.core.trading_word().startswith(f"PAUSED: {OTHER_ENGINE}")
    world.tell(PauseEntries("again", paused=False))
    assert answered(world, "again").outcome is Outcome.ACCEPTED
    assert buy(world).outcome is Outcome.ACCEPTED
    acts(world, EARLIER, 2)
    assert world.core.trading_word().startswith(f"PAUSED: {OTHER_ENGINE}")


def test_orders_of_flatten_of_a_phone_and_of_our_own_earlier_runs_pause_nothing() -> None:
    world = live_world()
    world.core.manager.external.engines.watch(OURS, (EARLIER,))
    acts(world, EARLIER)
    acts(world, "flatten-1765776600000")
    acts(world, "251215")
    assert not world.core.trading_word().startswith("PAUSED")
