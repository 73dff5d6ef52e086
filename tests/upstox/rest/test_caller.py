import threading

import pytest

import config
from engine.upstox.rest.caller import standing_refusal
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.outcome import Blocked, CallFailed, Done, InDoubt, SignInAgain, TryLater
from engine.upstox.rest.rate_limits import CallBudget, Kind, Purpose
from engine.upstox.rest.terms import ChangedOrder
from engine.upstox.rest.token import Token
from engine.upstox.rest.transport import transport_for
from tests.upstox.loopback import Loopback, Received, answer, error, success
from tests.upstox.stand import ENTRY, SECRET, STOP, client_of


def test_orders_go_to_the_order_host_and_everything_else_to_the_other() -> None:
    def respond(request: Received) -> bytes:
        return success({"order_ids": ["1"], "order_id": "1"}) if "/order/" in request.path else success([])

    with Loopback(respond) as rest, Loopback(respond) as orders:
        client = client_of(rest.url, order_url=orders.url)
        client.place(ENTRY)
        client.modify(ChangedOrder("1", "LIMIT", 1, 100, 0))
        client.cancel("1")
        client.multi_cancel()
        client.positions()
        assert [request.path for request in orders.requests] == [
            "/v3/order/place",
            "/v3/order/modify",
            "/v3/order/cancel",
        ]
        assert [request.path for request in rest.requests] == [
            "/v2/order/multi/cancel",
            "/v2/portfolio/short-term-positions",
        ]


def test_two_clients_in_one_process_keep_their_own_addresses() -> None:
    with Loopback(lambda _: success([])) as one, Loopback(lambda _: success([])) as other:
        first, second = client_of(one.url), client_of(other.url)
        first.positions()
        second.positions()
        first.positions()
        assert (len(one.requests), len(other.requests)) == (2, 1)


def test_the_algo_name_goes_with_order_writes_only() -> None:
    with Loopback(lambda _: success({"order_ids": ["1"]})) as server:
        client = client_of(server.url, algo_name="auction-1")
        client.place(ENTRY)
        client.multi_cancel()
        with pytest.raises(CallFailed):
            client.positions()
        assert [request.headers.get("x-algo-name") for request in server.requests] == [
            "auction-1",
            "auction-1",
            None,
        ]


def test_every_call_carries_the_newest_token_and_none_leaves_without_one() -> None:
    tokens: list[Token | None] = [Token("first"), None, Token("second")]
    with Loopback(lambda _: success([])) as server:
        client = client_of(server.url, token=lambda: tokens.pop(0))
        client.positions()
        with pytest.raises(CallFailed, match="cockpit login"):
            client.positions()
        client.positions()
        assert [request.headers["authorization"] for request in server.requests] == [
            "Bearer first",
            "Bearer second",
        ]


def test_an_entry_beyond_the_budget_is_refused_unsent_and_an_exit_waits_for_its_turn() -> None:
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    budget = CallBudget(lambda: clock[0], lambda: 0.5)
    while budget.take(Kind.WRITE, Purpose.KILL) == 0:
        pass
    with Loopback(lambda _: success({"order_ids": ["1"]})) as server:
        client = client_of(server.url, budget=budget, sleep=sleep)
        refused = client.place(ENTRY, Purpose.ROUTINE)
        assert isinstance(refused, TryLater)
        assert refused.code == "BUDGET"
        assert server.requests == []
        assert isinstance(client.place(STOP, Purpose.PROTECT), Done)
        assert len(server.requests) == 1
        assert clock[0] > 1


def test_a_429_holds_the_next_entry_back() -> None:
    with Loopback(lambda _: error(429, "UDAPI10005")) as server:
        client = client_of(server.url)
        assert isinstance(client.place(ENTRY), TryLater)
        outcome = client.place(ENTRY)
        assert isinstance(outcome, TryLater)
        assert outcome.code == "BUDGET"
        assert len(server.requests) == 1


def test_a_429_around_a_proxys_page_proves_nothing_and_still_holds_the_next_entry_back() -> None:
    with Loopback(lambda _: answer(429, b"<html>slow down</html>")) as server:
        client = client_of(server.url)
        assert isinstance(client.place(ENTRY), InDoubt)
        outcome = client.place(ENTRY)
        assert isinstance(outcome, TryLater)
        assert outcome.code == "BUDGET"
        assert len(server.requests) == 1


def test_an_entry_that_may_not_leave_any_more_is_stopped_with_its_connection_open() -> None:
    with Loopback(lambda _: success({"order_ids": ["1"]})) as server:
        client = client_of(server.url)
        client.warm()
        latched = threading.Event()
        latched.set()
        outcome = client.place(ENTRY, allowed=lambda: not latched.is_set())
        assert isinstance(outcome, TryLater)
        assert outcome.code == "STOPPED"
        assert server.requests == []


def test_plain_text_to_one_host_beside_a_real_one_is_refused_unsent() -> None:
    with Loopback(lambda _: success({"order_ids": ["1"]})) as server:
        settings = config.UpstoxSettings(api_url=server.url)
        client = UpstoxClient(settings, lambda: Token(SECRET), transport_for(settings), CallBudget())
        outcome = client.multi_cancel()
        assert isinstance(outcome, TryLater)
        assert outcome.code == "NOT_SENT"
        with pytest.raises(CallFailed, match="https"):
            client.positions()
        assert server.requests == []


@pytest.mark.parametrize(
    ("reply", "kind"), [(error(401, "UDAPI100050"), SignInAgain), (error(403, "UDAPI1154"), Blocked)]
)
def test_what_a_person_must_mend_stands_until_such_a_call_passes(reply: bytes, kind: type) -> None:
    replies = {"/v3/order/place": reply}
    with Loopback(lambda request: replies.get(request.path, success([]))) as server:
        client = client_of(server.url)
        other = client_of(server.url)
        client.place(ENTRY)
        assert isinstance(standing_refusal([client.line, other.line]), kind)
        other.positions()
        still = standing_refusal([client.line, other.line])
        assert isinstance(still, Blocked) == (kind is Blocked)
        replies["/v3/order/place"] = success({"order_ids": ["1"]})
        other.place(ENTRY)
        assert standing_refusal([client.line, other.line]) is None
