"""The day's result from the broker's own lists: exact to the paisa, whatever the broker leaves out or rounds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.brokers.upstox.book_reader import WholeBook
from engine.market.side import Side
from engine.orders.messages import Role
from engine.orders.order import Fill as TradeFill
from engine.orders.portfolio import Portfolio
from engine.status.broker_day_result import BrokerDayResult, day_result
from engine.upstox.rest.records import orders_of, positions_of, trades_of

KEY = "NSE_EQ|A"


class Lists:
    """A broker's three lists of one day, as it would send them."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.trades: list[dict[str, Any]] = []
        self.held = 0
        self.sums = {"BUY": 0, "SELL": 0}

    def fill(self, side: str, *parts: tuple[int, int]) -> None:
        """Fill one order in parts of (quantity, price in paise); its average is told with two decimals."""
        name, second = str(len(self.orders) + 1), len(self.orders)
        quantity = sum(part for part, _ in parts)
        value = sum(part * price for part, price in parts)
        self.orders.append(
            self._row(name, side, quantity, second)
            | {
                "status": "complete",
                "filled_quantity": quantity,
                "average_price": round(value / quantity / 100, 2),
            }
        )
        for number, (part, price) in enumerate(parts):
            self.trades.append(
                self._row(name, side, part, second)
                | {"trade_id": f"{name}-{number}", "average_price": price / 100}
            )
        self.held += quantity if side == "BUY" else -quantity
        self.sums[side] += value

    def _row(self, name: str, side: str, quantity: int, second: int) -> dict[str, Any]:
        stamp = f"2025-12-15 10:{second // 60:02d}:{second % 60:02d}"
        return {
            "order_id": name,
            "instrument_token": KEY,
            "product": "I",
            "transaction_type": side,
            "quantity": quantity,
            "exchange_timestamp": stamp,
        }

    def position(self, **changes: object) -> dict[str, Any]:
        return {
            "instrument_token": KEY,
            "product": "I",
            "quantity": self.held,
            "day_buy_value": round(self.sums["BUY"] / 100, 2),
            "day_sell_value": round(self.sums["SELL"] / 100, 2),
            "average_price": 100.0,
            "last_price": 101.0,
        } | changes

    def result(self, *positions: dict[str, Any], executed: bool = True) -> BrokerDayResult:
        book = WholeBook(0, tuple(orders_of(self.orders)), tuple(positions_of(list(positions))))
        return day_result(book, trades_of(self.trades if executed else []), None)


def test_averages_are_not_rounded_before_they_are_multiplied() -> None:
    lists = Lists()
    # 100.333… a unit: the rounded average says 30099, the executions 30100.
    lists.fill("BUY", (2, 100_00), (1, 101_00))
    lists.fill("SELL", (3, 102_00))
    assert lists.result(lists.position()).realised == 3 * 102_00 - 301_00
    assert lists.result(lists.position(), executed=False).realised == 3 * 102_00 - 300_99


@pytest.mark.parametrize("listed", [True, False])
def test_a_closed_position_that_is_not_listed_any_more_was_traded_all_the_same(listed: bool) -> None:
    lists = Lists()
    lists.fill("BUY", (10, 100_00))
    lists.fill("SELL", (10, 99_50))
    result = lists.result(*([lists.position(average_price="", last_price=None)] if listed else []))
    assert (result.realised, result.open) == (-5_00, 0)


def test_an_open_rest_carries_its_share_of_the_cost_and_the_brokers_average_is_not_asked() -> None:
    lists = Lists()
    lists.fill("SELL", (3, 100_00), (4, 100_05))
    lists.fill("BUY", (5, 99_00))
    paid = 3 * 100_00 + 4 * 100_05
    share = paid * 5 // 7
    result = lists.result(lists.position(average_price=None, last_price=98.0))
    assert result.realised == share - 5 * 99_00
    assert result.open == (paid - share) - 2 * 98_00
    assert result.holdings[KEY].quantity == -2


def test_what_orders_do_not_tell_goes_by_the_brokers_own_sums_or_is_unknown() -> None:
    lists = Lists()
    lists.fill("BUY", (10, 100_00))
    # Half of it was converted to another product.
    converted = lists.position(quantity=5, day_buy_value=500.0)
    result = lists.result(converted)
    assert (result.realised, result.open) == (0, 5_00)
    assert lists.result(converted | {"average_price": None}).realised is None
    assert lists.result().realised is None
    assert lists.result(lists.position(last_price=None)).open is None


def test_a_fill_that_nothing_prices_leaves_the_result_unknown_and_not_nought() -> None:
    lists = Lists()
    lists.fill("BUY", (10, 100_00))
    lists.orders[0]["average_price"] = None
    result = lists.result(lists.position(), executed=False)
    assert (result.realised, result.open, result.charges, result.net) == (None, None, None, None)
    assert lists.result(lists.position()).realised == 0


_PARTS = st.lists(st.tuples(st.integers(1, 40), st.integers(90_00, 110_00)), min_size=1, max_size=3)


@given(st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), _PARTS), max_size=12))
def test_whatever_was_traded_it_comes_to_what_the_engine_makes_of_it(
    steps: list[tuple[str, list[tuple[int, int]]]],
) -> None:
    lists, portfolio = Lists(), Portfolio()
    for number, (side, parts) in enumerate(steps):
        lists.fill(side, *parts)
        for quantity, price in parts:
            fill = TradeFill(
                f"t-{number}", KEY, Side(side), Role.ENTRY, "", quantity, quantity * price, number
            )
            folded = portfolio.fold(fill)
            if folded.closed is not None:
                portfolio.end(folded.closed)
    result = lists.result(*([lists.position()] if lists.held else []))
    assert result.realised == sum(trade.gross for trade in portfolio.all())
    assert result.holdings.keys() == ({KEY} if steps else set())
    assert all(one.quantity == lists.held for one in result.holdings.values())


def test_ours_is_what_our_orders_traded_and_others_close_their_own_part_first() -> None:
    lists = Lists()
    lists.fill("BUY", (10, 100_00))
    lists.fill("BUY", (5, 104_00))
    lists.fill("SELL", (8, 110_00))
    lists.orders[0]["tag"] = "a-000001-E"
    book = WholeBook(0, tuple(orders_of(lists.orders)), tuple(positions_of([lists.position()])))
    result = day_result(book, trades_of(lists.trades), None, {"a-000001-E"})
    # The phone's eight close its own five first, then three of ours.
    assert (result.ours[KEY].quantity, result.ours[KEY].cost) == (7, 700_00)
    assert (result.realised, result.open) == (3 * 10_00, 7 * 1_00)
    assert result.holdings[KEY].quantity == 7


def test_what_others_hold_in_an_instrument_of_ours_is_no_result_of_ours() -> None:
    lists = Lists()
    lists.fill("BUY", (10, 100_00))
    lists.fill("BUY", (10, 120_00))
    lists.orders[0]["tag"] = "a-000001-E"
    book = WholeBook(0, tuple(orders_of(lists.orders)), tuple(positions_of([lists.position()])))
    ours = day_result(book, trades_of(lists.trades), None, {"a-000001-E"})
    everybodys = day_result(book, trades_of(lists.trades), None)
    assert (ours.open, everybodys.open) == (10 * 1_00, 10 * 1_00 - 10 * 19_00)
    assert (everybodys.ours, ours.ours[KEY].quantity) == ({}, 10)
