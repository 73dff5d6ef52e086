"""Every fault that strikes a call of the fake broker."""

import http.client
from collections.abc import Callable
from time import monotonic

import pytest

from tests.fake.desk import Desk, until
from tests.fake_upstox.faults import CALL_FAULTS
from tests.recordings import EQ_A

BOOK = "/v2/order/retrieve-all"
POSITIONS = "/v2/portfolio/short-term-positions"
LOST = (http.client.RemoteDisconnected, ConnectionResetError)


def _loses_the_request(desk: Desk) -> None:
    desk.fake.plant("lose-request", call="place")
    with pytest.raises(LOST):
        desk.send()
    assert desk.get(BOOK).data == []


def _loses_the_answer(desk: Desk) -> None:
    desk.fake.plant("lose-answer", call="place")
    with pytest.raises(LOST):
        desk.send(tag="lost")
    assert [row["tag"] for row in desk.get(BOOK).data] == ["lost"]


def _answers_late(desk: Desk) -> None:
    desk.fake.plant("delay", call="positions", delay=0.15)
    desk.fake.plant("delay", call="place", delay=0.15, when="after")
    before = monotonic()
    assert desk.get(POSITIONS).status == 200
    assert desk.send().status == 200
    assert monotonic() - before >= 0.3


def _hangs_and_drops(desk: Desk) -> None:
    desk.fake.plant("hang", call="place", delay=0.15)
    before = monotonic()
    with pytest.raises(LOST):
        desk.send()
    assert monotonic() - before >= 0.15
    assert len(desk.get(BOOK).data) == 1


def _answers_a_status(desk: Desk) -> None:
    desk.fake.plant("status", call="writes", status=502, html=True)
    desk.fake.plant("status", call="writes", status=504, handled=True, skip=1)
    desk.fake.plant("status", call="reads", status=423, skip=1)
    html = desk.send()
    assert (html.status, html.headers["Content-Type"]) == (502, "text/html")
    assert desk.get(BOOK).data == []
    assert desk.send().status == 200
    assert desk.send().status == 504
    desk.fake.control("DELETE", "faults")
    assert len(desk.get(BOOK).data) == 2


def _answers_html_with_200(desk: Desk) -> None:
    desk.fake.plant("html", call="positions")
    answer = desk.get(POSITIONS)
    assert (answer.status, answer.text[:6]) == (200, "<html>")
    assert desk.get(POSITIONS).data == []


def _answers_an_empty_list_for_what_is_there(desk: Desk) -> None:
    desk.place(price=1_001.0)
    desk.fake.plant("empty-list", call="positions", skip=1)
    assert [len(desk.get(POSITIONS).data) for _ in range(3)] == [1, 0, 1]


def _cuts_the_body(desk: Desk) -> None:
    desk.fake.plant("cut-body", call="positions")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        assert desk.get(POSITIONS).json


def _answers_no_json(desk: Desk) -> None:
    desk.fake.plant("not-json", call="profile")
    assert "upstream connect error" in desk.get("/v2/user/profile").text


def _answers_null(desk: Desk) -> None:
    desk.fake.plant("null-data", call="positions")
    assert desk.get(POSITIONS).data is None


def _authorizes_slowly(desk: Desk) -> None:
    desk.fake.plant("slow-authorize", delay=0.15)
    before = monotonic()
    assert desk.get("/v3/feed/market-data-feed/authorize").status == 200
    assert monotonic() - before >= 0.15


def _tells_positions_of_before_the_last_fill(desk: Desk) -> None:
    desk.place(price=1_001.0)
    desk.place(price=999.0, transaction_type="SELL")
    desk.fake.plant("stale-positions")
    assert [desk.position(), desk.position()] == [10, 0]


def _tells_positions_of_seconds_ago(desk: Desk) -> None:
    desk.place(price=1_001.0)
    desk.fake.plant("lag-positions", delay=3.0)
    assert [desk.position(), desk.position()] == [0, 10]


def _tells_a_row_that_cannot_be_read(desk: Desk) -> None:
    desk.place(price=1_001.0)
    desk.fake.plant("unreadable-row", call="positions")
    assert [row["quantity"] for row in desk.get(POSITIONS).data] == [10, "n/a"]
    desk.fake.control("DELETE", "faults", {"fault": "unreadable-row"})
    desk.fake.plant("unreadable-row", call="positions", instrument=EQ_A, field="day_buy_quantity", value={})
    assert [row["day_buy_quantity"] for row in desk.get(POSITIONS).data] == [{}]
    desk.fake.control("DELETE", "faults")
    desk.fake.plant("unreadable-row", call="order_book")
    assert len(desk.get(BOOK).data) == 2


def _repeats_the_token_in_its_texts(desk: Desk) -> None:
    desk.fake.plant("repeat-token", call="all")
    answer = desk.get(POSITIONS)
    assert answer.data == []
    assert desk.fake.access_token in answer.json["message"]


CASES: dict[str, Callable[[Desk], None]] = {
    "lose-request": _loses_the_request,
    "lose-answer": _loses_the_answer,
    "delay": _answers_late,
    "hang": _hangs_and_drops,
    "status": _answers_a_status,
    "html": _answers_html_with_200,
    "empty-list": _answers_an_empty_list_for_what_is_there,
    "cut-body": _cuts_the_body,
    "not-json": _answers_no_json,
    "null-data": _answers_null,
    "slow-authorize": _authorizes_slowly,
    "stale-positions": _tells_positions_of_before_the_last_fill,
    "lag-positions": _tells_positions_of_seconds_ago,
    "unreadable-row": _tells_a_row_that_cannot_be_read,
    "repeat-token": _repeats_the_token_in_its_texts,
}


@pytest.mark.parametrize("name", sorted(CALL_FAULTS))
def test_a_fault_of_calls_strikes_as_named(desk: Desk, name: str) -> None:
    CASES[name](desk)
    struck = [fault for fault in desk.fake.control("GET", "faults") if fault["fault"] == name]
    assert name == "status" or struck[0]["struck"] == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "UDAPI10000"),
        (401, "UDAPI100050"),
        (403, "UDAPI1154"),
        (423, "UDAPI100074"),
        (429, "UDAPI10005"),
        (500, "UDAPI100500"),
        (503, "UDAPI100500"),
    ],
)
def test_a_planted_status_comes_with_the_brokers_code(desk: Desk, status: int, code: str) -> None:
    desk.fake.plant("status", call="place", status=status)
    answer = desk.send()
    assert (answer.status, answer.code) == (status, code)
    assert desk.get(BOOK).data == []


def test_faults_are_counted_limited_in_number_and_cleared(desk: Desk) -> None:
    desk.fake.plant("status", call="place", status=500, times=2)
    assert [desk.send().status for _ in range(3)] == [500, 500, 200]
    (told,) = desk.fake.control("GET", "faults")
    assert (told["struck"], told["left"]) == (2, 0)
    desk.fake.plant("status", call="reads", status=500, times=0)
    assert {desk.get(BOOK).status for _ in range(4)} == {500}
    desk.fake.control("DELETE", "faults", {"fault": "status"})
    assert desk.get(BOOK).status == 200


def test_a_fault_for_seconds_ends_by_itself(desk: Desk) -> None:
    desk.fake.plant("status", call="profile", status=500, seconds=0.15)
    assert desk.get("/v2/user/profile").status == 500
    until(lambda: desk.get("/v2/user/profile").status == 200)


def test_an_unknown_fault_is_refused_with_those_that_exist(desk: Desk) -> None:
    with pytest.raises(ValueError, match=r"expected one of .*lose-answer"):
        desk.fake.plant("no-such-fault")


def test_a_fault_narrowed_to_an_instrument_leaves_others_alone(desk: Desk) -> None:
    desk.fake.plant("reject", instrument=EQ_A, side="SELL", times=0)
    assert desk.order(desk.place())["status"] == "open"
    assert desk.order(desk.place(transaction_type="SELL", price=1_005.0))["status"] == "rejected"


def test_in_an_outage_nobody_answers_and_then_everybody_does(desk: Desk) -> None:
    order = desk.place()
    with desk.market():
        desk.fake.control("POST", "outage", {"seconds": 0.3})
        until(lambda: not _answers(desk))
    until(lambda: _answers(desk))
    assert desk.order(order)["status"] == "open"


def _answers(desk: Desk) -> bool:
    try:
        return desk.get(BOOK).status == 200
    except (*LOST, ConnectionRefusedError):
        return False
