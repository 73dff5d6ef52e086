"""A row of the broker's that does not read: what it may concern is in doubt, everything else is told."""

from collections.abc import Callable

from engine.orders.messages import BookRead, ReadFailed, Unanswered
from tests.brokers.upstox.live_stand import LAST, STOCK, Live, streaming
from tests.fake_upstox.broker import Broker
from tests.fake_upstox.order import Order

OTHER = "NSE_EQ|INE811K01011"


def spoil(order_id: str, **changes: object) -> Callable[[Broker], None]:
    """Have one order told with other facts than it has."""

    def act(broker: Broker) -> None:
        order = broker.exchange.orders[order_id]
        whole = Order.row
        order.row = lambda: whole(order) | changes  # type: ignore[method-assign]

    return act


def phone_order(live: Live, **changes: object) -> str:
    phone = {
        "instrument_token": OTHER,
        "transaction_type": "BUY",
        "order_type": "LIMIT",
        "quantity": 5,
        "price": 1500.0,
        "product": "I",
    }
    return str(live.fake.control("POST", "orders", phone | changes)["order_id"])


def book_of(live: Live, request: str) -> BookRead:
    live.read(request)
    live.until(lambda: any(one.request == request for one in live.of(BookRead) if isinstance(one, BookRead)))
    assert live.of(ReadFailed) == []
    return next(one for one in live.of(BookRead) if isinstance(one, BookRead) and one.request == request)


def test_one_order_that_does_not_read_leaves_the_others_and_names_what_it_may_concern(live: Live) -> None:
    live.enter("a-1-E")
    live.until(lambda: live.at_broker("a-1-E") and live.at_broker("a-1-E")[0]["status"] == "complete")
    live.fake.ask(spoil(phone_order(live), status=None))
    book = book_of(live, "r-1")
    assert [(one.tag, one.filled_quantity) for one in book.orders] == [("a-1-E", 10)]
    assert [(one.instrument, one.quantity) for one in book.positions] == [(STOCK, 10)]
    (unread,) = book.unread
    assert (unread.instrument, unread.tag) == (OTHER, "")
    assert "expected status" in unread.detail
    assert live.broker.at_stake


def test_an_order_of_another_product_that_does_not_read_is_nothing_of_ours(live: Live) -> None:
    live.fake.ask(spoil(phone_order(live, product="D"), quantity="?"))
    assert book_of(live, "r-1").unread == ()


def test_our_own_order_that_does_not_read_is_known_by_its_id_though_its_row_names_nothing_else(
    live: Live,
) -> None:
    live.enter("a-1-E", price=LAST - 5_00)
    live.until(lambda: live.at_broker("a-1-E"))
    order_id = str(live.at_broker("a-1-E")[0]["order_id"])
    live.until(lambda: live.broker._id_of("a-1-E") == order_id)
    live.fake.ask(spoil(order_id, tag=None, instrument_token=None, instrument_key=None, product="D"))
    (unread,) = book_of(live, "r-1").unread
    assert (unread.order_id, unread.tag, unread.instrument) == (order_id, "a-1-E", "")


def test_a_probe_says_that_there_is_no_order_only_where_every_row_reads(live: Live) -> None:
    live.fake.plant("lose-answer", call="place")
    live.enter("a-1-E", price=LAST - 5_00)
    live.wait_for(Unanswered, "a-1-E")
    live.until(lambda: [row["status"] for row in live.at_broker("a-1-E")] == ["open"])
    order_id = str(live.at_broker("a-1-E")[0]["order_id"])
    live.fake.ask(lambda broker: broker.exchange.orders[order_id].history.clear())
    live.fake.ask(
        lambda broker: broker.exchange.orders[order_id].history.append({"order_id": order_id, "tag": "a-1-E"})
    )
    live.probe("p-1", "a-1-E")
    failed = live.wait_for(ReadFailed)
    assert isinstance(failed, ReadFailed)
    assert "could not be read" in failed.detail


def test_a_fill_is_told_at_once_at_what_the_broker_says_and_corrected_when_its_executions_come(
    live: Live,
) -> None:
    live.fake.plant("estimated-average", side="BUY", delay=5.0)
    live.fake.plant("status", call="trades", status=500, times=2)
    with streaming(live):
        live.enter("a-1-E", price=LAST + 20)
        live.until(lambda: any(one.exact for one in live.reports("a-1-E")))
    estimated, exact = (
        next(one for one in live.reports("a-1-E") if one.filled_quantity == 10 and one.exact is known)
        for known in (False, True)
    )
    assert estimated.filled_value == 10 * (LAST + 20)
    trades = live.fake.control("GET", "trades")
    assert exact.filled_value == sum(round(one["average_price"] * 100) * one["quantity"] for one in trades)
    assert exact.filled_value < estimated.filled_value
    assert live.broker.counts["corrected"] == 1
