"""What becomes of orders of ours at the fake broker: answers, fills, refusals, doubt."""

import pytest

from engine.orders.messages import (
    Acknowledged,
    BookRead,
    OrderReport,
    ReadFailed,
    Refused,
    TagRead,
    Unanswered,
)
from tests.brokers.upstox.live_stand import LAST, OPTION, STOCK, Live, streaming


def test_an_entry_fills_and_its_stop_is_held_at_the_exchange(live: Live) -> None:
    with streaming(live):
        live.enter("a-1-E")
        assert isinstance(live.wait_for(Acknowledged, "a-1-E"), Acknowledged)
        entry = live.wait_for_status("a-1-E", "complete")
        assert (entry.filled_quantity, entry.filled_value) == (10, 10 * (LAST + 10))
        live.protect("a-2-S")
        live.wait_for_status("a-2-S", "trigger pending")
    (stop,) = live.at_broker("a-2-S")
    assert (stop["order_type"], stop["transaction_type"], stop["quantity"]) == ("SL", "SELL", 10)
    assert (stop["trigger_price"], stop["price"], stop["product"]) == (1071.3, 1070.3, "I")


def test_a_stop_becomes_the_closer_by_one_change(live: Live) -> None:
    with streaming(live):
        live.enter("a-1-E")
        live.wait_for_status("a-1-E", "complete")
        live.protect("a-2-S")
        stop = live.wait_for_status("a-2-S", "trigger pending")
        live.modify("a-2-S", stop.order_id, LAST - 50)
        live.wait_for_status("a-2-S", "complete")
        live.read("r-1")
        book = live.wait_for(BookRead)
    assert isinstance(book, BookRead)
    assert [position.quantity for position in book.positions] == [0]
    assert live.broker.last_book == book
    assert not live.broker.at_stake


@pytest.mark.parametrize("fault", ["lose-answer", "hang", "cut-body", "not-json", "html", "null-data"])
def test_an_order_taken_without_a_readable_answer_is_in_doubt_found_by_its_tag_and_sent_once(
    live: Live, fault: str
) -> None:
    # A page in place of the answer comes from a proxy before the broker: only then nothing was taken.
    live.fake.plant(fault, call="place")
    live.enter("a-1-E")
    assert isinstance(live.wait_for(Unanswered, "a-1-E"), Unanswered)
    live.probe("p-1", "a-1-E")
    read = live.wait_for(TagRead)
    assert isinstance(read, TagRead)
    assert (read.found is None) == (fault == "html")
    if read.found is not None:
        assert read.found.tag == "a-1-E"
        assert live.broker.at_stake
    assert live.placements("a-1-E") == 1
    assert len(live.at_broker("a-1-E")) == (fault != "html")


@pytest.mark.parametrize(
    ("fault", "facts"),
    [
        ("status", {"status": 500, "handled": True}),
        ("status", {"status": 502, "handled": True, "html": True}),
        ("status", {"status": 403, "html": True}),
        ("lose-request", {}),
    ],
)
def test_an_answer_that_proves_nothing_leaves_the_order_in_doubt(
    live: Live, fault: str, facts: dict[str, object]
) -> None:
    live.fake.plant(fault, call="place", **facts)
    live.enter("a-1-E")
    live.wait_for(Unanswered, "a-1-E")
    assert live.placements("a-1-E") == 1


@pytest.mark.parametrize(
    ("status", "code", "judged"),
    [
        (400, "UDAPI1052", True),
        (400, "UDAPI100039", False),
        (401, "UDAPI100050", False),
        (403, "UDAPI1154", False),
        (423, "UDAPI100074", False),
        (429, "UDAPI10005", False),
    ],
)
def test_a_refusal_in_the_brokers_own_words_is_definite_and_says_whether_the_order_was_judged(
    live: Live, status: int, code: str, judged: bool
) -> None:
    live.fake.plant("status", call="place", status=status, code=code, text="no")
    live.enter("a-1-E")
    refused = live.wait_for(Refused, "a-1-E")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.message, refused.lasting) == (code, "no", judged)
    assert live.at_broker("a-1-E") == []
    assert not live.broker.at_stake


def test_a_rejection_by_risk_management_comes_later_with_its_own_words(live: Live) -> None:
    text = "RMS:Margin Exceeds,Cash Available: 10.0, Required: 20.0"
    live.fake.plant("reject", tag="a-1", text=text)
    with streaming(live):
        live.enter("a-1-E")
        live.wait_for(Acknowledged, "a-1-E")
        assert live.wait_for_status("a-1-E", "rejected").message == text


def test_a_probe_of_a_filled_order_takes_its_rows_price_and_waits_for_no_further_call(live: Live) -> None:
    live.fake.plant("lose-answer", call="place")
    live.enter("a-1-E")
    live.wait_for(Unanswered, "a-1-E")
    live.until(lambda: [row["status"] for row in live.at_broker("a-1-E")] == ["complete"])
    live.probe("p-1", "a-1-E")
    read = live.wait_for(TagRead)
    assert isinstance(read, TagRead)
    assert read.found is not None
    assert (read.found.filled_quantity, read.found.filled_value > 0) == (10, True)
    assert live.fake.calls("trades") == []


def test_an_order_whose_id_is_known_is_asked_for_by_it_in_one_read_though_no_list_tells_of_its_tag(
    live: Live,
) -> None:
    live.fake.plant("status", call="order_history", status=500, times=0)
    live.fake.plant("status", call="order_book", status=500, times=0)
    live.enter("a-1-E")
    known = live.wait_for(Acknowledged, "a-1-E")
    assert isinstance(known, Acknowledged)
    live.until(lambda: [row["status"] for row in live.at_broker("a-1-E")] == ["complete"])
    live.probe("p-1", "a-1-E")
    read = live.wait_for(TagRead)
    assert isinstance(read, TagRead)
    assert read.found is not None
    assert (read.found.order_id, read.found.filled_quantity) == (known.order_id, 10)
    assert (len(live.fake.calls("order_details")), live.fake.calls("order_history")) == (1, [])


def test_an_id_that_the_broker_does_not_know_proves_nothing_and_the_tag_decides(live: Live) -> None:
    live.enter("a-1-E")
    live.wait_for(Acknowledged, "a-1-E")
    live.fake.plant("status", call="order_details", status=404, code="UDAPI100010", text="Order not found")
    live.probe("p-1", "a-1-E")
    read = live.wait_for(TagRead)
    assert isinstance(read, TagRead)
    assert read.found is not None
    assert len(live.fake.calls("order_history")) == 1


def test_an_order_the_book_lists_late_stays_one_order(live: Live) -> None:
    live.fake.plant("book-lag", tag="a-1", delay=0.5)
    live.fake.plant("lose-answer", call="place")
    live.enter("a-1-E")
    live.wait_for(Unanswered, "a-1-E")
    live.probe("p-1", "a-1-E")
    first = live.wait_for(TagRead)
    assert isinstance(first, TagRead)
    assert first.found is None
    live.fake.control("POST", "clock", {"advance_seconds": 1})
    live.probe("p-2", "a-1-E")
    second = live.wait_for(TagRead, count=2)
    assert isinstance(second, TagRead)
    assert second.found is not None
    assert live.placements("a-1-E") == 1


@pytest.mark.parametrize("fault", ["lose-answer", "html", "status", "null-data"])
def test_a_probe_that_fails_is_no_proof_of_absence(live: Live, fault: str) -> None:
    live.fake.plant(fault, call="order_history", times=0)
    live.probe("p-1", "a-1-E")
    assert isinstance(live.wait_for(ReadFailed), ReadFailed)
    assert live.of(TagRead) == []


def test_an_order_in_parts_tells_what_is_filled_and_what_each_part_was_worth(live: Live) -> None:
    live.fake.plant("partial", tag="a-1", quantity=4)
    with streaming(live):
        live.enter("a-1-E")
        live.until(lambda: any(one.filled_quantity == 4 for one in live.reports("a-1-E")))
        part = next(one for one in live.reports("a-1-E") if one.filled_quantity == 4)
        assert part.status == "open"
        assert part.filled_value == 4 * (LAST + 10)
        live.fake.control("POST", "orders/act", {"tag": "a-1-E", "act": "fill", "price": 1081.5})
        whole = live.wait_for_status("a-1-E", "complete")
        assert (whole.filled_quantity, whole.filled_value) == (10, 4 * (LAST + 10) + 6 * (LAST + 20))


def test_a_fill_that_comes_before_the_answer_is_told_after_it_under_its_tag(live: Live) -> None:
    live.fake.plant("fill-before-answer", tag="a-1")
    with streaming(live):
        live.enter("a-1-E")
        live.wait_for_status("a-1-E", "complete")
        live.wait_for(Acknowledged, "a-1-E")
    assert {one.tag for one in live.heard if isinstance(one, OrderReport)} == {"a-1-E"}


def test_an_unanswered_cancel_is_in_doubt_and_the_order_shows_what_became_of_it(live: Live) -> None:
    with streaming(live):
        live.enter("a-1-E", price=LAST - 5_00)
        order = live.wait_for_status("a-1-E", "open")
        live.fake.plant("lose-answer", call="cancel")
        live.cancel("a-1-E", order.order_id)
        lost = live.wait_for(Unanswered, "a-1-E")
        assert isinstance(lost, Unanswered)
        assert lost.request == "a-1-E-c1"
        live.wait_for_status("a-1-E", "cancelled")


def test_a_cancel_that_comes_too_late_is_refused_with_the_code_that_says_so(live: Live) -> None:
    with streaming(live):
        live.enter("a-1-E")
        order = live.wait_for_status("a-1-E", "complete")
        live.cancel("a-1-E", order.order_id)
        refused = live.wait_for(Refused, "a-1-E")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.request) == ("UDAPI100040", "a-1-E-c1")


def test_an_order_whose_id_was_never_learned_is_cancelled_by_its_tag(live: Live) -> None:
    live.fake.plant("lose-answer", call="place")
    live.enter("a-1-E", price=LAST - 5_00)
    live.wait_for(Unanswered, "a-1-E")
    live.cancel("a-1-E")
    answer = live.wait_for(Acknowledged, "a-1-E")
    assert isinstance(answer, Acknowledged)
    (order,) = live.at_broker("a-1-E")
    assert answer.order_id == order["order_id"]
    live.modify("a-1-E", "", LAST - 6_00)
    # The exchange may have cancelled it by now: that the change goes out by the learned id is what counts.
    live.until(lambda: live.fake.calls("modify"))
    assert [call["body"]["order_id"] for call in live.fake.calls("modify")] == [order["order_id"]]


def test_a_change_of_an_order_whose_id_nobody_knows_is_refused_unsent(live: Live) -> None:
    live.modify("a-1-E", "", LAST - 6_00)
    refused = live.wait_for(Refused, "a-1-E")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.request) == ("NO_ORDER_ID", "a-1-E-m1")
    assert live.fake.calls("modify") == []


def test_an_order_of_another_product_is_left_out_and_counted_by_a_whole_read(live: Live) -> None:
    phone = {"instrument_token": STOCK, "transaction_type": "BUY", "order_type": "LIMIT", "quantity": 5}
    live.fake.control("POST", "orders", phone | {"product": "D", "price": 1070.0})
    live.fake.control("POST", "orders", phone | {"product": "I", "price": 1071.0})
    live.fake.control(
        "POST",
        "positions/overnight",
        {"instrument_token": OPTION, "product": "D", "quantity": 35, "price": 500.0},
    )
    live.read("r-1")
    book = live.wait_for(BookRead)
    assert isinstance(book, BookRead)
    assert [(row.tag, row.price) for row in book.orders] == [("", 1_071_00)]
    assert book.positions == ()
    assert (live.broker.outside.positions, live.broker.outside.orders) == (1, 1)


@pytest.mark.parametrize("call", ["positions", "order_book"])
@pytest.mark.parametrize("fault", ["empty-list", "null-data", "html", "hang", "status"])
def test_a_book_that_cannot_be_read_whole_is_a_failed_read_never_a_flat_one(
    live: Live, call: str, fault: str
) -> None:
    live.enter("a-1-E")
    live.until(lambda: live.at_broker("a-1-E") and live.at_broker("a-1-E")[0]["status"] == "complete")
    live.fake.plant(fault, call=call, times=0)
    live.read("r-1")
    assert isinstance(live.wait_for(ReadFailed), ReadFailed)
    assert live.of(BookRead) == []
    live.fake.control("DELETE", "faults", {})
    live.read("r-2")
    book = live.wait_for(BookRead)
    assert isinstance(book, BookRead)
    assert [position.quantity for position in book.positions] == [10]
