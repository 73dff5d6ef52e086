"""Each product of an instrument is a position of its own: closed by its own product, or left, counted and named."""

import msgspec

import config
from engine.contract.commands import ExitPosition, Kill
from engine.core import Resumed
from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.messages import BookRead, PlaceOrder, Product
from engine.presenter import Presenter, ViewFacts
from tests.core.entries import buy
from tests.core.faults import latch, outside, placed, said
from tests.core.hostile import OPTION, OTHER, STOCK, World
from tests.core.phone import carry

DELIVERY, MARGIN = Product.DELIVERY, Product.MARGIN


def whole_account() -> World:
    """Return a world whose kill closes every product, with a protected intraday position."""
    world = World(config.Settings.model_validate({"kill": {"scope": "account"}}))
    buy(world)
    world.run(2 * SECOND)
    assert world.position() > 0
    return world


def exits(world: World, product: Product) -> list[tuple[str, Side, int]]:
    return [(one.instrument, one.side, one.quantity) for one in placed(world) if one.product is product]


def test_delivery_and_margin_are_sold_by_their_own_product_and_intraday_is_left_at_nought() -> None:
    world = whole_account()
    carry(world, STOCK, DELIVERY, 50)
    carry(world, OTHER, MARGIN, 30)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    assert exits(world, DELIVERY) == [(STOCK, Side.SELL, 50)]
    assert exits(world, MARGIN) == [(OTHER, Side.SELL, 30)]
    held = [
        world.position(),
        world.position(OTHER),
        world.position(STOCK, DELIVERY),
        world.position(OTHER, MARGIN),
    ]
    assert (held, latch(world)) == ([0, 0, 0, 0], "FLAT")


def test_carried_overnight_is_closed_and_flat_needs_no_row_of_it_afterwards() -> None:
    world = whole_account()
    world.omits_flat = True
    carry(world, OPTION, DELIVERY, -130, overnight=True)
    world.tell(Kill("k", "test"))
    world.settle(20 * SECOND)
    assert exits(world, DELIVERY) == [(OPTION, Side.BUY, 130)]
    assert (world.position(OPTION, DELIVERY), latch(world)) == (0, "FLAT")


def test_other_products_are_left_counted_and_named_unless_the_scope_is_the_account() -> None:
    world = World()
    buy(world)
    world.run(2 * SECOND)
    carry(world, STOCK, DELIVERY, 50)
    world.tell(Resumed("r"))
    world.run(SECOND)
    scope = world.core.kill_scope()
    assert (scope.positions, scope.left_outside) == (1, 1)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    assert latch(world) == "FLAT"
    assert world.position(STOCK, DELIVERY) == 50
    assert exits(world, DELIVERY) == []
    assert said(world, "left alone: NSE_EQ|TEST's name +50 in product D (kill.scope = intraday)")
    surroundings = ViewFacts(now=world.now, speed=1, held=False, ended=False)
    view = Presenter((), {}).view(world.core, surroundings, None)
    assert view.latch is not None
    assert "left alone 1: NSE_EQ|TEST's name +50 in product D" in view.latch.progress


def test_a_product_whose_exit_is_refused_for_a_moment_only_is_closed_however_often_it_was() -> None:
    world = whole_account()
    carry(world, OTHER, MARGIN, 30)
    world.refused_products.add(MARGIN)
    world.tell(Kill("k", "test"))
    world.settle(3 * SECOND)
    assert len(exits(world, MARGIN)) >= 3
    assert not said(world, "units in product MTF are left")
    world.refused_products.clear()
    world.settle(10 * SECOND)
    assert (world.position(OTHER, MARGIN), latch(world)) == (0, "FLAT")


def test_a_product_whose_exit_is_refused_for_eight_seconds_is_left_named_and_no_hindrance_to_flat() -> None:
    world = whole_account()
    carry(world, OTHER, MARGIN, 30)
    world.refused_products.add(MARGIN)
    world.tell(Kill("k", "test"))
    world.settle(20 * SECOND)
    assert len(exits(world, MARGIN)) == 6
    assert (world.position(), world.position(OTHER, MARGIN), latch(world)) == (0, 30, "FLAT")
    assert said(world, "+30 units in product MTF are left: the broker refuses their exit")
    assert world.core.kill_scope().left_outside == 1
    assert said(world, "left alone: NSE_EQ|OTHER's name +30 in product MTF (the broker refuses its exit)")


def test_an_exit_whose_placement_is_answered_with_a_refusal_of_what_it_is_counts_as_one_that_was_rejected() -> (
    None
):
    world = whole_account()
    carry(world, OTHER, MARGIN, 30)
    world.faults.places.append("refuse")
    world.refused_products.add(MARGIN)
    world.tell(Kill("k", "test"))
    world.settle(20 * SECOND)
    assert len(exits(world, MARGIN)) == 6
    assert (world.position(OTHER, MARGIN), latch(world)) == (30, "FLAT")
    assert said(world, "left alone: NSE_EQ|OTHER's name +30 in product MTF (the broker refuses its exit)")


def test_refusals_of_the_moment_never_leave_a_quantity_and_flat_waits_for_its_exit() -> None:
    world = whole_account()
    carry(world, OTHER, MARGIN, 30)
    world.faults.places += ["hold-back"] * 5
    world.tell(Kill("k", "test"))
    world.run(2 * SECOND)
    assert (world.position(OTHER, MARGIN), latch(world)) == (30, "KILLING")
    world.settle(10 * SECOND)
    assert (world.position(OTHER, MARGIN), latch(world)) == (0, "FLAT")
    assert not said(world, "the broker refuses their exit")


def test_the_next_kill_tries_what_was_refused_again() -> None:
    world = whole_account()
    carry(world, OTHER, MARGIN, 30)
    world.refused_products.add(MARGIN)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    world.refused_products.clear()
    world.tell(Kill("again", "test"))
    world.settle(10 * SECOND)
    assert (world.position(OTHER, MARGIN), latch(world)) == (0, "FLAT")
    assert world.core.kill_scope().left_outside == 0


def test_what_was_sold_from_holdings_is_never_bought_back() -> None:
    world = whole_account()
    carry(world, OTHER, DELIVERY, -40)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    assert (exits(world, DELIVERY), latch(world)) == ([], "FLAT")
    assert said(world, "−40 in product D (sold from holdings")


def test_a_product_of_an_unknown_name_is_never_traded() -> None:
    world = whole_account()
    carry(world, OTHER, Product.UNKNOWN, 40)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    assert latch(world) == "FLAT"
    assert world.position(OTHER, Product.UNKNOWN) == 40
    assert said(world, "+40 in product ? (its product is not known here)")


def test_what_a_phone_closes_of_a_carried_position_is_not_sold_again() -> None:
    world = whole_account()
    carry(world, OTHER, DELIVERY, 40)
    world.liquidity[OTHER] = 0
    world.tell(Kill("k", "test"))
    world.run(2 * SECOND)
    world.carried[OTHER, DELIVERY][3] += 25
    world.fills += 1
    world.run(6 * SECOND)
    world.liquidity.clear()
    world.settle(10 * SECOND)
    assert (world.position(OTHER, DELIVERY), latch(world)) == (0, "FLAT")


def test_carried_quantity_freezes_nothing_and_counts_in_no_result_of_ours() -> None:
    world = whole_account()
    carry(world, OTHER, DELIVERY, 50, overnight=True)
    world.tell(Resumed("r"))
    world.run(SECOND)
    assert world.core.manager.freeze_reason(OTHER) == ""
    realised = world.core.account.realised
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    ours = sum(trade.gross for trade in world.core.closed_trades)
    assert world.position(OTHER, DELIVERY) == 0
    assert world.core.account.realised - realised == ours


def test_shorts_and_options_leave_first_then_the_largest_whatever_their_product() -> None:
    world = whole_account()
    outside(world, OTHER, -10)
    carry(world, OPTION, DELIVERY, -65)
    carry(world, STOCK, DELIVERY, 5)
    carry(world, OTHER, MARGIN, 900)
    before = len(world.sent)
    world.tell(Kill("k", "test"))
    world.run(400 * MILLISECOND)
    left = [one for _, one in world.sent[before:] if isinstance(one, PlaceOrder)]
    assert [(one.instrument, one.product) for one in left] == [
        (OPTION, DELIVERY),
        (OTHER, Product.INTRADAY),
        (OTHER, MARGIN),
        (STOCK, DELIVERY),
    ]


def test_the_stop_of_what_the_broker_will_not_let_us_close_stays_and_holds_no_flat_up() -> None:
    world = whole_account()
    carry(world, OTHER, Product.UNKNOWN, 40)
    stop = world.phone(OTHER, Side.SELL, 40, price=480_00, trigger=485_00, product=Product.UNKNOWN)
    world.run(SECOND)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    assert latch(world) == "FLAT"
    assert [order.order_id for order in world.live(OTHER)] == [stop.order_id]
    assert world.core.kill_scope().left_outside == 2


def test_a_live_order_of_a_carried_product_that_can_be_closed_is_cancelled_before_flat() -> None:
    world = whole_account()
    world.phone(OTHER, Side.BUY, 40, price=480_00, product=DELIVERY)
    world.run(SECOND)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    assert latch(world) == "FLAT"
    assert world.live(OTHER) == []


def test_what_a_phone_buys_in_another_product_is_in_the_picture_within_two_seconds() -> None:
    world = whole_account()
    world.settle(3 * SECOND)
    world.phone(OTHER, Side.BUY, 40, product=DELIVERY)
    world.run(2 * SECOND + 200 * MILLISECOND)
    surroundings = ViewFacts(now=world.now, speed=1, held=False, ended=False)
    view = Presenter((), {}).view(world.core, surroundings, None)
    assert [row.quantity for row in view.positions if row.instrument == OTHER] == [40]
    assert world.core.kill_scope().positions == 2


def test_what_a_phone_buys_beyond_the_kills_scope_is_counted_as_left_within_two_seconds() -> None:
    world = World()
    buy(world)
    world.settle(3 * SECOND)
    world.phone(OTHER, Side.BUY, 40, product=DELIVERY)
    world.run(2 * SECOND + 200 * MILLISECOND)
    assert world.core.kill_scope().left_outside == 1


def test_flat_waits_for_no_row_of_a_carried_position_that_the_broker_leaves_out_once_it_is_closed() -> None:
    world = whole_account()
    world.omits_flat = True
    carry(world, OPTION, DELIVERY, -130, overnight=True)
    world.tell(Kill("k", "test"))
    world.run(3 * SECOND)
    assert (world.position(OPTION, DELIVERY), latch(world)) == (0, "FLAT")


def test_a_list_that_lost_the_rest_of_a_carried_position_is_not_flat() -> None:
    world = whole_account()
    carry(world, OPTION, DELIVERY, -130, overnight=True)
    world.liquidity[OPTION] = 65
    world.tell(Kill("k", "test"))
    world.run(SECOND)
    assert world.position(OPTION, DELIVERY) == -65

    def without_rows(read: BookRead) -> BookRead:
        return msgspec.structs.replace(read, positions=())

    world.misread = without_rows
    for _ in range(12):
        world.run(SECOND)
        assert latch(world) != "FLAT"


def test_positions_that_lag_are_no_news_after_a_closed_row_of_another_product_was_left_out_for_long() -> None:
    world = World()
    carry(world, STOCK, DELIVERY, 10, overnight=True)
    world.omits_flat = True
    world.phone(STOCK, Side.SELL, 10, product=DELIVERY)
    buy(world)
    world.settle(40 * SECOND)
    world.tell(ExitPosition("x", STOCK))
    world.run(SECOND)
    assert world.position() == 0
    world.faults.reads.append("lagging")
    world.tell(Resumed("r"))
    world.run(SECOND)
    assert world.core.manager.portfolio.net(STOCK) == 0


def test_refusals_in_a_storm_are_none_of_the_three_after_which_a_product_is_left() -> None:
    world = whole_account()
    carry(world, OTHER, MARGIN, 30)
    world.faults.standing["place"] = "hold-back"
    world.tell(Kill("k", "test"))
    world.settle(4 * SECOND)
    world.faults.standing.clear()
    world.faults.places.append("reject")
    world.settle(15 * SECOND)
    assert (world.position(OTHER, MARGIN), latch(world)) == (0, "FLAT")


def test_each_product_of_an_instrument_says_its_own_plight_though_both_hold_as_much() -> None:
    world = whole_account()
    units = world.position()
    carry(world, STOCK, DELIVERY, units)
    world.halt()
    world.tell(Kill("k", "test"))
    world.run(20 * SECOND)
    told = [
        line.text for line in world.core.events if "HELD BY HALT" in line.text and "exit leaves" in line.text
    ]
    assert any("(in product D)" in text for text in told), told
    assert any("(in product D)" not in text for text in told), told
    assert len(world.core.watch.plights.current) == 2


def test_a_refusal_in_one_product_is_told_of_that_product_alone() -> None:
    world = whole_account()
    carry(world, STOCK, MARGIN, 30)
    world.refused_products.add(MARGIN)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    refusal = world.core.manager.reconciliation.refusal
    assert [product for product in Product if refusal(STOCK, product)] == [MARGIN]


def test_the_order_list_names_the_product_that_an_order_closes() -> None:
    world = whole_account()
    carry(world, STOCK, DELIVERY, 50)
    world.tell(Kill("k", "test"))
    world.settle(10 * SECOND)
    view = Presenter((), {}).view(
        world.core, ViewFacts(now=world.now, speed=1, held=False, ended=False), None
    )
    symbols = {row.symbol for row in view.orders}
    assert {"TEST", "TEST D"} <= symbols, symbols
