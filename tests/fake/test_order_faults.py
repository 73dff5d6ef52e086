"""Every fault that strikes an order on its way through the fake broker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake.desk import Desk, desk_at, event
from tests.fake_upstox.faults import ORDER_FAULTS
from tests.recordings import EQ_A

BOOK = "/v2/order/retrieve-all"
STOP = {"order_type": "SL", "transaction_type": "SELL", "trigger_price": 995.0, "price": 993.0}
TAKES = {"price": 1_001.0}


def _rejects_with_a_text(desk: Desk) -> None:
    desk.fake.plant("reject", order_type="SL", text="RMS:Margin Exceeds")
    row = desk.order(desk.place(**STOP))
    assert (row["status"], row["status_message_raw"]) == ("rejected", "RMS:Margin Exceeds")


def _fills_a_part(desk: Desk) -> None:
    desk.fake.plant("partial", share=0.4, rest_after=1.0)
    order = desk.place(**TAKES)
    row = desk.order(order)
    assert (row["status"], row["filled_quantity"], row["pending_quantity"]) == ("open", 4, 6)
    desk.step(2)
    assert (desk.order(order)["status"], desk.position()) == ("complete", 10)


def _holds_the_market_away(desk: Desk) -> None:
    desk.fake.plant("hold", release_after=1.0)
    order = desk.place(**TAKES)
    desk.price(990.0)
    assert desk.order(order)["filled_quantity"] == 0
    desk.step(2)
    assert desk.order(order)["status"] == "complete"


def _fills_after_the_cancel(desk: Desk) -> None:
    desk.fake.plant("late-fill", delay=1.0, quantity=7)
    order = desk.place()
    desk.cancel(order)
    assert (desk.order(order)["status"], desk.position()) == ("cancelled", 0)
    desk.step(2)
    row = desk.order(order)
    assert (row["status"], row["filled_quantity"], desk.position()) == ("cancelled", 7, 7)


def _shows_in_the_book_late(desk: Desk) -> None:
    desk.fake.plant("book-lag", delay=8.0)
    order = desk.send(tag="late").data["order_ids"][0]
    desk.step()
    assert desk.get(BOOK).data == []
    assert desk.get("/v2/order/history", tag="late").data == []
    assert desk.get("/v2/order/details", order_id=order).status == 404
    desk.step(8)
    assert [row["order_id"] for row in desk.get(BOOK).data] == [order]


def _rests_a_stop_as_a_limit(desk: Desk) -> None:
    desk.fake.plant("stop-as-limit")
    assert desk.order(desk.place(**STOP))["order_type"] == "LIMIT"


def _refuses_a_cancel_because_it_filled(desk: Desk) -> None:
    stop = desk.place(**STOP)
    desk.fake.plant("refuse-cancel", fill=True)
    assert desk.cancel(stop).code == "UDAPI100040"
    assert (desk.order(stop)["status"], desk.position()) == ("complete", -10)


def _refuses_a_modify(desk: Desk) -> None:
    order = desk.place()
    desk.fake.plant("refuse-modify", text="RMS: no")
    assert desk.modify(order).status == 200
    row = desk.order(order)
    assert (row["status"], row["price"], row["status_message"]) == ("not modified", 990.0, "RMS: no")
    desk.fake.plant("refuse-modify", at_once=True)
    assert desk.modify(order).code == "UDAPI100041"


def _forgets_a_modify(desk: Desk) -> None:
    order = desk.place()
    desk.fake.plant("lose-modify")
    assert desk.modify(order, price=995.0).status == 200
    row = desk.order(order)
    assert (row["status"], row["price"]) == ("modify validation pending", 990.0)
    desk.price(989.0)
    assert desk.order(order)["status"] == "complete"


def _takes_its_time(desk: Desk) -> None:
    desk.fake.plant("slow-order", delay=2.0)
    order = desk.place(**TAKES)
    assert desk.order(order)["status"] == "put order req received"
    desk.step(3)
    assert desk.order(order)["status"] == "complete"


def _never_acknowledges(desk: Desk) -> None:
    desk.fake.plant("never-acknowledged")
    order = desk.place(**TAKES)
    desk.step(60)
    assert desk.statuses(order) == ["put order req received"]


def _tells_a_trade_twice(desk: Desk) -> None:
    desk.fake.plant("duplicate-trade")
    desk.fake.plant("duplicate-trade", same=True)
    orders = [desk.place(**TAKES), desk.place(**TAKES)]
    rows = [desk.get("/v2/order/trades", order_id=order).data for order in orders]
    assert [len({row["trade_id"] for row in trades}) for trades in rows] == [1, 1]
    assert [[row["quantity"] for row in trades] for trades in rows] == [[10, 11], [10, 10]]
    assert desk.position() == 20


def _tells_open_after_complete(desk: Desk) -> None:
    desk.fake.plant("complete-first")
    with desk.portfolio("order") as socket:
        order = desk.place(**TAKES)
        told = [event(socket)["status"] for _ in range(6)]
    assert told[-2:] == ["complete", "open"]
    assert desk.order(order)["status"] == "complete"


def _answers_a_modify_and_does_nothing(desk: Desk) -> None:
    order = desk.place()
    desk.fake.plant("ignore-modify")
    assert desk.modify(order, price=995.0).status == 200
    row = desk.order(order)
    assert (row["status"], row["price"]) == ("open", 990.0)


def _answers_a_cancel_and_does_nothing(desk: Desk) -> None:
    order = desk.place()
    desk.fake.plant("ignore-cancel")
    assert desk.cancel(order).status == 200
    assert desk.order(order)["status"] == "open"


def _leaves_a_cancel_pending(desk: Desk) -> None:
    order = desk.place()
    desk.fake.plant("lose-cancel")
    assert desk.cancel(order).status == 200
    assert desk.order(order)["status"] == "cancel pending"
    desk.price(989.0)
    assert desk.order(order)["status"] == "complete"


def _tells_complete_before_the_exchange_filled_it(desk: Desk) -> None:
    desk.fake.plant("complete-early", delay=2.0)
    order = desk.place(**TAKES)
    row = desk.order(order)
    assert (row["status"], row["filled_quantity"], desk.position()) == ("complete", 10, 0)
    desk.step(3)
    assert (desk.order(order)["status"], desk.position()) == ("complete", 10)


def _tells_its_own_price_until_the_trades_are_booked(desk: Desk) -> None:
    desk.fake.plant("estimated-average", delay=2.0)
    order = desk.place(**TAKES)
    assert desk.order(order)["average_price"] == 1_001.0
    (trade,) = desk.get("/v2/order/trades", order_id=order).data
    desk.step(3)
    assert desk.order(order)["average_price"] == trade["average_price"] != 1_001.0


def _gives_two_executions_one_number(desk: Desk) -> None:
    desk.place(**TAKES)
    desk.fake.plant("shared-trade-number")
    desk.place(**TAKES)
    rows = desk.fake.control("GET", "trades")
    assert len(rows) == 2
    assert len({row["trade_id"] for row in rows}) == 1
    assert len({row["order_id"] for row in rows}) == 2


CASES: dict[str, Callable[[Desk], None]] = {
    "reject": _rejects_with_a_text,
    "partial": _fills_a_part,
    "hold": _holds_the_market_away,
    "late-fill": _fills_after_the_cancel,
    "book-lag": _shows_in_the_book_late,
    "stop-as-limit": _rests_a_stop_as_a_limit,
    "refuse-cancel": _refuses_a_cancel_because_it_filled,
    "refuse-modify": _refuses_a_modify,
    "lose-modify": _forgets_a_modify,
    "slow-order": _takes_its_time,
    "never-acknowledged": _never_acknowledges,
    "duplicate-trade": _tells_a_trade_twice,
    "complete-first": _tells_open_after_complete,
    "ignore-modify": _answers_a_modify_and_does_nothing,
    "ignore-cancel": _answers_a_cancel_and_does_nothing,
    "lose-cancel": _leaves_a_cancel_pending,
    "complete-early": _tells_complete_before_the_exchange_filled_it,
    "estimated-average": _tells_its_own_price_until_the_trades_are_booked,
    "shared-trade-number": _gives_two_executions_one_number,
}
RUNNING = frozenset({"fill-before-answer"})
"""Seen only where time passes while a call is under way."""


@pytest.mark.parametrize("name", sorted(ORDER_FAULTS - RUNNING))
def test_a_fault_of_orders_strikes_as_named(desk: Desk, name: str) -> None:
    CASES[name](desk)


def test_a_fill_can_be_told_before_the_answer(tape: tuple[Path, ...]) -> None:
    with desk_at(tape, speed=1.0) as desk, desk.portfolio("position") as socket:
        desk.price(1_000.0)
        desk.fake.plant("fill-before-answer")
        answer = desk.send(price=1_050.0)
        assert desk.order(answer.data["order_ids"][0])["filled_quantity"] == 10
        assert event(socket)["quantity"] == 10


def test_the_stream_can_tell_what_the_book_does_not_show_yet(desk: Desk) -> None:
    desk.fake.plant("book-lag", delay=8.0, told=True)
    with desk.portfolio("order") as socket:
        order = desk.place()
        assert event(socket)["order_id"] == order
    assert desk.get(BOOK).data == []


def test_what_was_filled_stays_when_the_exchange_cancels_the_rest(desk: Desk) -> None:
    desk.fake.plant("partial", quantity=3, cancel_after=1.0)
    order = desk.place(**TAKES)
    desk.step(2)
    row = desk.order(order)
    assert (row["status"], row["filled_quantity"], desk.position()) == ("cancelled", 3, 3)


def test_a_stop_can_fire_and_find_nobody(desk: Desk) -> None:
    desk.fake.plant("hold", order_type="SL", release_after=5.0)
    stop = desk.place(**STOP)
    desk.fake.control("POST", "orders/act", {"act": "trigger", "order_id": stop})
    assert (desk.order(stop)["status"], desk.position()) == ("open", 0)
    desk.step(6)
    assert desk.order(stop)["status"] == "complete"


def test_orders_are_acted_on_from_the_brokers_side(desk: Desk) -> None:
    first, second = desk.place(tag="one"), desk.place(tag="two")
    act = "orders/act"
    desk.fake.control("POST", act, {"act": "fill", "tag": "one", "quantity": 4, "price": 989.0})
    desk.fake.control("POST", act, {"act": "phone-cancel", "tag": "two"})
    desk.step()
    assert (desk.order(first)["filled_quantity"], desk.order(first)["average_price"]) == (4, 989.0)
    assert desk.order(second)["status"] == "cancelled"
    modify = {
        "act": "phone-modify",
        "order_id": first,
        "order_type": "LIMIT",
        "price": 980.0,
        "validity": "DAY",
    }
    desk.fake.control("POST", act, modify)
    desk.step()
    assert desk.order(first)["price"] == 980.0
    with pytest.raises(ValueError, match="expected cancel"):
        desk.fake.control("POST", act, {"act": "explode", "order_id": first})


def test_positions_may_come_from_the_day_before(desk: Desk) -> None:
    body = {"instrument_token": EQ_A, "product": "D", "quantity": 5, "price": 950.0}
    desk.fake.control("POST", "positions/overnight", body)
    (row,) = desk.get("/v2/portfolio/short-term-positions").data
    assert (row["quantity"], row["overnight_quantity"], row["day_buy_quantity"]) == (5, 5, 0)


def test_a_position_moves_to_another_product(desk: Desk) -> None:
    desk.place(price=1_001.0)
    body = {
        "instrument_token": EQ_A,
        "old_product": "I",
        "new_product": "D",
        "transaction_type": "BUY",
        "quantity": 4,
    }
    path = "/v2/portfolio/convert-position"
    assert desk.call("PUT", path, body).data == {"status": "complete"}
    rows = desk.get("/v2/portfolio/short-term-positions").data
    assert [(row["product"], row["quantity"]) for row in rows] == [("I", 6), ("D", 4)]
    assert desk.call("PUT", path, body | {"quantity": 40}).code == "UDAPI1035"
