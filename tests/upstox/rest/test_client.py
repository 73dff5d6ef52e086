import logging
import sys
import threading
from collections.abc import Callable
from datetime import date
from functools import partial

import pytest

from engine.market.clock import datetime_of
from engine.upstox.rest.client import Bulk, UpstoxClient
from engine.upstox.rest.outcome import (
    Blocked,
    CallFailed,
    Done,
    InDoubt,
    Rejected,
    SignInAgain,
    TryLater,
)
from engine.upstox.rest.terms import ChangedOrder, NewOrder
from tests.upstox.loopback import DROP, HANG, Loopback, Received, answer, error, success
from tests.upstox.rest.calls import READS, WRITES
from tests.upstox.stand import ENTRY, SECRET, STOP, client_of


def _always(reply: bytes, _request: Received) -> bytes:
    return reply


def asked(call: Callable[[UpstoxClient], object], reply: bytes) -> tuple[object, Received]:
    with Loopback(lambda _: reply) as server:
        result = call(client_of(server.url))
        return result, server.requests[0]


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize(
    "reply",
    [
        error(400, "UDAPI1087"),
        error(500, "UDAPI100500"),
        answer(200, b"<html>busy</html>"),
        answer(403, b"<html>1010</html>"),
        success(None),
        success("odd"),
        DROP,
    ],
)
def test_a_read_that_fails_never_looks_like_an_empty_list(
    call: Callable[[UpstoxClient], object], reply: bytes
) -> None:
    with pytest.raises(CallFailed):
        asked(call, reply)


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize(
    "reply", [HANG, DROP, answer(502, b"<html>"), answer(403, b"<html>"), error(500, "UDAPI100500")]
)
def test_a_write_without_proof_is_in_doubt_and_sent_once(
    call: Callable[[UpstoxClient], object], reply: bytes
) -> None:
    with Loopback(lambda _: reply) as server:
        assert isinstance(call(client_of(server.url, read=0.1)), InDoubt)
        assert len(server.requests) == 1


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(400, "UDAPI1052"), Rejected),
        (error(401, "UDAPI100050"), SignInAgain),
        (error(403, "UDAPI1154", old=True), Blocked),
        (error(423, "UDAPI100074"), TryLater),
        (error(429, "UDAPI10005"), TryLater),
    ],
)
def test_a_write_refused_by_the_broker_says_which_way(
    call: Callable[[UpstoxClient], object], reply: bytes, kind: type
) -> None:
    assert type(asked(call, reply)[0]) is kind


def test_a_placement_carries_intraday_day_terms_in_rupees_and_its_tag_and_nothing_else() -> None:
    outcome, request = asked(lambda client: client.place(STOP), success({"order_ids": ["2512150001"]}))
    assert isinstance(outcome, Done)
    assert outcome.data == ("2512150001",)
    assert (request.method, request.path) == ("POST", "/v3/order/place")
    assert request.json == {
        "quantity": 35,
        "product": "I",
        "validity": "DAY",
        "price": 49.95,
        "tag": "k7-000124-S",
        "slice": False,
        "instrument_token": "NSE_FO|51460",
        "order_type": "SL",
        "transaction_type": "SELL",
        "disclosed_quantity": 0,
        "trigger_price": 50.0,
        "is_amo": False,
    }


def test_a_stop_becomes_a_limit_by_one_change() -> None:
    outcome, request = asked(
        lambda client: client.modify(ChangedOrder("9", "LIMIT", 35, 48_05, 0)), success({"order_id": "9"})
    )
    assert isinstance(outcome, Done)
    assert (request.method, request.path) == ("PUT", "/v3/order/modify")
    assert request.json == {
        "order_id": "9",
        "order_type": "LIMIT",
        "validity": "DAY",
        "quantity": 35,
        "price": 48.05,
        "trigger_price": 0.0,
        "disclosed_quantity": 0,
    }


def test_a_market_order_without_protection_cannot_be_written() -> None:
    with Loopback(lambda _: success({})) as server:
        naked = NewOrder("NSE_EQ|INE", "SELL", "MARKET", 1, 0, 0, "t")
        with pytest.raises(ValueError, match="market protection"):
            client_of(server.url).place(naked)
        assert server.requests == []


def test_a_success_without_an_id_is_in_doubt() -> None:
    empty: list[object] = [{"order_ids": []}, {}, None, []]
    for data in empty:
        reply = success(data)
        assert isinstance(asked(lambda client: client.place(ENTRY), reply)[0], InDoubt)
        assert isinstance(asked(lambda client: client.cancel("1"), reply)[0], InDoubt)


def test_bulk_calls_report_line_by_line() -> None:
    body = {
        "status": "partial_success",
        "data": {"order_ids": ["1", "2"]},
        "errors": [{"errorCode": "UDAPI100040", "message": "ended", "order_id": "3"}],
    }
    outcome, request = asked(lambda client: client.multi_cancel(tag="k7-000123-E"), answer(207, body))
    assert isinstance(outcome, Done)
    assert isinstance(outcome.data, Bulk)
    assert outcome.data.order_ids == ("1", "2")
    assert [(line.code, line.order_id) for line in outcome.data.errors] == [("UDAPI100040", "3")]
    assert (request.method, request.path, request.query) == (
        "DELETE",
        "/v2/order/multi/cancel",
        {"tag": "k7-000123-E"},
    )


def test_lines_of_a_multi_placement_are_told_apart_by_their_tags() -> None:
    body = {
        "status": "partial_success",
        "data": [{"correlation_id": "0", "order_id": "11"}],
        "errors": [{"error_code": "UDAPI1052", "correlation_id": "1"}],
    }
    outcome, request = asked(lambda client: client.multi_place([ENTRY, STOP]), answer(207, body))
    assert isinstance(outcome, Done)
    assert outcome.data.order_ids == ("11",)
    assert outcome.data.errors[0].order_id == STOP.tag
    assert isinstance(request.json, list)
    assert [line["correlation_id"] for line in request.json] == ["0", "1"]


def test_keys_with_bars_and_spaces_are_encoded() -> None:
    targets = []

    def respond(request: Received) -> bytes:
        targets.append(request.path)
        return success({"candles": [["2025-12-15T09:15:00+05:30", 10.05, 11, "9.95", 10.5, -7, None]]})

    with Loopback(respond) as server:
        bars = client_of(server.url).candles(
            "NSE_INDEX|Nifty 50", "minutes", 1, date(2025, 12, 15), date(2025, 12, 1)
        )
    assert targets == ["/v3/historical-candle/NSE_INDEX%7CNifty%2050/minutes/1/2025-12-15/2025-12-01"]
    assert (bars[0].open, bars[0].low, bars[0].volume, bars[0].open_interest) == (1005, 995, -7, 0)
    assert datetime_of(bars[0].start).isoformat() == "2025-12-15T09:15:00+05:30"


def test_no_text_of_a_failure_holds_the_token(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[object] = []
    replies = [DROP, answer(200, b"<html>"), error(401, "UDAPI100050"), answer(500, {"echo": SECRET})]
    for reply in replies:
        with Loopback(partial(_always, reply)) as server:
            client = client_of(server.url)
            for call in READS:
                try:
                    told.append(call(client))
                except CallFailed as failure:
                    told += [failure, failure.outcome, failure.__cause__]
            told += [call(client) for call in WRITES]
            told += [client, vars(client)]
    out, err = capfd.readouterr()
    assert SECRET not in f"{told!r} {[str(item) for item in told]} {caplog.text} {out} {err}"


def test_the_official_package_brings_neither_threads_nor_log_handlers_nor_levels() -> None:
    urllib_logger = logging.getLogger("urllib3")
    handlers, level = list(urllib_logger.handlers), urllib_logger.level
    before = set(threading.enumerate())
    with Loopback(lambda _: success([])) as server:
        client = client_of(server.url)
        client.positions()
        fresh = [thread for thread in threading.enumerate() if thread not in before]
        assert all(thread.name.endswith(("(_accept)", "(_serve)")) for thread in fresh), fresh
    streams = [
        handler
        for name in ("upstox_client", "urllib3", "")
        for handler in logging.getLogger(name).handlers
        if type(handler) is logging.StreamHandler and handler.stream in (sys.stderr, sys.__stderr__)
    ]
    assert streams == []
    assert urllib_logger.level == level
    assert [handler for handler in urllib_logger.handlers if handler not in handlers] == []


def test_a_stream_address_outside_the_broker_is_refused() -> None:
    reply = success({"authorizedRedirectUri": "wss://evil.example/feed?code=hidden"})
    with pytest.raises(CallFailed, match="wss address under") as failure:
        asked(UpstoxClient.market_feed_authorize, reply)
    assert "hidden" not in str(failure.value)


@pytest.mark.parametrize("name", ["authorizedRedirectUri", "authorized_redirect_uri"])
def test_a_stream_address_is_taken_in_both_spellings(name: str) -> None:
    url, request = asked(UpstoxClient.portfolio_feed_authorize, success({name: "ws://127.0.0.1:9/x?code=1"}))
    assert url == "ws://127.0.0.1:9/x?code=1"
    assert request.query == {"update_types": "order"}


def test_unknown_fields_nulls_and_empty_numbers_are_tolerated() -> None:
    row = {
        "order_id": "1",
        "tag": None,
        "instrument_token": "NSE_EQ|INE",
        "product": "I",
        "transaction_type": "BUY",
        "order_type": "LIMIT",
        "quantity": "100",
        "price": 10.05,
        "trigger_price": "",
        "status": "Some New Status",
        "filled_quantity": "",
        "average_price": None,
        "order_timestamp": "2025-12-15 09:20:01",
        "brand_new": {"deep": [1]},
    }
    rows, _ = asked(UpstoxClient.order_book, success([row]))
    assert isinstance(rows, tuple)
    order = rows[0]
    assert (order.quantity, order.price, order.trigger_price, order.filled_quantity) == (100, 1005, 0, 0)
    assert (order.status, order.tag) == ("some new status", "")
    assert datetime_of(order.time).isoformat() == "2025-12-15T09:20:01+05:30"


def test_quotes_are_keyed_by_instrument_not_by_symbol() -> None:
    data = {
        "NSE_EQ:NHPC": {
            "instrument_token": "NSE_EQ|INE848E01016",
            "last_price": 78.5,
            "net_change": -0.5,
            "lower_circuit_limit": 70.65,
            "upper_circuit_limit": 86.35,
            "depth": {"buy": [{"quantity": 10, "price": 78.45, "orders": 2}, {}], "sell": None},
        }
    }
    found, _ = asked(lambda client: client.quotes(["NSE_EQ|INE848E01016"]), success(data))
    assert isinstance(found, dict)
    quote = found["NSE_EQ|INE848E01016"]
    assert (quote.last, quote.previous_close, quote.lower_circuit, quote.upper_circuit) == (
        7850,
        7900,
        7065,
        8635,
    )
    assert [(level.price, level.quantity) for level in quote.bids] == [(7845, 10)]
    assert quote.asks == ()
