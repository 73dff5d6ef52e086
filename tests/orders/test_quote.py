from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.instrument import InstrumentClass
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.orders.quote import Quote, marketable_price, protection_slab
from tests.orders.builders import OPTION, STOCK

BOOK = Quote(1_000_00, ((999_90, 50), (999_50, 100)), ((1_000_10, 50), (1_000_60, 100)))


def test_an_exit_reaches_the_level_that_holds_its_quantity() -> None:
    priced = marketable_price(STOCK, Side.SELL, 120, BOOK, None)
    assert priced is not None
    assert priced.price <= 999_50
    assert priced.price % STOCK.tick == 0


@pytest.mark.parametrize("side", list(Side))
def test_each_attempt_reaches_further_up_to_the_brokers_own_slab(side: Side) -> None:
    prices = []
    for attempt in range(30):
        priced = marketable_price(STOCK, side, 10, BOOK, None, attempt)
        assert priced is not None
        prices.append(priced.price * side.sign)
    assert prices == sorted(prices)
    touch = 1_000_10 if side is Side.BUY else 999_90
    assert abs(prices[-1] * side.sign - touch) <= touch * protection_slab(STOCK, touch) // 10_000 + STOCK.tick


def test_the_band_is_the_end_and_is_said() -> None:
    band = PriceBand(999_00, 1_001_00)
    priced = marketable_price(STOCK, Side.SELL, 10, BOOK, band, 20)
    assert priced is not None
    assert (priced.price, priced.at_band) == (999_00, True)


def test_without_a_book_the_last_price_serves_and_without_any_there_is_none() -> None:
    assert marketable_price(STOCK, Side.SELL, 10, Quote(1_000_00), None) is not None
    assert marketable_price(STOCK, Side.SELL, 10, Quote(), None) is None


@given(
    last=st.integers(5, 40_000_00),
    depth=st.lists(st.tuples(st.integers(1, 400), st.integers(1, 500)), max_size=5),
    quantity=st.integers(1, 5_000),
    attempt=st.integers(0, 40),
    side=st.sampled_from(list(Side)),
    option=st.booleans(),
)
def test_the_price_is_always_on_the_tick_positive_and_marketable(
    last: int, depth: list[tuple[int, int]], quantity: int, attempt: int, side: Side, *, option: bool
) -> None:
    instrument = OPTION if option else STOCK
    last = last // 5 * 5 or 5
    levels, price = [], last
    for step, size in depth:
        price = max(price + side.sign * step * 5, 5)
        levels.append((price, size))
    quote = Quote(last, (), tuple(levels)) if side is Side.BUY else Quote(last, tuple(levels), ())
    priced = marketable_price(instrument, side, quantity, quote, None, attempt)
    assert priced is not None
    assert priced.price > 0
    assert priced.price % instrument.tick == 0
    touch = levels[0][0] if levels else last
    assert (priced.price - touch) * side.sign >= 0 or priced.price == instrument.tick


def test_slabs_follow_class_and_price() -> None:
    future = replace(STOCK, kind=InstrumentClass.STOCK_FUTURE)
    assert [protection_slab(future, price) for price in (49_00, 50_00, 500_00, 10_000_00)] == [
        300,
        200,
        100,
        50,
    ]
    assert [protection_slab(OPTION, price) for price in (4_99, 5_00, 10_00)] == [1_500, 1_000, 500]
