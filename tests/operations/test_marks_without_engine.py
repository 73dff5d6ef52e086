"""What a position is marked at with no engine: the side it would be left on, at the circuit the worst of it."""

import pytest

from engine.market.price import Paise
from engine.status.quote_marks import exit_price
from engine.upstox.rest.quotes import quotes_of
from engine.upstox.rest.records import BrokerPositionRow, positions_of

STOCK = "NSE_EQ|A"
OPTION = "NSE_FO|1"


def position(quantity: int, key: str = STOCK, symbol: str = "A") -> BrokerPositionRow:
    (row,) = positions_of(
        [
            {
                "instrument_token": key,
                "trading_symbol": symbol,
                "product": "I",
                "quantity": quantity,
                "day_buy_value": 0.0,
                "day_sell_value": 0.0,
                "average_price": 100.0,
                "last_price": 99.0,
            }
        ]
    )
    return row


def marked(row: BrokerPositionRow, last: float = 100.0, *, bid: float = 0, ask: float = 0) -> Paise | None:
    sides = {
        name: [{"price": price, "quantity": 10 if price else 0, "orders": 1 if price else 0}]
        for name, price in (("buy", bid), ("sell", ask))
    }
    quotes = quotes_of(
        {
            "any": {
                "instrument_token": row.instrument,
                "symbol": row.symbol,
                "last_price": last,
                "depth": sides,
                "lower_circuit_limit": 90.0,
                "upper_circuit_limit": 110.0,
            }
        }
    )
    return exit_price(row, quotes[row.instrument])


@pytest.mark.parametrize(("quantity", "price"), [(10, 99_90), (-10, 100_20)])
def test_a_long_is_marked_at_the_bid_and_a_short_at_the_ask(quantity: int, price: int) -> None:
    assert marked(position(quantity), bid=99.9, ask=100.2) == price


@pytest.mark.parametrize(
    ("quantity", "last", "price"),
    [(10, 90.0, 90_00), (10, 90.5, 90_00), (-10, 110.0, 110_00), (-10, 109.5, 110_00), (10, 100.0, 100_00)],
)
def test_with_nobody_to_leave_to_the_circuit_counts_where_price_is_at_it(
    quantity: int, last: float, price: int
) -> None:
    sides = {"ask": last} if quantity > 0 else {"bid": last}
    assert marked(position(quantity), last, **sides) == price


def test_an_option_has_no_circuit_to_be_marked_at() -> None:
    assert marked(position(10, OPTION, "INDEX 26000 CE"), 90.0, ask=90.0) == 90_00


def test_without_a_quote_nothing_is_marked_by_one() -> None:
    row = position(10)
    assert exit_price(row, None) is None
    assert row.mark == 99_00
