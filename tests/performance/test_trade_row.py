"""A trade as one flat row: money adds up to the paisa, and what was not kept is undefined."""

from datetime import date

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.market.charges import order_charges
from engine.market.instrument import InstrumentClass
from engine.performance.trade_row import COLUMNS, MONEY, trade_row
from tests.performance.builders import make_trade

DAY = date(2026, 4, 1)
KINDS = ("brokerage", "stt", "transaction", "ipft", "sebi", "stamp", "gst")


def paise(value: object) -> int:
    assert isinstance(value, float)
    return round(value * 100)


def row_of(paid: int, got: int) -> dict[str, object]:
    charges = order_charges(InstrumentClass.STOCK, "BUY", paid, DAY) + order_charges(
        InstrumentClass.STOCK, "SELL", got, DAY
    )
    trade = msgspec.structs.replace(
        make_trade(0), entry_value=paid, exit_value=got, charges=charges.total, charge_items=charges
    )
    return trade_row(trade)


@given(paid=st.integers(1, 10**9), got=st.integers(1, 10**9))
def test_charges_by_kind_and_their_rounding_are_the_charges_to_the_paisa(paid: int, got: int) -> None:
    row = row_of(paid, got)
    assert sum(paise(row[name]) for name in (*KINDS, "rounding")) == paise(row["charges"])
    assert paise(row["gross"]) - paise(row["charges"]) == paise(row["net"])
    assert abs(paise(row["rounding"])) <= 2 * len(KINDS)


def test_what_the_rounded_kinds_lack_is_told() -> None:
    # Bought and sold for 3,333.33: the kinds are 666, 83, 20, 0, 0, 10 and 124 paise, the exact sum rounds to 905.
    row = row_of(333_333, 333_333)
    assert [paise(row[name]) for name in KINDS] == [666, 83, 20, 0, 0, 10, 124]
    assert (paise(row["charges"]), paise(row["rounding"])) == (905, 2)


def test_the_columns_are_always_the_same_and_undefined_is_none() -> None:
    row = trade_row(make_trade(100))
    assert tuple(row) == COLUMNS
    assert set(MONEY) <= set(COLUMNS)
    for name in (*KINDS, "rounding", "mfe_r", "mae_r", "slippage", "signal_price", "day_type", "mode"):
        assert row[name] is None, name
    assert (row["entry"], row["net"], row["r"]) == (1000.0, 1.0, 0.1)
    assert trade_row(make_trade(100, risk=None))["stop"] is None
