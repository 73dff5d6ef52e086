"""Bulk calls, GTT and charges of the fake broker."""

from typing import Any

from tests.fake.desk import Desk
from tests.fake_upstox.shapes import Json
from tests.recordings import EQ_A, OPT_A


def _line(name: str, **changes: Json) -> dict[str, Any]:
    return {
        "correlation_id": name,
        "quantity": 1,
        "product": "I",
        "validity": "DAY",
        "price": 990.0,
        "instrument_token": EQ_A,
        "order_type": "LIMIT",
        "transaction_type": "BUY",
        "disclosed_quantity": 0,
        "trigger_price": 0,
        "is_amo": False,
        "slice": False,
        "tag": f"m-{name}",
    } | changes


def test_multi_place_tells_partial_success_line_by_line(desk: Desk) -> None:
    answer = desk.call("POST", "/v2/order/multi/place", [_line("a"), _line("b", quantity=0)])
    assert (answer.status, answer.json["status"]) == (207, "partial_success")
    assert [row["correlation_id"] for row in answer.data] == ["a"]
    assert answer.json["errors"][0]["correlation_id"] == "b"
    assert answer.json["summary"] == {"total": 2, "success": 1, "error": 1, "payload_error": 1}


def test_bulk_calls_take_ten_at_most(desk: Desk) -> None:
    assert desk.call("POST", "/v2/order/multi/place", [_line(str(n)) for n in range(11)]).status == 400
    desk.state(rate_limits=False)
    for number in range(12):
        desk.place(tag=f"n-{number}")
    answer = desk.call("DELETE", "/v2/order/multi/cancel?segment=NSE_EQ")
    desk.step()
    assert answer.json["summary"]["total"] == 10
    live = [row for row in desk.get("/v2/order/retrieve-all").data if row["status"] == "open"]
    assert len(live) == 2


def test_multi_cancel_finds_an_order_by_its_tag(desk: Desk) -> None:
    desk.place(tag="mine")
    other = desk.place(tag="other")
    answer = desk.call("DELETE", "/v2/order/multi/cancel?tag=mine")
    desk.step()
    assert answer.data["order_ids"] != [other]
    assert desk.order(other)["status"] == "open"
    assert desk.order(answer.data["order_ids"][0])["status"] == "cancelled"


def test_exit_all_closes_with_protected_market_orders_buys_first(desk: Desk) -> None:
    desk.state(prices={OPT_A: 500.0})
    desk.place(instrument_token=OPT_A, quantity=35, price=501.0, transaction_type="BUY")
    desk.place(price=999.0, transaction_type="SELL")
    answer = desk.call("POST", "/v2/order/positions/exit")
    desk.step()
    assert [desk.order(order)["transaction_type"] for order in answer.data["order_ids"]] == ["BUY", "SELL"]
    assert (desk.position(), desk.position(OPT_A)) == (0, 0)


def test_exit_all_refuses_when_nothing_is_open(desk: Desk) -> None:
    assert desk.call("POST", "/v2/order/positions/exit").status == 400


def test_the_kill_switch_wants_a_flat_segment_and_locks_it(desk: Desk) -> None:
    off = [{"segment": "NSE_EQ", "action": "DISABLE"}]
    desk.place(price=1_001.0)
    assert desk.call("POST", "/v2/user/kill-switch", off).code == "UDAPI1184"
    desk.place(price=999.0, transaction_type="SELL")
    resting = desk.place()
    assert desk.call("POST", "/v2/user/kill-switch", off).status == 200
    assert desk.order(resting)["status"] == "cancelled"
    assert "kill switch" in desk.order(desk.place())["status_message"]
    on = [{"segment": "NSE_EQ", "action": "ENABLE"}]
    assert desk.call("POST", "/v2/user/kill-switch", on).code == "UDAPI1185"


def test_a_gtt_order_needs_an_entry_and_fires_at_its_price(desk: Desk) -> None:
    body = {
        "type": "MULTIPLE",
        "quantity": 5,
        "product": "I",
        "instrument_token": EQ_A,
        "transaction_type": "BUY",
        "rules": [
            {"strategy": "ENTRY", "trigger_type": "ABOVE", "trigger_price": 1_005.0},
            {"strategy": "STOPLOSS", "trigger_type": "IMMEDIATE", "trigger_price": 995.0},
        ],
    }
    alone = body | {"type": "SINGLE", "rules": body["rules"][1:]}  # type: ignore[index]
    assert desk.call("POST", "/v3/order/gtt/place", alone).code == "UDAPI1137"
    gtt = desk.call("POST", "/v3/order/gtt/place", body).data["gtt_order_ids"][0]
    desk.price(1_006.0)
    desk.step()
    assert desk.position() == 5
    desk.price(994.0)
    desk.step()
    assert desk.position() == 0
    rules = desk.get("/v3/order/gtt", gtt_order_id=gtt).data[0]["rules"]
    assert [rule["status"] for rule in rules] == ["COMPLETED", "COMPLETED"]


def test_charges_of_an_equity_round_trip_match_the_published_example(desk: Desk) -> None:
    def charges(side: str, price: float) -> float:
        answer = desk.get(
            "/v2/charges/brokerage",
            instrument_token=EQ_A,
            quantity="100",
            product="I",
            transaction_type=side,
            price=str(price),
        )
        return float(answer.data["charges"]["total"])

    assert abs(charges("BUY", 1_000) + charges("SELL", 1_005) - 82.82) < 0.02


def test_margin_blocks_a_fifth_of_an_intraday_stock(desk: Desk) -> None:
    line = {"instrument_key": EQ_A, "quantity": 10, "product": "I", "transaction_type": "BUY", "price": 1_000}
    assert desk.call("POST", "/v2/charges/margin", {"instruments": [line]}).data["required_margin"] == 2_000
    assert desk.call("POST", "/v2/charges/margin", {"instruments": [line] * 21}).status == 400
