"""What the day's lists bar is not entered; what is open in it is left and guarded as ever."""

from engine.contract.commands import ExitPosition, Outcome
from engine.instruments.eligibility import NOT_LISTED, Barred
from engine.market.clock import SECOND
from engine.orders.messages import Role
from tests.core.entries import buy
from tests.core.faults import opened, said, stop_of
from tests.core.hostile import OTHER, ROOMY, STOCK, World


def test_what_the_lists_bar_is_refused_with_the_reason_and_nothing_else_is() -> None:
    world = World()
    world.tell(Barred(world.now, {STOCK: NOT_LISTED}))
    refused = buy(world)
    assert refused.outcome is Outcome.REFUSED
    assert refused.text == f"{NOT_LISTED} (NOT_TRADABLE)"
    assert buy(world, OTHER, name="other").outcome is Outcome.ACCEPTED
    assert said(world, f"TEST is not entered any more: {NOT_LISTED}")


def test_a_position_in_what_is_barred_keeps_its_stop_and_can_be_left() -> None:
    world, oracles = opened()
    stop = stop_of(world)
    world.tell(Barred(world.now, {STOCK: NOT_LISTED}))
    world.run(2 * SECOND)
    assert (stop_of(world), world.position() > 0) == (stop, True)
    world.tell(ExitPosition("x", STOCK))
    world.run(2 * SECOND)
    assert world.position() == 0
    oracles.at_rest()


def test_an_entry_that_rests_is_taken_back_where_it_is_barred_and_there_alone() -> None:
    world = World(ROOMY)
    for key in (STOCK, OTHER):
        world.liquidity[key] = 0
        assert buy(world, key, name=key).outcome is Outcome.ACCEPTED
    world.run(SECOND // 2)
    world.tell(Barred(world.now, {STOCK: NOT_LISTED}))
    world.run(SECOND // 2)
    assert [order.instrument for order in world.core.orders.live() if order.role is Role.ENTRY] == [OTHER]


def test_what_a_later_list_names_again_may_be_entered_and_a_stranger_is_passed_over() -> None:
    world = World()
    world.tell(Barred(world.now, {STOCK: NOT_LISTED, "NSE_EQ|NOBODY": NOT_LISTED}))
    assert list(world.core.entries.barred) == [STOCK]
    world.tell(Barred(world.now, {}))
    assert said(world, "TEST may be entered again")
    assert buy(world).outcome is Outcome.ACCEPTED
