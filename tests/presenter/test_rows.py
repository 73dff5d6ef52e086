"""Rows of a position: the stop that is shown is the one that stands at the exchange."""

from engine.contract.commands import Outcome, TightenStop
from engine.contract.views import StopStatus
from engine.market.clock import SECOND
from engine.market.price import average_price
from engine.orders.messages import Role
from engine.orders.trade import Trade
from engine.presenter.rows import order_rows, position_row
from tests.core.entries import buy
from tests.core.faults import opened, said, stop_of, trade_of
from tests.core.hostile import STOCK, TICK, Resting, World


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
    assert (row.stop, row.stop_state, row.stop_term) == (stands, StopStatus.HELD, "ATR, moving to 996.55")
    assert row.locked_r is None
    world.faults.requests.clear()
    world.settle(10 * SECOND)
    trade = trade_of(world)
    assert isinstance(trade, Trade)
    assert trade.stop is not None
    row = position_row(world.core, trade, world.now)
    assert row.stop == trade.stop.trigger == stop_of(world).trigger_price
    assert row.stop_term == "typed"


class SeveralTrades(World):
    """A broker that fills in several trades: a fill's value is no multiple of its quantity."""

    def fill(self, order: Resting, quantity: int, price: int) -> None:
        order.value += quantity // 2 + 1
        super().fill(order, quantity, price)


def test_one_fill_has_one_average_wherever_it_is_shown_and_told() -> None:
    world = SeveralTrades()
    assert buy(world).outcome is Outcome.ACCEPTED
    world.run(2 * SECOND)
    trade = trade_of(world)
    assert isinstance(trade, Trade)
    assert trade.entry_value % trade.entry_quantity
    held = position_row(world.core, trade, world.now)
    entry = next(row for row in order_rows(world.core, world.now) if row.role == Role.ENTRY)
    assert held.average == entry.average == trade.average == trade.entry_value // trade.entry_quantity + 1
    assert said(world, f"filled {held.average / 100:,.2f}")


def test_half_a_paisa_is_rounded_up_and_less_is_left_away() -> None:
    assert average_price(2 * 163_947 + 1, 2) == 163_948
    assert average_price(3 * 163_947 + 1, 3) == 163_947
    assert average_price(3 * 163_947 + 2, 3) == 163_948
    assert average_price(0, 0) is None
