"""What the account holds in instruments that nobody follows: survived, shown, and closed once it is followed."""

from engine.contract.commands import Kill
from engine.core import Followed, Resumed
from engine.market.clock import SECOND
from engine.market.instrument import Instrument, InstrumentClass, Provenance
from engine.market.side import Side
from engine.orders.messages import OrderType, Role
from engine.orders.order import Order
from engine.orders.states import OrderState
from engine.presenter import Presenter, ViewFacts
from tests.core.faults import latch, outside
from tests.core.hostile import Resting, World
from tests.core.shell import ShellWorld, flat_within

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
    surroundings = ViewFacts(now=world.now, speed=1, held=False, ended=False, problems=(), end=None)
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
    assert UNKNOWN not in world.core.entries._setups


def test_a_shell_survives_an_order_that_was_refused_for_its_tick_in_an_instrument_that_nobody_has_shown_it() -> (
    None
):
    """A placement without an answer: its fate comes before the market of its instrument, or that never comes."""
    world = ShellWorld()
    stop = Resting(
        "B77",
        "H-000009-S",
        UNKNOWN,
        Side.SELL,
        Role.STOP,
        OrderType.STOP_LIMIT,
        300,
        98_02,
        99_01,
        "rejected",
    )
    stop.message = "16283 : The order price is not multiple of the tick size 0.50"
    world.orders[stop.order_id] = stop
    known = Order(
        stop.tag,
        UNKNOWN,
        stop.side,
        stop.role,
        stop.order_type,
        300,
        stop.price,
        99_01,
        state=OrderState.SUBMITTED,
    )
    shell = world.die(remembered=[known])
    assert flat_within(world, 5 * SECOND)
    (order,) = shell.manager.orders.all()
    assert order.state is OrderState.REJECTED
    assert shell.manager.instruments[UNKNOWN].tick == 50


def test_a_shell_that_is_shown_no_market_of_what_is_held_cancels_what_would_open_and_says_what_it_waits_for() -> (
    None
):
    world = ShellWorld()
    world.totals[UNKNOWN] = [0, 0, 0, 0]
    world.prices[UNKNOWN] = 100_00
    outside(world, UNKNOWN, 300)
    resting = Resting(
        "B78", "H-000008-E", UNKNOWN, Side.BUY, Role.ENTRY, OrderType.LIMIT, 100, 90_00, 0, "open"
    )
    world.orders[resting.order_id] = resting
    shell = world.die(known=False)
    assert not flat_within(world, 10 * SECOND)
    assert (resting.live, world.position(UNKNOWN)) == (False, 300)
    assert [trade.instrument for trade in shell.left[0]] == [UNKNOWN]
