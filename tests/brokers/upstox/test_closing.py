"""`cockpit flatten` without an engine at the broker's own calls: a small broker on loopback, real threads, real time.

What the planner decides is proven on the virtual clock (tests/core/test_flatten_core.py); here are the calls.
"""

import signal
import time
from collections.abc import Callable, Iterable

import pytest

import config
from engine.brokers.upstox.account_state import FlattenScope, account_standing
from engine.brokers.upstox.offline_close import ClosingReport, flatten_account, poll_pause
from engine.brokers.upstox.offline_market import ASKED_FIRST, HOURS_EVERY, quote_pause
from engine.market.clock import SECOND, Instant
from engine.market.side import Side
from engine.orders.kill import BACKOFF
from engine.orders.messages import OrderType, Role
from engine.orders.order import Order
from engine.orders.states import OrderState
from engine.status import BrokerReach, carried_past_close
from engine.upstox.rest.rate_limits import SHARES, Kind, Purpose
from tests.brokers.upstox.small_broker import SmallBroker, holding, key
from tests.upstox.loopback import DROP, Received, answer, error, success
from tests.upstox.stand import SECRET, client_of

KEY = "NSE_EQ|INE000"
BULK = ("POST /v2/order/positions/exit", "DELETE /v2/order/multi/cancel")


def flatten(
    broker: SmallBroker,
    scope: FlattenScope = FlattenScope.INTRADAY,
    patience: float | None = 10.0,
    *,
    known: Iterable[Order] = (),
    calendar_open: bool = False,
) -> ClosingReport:
    def by_calendar(_: str, __: Instant) -> bool:
        return calendar_open

    with broker.serve() as server:
        client = client_of(server.url, read=0.5, sleep=time.sleep)
        report = flatten_account(client, scope, patience=patience, known=known, by_calendar=by_calendar)
    assert not set(BULK) & set(broker.calls)
    return report


def writes(broker: SmallBroker) -> list[str]:
    return [call for call in broker.calls if not call.startswith("GET")]


def live(broker: SmallBroker, status: str = "") -> list[dict[str, object]]:
    rows = broker.orders.values()
    return [row for row in rows if row["status"] in ((status,) if status else ("open", "trigger pending"))]


def entry_of(broker: SmallBroker, instrument: str) -> str:
    """Leave an entry at rest and return its id."""
    order = {"instrument_token": instrument, "transaction_type": "BUY", "order_type": "LIMIT", "quantity": 5}
    return broker.place(order | {"price": 95.0})


def known_entry(order_id: str = "251215000000001", side: Side = Side.BUY) -> Order:
    """Return an entry that filled, as a ledger tells of it."""
    kind, state = OrderType.LIMIT, OrderState.FILLED
    return Order(
        "a-1-E", KEY, side, Role.ENTRY, kind, 10, 100_00, 0, order_id=order_id, filled=10, state=state
    )


def test_an_account_that_is_flat_is_proven_twice_and_left_alone() -> None:
    broker = SmallBroker()
    report = flatten(broker)
    assert report.flat
    assert report.problems == ()
    assert writes(broker) == []
    assert broker.calls.count("GET /v2/portfolio/short-term-positions") == 2


def test_each_resting_stop_becomes_the_exit_by_one_write_and_nothing_else_leaves() -> None:
    broker = holding(13)
    report = flatten(broker)
    assert report.flat
    assert (report.cancels, report.exits) == (0, 13)
    assert writes(broker) == ["PUT /v3/order/modify"] * 13
    assert all(broker.net(key(number)) == 0 for number in range(13))


def test_thirteen_positions_are_verified_flat_within_five_seconds_by_a_broker_that_answers_in_a_tenth() -> (
    None
):
    broker = holding(13)
    broker.delay = 0.1
    began = time.monotonic()
    assert flatten(broker).flat
    assert time.monotonic() - began < 5.0


def test_where_stops_cannot_become_limits_they_are_cancelled_seen_cancelled_and_a_plain_exit_follows() -> (
    None
):
    broker = holding(2)
    broker.converts = False
    beside: list[bool] = []

    def watch(request: Received) -> None:
        if request.path == "/v3/order/place":
            body = request.json
            assert isinstance(body, dict)
            beside.append(any(row["instrument_token"] == body["instrument_token"] for row in live(broker)))

    broker.faults.append(watch)
    report = flatten(broker)
    assert report.flat
    assert beside == [False, False]
    assert [broker.net(key(number)) for number in range(2)] == [0, 0]


def test_stops_set_by_phone_are_cancelled_by_their_ids_and_seen_cancelled_before_the_exit() -> None:
    broker = holding(2, by_phone=True)
    beside: list[bool] = []

    def watch(request: Received) -> None:
        if request.path == "/v3/order/place":
            body = request.json
            assert isinstance(body, dict)
            beside.append(any(row["instrument_token"] == body["instrument_token"] for row in live(broker)))

    broker.faults.append(watch)
    report = flatten(broker)
    assert report.flat
    assert beside == [False, False]
    assert (report.cancels, report.exits) == (2, 2)


def test_carried_products_stay_outside_the_default_scope_counted_and_named() -> None:
    broker = holding(2)
    broker.carried["NSE_FO|51460", "D"] = 35
    report = flatten(broker)
    assert report.flat
    assert [one.told for one in report.standing.left] == [
        "NSE_FO|51460 +35 in product D (kill.scope = intraday)"
    ]
    assert broker.net("NSE_FO|51460", "D") == 35


def test_the_account_scope_closes_each_product_by_its_own_product() -> None:
    broker = holding(1)
    broker.carried["NSE_FO|51460", "D"] = 35
    report = flatten(broker, FlattenScope.ACCOUNT)
    assert report.flat
    assert (broker.net("NSE_FO|51460", "D"), broker.net("NSE_FO|51460", "I")) == (0, 0)


def test_an_exit_that_rests_is_moved_and_neither_cancelled_nor_sent_again() -> None:
    broker = holding(1)
    broker.fills = False
    report = flatten(broker, patience=3.5)
    assert not report.flat
    assert set(writes(broker)) == {"PUT /v3/order/modify"}
    assert 2 <= len(writes(broker)) <= 7
    assert len(live(broker)) == 1
    assert report.resting


def test_an_unanswered_change_that_was_made_is_not_made_twice() -> None:
    broker = holding(1)
    lost: list[str] = []

    def lose_the_reply(request: Received) -> bytes | None:
        if request.path == "/v3/order/modify" and not lost:
            lost.append(request.path)
            broker._write(request)
            return DROP
        return None

    broker.faults.append(lose_the_reply)
    report = flatten(broker)
    assert report.flat
    assert broker.net(KEY) == 0


@pytest.mark.parametrize("reply", [error(500, "UDAPI100500"), answer(200, b"<html>"), success(None), DROP])
def test_a_failed_read_is_never_flat_and_ends_as_not_flat(reply: bytes) -> None:
    broker = SmallBroker()
    broker.faults.append(lambda request: reply if "positions" in request.path else None)
    report = flatten(broker, patience=1.0)
    assert not report.flat
    assert not report.standing.known
    assert report.problems


def test_an_empty_position_list_beside_open_fills_is_not_flat() -> None:
    broker = holding(1)
    broker.faults.append(
        lambda request: success([]) if request.path.endswith("short-term-positions") else None
    )
    report = flatten(broker, patience=1.5)
    assert not report.flat
    assert any("contradict" in problem for problem in report.problems)


def test_an_empty_order_book_beside_open_trades_sends_no_exit_beside_a_stop() -> None:
    broker = holding(1)
    broker.faults.append(lambda request: success([]) if request.path.endswith("retrieve-all") else None)
    report = flatten(broker, patience=1.5)
    assert not report.flat
    assert writes(broker) == []


def test_two_empty_lists_against_a_known_fill_are_unknown_and_never_flat() -> None:
    broker = SmallBroker()
    report = flatten(broker, patience=2.0, known=[known_entry()])
    assert not report.flat
    assert not report.standing.known
    assert any("a-1-E filled 10" in problem for problem in report.problems)
    with broker.serve() as server:
        standing = account_standing(client_of(server.url), known=[known_entry()])
    assert not standing.known
    assert "a-1-E filled 10, the broker's order list does not list it" in standing.problem


def test_lists_that_tell_what_is_known_are_believed() -> None:
    broker = holding(1)
    entry = next(iter(broker.orders))
    report = flatten(broker, known=[known_entry(entry, Side.SELL)])
    assert report.flat


def test_a_refused_address_ends_at_once_with_the_brokers_own_words() -> None:
    broker = holding(1)
    broker.faults.append(
        lambda request: error(403, "UDAPI1154", "static ip") if request.method == "PUT" else None
    )
    report = flatten(broker, patience=None)
    assert not report.flat
    assert any(
        "static ip (UDAPI1154)" in problem and "a person acts" in problem for problem in report.problems
    )
    assert broker.net(KEY) == -10
    assert len(live(broker, "trigger pending")) == 1


def test_a_dead_token_ends_at_once_and_is_named_but_not_shown() -> None:
    broker = holding(1)
    broker.faults.append(lambda _: error(401, "UDAPI100050", "Invalid token used"))
    report = flatten(broker, patience=None)
    assert not report.flat
    assert any("cockpit login" in problem for problem in report.problems)
    assert SECRET not in repr(report)


def test_hours_that_end_until_the_morning_are_not_waited_out() -> None:
    broker = holding(1)
    broker.faults.append(lambda _: error(423, "UDAPI100074", "05:30 to 24:00"))
    report = flatten(broker, patience=None)
    assert not report.flat
    assert any("UDAPI100074" in problem for problem in report.problems)


def test_after_the_close_no_exit_leaves_the_stop_stays_an_entry_goes_and_what_is_carried_is_said() -> None:
    broker = holding(1)
    entry = entry_of(broker, "NSE_EQ|INE777")
    broker.status = "NORMAL_CLOSE"
    report = flatten(broker, patience=None)
    assert not report.flat
    assert report.over
    assert broker.orders[entry]["status"] == "cancelled"
    assert len(live(broker)) == len(live(broker, "trigger pending")) == 1
    assert "NSE is NORMAL_CLOSE: no exit was sent, the stops stay" in report.problems
    assert writes(broker) == ["DELETE /v3/order/cancel"]


def unprotected(auction: str) -> SmallBroker:
    """Return a broker with a position whose stop the closing auction has cancelled."""
    broker = holding(1)
    for order in live(broker):
        order["status"] = "cancelled"
    broker.auction, broker.fills = auction, False
    return broker


@pytest.mark.parametrize("auction", ["CTS_CLOSE", "CAS_STOP"])
def test_no_exit_leaves_while_the_closing_auction_takes_nothing(auction: str) -> None:
    broker = unprotected(auction)
    report = flatten(broker, patience=1.5)
    assert not report.flat
    assert writes(broker) == []


@pytest.mark.parametrize("auction", ["CAS_LM_START", "CAS_M_STOP"])
def test_into_the_closing_auction_goes_one_limit_at_the_edge_of_its_band_and_keeps_its_place(
    auction: str,
) -> None:
    broker = unprotected(auction)
    report = flatten(broker, patience=3.5)
    assert not report.flat
    (order,) = live(broker)
    assert (order["order_type"], order["transaction_type"]) == ("LIMIT", "BUY")
    assert order["price"] == 103.0, "3 % beyond the reference price"
    assert writes(broker) == ["POST /v3/order/place"]


def test_before_the_open_the_shell_waits_instead_of_giving_up() -> None:
    broker = holding(1)
    broker.status = "PRE_OPEN_END"
    report = flatten(broker, patience=1.5)
    assert not report.over
    assert len(live(broker, "trigger pending")) == 1


def test_where_one_exchange_is_closed_the_other_is_closed_out() -> None:
    broker = holding(1)
    future = {"instrument_token": "NSE_FO|51460", "transaction_type": "BUY", "quantity": 35}
    broker.fill(broker.place(future | {"order_type": "LIMIT", "price": 100.0}), 100.0)
    broker.faults.append(
        lambda request: success({"status": "NORMAL_CLOSE"}) if request.path.endswith("/status/NSE") else None
    )
    report = flatten(broker, patience=None)
    assert not report.flat
    assert broker.net("NSE_FO|51460") == 0
    assert broker.net(KEY) == -10
    assert len(live(broker, "trigger pending")) == 1


@pytest.mark.parametrize("calendar_open", [False, True])
def test_where_the_hours_cannot_be_read_the_calendar_decides(*, calendar_open: bool) -> None:
    broker = holding(1)
    broker.faults.append(
        lambda request: error(500, "UDAPI100500") if "/market/status/" in request.path else None
    )
    report = flatten(broker, patience=2.0 if not calendar_open else 10.0, calendar_open=calendar_open)
    assert report.flat is calendar_open
    if not calendar_open:
        assert len(live(broker, "trigger pending")) == 1
        assert any("NSE is not known to be open" in problem for problem in report.problems)


def test_without_quotes_the_last_price_of_the_position_stands_in() -> None:
    broker = holding(2)
    broker.faults.append(
        lambda request: error(500, "UDAPI100500") if "market-quote" in request.path else None
    )
    report = flatten(broker)
    assert report.flat
    assert [broker.net(key(number)) for number in range(2)] == [0, 0]


def refuse_exits(request: Received) -> bytes | None:
    body = request.json if request.body else {}
    assert isinstance(body, dict)
    wants_out = request.method in ("POST", "PUT") and body.get("order_type") == "LIMIT"
    return error(400, "UDAPI1052", "refused by test") if wants_out else None


def test_where_every_exit_is_refused_the_stop_stands_at_the_end_and_the_refusal_is_named() -> None:
    broker = holding(1)
    broker.faults.append(refuse_exits)
    report = flatten(broker, patience=4.0)
    assert not report.flat
    (stop,) = live(broker, "trigger pending")
    assert (stop["transaction_type"], stop["quantity"], stop["trigger_price"]) == ("BUY", 10, 110.0)
    assert any("refused by test (UDAPI1052)" in problem for problem in report.problems)


@pytest.mark.parametrize("by_phone", [False, True])
@pytest.mark.parametrize("converts", [True, False])
@pytest.mark.parametrize("patience", [0.0, 0.3, 0.9, 1.6])
def test_nothing_is_left_without_an_order_of_its_closing_side_when_the_time_is_up(
    patience: float, *, converts: bool, by_phone: bool
) -> None:
    broker = holding(2, by_phone=by_phone)
    broker.fills, broker.converts = False, converts
    report = flatten(broker, patience=patience)
    assert not report.flat
    held = [str(row["instrument_token"]) for row in live(broker)]
    assert sorted(held) == [key(0), key(1)]


def test_ctrl_c_ends_it_says_what_stands_and_leaves_nothing_uncovered() -> None:
    broker = holding(2)
    broker.fills = False

    def interrupt(request: Received) -> None:
        if request.path == "/v3/order/modify" and sum(call.startswith("PUT") for call in broker.calls) == 4:
            signal.raise_signal(signal.SIGINT)

    broker.faults.append(interrupt)
    report = flatten(broker, patience=None)
    assert report.interrupted
    assert not report.flat
    assert len(report.resting) == 2
    assert sorted(str(row["instrument_token"]) for row in live(broker)) == [key(0), key(1)]


def test_a_storm_of_429_is_outwaited_with_growing_pauses() -> None:
    broker = holding(3)
    began = time.monotonic()
    refused: list[float] = []

    def storm(_: Received) -> bytes | None:
        now = time.monotonic() - began
        if now < 3.0:
            refused.append(now)
            return error(429, "UDAPI10005", "Too Many Request Sent")
        return None

    broker.faults.append(storm)
    report = flatten(broker, patience=None)
    assert report.flat
    assert len(refused) < 30
    halves = [len([at for at in refused if (at < 1.5) is first]) for first in (True, False)]
    assert halves[1] < halves[0]


def test_what_is_left_and_the_newest_refusal_are_told_while_exits_are_refused() -> None:
    broker = holding(1)
    began = time.monotonic()
    broker.faults.append(lambda request: refuse_exits(request) if time.monotonic() - began < 1.0 else None)
    told: list[str] = []
    with broker.serve() as server:
        client = client_of(server.url, sleep=time.sleep)
        report = flatten_account(client, tell=told.append, patience=15.0)
    assert report.flat
    assert "1 position and 1 order left" in told
    refused = [word for word in told if "refused by test (UDAPI1052)" in word]
    assert refused
    assert refused[0].startswith("1 position and ")


def test_nothing_is_counted_before_the_positions_were_read() -> None:
    broker = holding(1)
    mute = "/v2/portfolio/short-term-positions"
    broker.faults.append(lambda request: DROP if request.path == mute else None)
    told: list[str] = []
    with broker.serve() as server:
        client = client_of(server.url, read=0.2, sleep=time.sleep)
        report = flatten_account(client, tell=told.append, patience=0.5)
    assert not report.flat
    assert told
    assert all(word.startswith("what is open is unknown") for word in told), told


def test_a_filled_order_without_its_price_does_not_stand_in_the_way_of_a_closing() -> None:
    broker = holding(2)
    for row in broker.orders.values():
        row["average_price"] = 0
        if row["status"] == "complete":
            row["price"] = 0
    report = flatten(broker)
    assert report.flat
    assert [broker.net(key(number)) for number in range(2)] == [0, 0]


def test_a_failed_read_of_the_standing_is_never_flat() -> None:
    broker = SmallBroker()
    with broker.serve() as server:
        client = client_of(server.url)
        assert account_standing(client).flat
        broker.faults.append(lambda _: DROP)
        standing = account_standing(client)
        assert not standing.known
        assert not standing.flat


def calls_of(span: float, pause: Callable[[int], float | None]) -> int:
    """Return how often something is read in so many seconds without a change."""
    count, at = 0, 0.0
    while at < span:
        wait = pause(round(at * SECOND))
        count, at = (count, at + 1.0) if wait is None else (count + 1, at + wait)
    return count


def test_an_exit_that_rests_for_half_an_hour_leaves_the_reads_their_reserve() -> None:
    span = 1_800
    book = 2 * span * SECOND // BACKOFF[-1]
    waiting = span * SECOND // BACKOFF[-1]
    hours = len(ASKED_FIRST) * span * SECOND // HOURS_EVERY
    reads = calls_of(span, poll_pause) + calls_of(span, quote_pause) + book + waiting + hours
    assert reads < SHARES[Kind.READ, Purpose.PROTECT][2]


def test_what_no_exchange_takes_any_more_today_is_said_to_be_carried_beside_an_engine_too() -> None:
    broker = holding(1)
    with broker.serve() as server:
        reach = BrokerReach(client_of(server.url), FlattenScope.INTRADAY, None, config.Settings())
        assert carried_past_close(reach) == ""
        broker.status = "NORMAL_CLOSE"
        assert carried_past_close(reach).startswith(f"CARRIED past the close: {KEY} −10; no exchange takes")
