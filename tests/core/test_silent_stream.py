"""A stream that stays connected and says nothing: the order list that is read beside it tells."""

from engine.brokers.upstox.cadence import AT_STAKE
from engine.contract.commands import Outcome
from engine.market.clock import SECOND
from engine.orders.messages import OrderReport, PlaceOrder, Role
from tests.campaign.intruder import LOOK_EVERY, UnconfirmedWorld
from tests.core.entries import buy
from tests.core.faults import stop_of
from tests.core.hostile import LATENCY, STOCK
from tests.core.oracles import Oracles
from tests.core.schedules import Trader


def test_a_stop_taken_away_while_the_stream_is_silent_is_put_back_the_moment_the_order_list_tells() -> None:
    world = UnconfirmedWorld()
    oracles = Oracles(world)
    assert buy(world).outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    stop = stop_of(world)
    world.mute = True
    Trader(world).cancel_stop(STOCK)
    world.run(5 * SECOND)
    told = next(
        at
        for at, event in world.events
        if isinstance(event, OrderReport) and (event.order_id, event.status) == (stop.order_id, "cancelled")
    )
    again = next(
        at
        for at, sent in world.sent
        if isinstance(sent, PlaceOrder) and sent.role is Role.STOP and at >= told
    )
    assert again == told
    assert stop_of(world).remaining == world.position()
    assert oracles.longest_naked <= int(AT_STAKE) * SECOND + LOOK_EVERY + 4 * LATENCY
