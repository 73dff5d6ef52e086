"""A whole book is one whose two lists agree; anything else is a failed read."""

import contextlib

import pytest

from engine.brokers.upstox.account_state import account_standing
from engine.brokers.upstox.book_reader import STANDS_FOR, BookReader, WholeBook
from engine.market.clock import SECOND
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.outcome import CallFailed
from engine.upstox.rest.rate_limits import CallBudget, Purpose
from tests.brokers.upstox.small_broker import SmallBroker
from tests.upstox.loopback import Received, success
from tests.upstox.stand import client_of

KEY = "NSE_EQ|INE027H01010"
OTHER = "NSE_EQ|INE009A01021"
ORDERS, POSITIONS = "/v2/order/retrieve-all", "/v2/portfolio/short-term-positions"


def bought(quantity: int = 10, product: str = "I") -> SmallBroker:
    broker = SmallBroker()
    entry = {"instrument_token": KEY, "transaction_type": "BUY", "order_type": "LIMIT", "product": product}
    broker.fill(broker.place(entry | {"quantity": quantity, "price": 100.0}), 100.0)
    return broker


def read(broker: SmallBroker) -> tuple[WholeBook, list[float]]:
    """Return the whole book, and the waits between reads."""
    waits: list[float] = []
    with broker.serve() as server:
        reader = BookReader(lambda: 7, sleep=waits.append)
        return reader.read(client_of(server.url), Purpose.PROTECT), waits


def test_lists_that_agree_are_read_once_and_the_fills_of_the_day_are_counted() -> None:
    book, waits = read(bought())
    assert (book.time, book.filled, [row.quantity for row in book.positions]) == (7, 10, [10])
    assert waits == []


def test_a_fill_between_the_two_calls_is_read_again() -> None:
    broker = bought()
    order = {"instrument_token": KEY, "transaction_type": "SELL", "order_type": "LIMIT", "quantity": 10}
    exit_id = broker.place(order | {"price": 99.0})

    def fill(request: Received) -> None:
        if request.path == POSITIONS and broker.orders[exit_id]["status"] == "open":
            broker.fill(exit_id, 99.0)

    broker.faults.append(fill)
    book, waits = read(broker)
    assert [row.quantity for row in book.positions] == [0]
    assert book.filled == 20
    assert len(waits) == 1


@pytest.mark.parametrize("path", [ORDERS, POSITIONS])
def test_an_empty_list_beside_one_that_tells_of_trades_is_a_failed_read(path: str) -> None:
    broker = bought()
    broker.faults.append(lambda request: success([]) if request.path == path else None)
    with pytest.raises(CallFailed, match="contradict"):
        read(broker)


def test_a_carried_position_is_no_contradiction() -> None:
    broker = SmallBroker()
    broker.carried[KEY, "D"] = 35
    book, waits = read(broker)
    assert [row.quantity for row in book.positions] == [35]
    assert waits == []


def carrying(broker: SmallBroker) -> list[dict[str, object]]:
    """Let a broker hold 35 over night in delivery beside an intraday position, and leave its closed rows out."""
    broker.carried[OTHER, "D"] = 35
    listed: list[dict[str, object]] = []

    def without_closed(request: Received) -> bytes | None:
        if request.path != POSITIONS:
            return None
        listed[:] = [row for row in broker.positions() if row["quantity"]]
        return success(listed)

    broker.faults.append(without_closed)
    return listed


def test_a_carried_position_that_was_sold_needs_no_row_of_its_own_any_more() -> None:
    broker, clock = bought(), Slow()
    carrying(broker)
    order = {"instrument_token": OTHER, "transaction_type": "SELL", "order_type": "LIMIT", "quantity": 35}
    with broker.serve() as server:
        client, reader = clock.client(server.url), BookReader(clock, sleep=clock.sleep)
        assert len(reader.read(client, Purpose.PROTECT).positions) == 2
        broker.fill(broker.place(order | {"price": 99.0, "product": "D"}), 99.0)
        book = reader.read(client, Purpose.PROTECT)
    told = {row.instrument: (row.quantity, row.day_sell_quantity) for row in book.positions}
    assert told == {KEY: (10, 0), OTHER: (0, 35)}
    assert clock.now < SECOND


def test_a_carried_position_that_no_order_closed_is_not_gone_because_no_row_tells_of_it() -> None:
    broker, clock = bought(), Slow()
    listed = carrying(broker)
    with broker.serve() as server:
        client, reader = clock.client(server.url), BookReader(clock, sleep=clock.sleep)
        reader.read(client, Purpose.PROTECT)
        broker.faults.append(
            lambda request: (
                success([row for row in listed if row["instrument_token"] == KEY])
                if request.path == POSITIONS
                else None
            )
        )
        with pytest.raises(CallFailed, match="-35 held, 0 filled"):
            reader.read(client, Purpose.PROTECT)
        broker.faults.append(lambda request: success([]) if request.path in (POSITIONS, ORDERS) else None)
        while clock.now < 2 * STANDS_FOR:
            with pytest.raises(CallFailed, match="contradict"):
                reader.read(client, Purpose.PROTECT)
            clock.sleep(0.5)


def test_a_difference_is_believed_once_it_has_stood_still_for_longer_than_lists_lag() -> None:
    broker = bought()
    odd = broker.positions()[0] | {"quantity": 12, "day_buy_quantity": 12}
    broker.faults.append(lambda request: success([odd]) if request.path == POSITIONS else None)
    now = 0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += round(seconds * SECOND)

    with broker.serve() as server:
        client = client_of(server.url, budget=CallBudget(lambda: now / SECOND, lambda: 0.5), sleep=sleep)
        reader = BookReader(lambda: now, sleep=sleep)
        while now < STANDS_FOR:
            with pytest.raises(CallFailed, match="contradict"):
                reader.read(client, Purpose.PROTECT)
            sleep(0.5)
        assert [row.quantity for row in reader.read(client, Purpose.PROTECT).positions] == [12]
        odd["quantity"] = 13
        with pytest.raises(CallFailed, match="contradict"):
            reader.read(client, Purpose.PROTECT)


def test_positions_that_lag_behind_the_orders_are_a_failed_read() -> None:
    broker = bought()
    before = broker.positions()
    order = {"instrument_token": KEY, "transaction_type": "SELL", "order_type": "LIMIT", "quantity": 10}
    broker.fill(broker.place(order | {"price": 99.0}), 99.0)
    broker.faults.append(lambda request: success(before) if request.path == POSITIONS else None)
    with pytest.raises(CallFailed, match="10 held, 0 filled"):
        read(broker)


def test_a_difference_that_moves_is_a_failed_read() -> None:
    broker = bought()
    quantities = iter((11, 12, 13))

    def move(request: Received) -> bytes | None:
        if request.path != POSITIONS:
            return None
        return success([broker.positions()[0] | {"quantity": next(quantities)}])

    broker.faults.append(move)
    with pytest.raises(CallFailed, match="contradict"):
        read(broker)


class Slow:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)

    def client(self, url: str) -> UpstoxClient:
        return client_of(url, budget=CallBudget(lambda: self.now / SECOND, lambda: 0.5), sleep=self.sleep)


def test_a_difference_for_good_in_one_name_is_not_doubted_anew_by_each_late_fill_of_another() -> None:
    broker, clock, late = bought(), Slow(), False
    told: list[dict[str, object]] = []

    def positions(request: Received) -> bytes | None:
        if request.path != POSITIONS:
            return None
        rows = [
            row | ({"quantity": 12, "day_buy_quantity": 12} if row["instrument_token"] == KEY else {})
            for row in broker.positions()
        ]
        if not late:
            told[:] = rows
        return success(told)

    broker.faults.append(positions)
    entry = {"instrument_token": OTHER, "transaction_type": "BUY", "order_type": "LIMIT", "quantity": 1}
    with broker.serve() as server:
        client, reader = clock.client(server.url), BookReader(clock, sleep=clock.sleep)
        broker.fill(broker.place(entry | {"price": 100.0}), 100.0)
        read = []
        for second in range(60):
            late = second >= 20 and second % 9 == 0
            if late:
                broker.fill(broker.place(entry | {"price": 100.0}), 100.0)
            with contextlib.suppress(CallFailed):
                reader.read(client, Purpose.PROTECT)
                read.append(second)
            clock.sleep(0.5)
    assert max(read) > 50


def test_a_shell_learns_how_an_account_stands_whose_lists_differ_for_good() -> None:
    # Squared off by the broker's own desk: sold in the positions, no row in the order book.
    broker, clock = bought(), Slow()
    odd = broker.positions()[0] | {"quantity": 0, "day_sell_quantity": 10}
    broker.faults.append(lambda request: success([odd]) if request.path == POSITIONS else None)
    with broker.serve() as server:
        standing = account_standing(clock.client(server.url), clock=clock, sleep=clock.sleep)
    assert (standing.known, standing.flat) == (True, True)
    assert STANDS_FOR <= clock.now < 2 * STANDS_FOR


def test_a_row_that_does_not_read_leaves_its_instrument_out_of_the_comparison_and_is_never_flat() -> None:
    broker = bought()
    other = {"instrument_token": OTHER, "transaction_type": "BUY", "order_type": "LIMIT", "quantity": 5}
    broker.fill(broker.place(other | {"price": 50.0}), 50.0)

    def spoil(request: Received) -> bytes | None:
        if request.path != POSITIONS:
            return None
        rows = [row | {"quantity": "?", "day_buy_quantity": None} for row in broker.positions()[:1]]
        return success([*rows, *broker.positions()[1:]])

    broker.faults.append(spoil)
    book, waits = read(broker)
    assert waits == []
    assert [row.instrument for row in book.positions] == [OTHER]
    assert [row.instrument for row in book.unread] == [KEY]
    with broker.serve() as server:
        standing = account_standing(client_of(server.url))
    assert standing.known
    assert not standing.flat
    assert KEY in standing.problem


@pytest.mark.parametrize(("product", "flat"), [("I", False), ("D", True)])
def test_a_row_that_does_not_read_keeps_an_account_from_being_flat_where_it_may_be_in_scope(
    product: str, flat: bool
) -> None:
    broker = SmallBroker()
    odd = {"instrument_token": KEY, "product": product, "quantity": None, "order_id": "9", "status": "open"}
    broker.faults.append(lambda request: success([odd]) if request.path == ORDERS else None)
    with broker.serve() as server:
        assert account_standing(client_of(server.url)).flat is flat
