"""What others do to the account of the fake broker: the phone, the square-off, orders that wait at the broker."""

import pytest

from tests.fake.desk import Desk
from tests.recordings import EQ_A, OPT_A

STOP = {"order_type": "SL", "transaction_type": "SELL", "trigger_price": 995.0, "price": 993.0}
TAKES = {"price": 1_001.0}


def test_a_phone_order_fills_in_pieces(desk: Desk) -> None:
    phone = {"instrument_token": EQ_A, "transaction_type": "BUY", "quantity": 100, "pieces": 4, "every": 2.0}
    desk.fake.control("POST", "orders", phone)
    held = []
    for _ in range(4):
        desk.step(1.9)
        held.append(desk.position())
        desk.step(0.1)
    assert held == [25, 50, 75, 100]


def test_a_phone_closes_a_position_in_pieces(desk: Desk) -> None:
    desk.place(**TAKES)
    desk.fake.control("POST", "positions/close", {"instrument_token": EQ_A, "pieces": 2})
    desk.step(0.5)
    assert desk.position() == 5
    desk.step(1)
    assert desk.position() == 0


def test_a_target_and_a_stop_of_the_phone_rest_untagged(desk: Desk) -> None:
    desk.place(**TAKES)
    base = {"instrument_token": EQ_A, "transaction_type": "SELL", "quantity": 5}
    desk.fake.control("POST", "orders", base | {"order_type": "LIMIT", "price": 1_050.0})
    desk.fake.control("POST", "orders", base | {"order_type": "SL", "trigger_price": 990.0, "price": 985.0})
    desk.step()
    rows = desk.get("/v2/order/retrieve-all").data[1:]
    told = [(row["tag"], row["placed_by"], row["status"]) for row in rows]
    assert told == [(None, "MOBILE", "open"), (None, "MOBILE", "trigger pending")]
    desk.price(1_051.0)
    assert desk.position() == 5


@pytest.mark.parametrize("keeping", [False, True])
def test_the_square_off_takes_stops_first_or_leaves_them_and_comes_in_pieces(
    desk: Desk, *, keeping: bool
) -> None:
    desk.place(**TAKES)
    stop = desk.place(**STOP)
    desk.fake.control("POST", "positions/square-off", {"pieces": 2, "keeping_stops": keeping})
    desk.step(0.5)
    assert (desk.position(), desk.order(stop)["status"]) == (5, "trigger pending" if keeping else "cancelled")
    desk.step(1)
    assert desk.position() == 0


def test_a_square_off_of_one_product_leaves_the_others(desk: Desk) -> None:
    desk.place(**TAKES)
    desk.fake.control(
        "POST",
        "positions/overnight",
        {"instrument_token": OPT_A, "product": "D", "quantity": 35, "price": 500.0},
    )
    desk.fake.control("POST", "positions/square-off", {"product": "I"})
    desk.step()
    assert (desk.position(), desk.position(OPT_A)) == (0, 35)


def test_a_waiting_order_fires_at_its_price_and_fills_in_pieces(desk: Desk) -> None:
    rules = [{"strategy": "ENTRY", "trigger_type": "BELOW", "trigger_price": 995.0}]
    body = {
        "type": "SINGLE",
        "quantity": 10,
        "product": "I",
        "instrument_token": EQ_A,
        "transaction_type": "SELL",
        "rules": rules,
        "pieces": 2,
    }
    desk.fake.control("POST", "gtt", body)
    (row,) = desk.get("/v3/order/gtt").data
    assert [rule["status"] for rule in row["rules"]] == ["PENDING"]
    desk.price(995.0)
    desk.step(0.5)
    assert desk.position() == -5
    desk.step(1)
    assert desk.position() == -10
    (order,) = desk.get("/v2/order/retrieve-all").data
    assert (order["placed_by"], order["tag"]) == ("GTT", None)


def test_a_waiting_order_is_taken_back(desk: Desk) -> None:
    rules = [{"strategy": "ENTRY", "trigger_type": "ABOVE", "trigger_price": 1_010.0}]
    body = {
        "type": "SINGLE",
        "quantity": 10,
        "product": "I",
        "instrument_token": EQ_A,
        "transaction_type": "SELL",
        "rules": rules,
    }
    gtt = desk.fake.control("POST", "gtt", body)["gtt_order_id"]
    desk.fake.control("DELETE", "gtt", {"gtt_order_id": gtt})
    desk.price(1_011.0)
    desk.step()
    assert desk.position() == 0
