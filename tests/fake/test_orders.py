"""What becomes of an order at the fake broker."""

import pytest

from tests.fake.desk import Desk
from tests.recordings import EQ_A, OPT_A

ROAD = ["put order req received", "validation pending", "open pending"]
MARKET = {"order_type": "MARKET", "price": 0, "market_protection": -1}
STOP = {"order_type": "SL", "transaction_type": "SELL", "trigger_price": 995.0, "price": 993.0}


def test_a_limit_order_below_the_market_rests_after_its_road(desk: Desk) -> None:
    order = desk.place()
    assert desk.statuses(order) == [*ROAD, "open"]
    assert desk.order(order)["pending_quantity"] == 10


def test_the_answer_says_received_before_anything_happened(desk: Desk) -> None:
    order = desk.send().data["order_ids"][0]
    assert desk.statuses(order) == ["put order req received"]


def test_a_marketable_order_takes_the_visible_book_and_the_rest_rests(desk: Desk) -> None:
    order = desk.place(quantity=2_500, price=1_000.5)
    row = desk.order(order)
    assert (row["status"], row["filled_quantity"], row["average_price"]) == ("open", 2_000, 1_000.3)
    desk.price(1_000.2)
    assert desk.order(order)["status"] == "complete"
    assert desk.position() == 2_500


def test_a_protected_market_order_becomes_a_limit_order_whose_rest_rests(desk: Desk) -> None:
    order = desk.place(quantity=5_000, **MARKET)
    row = desk.order(order)
    assert (row["status"], row["order_type"], row["price"]) == ("open", "LIMIT", 1_010.0)
    assert row["filled_quantity"] == 2_000


@pytest.mark.parametrize("order_type", ["MARKET", "SL-M"])
@pytest.mark.parametrize("protection", [{}, {"market_protection": 0}])
def test_market_orders_without_protection_are_refused(
    desk: Desk, order_type: str, protection: dict[str, int]
) -> None:
    trigger = 1_005.0 if order_type == "SL-M" else 0
    answer = desk.send(order_type=order_type, price=0, trigger_price=trigger, **protection)
    assert (answer.status, answer.code) == (400, "UDAPI1158")


def test_a_stop_waits_fires_and_fills(desk: Desk) -> None:
    stop = desk.place(**STOP)
    assert desk.order(stop)["status"] == "trigger pending"
    desk.price(995.0)
    assert desk.statuses(stop)[-3:] == ["trigger pending", "open", "complete"]
    assert desk.position() == -10


def test_a_stop_that_the_market_jumped_over_fires_and_rests_unfilled(desk: Desk) -> None:
    stop = desk.place(**STOP)
    desk.price(980.0)
    row = desk.order(stop)
    assert (row["status"], row["order_type"], row["filled_quantity"]) == ("open", "SL", 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"price": 990.05}, "tick size"),
        ({"price": 899.0}, "execution range"),
        ({"quantity": 100_001}, "freeze quantity"),
        ({"instrument_token": OPT_A, "quantity": 40, "price": 450.0}, "lot size"),
        ({**STOP, "trigger_price": 1_001.0, "price": 1_000.0}, "Trigger price"),
        ({"quantity": 90_000, "product": "D"}, "Margin Exceeds"),
    ],
)
def test_what_risk_and_exchange_refuse_is_told_by_status_and_text(
    desk: Desk, changes: dict[str, object], words: str
) -> None:
    row = desk.order(desk.place(**changes))
    assert row["status"] == "rejected"
    assert words in row["status_message"]
    assert row["status_message_raw"] == row["status_message"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tag": "x" * 41}, "UDAPI1119"),
        ({"quantity": 0}, "UDAPI1052"),
        ({"price": 0}, "UDAPI1029"),
        ({"trigger_price": 990}, "UDAPI1032"),
        ({"instrument_token": "NSE_EQ|NOBODY"}, "UDAPI100011"),
        ({"instrument_token": ""}, "UDAPI1026"),
        ({"validity": "GTC"}, "UDAPI1056"),
        ({**MARKET, "market_protection": 26}, "UDAPI1159"),
    ],
)
def test_what_the_broker_refuses_at_once_has_a_code_in_both_spellings(
    desk: Desk, changes: dict[str, object], code: str
) -> None:
    answer = desk.send(**changes)
    line = answer.json["errors"][0]
    assert (answer.status, line["error_code"], line["errorCode"]) == (400, code, code)
    assert set(line) >= {"property_path", "propertyPath", "invalid_value", "invalidValue"}
    assert desk.get("/v2/order/retrieve-all").data == []


def test_a_modify_holds_the_old_terms_until_it_is_done(desk: Desk) -> None:
    order = desk.place()
    desk.call(
        "PUT", "/v3/order/modify", {"order_id": order, "order_type": "LIMIT", "price": 991, "validity": "DAY"}
    )
    assert desk.order(order)["price"] == 990.0
    desk.step()
    assert desk.order(order)["price"] == 991.0
    assert desk.statuses(order)[-4:] == ["modify validation pending", "modify pending", "modified", "open"]


def test_a_refused_modify_leaves_the_old_order_live(desk: Desk) -> None:
    order = desk.place()
    assert desk.modify(order, price=800.0).status == 200
    row = desk.order(order)
    assert (row["status"], row["price"]) == ("not modified", 990.0)
    desk.price(985.0)
    assert desk.order(order)["status"] == "complete"


def test_a_resting_stop_becomes_the_exit_by_modify(desk: Desk) -> None:
    stop = desk.place(**STOP)
    desk.modify(stop, price=999.0)
    assert desk.order(stop)["status"] == "complete"


def test_cancel_goes_through_cancel_pending(desk: Desk) -> None:
    order = desk.place()
    assert desk.cancel(order).status == 200
    assert desk.statuses(order)[-2:] == ["cancel pending", "cancelled"]


def test_finished_orders_can_be_neither_cancelled_nor_modified(desk: Desk) -> None:
    order = desk.place(price=1_001.0)
    assert desk.cancel(order).code == "UDAPI100040"
    assert desk.modify(order).code == "UDAPI100041"


def test_an_unmatched_ioc_order_is_cancelled_at_once(desk: Desk) -> None:
    order = desk.place(validity="IOC", quantity=2_500, price=1_000.5)
    row = desk.order(order)
    assert (row["status"], row["filled_quantity"]) == ("cancelled", 2_000)


def test_history_is_found_by_tag_and_unknown_tags_are_an_empty_success(desk: Desk) -> None:
    desk.place(tag="k-1")
    assert {row["tag"] for row in desk.get("/v2/order/history", tag="k-1").data} == {"k-1"}
    assert desk.get("/v2/order/history", tag="other").data == []
    assert desk.get("/v2/order/history").code == "UDAPI100059"


def test_positions_are_kept_by_instrument_and_product(desk: Desk) -> None:
    desk.place(price=1_001.0)
    desk.place(price=1_001.0, product="D", quantity=3)
    desk.place(price=999.0, transaction_type="SELL", quantity=25)
    rows = desk.get("/v2/portfolio/short-term-positions").data
    assert [(row["product"], row["quantity"]) for row in rows] == [("I", -15), ("D", 3)]
    assert rows[1]["day_sell_price"] == ""
    assert rows[0]["pnl"] == -3.5


def test_every_fill_is_a_trade_with_an_id_of_its_own(desk: Desk) -> None:
    order = desk.place(quantity=900, price=1_001.0)
    trades = desk.get("/v2/order/trades", order_id=order).data
    assert [trade["quantity"] for trade in trades] == [400, 400, 100]
    assert len({trade["trade_id"] for trade in trades}) == 3
    assert desk.get("/v2/order/trades/get-trades-for-day").data == trades


def test_intraday_orders_open_nothing_after_the_cut_off_but_close(desk: Desk) -> None:
    desk.place(price=1_001.0)
    desk.go_to("15:12:30")
    desk.price(1_000.0)
    assert "not allowed after 15:12" in desk.order(desk.place(price=1_001.0))["status_message"]
    close = desk.place(price=999.0, transaction_type="SELL")
    assert desk.order(close)["status"] == "complete"
    assert desk.position() == 0


def test_an_order_after_the_close_becomes_one_for_tomorrow(desk: Desk) -> None:
    desk.go_to("16:30:00")
    order = desk.place()
    row = desk.order(order)
    assert (row["status"], row["is_amo"], row["variety"]) == ("after market order req received", True, "AMO")
    desk.cancel(order)
    assert desk.order(order)["status"] == "cancelled after market order"


def test_day_orders_end_with_the_day(desk: Desk) -> None:
    order = desk.place()
    desk.go_to("15:50:00")
    assert desk.order(order)["status"] == "cancelled"


def test_a_halt_stops_matching_and_its_end_resumes_it(desk: Desk) -> None:
    desk.state(halted=["NSE"])
    order = desk.place(price=1_001.0)
    assert desk.order(order)["filled_quantity"] == 0
    desk.state(halted=[])
    assert desk.order(order)["status"] == "complete"


def test_resting_orders_fill_when_the_tape_trades_through_them(desk: Desk) -> None:
    order = desk.place(price=999.0, quantity=5)
    desk.price(998.0)
    assert desk.order(order)["average_price"] <= 999.0
    assert desk.order(order)["status"] == "complete"


def test_the_second_version_works_and_is_named_in_the_log(desk: Desk) -> None:
    body = {
        "quantity": 1,
        "product": "I",
        "validity": "DAY",
        "price": 990,
        "instrument_token": EQ_A,
        "order_type": "LIMIT",
        "transaction_type": "BUY",
        "disclosed_quantity": 0,
        "trigger_price": 0,
    }
    assert desk.call("POST", "/v2/order/place", body).data["order_id"]
    assert [entry["call"] for entry in desk.fake.calls()] == ["place_v2"]


def test_slices_stay_below_the_freeze_quantity(desk: Desk) -> None:
    answer = desk.send(instrument_token=OPT_A, quantity=1_400, price=450.0, slice=True)
    desk.step()
    sizes = [desk.order(order)["quantity"] for order in answer.data["order_ids"]]
    assert sizes == [595, 595, 210]
