"""How far a trade went for and against us, by marks that three readings agree on, and what else its record keeps."""

from engine.contract.commands import ExitPosition
from engine.market.clock import MILLISECOND, SECOND
from engine.orders.trade import Trade
from engine.performance.trade import ClosedTrade
from tests.core.entries import buy
from tests.core.hostile import LATENCY, STOCK, TICK, World
from tests.core.packets import show


def good(world: World) -> None:
    """Let one packet with an ordinary book come."""
    price = world.prices[STOCK]
    show(world, STOCK, bid=price - TICK, ask=price + TICK, step=200 * MILLISECOND)


def bought() -> World:
    """Return a world that holds the stock, three ordinary books behind it."""
    world = World()
    buy(world)
    world.run(2 * SECOND)
    for _ in range(3):
        good(world)
    return world


def held(world: World) -> Trade:
    trade = world.core.manager.portfolio.current(STOCK)
    assert trade is not None
    return trade


def closed(world: World) -> ClosedTrade:
    """Close what is held in the stock and return its record."""
    world.tell(ExitPosition("out", STOCK))
    world.run(2 * SECOND)
    return next(trade for trade in world.core.closed_trades if trade.instrument == STOCK)


def test_one_odd_book_is_no_excursion_and_three_that_agree_are_one() -> None:
    world = bought()
    ordinary = world.prices[STOCK] - TICK
    high, low = ordinary + 5_00, ordinary - 3_00
    for odd in (high, low):
        show(world, bid=odd, ask=odd + TICK)
        good(world)
        good(world)
        good(world)
    known = world.core.account.marking.furthest(held(world).id)
    assert known == (ordinary, ordinary)
    for price in (high, high + TICK, high + 2 * TICK):
        show(world, bid=price, ask=price + TICK)
    for price in (low, low - TICK, low - 2 * TICK):
        show(world, bid=price, ask=price + TICK)
    # The least favourable of three that were good, and the least adverse of three that were bad.
    assert world.core.account.marking.furthest(held(world).id) == (high, low)


def test_a_finished_trade_keeps_its_marks_its_signal_its_charges_by_kind_and_its_day() -> None:
    world = bought()
    bid = world.prices[STOCK] - TICK
    for price in (bid + 4_00, bid + 4_00 + TICK, bid + 4_00 + 2 * TICK):
        show(world, bid=price, ask=price + TICK)
    for _ in range(3):
        good(world)
    running = held(world)
    trade = closed(world)
    assert (trade.best, trade.worst) == (bid + 4_00, bid)
    assert trade.mfe_r is not None
    assert trade.mae_r is not None
    assert trade.signal_price == running.signal_price > 0
    assert trade.slippage == trade.entry_value - trade.signal_price * trade.quantity
    assert trade.charge_items is not None
    assert trade.charge_items.total == trade.charges > 0
    assert trade.charge_items.brokerage > 0
    assert (trade.day_type, trade.open_type) == ("NORMAL", "UNKNOWN")
    assert running.plan is not None
    assert trade.stop_term == running.plan.term.value
    assert trade.symbol == world.core.instruments[STOCK].symbol
    assert world.core.account.marking.furthest(trade.id) is None


def test_a_trade_that_too_few_books_were_read_of_has_no_excursions() -> None:
    world = World()
    buy(world)
    world.run(LATENCY * 3)
    assert held(world).open
    trade = closed(world)
    assert (trade.best, trade.worst, trade.mfe_r, trade.mae_r) == (None, None, None, None)
