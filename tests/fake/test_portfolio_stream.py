"""The portfolio stream of the fake broker: text, no subscription, no replay."""

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.fake.desk import Desk, event
from tests.recordings import EQ_A, OPT_A

STOP = {"order_type": "SL", "transaction_type": "SELL", "trigger_price": 995.0, "price": 993.0}


def test_an_orders_road_and_its_position_are_told(desk: Desk) -> None:
    with desk.portfolio() as socket:
        order = desk.place(price=1_001.0)
        events = [event(socket) for _ in range(6)]
    assert [one.get("status", one["update_type"]) for one in events] == [
        "put order req received",
        "validation pending",
        "open pending",
        "open",
        "complete",
        "position",
    ]
    done, position = events[4], events[5]
    assert (done["order_id"], done["filled_quantity"], done["average_price"]) == (order, 10, 1_000.1)
    assert (position["quantity"], position["exchange"]) == (10, "NSE_EQ")
    assert not {"pnl", "last_price"} & set(position)


def test_only_orders_come_when_no_kind_was_named(desk: Desk) -> None:
    with desk.portfolio("") as socket:
        desk.place(price=1_001.0)
        assert {event(socket)["update_type"] for _ in range(5)} == {"order"}
        desk.place()
        assert event(socket)["status"] == "put order req received"


def test_nothing_of_the_past_is_told_to_a_new_connection(desk: Desk) -> None:
    desk.place(price=1_001.0)
    with desk.portfolio() as socket:
        later = desk.place(instrument_token=EQ_A)
        assert event(socket)["order_id"] == later


def test_orders_from_the_phone_are_told_too(desk: Desk) -> None:
    with desk.portfolio() as socket:
        terms = {"instrument_token": EQ_A, "transaction_type": "BUY", "quantity": 3, "product": "I"}
        desk.fake.control("POST", "orders", terms | {"order_type": "MARKET"})
        desk.step()
        assert event(socket)["placed_by"] == "MOBILE"
    assert desk.position() == 3
    assert [row["placed_by"] for row in desk.get("/v2/order/retrieve-all").data] == ["MOBILE"]


def test_a_position_closed_by_phone_is_told(desk: Desk) -> None:
    desk.place(price=1_001.0)
    with desk.portfolio("position") as socket:
        desk.fake.control("POST", "positions/close", {"instrument_token": EQ_A})
        desk.step()
        assert event(socket)["quantity"] == 0


def test_gtt_orders_are_told_to_those_who_asked_for_them(desk: Desk) -> None:
    body = {
        "type": "SINGLE",
        "quantity": 5,
        "product": "I",
        "instrument_token": EQ_A,
        "transaction_type": "BUY",
        "rules": [{"strategy": "ENTRY", "trigger_type": "ABOVE", "trigger_price": 1_005.0}],
    }
    with desk.portfolio("gtt_order") as socket:
        gtt = desk.call("POST", "/v3/order/gtt/place", body).data["gtt_order_ids"][0]
        told = event(socket)
        desk.price(1_006.0)
        fired = event(socket)
    assert (told["gtt_order_id"], told["rules"][0]["status"]) == (gtt, "PENDING")
    assert (fired["gtt_order_id"], fired["rules"][0]["status"]) == (gtt, "COMPLETED")


def test_each_authorized_address_works_once(desk: Desk) -> None:
    address = desk.get("/v2/feed/portfolio-stream-feed/authorize").data["authorized_redirect_uri"]
    with connect(address, close_timeout=0.1):
        pass
    with pytest.raises(InvalidStatus), connect(address):
        pass
    assert desk.get("/v2/feed/portfolio-stream-feed").status == 302


def test_a_stop_cancelled_by_the_broker_is_told_with_its_reason(desk: Desk) -> None:
    stop = desk.place(**STOP)
    with desk.portfolio() as socket:
        desk.fake.control("POST", "orders/act", {"act": "cancel", "order_id": stop, "text": "RMS says no"})
        told = event(socket)
    assert (told["order_id"], told["status"], told["status_message"]) == (stop, "cancelled", "RMS says no")


def test_stop_and_target_can_fill_in_the_same_moment(desk: Desk) -> None:
    desk.state(prices={OPT_A: 500.0})
    lot = {"instrument_token": OPT_A, "quantity": 35}
    desk.place(**lot, price=501.0)
    desk.place(**lot, **STOP | {"trigger_price": 495.0, "price": 493.0}, tag="stop")
    desk.place(**lot, transaction_type="SELL", price=510.0, tag="target")
    desk.fake.control("POST", "orders/act", {"act": "fill"})
    assert desk.position(OPT_A) == -35
