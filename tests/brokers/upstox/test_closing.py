from engine.brokers.upstox.closing import ClosingReport, flatten_account
from engine.brokers.upstox.standing import (
    Scope,
    account_standing,
)
from engine.upstox.budget import Budget
from tests.brokers.upstox.small_broker import SmallBroker
from tests.upstox.loopback import DROP, Received, answer, error, success
from tests.upstox.stand import SECRET, client_of


class Wall:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def instant(self) -> int:
        return round(self.now * 1_000_000)


def flatten(
    broker: SmallBroker, scope: Scope = Scope.INTRADAY, patience: float = 60.0
) -> tuple[ClosingReport, Wall]:
    wall = Wall()
    with broker.serve() as server:
        client = client_of(server.url, budget=Budget(wall, lambda: 0.5), sleep=wall.sleep, read=0.3)
        report = flatten_account(
            client, scope, patience=patience, clock=wall.instant, monotonic=wall, sleep=wall.sleep
        )
    return report, wall


def holding(count: int, product: str = "I") -> SmallBroker:
    broker = SmallBroker()
    for number in range(count):
        key = f"NSE_EQ|INE{number:03d}"
        entry = {"instrument_token": key, "transaction_type": "BUY" if number % 2 else "SELL", "quantity": 10}
        broker.fill(broker.place(entry | {"order_type": "LIMIT", "price": 100.0, "product": product}), 100.0)
        side = "SELL" if number % 2 else "BUY"
        stop = {"instrument_token": key, "transaction_type": side, "quantity": 10, "product": product}
        broker.place(stop | {"order_type": "SL", "price": 90.0, "trigger_price": 91.0})
    return broker


def test_an_account_that_is_flat_is_proven_twice_and_left_alone() -> None:
    broker = SmallBroker()
    report, wall = flatten(broker)
    assert report.flat
    assert report.problems == ()
    assert not any(call.startswith(("POST", "PUT", "DELETE")) for call in broker.calls)
    assert wall.now >= 0.5


def test_thirteen_positions_with_their_stops_are_cancelled_closed_and_proven_within_ten_a_call() -> None:
    broker = holding(13)
    report, wall = flatten(broker)
    assert report.flat
    assert (report.cancels, report.exits) == (13, 13)
    assert all(broker.net(f"NSE_EQ|INE{number:03d}") == 0 for number in range(13))
    assert wall.now < 12


def test_no_exit_leaves_while_a_stop_is_live() -> None:
    broker = holding(2)
    stops_live = []

    def watch(request: Received) -> None:
        if "positions/exit" in request.path or "order/place" in request.path:
            stops_live.append([row for row in broker.orders.values() if row["status"] == "trigger pending"])

    broker.faults.append(watch)
    assert flatten(broker)[0].flat
    assert stops_live == [[]]


def test_carried_products_stay_outside_the_default_scope_and_are_counted() -> None:
    broker = holding(2)
    broker.carried["NSE_FO|51460", "D"] = 35
    report, _ = flatten(broker)
    assert report.flat
    assert report.standing.outside_positions == 1
    assert broker.net("NSE_FO|51460", "D") == 35
    assert "POST /v2/order/positions/exit" not in broker.calls


def test_the_account_scope_closes_carried_products_too() -> None:
    broker = holding(1)
    broker.carried["NSE_FO|51460", "D"] = 35
    report, _ = flatten(broker, Scope.ACCOUNT)
    assert report.flat
    assert broker.net("NSE_FO|51460", "D") == 0


def test_an_exit_that_rests_is_cancelled_and_sent_anew() -> None:
    broker = holding(1)
    broker.fill_market_orders = False

    def let_the_second_fill(request: Received) -> None:
        exits = [row for row in broker.orders.values() if row["order_type"] == "MARKET"]
        if "positions/exit" in request.path and exits:
            broker.fill_market_orders = True

    broker.faults.append(let_the_second_fill)
    report, _ = flatten(broker)
    assert report.flat
    assert report.exits == 2


def test_an_exit_not_listed_yet_is_waited_for_before_another_leaves() -> None:
    broker = holding(1)
    broker.fill_market_orders = False
    reads: list[Received] = []

    def list_late(request: Received) -> None:
        exits = {name for name, row in broker.orders.items() if row["order_type"] == "MARKET"}
        if request.path.endswith("retrieve-all") and exits:
            reads.append(request)
            if len(reads) < 10:
                broker.hidden |= exits
            elif broker.hidden:
                broker.hidden.clear()
                for name in exits:
                    broker.fill(name, 100.0)

    broker.faults.append(list_late)
    report, _ = flatten(broker)
    assert report.flat
    assert report.exits == 1
    assert broker.net("NSE_EQ|INE000") == 0


def test_an_unanswered_exit_that_arrived_is_not_sent_twice() -> None:
    broker = holding(1)
    lost: list[bytes] = []

    def lose_the_reply(request: Received) -> bytes | None:
        if "positions/exit" in request.path and not lost:
            lost.append(broker._exit_all())
            return DROP
        return None

    broker.faults.append(lose_the_reply)
    report, _ = flatten(broker)
    assert report.flat
    assert broker.net("NSE_EQ|INE000") == 0
    assert sum(call == "POST /v2/order/positions/exit" for call in broker.calls) == 1


def test_a_failed_read_is_never_flat_and_ends_as_not_flat() -> None:
    for reply in (error(500, "UDAPI100500"), answer(200, b"<html>"), success(None), DROP):
        broker = SmallBroker()
        broker.faults.append(lambda request, reply=reply: reply if "positions" in request.path else None)  # type: ignore[misc]
        report, wall = flatten(broker, patience=20)
        assert not report.flat
        assert not report.standing.known
        assert report.problems
        assert wall.now >= 20


def test_an_empty_position_list_beside_open_fills_is_not_flat() -> None:
    broker = holding(1)
    broker.faults.append(
        lambda request: success([]) if request.path.endswith("short-term-positions") else None
    )
    report, _ = flatten(broker, patience=10)
    assert not report.flat
    assert any("contradict" in problem for problem in report.problems)


def test_a_refused_address_ends_at_once_with_the_brokers_own_words() -> None:
    broker = holding(1)
    broker.faults.append(
        lambda request: error(403, "UDAPI1154", "static ip") if request.method == "DELETE" else None
    )
    report, wall = flatten(broker)
    assert not report.flat
    assert any("UDAPI1154 static ip" in problem and "a person acts" in problem for problem in report.problems)
    assert wall.now < 5
    assert broker.net("NSE_EQ|INE000") == -10


def test_a_dead_token_ends_at_once_and_is_named_but_not_shown() -> None:
    broker = holding(1)
    broker.faults.append(lambda _: error(401, "UDAPI100050", "Invalid token used"))
    report, wall = flatten(broker)
    assert not report.flat
    assert "cockpit login" in report.problems[0]
    assert SECRET not in repr(report)
    assert wall.now < 5


def entry_of(broker: SmallBroker, key: str) -> str:
    """Leave an entry at rest and return its id."""
    order = {"instrument_token": key, "transaction_type": "BUY", "order_type": "LIMIT", "quantity": 5}
    return broker.place(order | {"price": 95.0})


def live_stops(broker: SmallBroker) -> list[dict[str, object]]:
    return [row for row in broker.orders.values() if row["status"] == "trigger pending"]


def test_in_a_closed_market_no_exit_leaves_the_stop_stays_and_an_entry_goes() -> None:
    broker = holding(1)
    entry = entry_of(broker, "NSE_EQ|INE777")
    broker.status = "NORMAL_CLOSE"
    report, wall = flatten(broker)
    assert not report.flat
    assert report.cancels == 1
    assert broker.orders[entry]["status"] == "cancelled"
    assert len(live_stops(broker)) == 1
    assert report.problems == ("NSE is NORMAL_CLOSE: no exit was sent, the stops stay",)
    assert not any(call.startswith("POST") for call in broker.calls)
    assert wall.now < 5


def test_where_one_exchange_is_closed_the_other_is_closed_out() -> None:
    broker = holding(1)
    future = {"instrument_token": "NSE_FO|51460", "transaction_type": "BUY", "quantity": 35}
    broker.fill(broker.place(future | {"order_type": "LIMIT", "price": 100.0}), 100.0)
    broker.faults.append(
        lambda request: success({"status": "NORMAL_CLOSE"}) if request.path.endswith("/status/NSE") else None
    )
    report, _ = flatten(broker)
    assert not report.flat
    assert broker.net("NSE_FO|51460") == 0
    assert broker.net("NSE_EQ|INE000") == -10
    assert len(live_stops(broker)) == 1


def test_hours_that_cannot_be_read_cost_no_stop() -> None:
    broker = holding(1)
    broker.faults.append(
        lambda request: error(500, "UDAPI100500") if "/market/status/" in request.path else None
    )
    report, _ = flatten(broker, patience=10)
    assert not report.flat
    assert len(live_stops(broker)) == 1
    assert any("hours of NSE" in problem for problem in report.problems)


def refuse_exits(request: Received) -> bytes | None:
    wants_out = "positions/exit" in request.path or (
        request.path.endswith("order/place") and b'"MARKET"' in request.body
    )
    return error(400, "UDAPI1158", "no protection") if wants_out else None


def test_a_refused_exit_puts_the_stop_back_before_the_next_try_and_at_the_end() -> None:
    broker = holding(1)
    broker.faults.append(refuse_exits)
    report, _ = flatten(broker, patience=20)
    assert not report.flat
    (stop,) = live_stops(broker)
    assert (stop["transaction_type"], stop["quantity"], stop["trigger_price"], stop["price"]) == (
        "BUY",
        10,
        91.0,
        90.0,
    )
    assert any("UDAPI1158 no protection" in problem for problem in report.problems)


def test_an_exit_rejected_later_by_risk_management_is_named_and_the_stop_goes_back() -> None:
    broker = holding(1)
    broker.fill_market_orders = False

    def reject(_: Received) -> None:
        for row in broker.orders.values():
            if row["order_type"] == "MARKET" and row["status"] == "open":
                row.update(status="rejected", status_message="RMS: no")

    broker.faults.append(reject)
    report, _ = flatten(broker, patience=20)
    assert not report.flat
    assert len(live_stops(broker)) == 1
    assert any("RMS: no" in problem for problem in report.problems)


def test_nothing_is_left_with_its_stop_cancelled_and_no_exit_when_the_time_is_up() -> None:
    for patience in (0.0, 0.1, 0.3, 0.6, 1.0, 2.0, 3.0):
        broker = holding(2)
        broker.fill_market_orders = False
        report, _ = flatten(broker, patience=patience)
        assert not report.flat
        for number in range(2):
            key = f"NSE_EQ|INE{number:03d}"
            live = [
                row
                for row in broker.orders.values()
                if row["instrument_token"] == key and row["status"] in ("open", "trigger pending")
            ]
            assert len(live) == 1, (patience, key)


def test_one_exit_in_doubt_does_not_hold_the_others_up() -> None:
    broker = holding(3)
    broker.carried["NSE_FO|51460", "D"] = 35
    lost: list[str] = []

    def lose_one(request: Received) -> bytes | None:
        if request.path.endswith("order/place") and not lost and request.body:
            body = request.json
            assert isinstance(body, dict)
            lost.append(body["instrument_token"])
            return DROP
        return None

    broker.faults.append(lose_one)
    report, wall = flatten(broker)
    assert report.flat
    assert 10 < wall.now < 20
    first_two = [row for row in broker.orders.values() if row["order_type"] == "MARKET"][:2]
    assert lost[0] not in [row["instrument_token"] for row in first_two]
    assert all(broker.net(f"NSE_EQ|INE{number:03d}") == 0 for number in range(3))


def test_an_unanswered_exit_of_everything_is_waited_out_though_its_first_fill_shows() -> None:
    broker = holding(3)
    broker.fill_market_orders = False
    taken: list[str] = []

    def lose_the_reply(request: Received) -> bytes | None:
        if "positions/exit" in request.path and not taken:
            broker._exit_all()
            taken.extend(name for name, row in broker.orders.items() if row["order_type"] == "MARKET")
            broker.hidden.update(taken[1:])
            broker.fill(taken[0], 100.0)
            return DROP
        if request.path.endswith("retrieve-all") and len(broker.calls) > 25 and broker.hidden:
            broker.hidden.clear()
            for name in taken[1:]:
                broker.fill(name, 100.0)
        return None

    broker.faults.append(lose_the_reply)
    report, _ = flatten(broker)
    assert report.flat
    assert sum("positions/exit" in call for call in broker.calls) == 1
    assert all(broker.net(f"NSE_EQ|INE{number:03d}") == 0 for number in range(3))


def test_an_empty_order_book_beside_open_trades_sends_no_exit_beside_a_stop() -> None:
    broker = holding(1)
    broker.faults.append(lambda request: success([]) if request.path.endswith("retrieve-all") else None)
    report, _ = flatten(broker, patience=10)
    assert not report.flat
    assert not any(call.startswith(("POST", "DELETE")) for call in broker.calls)


def test_nothing_is_flat_while_an_order_that_left_may_still_arrive() -> None:
    broker = SmallBroker()
    wall = Wall()

    def arrive(request: Received) -> None:
        if wall.now >= 6 and not broker.orders and request.path.endswith("retrieve-all"):
            entry = {"instrument_token": "NSE_EQ|INE1", "transaction_type": "BUY", "order_type": "LIMIT"}
            broker.fill(broker.place(entry | {"quantity": 10, "price": 100.0, "tag": "a-1-E"}), 100.0)

    broker.faults.append(arrive)
    with broker.serve() as server:
        client = client_of(server.url, budget=Budget(wall, lambda: 0.5), sleep=wall.sleep)
        report = flatten_account(
            client, awaited=["a-1-E"], clock=wall.instant, monotonic=wall, sleep=wall.sleep
        )
        assert report.flat
        assert report.exits == 1
        assert broker.net("NSE_EQ|INE1") == 0
        began = wall.now
        report = flatten_account(
            client, awaited=["never-sent"], clock=wall.instant, monotonic=wall, sleep=wall.sleep
        )
    assert report.flat
    assert 10 <= wall.now - began < 13


def test_hours_that_end_until_the_morning_are_not_waited_out() -> None:
    broker = holding(1)
    broker.faults.append(lambda _: error(423, "UDAPI100074", "05:30 to 24:00"))
    report, wall = flatten(broker)
    assert not report.flat
    assert "UDAPI100074" in report.problems[0]
    assert wall.now < 5


def test_refused_bulk_calls_are_done_one_by_one() -> None:
    broker = holding(3)
    bulk = ("/v2/order/positions/exit", "/v2/order/multi/cancel")
    broker.faults.append(lambda request: error(400, "UDAPI1186", "no bulk") if request.path in bulk else None)
    report, _ = flatten(broker)
    assert report.flat
    assert (report.cancels, report.exits) == (3, 3)
    exits = [row for row in broker.orders.values() if row["order_type"] == "MARKET"]
    assert [row["transaction_type"] for row in exits] == ["BUY", "BUY", "SELL"]


def test_a_failed_read_is_never_flat() -> None:
    broker = SmallBroker()
    wall = Wall()
    with broker.serve() as server:
        client = client_of(server.url)
        assert account_standing(client, clock=wall.instant, sleep=wall.sleep).flat
        broker.faults.append(lambda _: DROP)
        standing = account_standing(client, clock=wall.instant, sleep=wall.sleep)
        assert not standing.known
        assert not standing.flat


def test_what_is_left_and_the_newest_refusal_are_told_while_exits_are_refused() -> None:
    broker = holding(1)
    wall = Wall()

    def refuse(request: Received) -> bytes | None:
        return refuse_exits(request) if wall.now < 10 else None

    broker.faults.append(refuse)
    told: list[str] = []
    with broker.serve() as server:
        client = client_of(server.url, budget=Budget(wall, lambda: 0.5), sleep=wall.sleep)
        report = flatten_account(
            client, tell=told.append, clock=wall.instant, monotonic=wall, sleep=wall.sleep
        )
    assert report.flat
    assert told[0] == "1 position and 1 order left"
    refused = [word for word in told if "UDAPI1158 no protection" in word]
    assert refused
    assert refused[0].startswith("1 position and ")
    assert refused[0].partition(" · ")[2].startswith("last problem: exit ")


def test_a_filled_order_without_its_price_does_not_stand_in_the_way_of_a_closing() -> None:
    broker = holding(2)
    for row in broker.orders.values():
        row["average_price"] = 0
    report, _ = flatten(broker)
    assert report.flat
    assert [broker.net(f"NSE_EQ|INE{number:03d}") for number in range(2)] == [0, 0]
