"""What the hostile broker of these tests can do, each ability once, whatever core makes of it."""

import pytest

from engine.core import Halted
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.messages import (
    Acknowledged,
    BookRead,
    CancelOrder,
    ModifyOrder,
    OrderReport,
    OrderType,
    PlaceOrder,
    ReadBook,
    Refused,
    Role,
)
from tests.core.broker import MOST_CHANGES
from tests.core.hostile import PRICES, STOCK, TICK, Resting, World
from tests.core.planned import CANCEL, MODIFY, PLACE

PRICE = PRICES[STOCK]
STOP = PRICE - 200 * TICK


class Alone(World):
    """A world whose core hears nothing once the day has begun: the broker alone is under test."""

    alone = False

    def __init__(self) -> None:
        self.heard: list[object] = []
        super().__init__()
        self.alone = True

    def tell(self, event: object) -> None:
        if self.alone:
            self.heard.append(event)
        else:
            super().tell(event)  # type: ignore[arg-type]

    def next_wake(self) -> int | None:
        return None if self.alone else super().next_wake()

    def send_stop(self, quantity: int = 100) -> Resting:
        self._request(
            PlaceOrder("t-1", STOCK, Side.SELL, Role.STOP, OrderType.STOP_LIMIT, quantity, STOP, STOP)
        )
        self.run(SECOND)
        (stop,) = (order for order in self.orders.values() if not order.external)
        return stop

    def change(self, order: Resting, quantity: int, *, kind: OrderType = OrderType.STOP_LIMIT) -> Resting:
        limit = PRICE - TICK if kind is OrderType.LIMIT else STOP
        self._request(ModifyOrder("m", "t-1", order.order_id, kind, quantity, limit, STOP))
        self.run(SECOND)
        return order

    def cancel(self, order: Resting) -> Resting:
        self._request(CancelOrder("c", "t-1", order.order_id))
        self.run(SECOND)
        return order

    def told(self, kind: type) -> list[object]:
        return [event for event in self.heard if isinstance(event, kind)]

    def read(self) -> BookRead:
        self._read(ReadBook("r"))
        self.run(SECOND)
        (found,) = self.told(BookRead)
        assert isinstance(found, BookRead)
        return found


@pytest.fixture
def world() -> Alone:
    return Alone()


def test_the_phone_fills_in_pieces(world: Alone) -> None:
    order = world.phone(STOCK, Side.BUY, 100, pieces=4)
    world.run(1)
    assert (world.position(), order.external) == (25, True)
    world.run(2 * SECOND)
    assert world.position() == 75
    world.run(2 * SECOND)
    assert (world.position(), order.status) == (100, "complete")


def test_a_target_of_the_phone_rests_and_its_stop_waits(world: Alone) -> None:
    world.phone(STOCK, Side.BUY, 100)
    world.phone(STOCK, Side.SELL, 40, price=PRICE + 100 * TICK)
    world.phone(STOCK, Side.SELL, 60, trigger=STOP)
    assert [order.status for order in world.live()] == ["open", "trigger pending"]
    world.trade(STOCK, PRICE + 101 * TICK)
    assert world.position() == 60
    world.trade(STOCK, STOP)
    assert world.position() == 0


@pytest.mark.parametrize("keeping", [False, True])
def test_the_square_off_comes_in_pieces_and_takes_our_stops_or_leaves_them(
    world: Alone, *, keeping: bool
) -> None:
    world.phone(STOCK, Side.BUY, 100)
    stop = world.send_stop()
    world.square_off(pieces=2, keeping_stops=keeping)
    world.run(1)
    assert (world.position(), stop.live) == (50, keeping)
    world.run(2 * SECOND)
    assert world.position() == 0


def test_an_order_that_waits_at_the_broker_fires_when_its_price_comes(world: Alone) -> None:
    waiting = world.wait_for(STOCK, Side.SELL, 30, PRICE + 10 * TICK, above=True)
    world.trade(STOCK, PRICE + 9 * TICK)
    assert (waiting.pending, world.position()) == (True, 0)
    world.trade(STOCK, PRICE + 10 * TICK)
    assert (waiting.pending, world.position()) == (False, -30)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("lost", "trigger pending"),
        ("refuse", "trigger pending"),
        ("reject", "trigger pending"),
        ("nothing", "trigger pending"),
        ("pending", "modify pending"),
    ],
)
def test_changes_alone_fail_while_everything_else_works(world: Alone, fault: str, status: str) -> None:
    stop = world.send_stop()
    world.faults.standing[MODIFY] = fault
    for _ in range(2):
        assert (world.change(stop, 50).quantity, stop.status) == (100, status)
    assert world.cancel(stop).status == "cancelled"


@pytest.mark.parametrize(
    ("fault", "status"),
    [("lost", "trigger pending"), ("nothing", "trigger pending"), ("pending", "cancel pending")],
)
def test_cancels_alone_fail_while_everything_else_works(world: Alone, fault: str, status: str) -> None:
    stop = world.send_stop()
    world.faults.standing[CANCEL] = fault
    assert world.cancel(stop).status == status
    assert world.change(stop, 50).quantity == 50


def test_a_mute_stream_says_nothing_and_a_read_tells_all(world: Alone) -> None:
    world.mute = True
    world.send_stop()
    assert world.told(OrderReport) == []
    assert [row.status for row in world.read().orders] == ["trigger pending"]


@pytest.mark.parametrize("omits", [False, True])
def test_flat_rows_are_kept_or_left_out(world: Alone, *, omits: bool) -> None:
    world.omits_flat = omits
    world.phone(STOCK, Side.BUY, 10)
    world.phone(STOCK, Side.SELL, 10)
    assert (STOCK in {row.instrument for row in world.read().positions}) is not omits


@pytest.mark.parametrize("refuses", [False, True])
def test_a_halt_is_told_takes_no_orders_or_holds_them_and_lets_cancels_through(
    world: Alone, *, refuses: bool
) -> None:
    world.refuses_in_halt = refuses
    stop = world.send_stop()
    world.halt()
    assert world.told(Halted) == [Halted("the exchange has stopped trading")]
    order = world.phone(STOCK, Side.BUY, 10)
    assert order.status == ("rejected" if refuses else "open")
    assert world.change(stop, 50).quantity == (100 if refuses else 50)
    assert world.cancel(stop).status == "cancelled"
    world.reopen()
    assert world.position() == (0 if refuses else 10)


def test_at_a_limit_one_side_is_empty_and_takes_nothing(world: Alone) -> None:
    world.lock(STOCK, Side.SELL)
    assert world.phone(STOCK, Side.SELL, 10).live
    world.phone(STOCK, Side.BUY, 10)
    assert world.position() == 10
    world.unlock(STOCK)
    assert world.position() == 0


@pytest.mark.parametrize(("rest", "left"), [(False, 20), (True, 60)])
def test_the_quantity_of_a_change_is_the_whole_or_the_rest(world: Alone, *, rest: bool, left: int) -> None:
    world.quantity_is_rest = rest
    stop = world.send_stop()
    world.fill(stop, 40, STOP)
    assert world.change(stop, 60, kind=OrderType.STOP_LIMIT).remaining == left


@pytest.mark.parametrize("may", [False, True])
def test_a_stop_becomes_a_limit_or_may_not(world: Alone, *, may: bool) -> None:
    world.stop_becomes_limit = may
    world.change(world.send_stop(), 100, kind=OrderType.LIMIT)
    assert world.position() == (-100 if may else 0)


def test_the_change_after_the_last_allowed_one_is_refused(world: Alone) -> None:
    stop = world.send_stop()
    for number in range(MOST_CHANGES):
        world.change(stop, 99 - number)
    before = stop.quantity
    assert world.told(Refused) == []
    assert world.change(stop, 10).quantity == before
    assert len(world.told(Refused)) == 1


def test_lists_are_empty_or_behind_after_a_fill(world: Alone) -> None:
    world.phone(STOCK, Side.BUY, 10)
    world.faults.reads += ["empty", "lagging"]
    for _ in range(2):
        world._read(ReadBook("r"))
        world.run(SECOND // 2)
    empty, lagging = world.told(BookRead)
    assert isinstance(empty, BookRead)
    assert isinstance(lagging, BookRead)
    assert (empty.positions, empty.orders) == ((), ())
    assert [row.filled_quantity for row in lagging.orders] == [10]
    assert all(row.quantity == 0 for row in lagging.positions)


def test_a_fills_value_is_told_roughly_first_and_corrected_later(world: Alone) -> None:
    world.faults.standing["report"] = "estimated"
    order = world.phone(STOCK, Side.BUY, 10)
    world.run(3 * SECOND)
    values = [
        e.filled_value for e in world.told(OrderReport) if isinstance(e, OrderReport) and e.filled_value
    ]
    assert values == [order.value + 10, order.value]


def test_a_slow_answer_comes_five_seconds_after_the_deed(world: Alone) -> None:
    world.faults.standing[PLACE] = "slow-answer"
    assert world.send_stop().status == "trigger pending"
    assert world.told(Acknowledged) == []
    world.run(5 * SECOND)
    assert len(world.told(Acknowledged)) == 1


def test_a_storm_refuses_every_request_without_judging_it(world: Alone) -> None:
    world.faults.standing |= {PLACE: "hold-back"}
    world._request(PlaceOrder("t-1", STOCK, Side.SELL, Role.STOP, OrderType.STOP_LIMIT, 1, STOP, STOP))
    world.run(SECOND)
    (refused,) = world.told(Refused)
    assert isinstance(refused, Refused)
    assert not refused.lasting
