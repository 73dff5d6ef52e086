"""What nobody has confirmed of the real broker: the fake behaves either way."""

import pytest

from tests.fake.desk import Desk, event
from tests.recordings import EQ_A, OPT_A

POSITIONS = "/v2/portfolio/short-term-positions"
STOP = {"order_type": "SL", "transaction_type": "SELL", "trigger_price": 995.0, "price": 993.0}
TAKES = {"price": 1_001.0}


def read(desk: Desk, **readings: object) -> None:
    desk.state(readings=readings)


@pytest.mark.parametrize(("rest", "left"), [(False, 2), (True, 6)])
def test_the_quantity_of_a_change_is_the_whole_or_the_rest(desk: Desk, *, rest: bool, left: int) -> None:
    read(desk, quantity_is_rest=rest)
    order = desk.place()
    desk.fake.control("POST", "orders/act", {"act": "fill", "order_id": order, "quantity": 4})
    desk.modify(order, quantity=6)
    assert desk.order(order)["pending_quantity"] == left


@pytest.mark.parametrize("may", [False, True])
def test_a_waiting_stop_becomes_a_limit_order_or_stays_what_it_was(desk: Desk, *, may: bool) -> None:
    read(desk, stop_becomes_limit=may)
    order = desk.place(**STOP)
    desk.modify(order, price=1_010.0)
    row = desk.order(order)
    wanted = ("open", "LIMIT") if may else ("not modified", "SL")
    assert (row["status"], row["order_type"]) == wanted


@pytest.mark.parametrize("may", [False, True])
def test_a_limit_order_becomes_a_stop_or_stays_what_it_was(desk: Desk, *, may: bool) -> None:
    read(desk, limit_becomes_stop=may)
    order = desk.place(transaction_type="SELL", price=1_010.0)
    desk.modify(order, order_type="SL", trigger_price=995.0, price=993.0)
    assert desk.order(order)["order_type"] == ("SL" if may else "LIMIT")


def test_the_change_after_the_last_allowed_one_is_refused(desk: Desk) -> None:
    desk.state(rate_limits=False)
    order = desk.place()
    statuses = [desk.modify(order, price=990.0 - number / 10).status for number in range(26)]
    assert statuses == [*[200] * 25, 400]
    assert desk.cancel(order).status == 200


@pytest.mark.parametrize("omits", [False, True])
def test_flat_positions_are_told_or_left_out(desk: Desk, *, omits: bool) -> None:
    read(desk, omits_flat_rows=omits)
    desk.place(**TAKES)
    desk.place(price=999.0, transaction_type="SELL")
    assert len(desk.get(POSITIONS).data) == (0 if omits else 1)


@pytest.mark.parametrize("refuses", [False, True])
def test_a_halted_exchange_refuses_orders_or_lets_them_rest_and_takes_cancels(
    desk: Desk, *, refuses: bool
) -> None:
    read(desk, halt_refuses=refuses)
    before = desk.place()
    desk.state(halted=["NSE"])
    row = desk.order(desk.place(**TAKES))
    assert (row["status"], row["filled_quantity"]) == ("rejected" if refuses else "open", 0)
    desk.modify(before, price=985.0)
    assert desk.order(before)["price"] == (990.0 if refuses else 985.0)
    assert desk.cancel(before).status == 200
    desk.state(halted=[])
    assert desk.position() == (0 if refuses else 10)


def test_averages_are_told_with_as_many_decimals_as_wanted(desk: Desk) -> None:
    read(desk, average_decimals=1)
    desk.price(1_000.0)
    order = desk.place(quantity=1_500, price=1_000.5)
    value = desk.order(order)["average_price"]
    assert value == round(value, 1)


@pytest.mark.parametrize("replays", [False, True])
def test_a_new_portfolio_stream_is_told_the_day_or_nothing(desk: Desk, *, replays: bool) -> None:
    read(desk, replays_on_connect=replays)
    first = desk.place(tag="first")
    with desk.portfolio("order") as socket:
        if not replays:
            first = desk.place(tag="second")
        assert event(socket)["order_id"] == first


@pytest.mark.parametrize("stay", [False, True])
def test_day_orders_end_with_the_day_or_keep_their_last_status(desk: Desk, *, stay: bool) -> None:
    read(desk, lapsed_orders_stay=stay)
    order = desk.place(instrument_token=OPT_A, quantity=35, price=450.0)
    desk.go_to("15:46:00")
    assert desk.order(order)["status"] == ("open" if stay else "cancelled")


def test_an_unknown_point_is_refused_with_those_that_exist(desk: Desk) -> None:
    with pytest.raises(ValueError, match=r"expected one of .*quantity_is_rest"):
        read(desk, moon_is_full=True)


def test_the_journal_tells_what_rested_and_filled_and_whose_it_was(desk: Desk) -> None:
    desk.place(tag="ours", **TAKES)
    desk.fake.control("POST", "positions/close", {"instrument_token": EQ_A})
    desk.step()
    events = desk.fake.control("GET", "events")
    fills = [(row["by"], row["tag"], row["side"], row["units"]) for row in events if row["units"]]
    assert fills == [("FAKE01", "ours", "BUY", 10), ("MOBILE", "", "SELL", 10)]
    assert [row["at"] for row in events] == sorted(row["at"] for row in events)
