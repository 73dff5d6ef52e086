from engine.brokers.upstox.closing import (
    ClosingReport,
    Scope,
    account_is_flat,
    account_standing,
    flatten_account,
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


def test_no_exit_leaves_in_a_closed_market() -> None:
    broker = holding(1)
    broker.status = "NORMAL_CLOSE"
    report, _ = flatten(broker)
    assert not report.flat
    assert report.cancels == 1
    assert any("NORMAL_CLOSE" in problem for problem in report.problems)
    assert not any(call.startswith("POST") for call in broker.calls)


def test_refused_bulk_calls_are_done_one_by_one() -> None:
    broker = holding(3)
    bulk = ("/v2/order/positions/exit", "/v2/order/multi/cancel")
    broker.faults.append(lambda request: error(400, "UDAPI1186", "no bulk") if request.path in bulk else None)
    report, _ = flatten(broker)
    assert report.flat
    assert (report.cancels, report.exits) == (3, 3)
    exits = [row for row in broker.orders.values() if row["order_type"] == "MARKET"]
    assert [row["transaction_type"] for row in exits] == ["BUY", "BUY", "SELL"]


def test_flat_is_two_reads_and_a_failed_one_is_a_no() -> None:
    broker = SmallBroker()
    wall = Wall()
    with broker.serve() as server:
        client = client_of(server.url)
        assert account_is_flat(client, clock=wall.instant, sleep=wall.sleep)
        assert broker.calls.count("GET /v2/order/retrieve-all") == 2
        broker.faults.append(lambda _: DROP)
        assert not account_is_flat(client, clock=wall.instant, sleep=wall.sleep)
        standing = account_standing(client, clock=wall.instant, sleep=wall.sleep)
        assert not standing.known
        assert not standing.flat
        assert standing.problem
