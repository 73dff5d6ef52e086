"""Who may call the fake broker: tokens, sign-in codes, addresses, hours."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from engine.market.clock import IST
from tests.fake.desk import PATIENCE, Answer, Desk
from tests.fake_upstox.account import CLIENT_ID, CLIENT_SECRET
from tests.fake_upstox.shapes import Json

BACK = "http://127.0.0.1:5000/back"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def dialog(desk: Desk, **changes: str) -> Answer:
    query = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": BACK, "state": "s-1"}
    return desk.call("GET", f"/v2/login/authorization/dialog?{urlencode(query | changes)}", signed=False)


def code_of(desk: Desk) -> str:
    return parse_qs(urlsplit(dialog(desk).headers["Location"]).query)["code"][0]


def exchange(desk: Desk, code: str, **changes: str) -> Answer:
    form = {
        "code": code,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": BACK,
        "grant_type": "authorization_code",
    }
    path = "/v2/login/authorization/token"
    return desk.call("POST", path, urlencode(form | changes), signed=False, headers=FORM)


def claims(token: str) -> dict[str, Json]:
    part = token.split(".")[1]
    decoded = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert isinstance(decoded, dict)
    return decoded


def test_the_dialog_sends_the_browser_back_with_code_and_state(desk: Desk) -> None:
    answer = dialog(desk)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (answer.status, query["state"]) == (302, ["s-1"])
    assert set(query) == {"code", "state"}


def test_a_code_buys_one_token(desk: Desk) -> None:
    code = code_of(desk)
    answer = exchange(desk, code)
    assert answer.status == 200
    assert {"access_token", "user_id", "exchanges", "products", "extended_token"} <= set(answer.json)
    desk.token = answer.json["access_token"]
    assert desk.get("/v2/user/profile").status == 200
    assert exchange(desk, code).status == 401


@pytest.mark.parametrize(
    "wrong", [{"client_secret": "no"}, {"redirect_uri": "http://127.0.0.1:1/"}, {"grant_type": "refresh"}]
)
def test_a_failed_exchange_uses_the_code_up(desk: Desk, wrong: dict[str, str]) -> None:
    code = code_of(desk)
    assert exchange(desk, code, **wrong).status in (400, 401)
    assert exchange(desk, code).status == 401


def test_a_sign_in_may_be_denied_or_come_from_a_wrong_address(desk: Desk) -> None:
    desk.state(login_denied=True)
    assert "error=access_denied" in dialog(desk).headers["Location"]
    desk.state(redirect_uri="http://127.0.0.1:9/other")
    assert dialog(desk).code == "UDAPI100068"


def test_a_token_dies_at_half_past_three_in_the_morning(desk: Desk) -> None:
    found = claims(desk.fake.access_token)
    assert datetime.fromtimestamp(found["exp"], IST).isoformat() == "2025-12-16T03:30:00+05:30"
    desk.step(18 * 3_600 - 120)
    assert desk.fake.control("GET", "clock")["now"].startswith("2025-12-16T03:3")
    assert desk.get("/v2/user/profile").code == "UDAPI100050"


def test_orders_and_funds_are_closed_in_the_night_and_the_profile_is_not(desk: Desk) -> None:
    desk.step(15 * 3_600)
    assert (desk.send().status, desk.send().code) == (423, "UDAPI100074")
    assert desk.get("/v3/user/get-funds-and-margin").code == "UDAPI100072"
    assert desk.get("/v2/user/profile").status == 200


def test_a_logged_out_token_is_dead(desk: Desk) -> None:
    assert desk.call("DELETE", "/v2/logout").json == {"status": "success", "data": True}
    assert desk.get("/v2/user/profile").status == 401


def test_the_control_endpoint_kills_tokens_and_issues_new_ones(desk: Desk) -> None:
    desk.fake.control("POST", "token", {"act": "kill"})
    answer = desk.send()
    assert (answer.status, answer.code) == (401, "UDAPI100050")
    desk.token = desk.fake.control("POST", "token")["access_token"]
    assert desk.send().status == 200


def test_a_one_time_password_buys_a_token_and_revokes_the_old(desk: Desk) -> None:
    path, old = "/v2/totp-login/authorization/token", desk.fake.access_token
    body = {"totp": "123456", "pin": "1234"}
    assert desk.call("POST", path, body, signed=False).status == 401
    desk.state(rate_limits=False)
    answer = desk.call("POST", path, body, signed=False, headers={"x-api-key": CLIENT_ID})
    assert desk.get("/v2/user/profile").status == 401
    desk.token = answer.data["access_token"]
    assert desk.token != old
    assert desk.get("/v2/user/profile").status == 200


def test_a_token_request_brings_the_token_to_the_notifier(desk: Desk) -> None:
    with _listener() as (address, messages):
        desk.state(notifier_url=address)
        path = f"/v3/login/auth/token/request/{CLIENT_ID}"
        answer = desk.call("POST", path, {"client_secret": CLIENT_SECRET}, signed=False)
        assert answer.data["notifier_url"] == address
        message = messages.get(timeout=PATIENCE)
    assert set(message) == {
        "client_id",
        "user_id",
        "access_token",
        "token_type",
        "expires_at",
        "issued_at",
        "message_type",
    }
    desk.token = message["access_token"]
    assert desk.get("/v2/user/profile").status == 200


def test_a_token_request_with_a_wrong_secret_is_refused(desk: Desk) -> None:
    path = f"/v3/login/auth/token/request/{CLIENT_ID}"
    assert desk.call("POST", path, {"client_secret": "no"}, signed=False).code == "UDAPI100016"


def test_writes_come_from_the_registered_address_only(desk: Desk) -> None:
    order = desk.place()
    desk.state(caller_ip="198.51.100.7")
    for answer in (desk.send(), desk.modify(order), desk.cancel(order)):
        assert (answer.status, answer.code) == (403, "UDAPI1154")
    assert desk.get("/v2/order/retrieve-all").status == 200
    desk.state(secondary_ip="198.51.100.7")
    assert desk.cancel(order).status == 200


def test_a_new_address_kills_every_token_and_waits_a_week_for_the_next(desk: Desk) -> None:
    change = {"primary_ip": "203.0.113.99"}
    answer = desk.call("PUT", "/v2/user/ip", change)
    assert answer.data["access_tokens_invalidated"] is True
    assert desk.get("/v2/user/profile").status == 401
    desk.token = desk.fake.control("POST", "token")["access_token"]
    assert desk.get("/v2/user/ip").data["primary_ip"] == "203.0.113.99"
    assert desk.call("PUT", "/v2/user/ip", change).code == "UDAPI1181"


def test_a_token_for_looking_may_not_trade(desk: Desk) -> None:
    desk.state(read_only=True)
    assert desk.send().code == "UDAPI100067"
    assert desk.get("/v2/order/retrieve-all").status == 200


def test_an_unregistered_algo_name_is_refused(desk: Desk) -> None:
    path = "/v3/order/cancel?order_id=1"
    assert desk.call("DELETE", path, headers={"X-Algo-Name": "mine"}).code == "UDAPI1156"
    desk.state(algo_names=["mine"])
    assert desk.call("DELETE", path, headers={"X-Algo-Name": "mine"}).code == "UDAPI100010"


def test_segments_and_switches_are_told(desk: Desk) -> None:
    desk.state(segments={"NSE_FO": False})
    rows = {row["segment"]: row["segment_status"] for row in desk.get("/v2/user/kill-switch").data}
    assert (rows["NSE_EQ"], rows["NSE_FO"]) == ("ACTIVE", "INACTIVE")
    off = [{"segment": "NSE_FO", "action": "DISABLE"}]
    assert desk.call("POST", "/v2/user/kill-switch", off).code == "UDAPI1186"


def test_funds_follow_the_positions(desk: Desk) -> None:
    before = desk.get("/v3/user/get-funds-and-margin").data["available_to_trade"]["total"]
    desk.place(quantity=100, price=1_001.0)
    after = desk.get("/v3/user/get-funds-and-margin").data["available_to_trade"]
    assert before == 1_000_000.0
    assert before - after["total"] == pytest.approx(20_000, abs=10)
    assert after["cash_available_to_trade"]["margin_used"]["total"] == pytest.approx(20_000, abs=10)
    assert desk.get("/v2/user/get-funds-and-margin").data["equity"]["available_margin"] == after["total"]


def test_the_log_of_calls_holds_no_secret(desk: Desk) -> None:
    token = exchange(desk, code_of(desk)).json["access_token"]
    text = json.dumps(desk.fake.calls())
    assert "login_token" in text
    assert all(secret not in text for secret in (token, desk.fake.access_token, CLIENT_SECRET))


@contextmanager
def _listener() -> Iterator[tuple[str, Queue[dict[str, Json]]]]:
    """Listen on a loopback port for messages posted to it."""
    messages: Queue[dict[str, Json]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", messages
        server.shutdown()
        thread.join(PATIENCE)
