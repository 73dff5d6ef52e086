"""What others close in an instrument of ours: it takes theirs first, then ours, and never more than is held."""

import msgspec
import pytest

from cockpit.widgets.positions import paint_positions
from engine.contract.commands import ExitPosition, Kill
from engine.contract.views import StopStatus
from engine.core.story_records import LAW_BROKEN, LawBroken
from engine.market.clock import MILLISECOND, SECOND
from engine.market.figures import grouped
from engine.market.side import Side
from engine.orders.messages import BookRead, CancelOrder, ModifyOrder, PlaceOrder, Role
from engine.orders.trade import Mode, Trade
from engine.presenter.rows import position_row
from tests.core.entries import buy
from tests.core.faults import latch, said, stop_of
from tests.core.hostile import STOCK, TICK, Resting, World
from tests.core.phone import Phone
from tests.core.planned import CANCEL, MODIFY, READ


class Watched:
    """One protected long position of ours, a phone beside it, and the broker's word on what was ever held."""

    def __init__(self) -> None:
        self.world = World()
        buy(self.world)
        self.world.run(2 * SECOND)
        self.phone = Phone(self.world)
        self.ours = self.world.position()
        self.lowest = self.ours
        assert self.ours > 100
        self.world.checks.append(self._look)

    def _look(self, world: World) -> None:
        self.lowest = min(self.lowest, world.position())

    @property
    def stops(self) -> int:
        """Return units that live stops of ours cover at the broker."""
        return sum(order.remaining for order in self.own if order.stop)

    @property
    def own(self) -> list[Resting]:
        """Return our live reducing orders at the broker."""
        return [order for order in self.world.live(STOCK) if order.tag and order.role is not Role.ENTRY]

    @property
    def trade(self) -> Trade:
        """Return our trade."""
        return self.world.core.manager.portfolio.all()[0]

    def exits(self) -> list[PlaceOrder]:
        """Return the exits that we sent."""
        sent = [effect for _, effect in self.world.sent]
        return [order for order in sent if isinstance(order, PlaceOrder) and order.role is Role.EXIT]


def test_a_phone_that_trims_ten_leaves_the_rest_held_and_stopped() -> None:
    held = Watched()
    order = held.phone.order(Side.SELL, 10, held.world.bid(STOCK))
    held.phone.fill(order, 10)
    held.world.settle(30 * SECOND)
    assert (held.world.position(), held.stops) == (held.ours - 10, held.ours - 10)
    assert (held.trade.mode, held.trade.open_quantity) == (Mode.HOLD, held.ours - 10)
    assert held.exits() == []


def test_a_trim_counts_for_the_trade_at_what_it_was_sold_for() -> None:
    held = Watched()
    price = held.world.prices[STOCK] + 40 * TICK
    order = held.phone.order(Side.SELL, 10, price)
    held.phone.fill(order, 10, price)
    held.world.settle(5 * SECOND)
    assert (held.trade.exit_quantity, held.trade.exit_value) == (10, 10 * price)


@pytest.mark.parametrize("price", [0, "bid"], ids=["square-off at market", "phone at the bid"])
@pytest.mark.parametrize("gap", [50, 400, 1_700], ids=lambda gap: f"every {gap} ms")
def test_a_sale_in_pieces_ends_flat_and_never_short(price: int | str, gap: int) -> None:
    held = Watched()
    order = held.phone.order(Side.SELL, held.ours, held.world.bid(STOCK) if price == "bid" else 0)
    left = held.ours
    while left:
        piece = min(left, held.ours // 7)
        held.phone.fill(order, piece)
        left -= piece
        held.world.run(gap * MILLISECOND)
        held.world.trade()
    held.world.settle(30 * SECOND)
    assert (held.world.position(), held.lowest, held.world.live(STOCK)) == (0, 0, [])
    assert held.exits() == []
    assert held.trade.exit_reason == "closed outside"
    assert held.world.core.manager.portfolio.outside == {}


def test_a_market_sale_is_counted_ahead_at_once_so_that_a_stop_that_fires_sells_only_the_rest() -> None:
    held = Watched()
    order = held.phone.order(Side.SELL, held.ours - 20, 0)
    held.world.run(300 * MILLISECOND)
    assert held.stops == 20
    held.world.trade(STOCK, stop_of(held.world).trigger_price - 4 * TICK)
    held.phone.fill(order, held.ours - 20)
    held.world.settle(20 * SECOND)
    assert (held.world.position(), held.lowest) == (0, 0)


def test_a_target_by_phone_far_away_leaves_the_stop_whole() -> None:
    held = Watched()
    held.phone.order(Side.SELL, held.ours, held.world.prices[STOCK] + 400 * TICK)
    held.world.settle(20 * SECOND)
    assert held.stops == held.ours
    assert held.trade.mode is Mode.HOLD


def test_the_judgement_follows_the_price_to_the_target_and_away_again() -> None:
    held = Watched()
    start = held.world.prices[STOCK]
    held.phone.order(Side.SELL, held.ours - 30, start + 40 * TICK)
    held.world.settle(3 * SECOND)
    assert held.stops == held.ours
    held.world.trade(STOCK, start + 60 * TICK)
    held.world.settle(3 * SECOND)
    assert held.stops == 30
    held.world.trade(STOCK, start)
    held.world.settle(3 * SECOND)
    assert held.stops == held.ours


def test_a_quote_that_flickers_around_a_target_does_not_move_the_stop() -> None:
    held = Watched()
    price = held.world.prices[STOCK]
    held.phone.order(Side.SELL, held.ours, price)
    held.world.run(500 * MILLISECOND)
    told = len(held.world.sent)
    for step in range(20):
        held.world.trade(STOCK, price + TICK * (step % 2))
        held.world.run(300 * MILLISECOND)
    assert [one for _, one in held.world.sent[told:] if isinstance(one, ModifyOrder | CancelOrder)] == []


def test_a_stop_by_phone_nearer_than_ours_is_counted_ahead_and_one_further_is_not() -> None:
    held = Watched()
    trigger = stop_of(held.world).trigger_price
    far = held.phone.order(Side.SELL, 40, trigger - 20 * TICK, trigger=trigger - 10 * TICK)
    held.world.settle(3 * SECOND)
    assert held.stops == held.ours
    held.phone.order(Side.SELL, 60, trigger, trigger=trigger + 10 * TICK)
    held.world.settle(3 * SECOND)
    assert held.stops == held.ours - 60
    assert far.live


def test_a_stop_of_theirs_that_only_one_message_calls_fired_leaves_ours_whole_again_with_the_next_read() -> (
    None
):
    held = Watched()
    trigger = stop_of(held.world).trigger_price
    theirs = held.phone.order(Side.SELL, 40, trigger - 20 * TICK, trigger=trigger - 10 * TICK)
    held.world.settle(3 * SECOND)
    held.world.tell(msgspec.structs.replace(held.world.row(theirs), status="open"))
    held.world.run(SECOND)
    assert held.stops == held.ours - 40
    held.world.settle(3 * SECOND)
    assert (held.stops, theirs.status) == (held.ours, "trigger pending")


def test_a_list_from_before_a_stop_of_theirs_fired_takes_nothing_back() -> None:
    held = Watched()
    trigger = stop_of(held.world).trigger_price
    theirs = held.phone.order(Side.SELL, 40, trigger - 20 * TICK, trigger=trigger - 10 * TICK)
    held.world.settle(3 * SECOND)
    before = held.world.row(theirs)

    def lagging(read: BookRead) -> BookRead:
        rows = tuple(before if row.order_id == theirs.order_id else row for row in read.orders)
        return msgspec.structs.replace(read, orders=rows)

    held.world.misread = lagging
    held.phone.fire(theirs)
    held.world.core.watch.read_now(held.world.now)
    held.world.run(1_800 * MILLISECOND)
    assert held.stops == held.ours - 40
    held.world.misread = lambda read: read
    held.world.settle(20 * SECOND)
    assert held.stops == held.ours - 40


def test_two_stops_of_theirs_that_are_called_fired_while_no_list_can_be_read_are_taken_back_by_the_first_one() -> (
    None
):
    held = Watched()
    trigger = stop_of(held.world).trigger_price
    theirs = [
        held.phone.order(Side.SELL, units, trigger - 20 * TICK, trigger=trigger - 10 * TICK)
        for units in (40, 30)
    ]
    held.world.settle(3 * SECOND)
    held.world.faults.standing[READ] = "fail"
    for order in theirs:
        held.world.tell(msgspec.structs.replace(held.world.row(order), status="open"))
    held.world.settle(12 * SECOND)
    assert held.stops == held.ours - 70
    held.world.faults.clear()
    held.world.settle(4 * SECOND)
    assert held.stops == held.ours
    held.world.settle(20 * SECOND)
    assert held.stops == held.ours


def test_a_kill_while_a_stop_of_theirs_is_called_fired_cancels_it_and_closes_all_of_ours() -> None:
    held = Watched()
    trigger = stop_of(held.world).trigger_price
    theirs = held.phone.order(Side.SELL, 40, trigger - 20 * TICK, trigger=trigger - 10 * TICK)
    held.world.settle(3 * SECOND)
    held.world.tell(msgspec.structs.replace(held.world.row(theirs), status="open"))
    held.world.run(SECOND)
    held.world.tell(Kill("k", "test"))
    held.world.settle(20 * SECOND)
    assert (held.world.position(), held.lowest, theirs.status) == (0, 0, "cancelled")
    assert latch(held.world) == "FLAT"


def test_a_stop_of_theirs_that_has_fired_is_ahead_however_often_it_is_read() -> None:
    held = Watched()
    trigger = stop_of(held.world).trigger_price
    theirs = held.phone.order(Side.SELL, 40, trigger - 20 * TICK, trigger=trigger - 10 * TICK)
    held.world.settle(3 * SECOND)
    held.phone.fire(theirs)
    held.world.settle(40 * SECOND)
    assert held.stops == held.ours - 40


def test_what_they_hold_beside_us_is_theirs_to_sell_first() -> None:
    held = Watched()
    bought = held.phone.order(Side.BUY, 50, held.world.ask(STOCK))
    held.phone.fill(bought, 50)
    held.world.settle(5 * SECOND)
    sold = held.phone.order(Side.SELL, 70, 0)
    held.world.run(300 * MILLISECOND)
    assert held.stops == held.ours - 20
    for left in (50, 20):
        held.phone.fill(sold, left)
        held.world.settle(4 * SECOND)
    assert (held.world.position(), held.stops) == (held.ours - 20, held.ours - 20)
    assert held.trade.mode is Mode.HOLD


def writes_since(held: Watched, told: int) -> list[tuple[int, ModifyOrder | CancelOrder | PlaceOrder]]:
    sent = held.world.sent[told:]
    return [(at, one) for at, one in sent if isinstance(one, ModifyOrder | CancelOrder | PlaceOrder)]


@pytest.mark.parametrize("command", [ExitPosition("f", STOCK), Kill("k", "test")], ids=["F", "kill"])
def test_an_exit_cancels_their_target_sees_it_cancelled_and_then_sells_everything_at_once(
    command: ExitPosition | Kill,
) -> None:
    held = Watched()
    target = held.phone.order(Side.SELL, held.ours, held.world.prices[STOCK] + 400 * TICK)
    held.world.settle(3 * SECOND)
    told = len(held.world.sent)
    held.world.tell(command)
    held.world.settle(5 * SECOND)
    (_, first), (at, second), *more = writes_since(held, told)
    assert isinstance(first, CancelOrder)
    assert first.order_id == target.order_id
    assert isinstance(second, ModifyOrder)
    assert (second.quantity, more) == (held.ours, [])
    assert at > target.time
    assert (held.world.position(), held.lowest, held.world.live(STOCK)) == (0, 0, [])


def test_a_cancel_of_theirs_without_an_answer_holds_the_exit_for_two_seconds_at_most() -> None:
    held = Watched()
    held.phone.order(Side.SELL, 30, held.world.prices[STOCK] + 400 * TICK)
    held.world.settle(3 * SECOND)
    held.world.faults.standing[CANCEL] = "silent"
    told, began = len(held.world.sent), held.world.now
    held.world.tell(ExitPosition("f", STOCK))
    held.world.settle(6 * SECOND)
    turned = [(at, one) for at, one in writes_since(held, told) if isinstance(one, ModifyOrder)]
    assert turned[0][1].quantity == held.ours - 30
    assert turned[0][0] - began <= 2 * SECOND + 100 * MILLISECOND
    assert held.world.position() == 30


def test_an_order_of_theirs_taken_back_gives_the_stop_its_units_again() -> None:
    held = Watched()
    order = held.phone.order(Side.SELL, 60, 0)
    held.world.run(300 * MILLISECOND)
    assert held.stops == held.ours - 60
    held.phone.cancel(order)
    held.world.run(300 * MILLISECOND)
    assert held.stops == held.ours


def test_a_short_of_ours_bought_back_in_pieces_by_others_ends_flat_and_never_long() -> None:
    world = World()
    buy(world, side=Side.SELL)
    world.run(2 * SECOND)
    ours = -world.position()
    assert ours > 100
    highest = [-ours]
    world.checks.append(lambda here: highest.append(here.position()))
    phone = Phone(world)
    order = phone.order(Side.BUY, ours, 0)
    while order.live:
        phone.fill(order, min(ours // 5, order.remaining))
        world.run(300 * MILLISECOND)
    world.settle(20 * SECOND)
    assert (world.position(), max(highest), world.live(STOCK)) == (0, 0, [])


@pytest.mark.parametrize("by", ["exit by hand", "kill"])
def test_an_order_of_theirs_that_cannot_be_cancelled_is_named_and_the_rest_is_sold(by: str) -> None:
    held = Watched()
    target = held.phone.order(Side.SELL, 30, held.world.prices[STOCK] + 400 * TICK)
    held.world.settle(3 * SECOND)
    held.world.faults.standing[CANCEL] = "reject"
    held.world.tell(ExitPosition("f", STOCK) if by == "exit by hand" else Kill("k", "test"))
    held.world.settle(8 * SECOND)
    assert (held.world.position(), target.remaining) == (30, 30)
    assert said(held.world, f"STUCK: their sell order {target.order_id} over 30 cannot be cancelled")
    if by == "kill":
        assert latch(held.world) == "STUCK"
    held.world.faults.standing.clear()
    held.world.settle(20 * SECOND)
    assert (held.world.position(), held.lowest, held.world.live(STOCK)) == (0, 0, [])
    if by == "kill":
        assert latch(held.world) == "FLAT"


def test_a_kill_during_a_square_off_in_pieces_never_sells_what_that_still_may() -> None:
    held = Watched()
    order = held.phone.order(Side.SELL, held.ours, 0)
    held.phone.fill(order, 60)
    held.world.run(100 * MILLISECOND)
    held.world.tell(Kill("k", "test"))
    for _ in range(4):
        if order.live:
            held.phone.fill(order, 25)
        held.world.run(20 * MILLISECOND)
    held.world.settle(20 * SECOND)
    assert (held.world.position(), held.lowest, latch(held.world)) == (0, 0, "FLAT")


def test_a_kill_never_moves_an_order_of_theirs_but_cancels_it() -> None:
    held = Watched()
    target = held.phone.order(Side.SELL, held.ours, held.world.prices[STOCK] + 400 * TICK)
    held.world.settle(3 * SECOND)
    held.world.tell(Kill("k", "test"))
    held.world.settle(10 * SECOND)
    moved = [
        one for _, one in held.world.sent if isinstance(one, ModifyOrder) and one.order_id == target.order_id
    ]
    assert moved == []
    assert target.status == "cancelled"
    assert (held.world.position(), latch(held.world)) == (0, "FLAT")


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_when_their_stop_and_ours_fill_at_once_the_excess_is_closed_once(first: str) -> None:
    held = Watched()
    stop = stop_of(held.world)
    theirs = held.phone.order(Side.SELL, held.ours, stop.price, trigger=stop.trigger_price - 2 * TICK)
    held.world.settle(3 * SECOND)
    assert held.stops == held.ours
    low = stop.trigger_price - 6 * TICK
    if first == "theirs":
        held.phone.fire(theirs)
        held.phone.fill(theirs, held.ours, low)
        held.world.trade(STOCK, low)
    else:
        held.world.trade(STOCK, low)
        held.phone.fire(theirs)
        held.phone.fill(theirs, held.ours, low)
    held.world.settle(30 * SECOND)
    assert held.world.position() == 0
    bought = [one for _, one in held.world.sent if isinstance(one, PlaceOrder) and one.side is Side.BUY]
    assert [one.quantity for one in bought if one.role is Role.EXIT] == [held.ours]
    told = [record.payload for record in held.world.records if record.kind == LAW_BROKEN]
    assert [(one.law, one.instrument) for one in told if isinstance(one, LawBroken)] == [
        ("never reverse", STOCK)
    ]


def test_their_order_that_would_open_a_short_once_ours_is_closed_is_spoken_of_and_left() -> None:
    held = Watched()
    target = held.phone.order(Side.SELL, held.ours, held.world.prices[STOCK] + 400 * TICK)
    held.world.settle(3 * SECOND)
    held.world.trade(STOCK, stop_of(held.world).trigger_price - 4 * TICK)
    held.world.settle(5 * SECOND)
    assert (held.world.position(), target.live) == (0, True)
    assert said(
        held.world, f"their sell order {target.order_id} over {grouped(held.ours)} would now open a short"
    )


def test_a_sale_told_by_the_days_totals_first_and_by_its_order_later_counts_once() -> None:
    held = Watched()
    totals = held.world.totals[STOCK]
    order = held.phone.order(Side.SELL, 40, held.world.bid(STOCK), told=False)
    del held.world.orders[order.order_id]
    totals[2] += 40
    totals[3] += 40 * held.world.prices[STOCK]
    held.world.fills += 1
    held.world.settle(20 * SECOND)
    assert (held.trade.open_quantity, held.stops) == (held.ours - 40, held.ours - 40)
    order.filled, order.value, order.status = 40, 40 * held.world.prices[STOCK], "complete"
    held.world.orders[order.order_id] = order
    held.world.tell(held.world.row(order))
    held.world.settle(20 * SECOND)
    assert (held.trade.open_quantity, held.stops) == (held.ours - 40, held.ours - 40)
    assert held.world.core.manager.portfolio.outside == {}


def test_a_trade_closed_by_others_counts_though_the_broker_leaves_flat_rows_out() -> None:
    held = Watched()
    world = held.world
    world.omits_flat = True
    price = world.prices[STOCK] + 40 * TICK
    world.faults.reports.append("never")
    order = held.phone.order(Side.SELL, held.ours, price, told=False)
    held.phone.fill(order, held.ours, price)
    world.settle(30 * SECOND)
    assert held.trade.exit_value == held.ours * price
    assert world.core.account.realised == held.ours * price - held.trade.entry_value
    assert world.core.manager.portfolio.running() == ()


def test_a_sale_by_phone_while_a_half_is_on_its_way_shrinks_both_the_half_and_the_stop() -> None:
    held = Watched()
    held.world.liquidity[STOCK] = 0
    held.world.tell(ExitPosition("half", STOCK, half=True))
    held.world.run(400 * MILLISECOND)
    assert len(held.exits()) == 1
    left = held.ours // 4
    order = held.phone.order(Side.SELL, held.ours - left, 0)
    held.phone.fill(order, held.ours - left)
    held.world.run(600 * MILLISECOND)
    assert held.world.position() == left
    assert sum(order.remaining for order in held.own) <= left
    held.world.liquidity.clear()
    held.world.settle(20 * SECOND)
    assert (held.world.position(), held.lowest) == (0, 0)


def test_a_mixed_instrument_shows_both_parts_and_its_stop_keeps_ours() -> None:
    held = Watched()
    bought = held.phone.order(Side.BUY, 50, 0)
    held.phone.fill(bought, 50)
    held.world.settle(5 * SECOND)
    row = position_row(held.world.core, held.trade, held.world.now)
    assert (row.quantity, row.outside, row.stop_state) == (held.ours, 50, StopStatus.HELD)
    assert held.stops == held.ours
    first = "".join(text for text, _ in paint_positions((row,), 60, 4)[1])
    assert f"+{held.ours:,} long" in first
    assert "+50 EXTERNAL" in first
    assert held.world.core.manager.freeze_reason(STOCK) == "a position outside is held in it"


def test_a_stop_lowered_by_what_others_sell_is_held_and_where_they_sell_all_the_position_is_on_its_way_out() -> (
    None
):
    held = Watched()
    held.phone.order(Side.SELL, held.ours - 20, 0)
    held.world.run(300 * MILLISECOND)
    assert position_row(held.world.core, held.trade, held.world.now).stop_state is StopStatus.HELD
    held.phone.order(Side.SELL, 20, 0)
    held.world.run(300 * MILLISECOND)
    assert position_row(held.world.core, held.trade, held.world.now).stop_state is StopStatus.EXITING


def test_a_target_by_phone_is_no_stop_of_ours() -> None:
    held = Watched()
    held.phone.order(Side.SELL, held.ours, held.world.prices[STOCK] + 400 * TICK)
    held.world.run(300 * MILLISECOND)
    held.world.faults.standing["place"] = "silent"
    held.world._report(stop_of(held.world), "cancelled")
    held.world.run(300 * MILLISECOND)
    assert position_row(held.world.core, held.trade, held.world.now).stop_state is not StopStatus.HELD


def test_a_half_that_is_not_taken_says_why() -> None:
    world = World()
    buy(world)
    world.run(2 * SECOND)
    world.faults.standing[MODIFY] = "lost"
    world.faults.standing[CANCEL] = "lost"
    world.tell(ExitPosition("half", STOCK, half=True))
    world.run(3 * SECOND)
    assert world.core.manager.portfolio.all()[0].part is None
    assert said(world, "is not taken: the stop ")
