"""Rows of a position: the stop that is shown is the one that stands at the exchange."""

from engine.commands import TightenStop
from engine.market.clock import SECOND
from engine.orders.trade import Trade
from engine.presenter.rows import position_row
from engine.views import StopState
from tests.core.faults import opened, stop_of, trade_of
from tests.core.hostile import STOCK, TICK


def test_a_stop_whose_change_the_broker_refuses_is_shown_where_it_stands() -> None:
    world, _ = opened()
    stands = stop_of(world).trigger_price
    world.faults.requests += ["reject"] * 20
    world.tell(TightenStop("tighter", STOCK, stands + 10 * TICK))
    world.run(SECOND)
    trade = trade_of(world)
    assert isinstance(trade, Trade)
    assert trade.stop is not None
    assert trade.stop.trigger > stands == stop_of(world).trigger_price
    row = position_row(world.core, trade, world.now)
    assert (row.stop, row.stop_state, row.stop_term) == (stands, StopState.HELD, "moving")
    assert row.locked_r is None
    world.faults.requests.clear()
    world.settle(10 * SECOND)
    trade = trade_of(world)
    assert isinstance(trade, Trade)
    assert trade.stop is not None
    row = position_row(world.core, trade, world.now)
    assert row.stop == trade.stop.trigger == stop_of(world).trigger_price
    assert row.stop_term == "manual"
