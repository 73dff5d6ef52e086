from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.instrument import InstrumentClass
from engine.market.price import paise_of, rupees_of, tick_down, tick_up
from engine.market.ticks import TICKS, tick_for, tick_of_prices

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    "kind", [InstrumentClass.STOCK, InstrumentClass.AUCTION_STOCK, InstrumentClass.STOCK_FUTURE]
)
@pytest.mark.parametrize(
    ("rupees", "tick"),
    [
        (249.99, 1),
        (250.00, 5),
        (1000.00, 5),
        (1000.10, 10),
        (5000.00, 10),
        (5000.50, 50),
        (10_000.00, 50),
        (10_001.00, 100),
        (20_000.00, 100),
        (20_005.00, 500),
    ],
)
def test_cash_and_stock_future_ticks_follow_the_price(
    kind: InstrumentClass, rupees: float, tick: int
) -> None:
    assert tick_for(kind, paise_of(rupees), DAY) == tick


@pytest.mark.parametrize(
    ("rupees", "tick"), [(15_000.00, 5), (15_000.10, 10), (30_000.00, 10), (30_000.20, 20)]
)
def test_index_future_ticks_follow_the_level(rupees: float, tick: int) -> None:
    assert tick_for(InstrumentClass.INDEX_FUTURE, paise_of(rupees), DAY) == tick


def test_option_ticks_follow_the_underlying_since_november_2025() -> None:
    option = InstrumentClass.OPTION
    assert tick_for(option, 500, DAY, underlying_price=249_95) == 1
    assert tick_for(option, 500, DAY, underlying_price=250_00) == 5
    assert tick_for(option, 500, date(2025, 10, 31), underlying_price=249_95) == 5
    assert tick_for(option, 500, date(2025, 11, 3), underlying_price=249_95) == 1
    assert tick_for(option, 90_000, DAY) == 5


def test_a_date_before_the_tables_is_refused() -> None:
    with pytest.raises(ValueError, match="2025-04-15"):
        tick_for(InstrumentClass.STOCK, 100_00, date(2025, 4, 14))


@given(st.sampled_from(TICKS), st.lists(st.integers(1, 10_000_000), max_size=20))
def test_the_tick_of_prices_divides_all_of_them_and_is_never_above_the_table(
    table: int, prices: list[int]
) -> None:
    tick = tick_of_prices(table, prices)
    assert tick <= table
    assert all(price % tick == 0 for price in prices)
    wider = [other for other in TICKS if tick < other <= table]
    assert all(any(price % other for price in prices) for other in wider)


@given(st.integers(0, 10**9), st.sampled_from(TICKS))
def test_rounding_to_the_tick_names_its_direction(paise: int, tick: int) -> None:
    down, up = tick_down(paise, tick), tick_up(paise, tick)
    assert down % tick == up % tick == 0
    assert down <= paise <= up
    assert up - down in (0, tick)
    assert (up == down) == (paise % tick == 0)


@given(st.integers(0, 10**9))
def test_rupees_and_paise_are_one_price(paise: int) -> None:
    assert paise_of(rupees_of(paise)) == paise
