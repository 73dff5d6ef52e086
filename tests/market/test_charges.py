from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.market.charges import (
    NO_CHARGES,
    ExactCharges,
    exact_order_charges,
    order_charges,
    round_trip_charges,
)
from engine.market.instrument import InstrumentClass

OLD = date(2025, 12, 15)
NEW = date(2026, 11, 20)
TRADABLE = [kind for kind in InstrumentClass if kind is not InstrumentClass.INDEX]

# Rupees: equity 100 x 1000 -> 1005, NIFTY future 65 x 25000 -> 25050, BANKNIFTY option 30 x 600 -> 620.
VECTORS = [
    (InstrumentClass.STOCK, NEW, 100_000, 100_500, "40 25.125 6.15535 0.2005 3 8.34405 82.8249"),
    (InstrumentClass.STOCK, OLD, 100_000, 100_500, "40 25.125 6.15535 0.2005 3 8.34405 82.8249"),
    (
        InstrumentClass.INDEX_FUTURE,
        NEW,
        1_625_000,
        1_628_250,
        "40 814.125 59.53448 3.25325 32.5 18.50179 967.9145",
    ),
    (
        InstrumentClass.INDEX_FUTURE,
        OLD,
        1_625_000,
        1_628_250,
        "40 325.65 59.53448 3.25325 32.5 18.50179 479.4395",
    ),
    (InstrumentClass.OPTION, NEW, 18_000, 18_600, "40 27.90 13.00398 0.0366 0.54 9.54730 91.0279"),
    (InstrumentClass.OPTION, OLD, 18_000, 18_600, "40 18.60 13.00398 0.0366 0.54 9.54730 81.7279"),
]


def both_legs(kind: InstrumentClass, day: date, buy: int, sell: int) -> ExactCharges:
    legs = zip(
        exact_order_charges(kind, "BUY", buy * 100, day),
        exact_order_charges(kind, "SELL", sell * 100, day),
        strict=True,
    )
    return ExactCharges(*[(first + second) / 100 for first, second in legs])


@pytest.mark.parametrize(("kind", "day", "buy", "sell", "expected"), VECTORS)
def test_published_vectors_hold_item_by_item(
    kind: InstrumentClass, day: date, buy: int, sell: int, expected: str
) -> None:
    exact = both_legs(kind, day, buy, sell)
    brokerage, stt, transaction_and_ipft, sebi, stamp, gst, total = map(Fraction, expected.split())
    five = Fraction(1, 200_000)
    assert (exact.brokerage, exact.stt, exact.sebi, exact.stamp) == (brokerage, stt, sebi, stamp)
    assert abs(exact.transaction + exact.ipft - transaction_and_ipft) <= five
    assert abs(exact.gst - gst) <= five
    assert abs(exact.total - total) <= 10 * five


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        (InstrumentClass.STOCK, ("297", "10"), ("306.99", "0.01")),
        (InstrumentClass.STOCK_FUTURE, ("173", "10"), ("182.99", "0.01")),
        (InstrumentClass.OPTION, ("3503", "50"), ("3552", "1")),
    ],
)
def test_the_split_of_exchange_charges_changed_on_1_march_2026_and_its_sum_did_not(
    kind: InstrumentClass, old: tuple[str, str], new: tuple[str, str]
) -> None:
    crore = 10_000_000
    for day, (transaction, ipft) in ((date(2026, 2, 28), old), (date(2026, 3, 1), new)):
        exact = exact_order_charges(kind, "BUY", crore * 100, day)
        assert exact.transaction == Fraction(transaction) * 100
        assert exact.ipft == Fraction(ipft) * 100


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (InstrumentClass.STOCK_FUTURE, 200, 500),
        (InstrumentClass.INDEX_FUTURE, 200, 500),
        (InstrumentClass.OPTION, 1_000, 1_500),
        (InstrumentClass.AUCTION_STOCK, 250, 250),
    ],
)
def test_transaction_tax_rose_on_1_april_2026_for_derivatives(
    kind: InstrumentClass, before: int, after: int
) -> None:
    million = 1_000_000
    assert order_charges(kind, "SELL", million, date(2026, 3, 31)).stt == before
    assert order_charges(kind, "SELL", million, date(2026, 4, 1)).stt == after


@pytest.mark.parametrize("kind", TRADABLE)
def test_tax_is_for_sellers_and_stamp_for_buyers(kind: InstrumentClass) -> None:
    buy, sell = (order_charges(kind, side, 10_000_000, NEW) for side in ("BUY", "SELL"))
    assert buy.stt == 0 < sell.stt
    assert sell.stamp == 0 < buy.stamp


def test_brokerage_is_a_share_capped_at_twenty_rupees_and_flat_for_options() -> None:
    small = 100_000
    assert order_charges(InstrumentClass.STOCK, "BUY", small, NEW).brokerage == 100
    assert order_charges(InstrumentClass.STOCK_FUTURE, "BUY", small, NEW).brokerage == 50
    assert order_charges(InstrumentClass.OPTION, "BUY", small, NEW).brokerage == 2_000
    for kind in TRADABLE:
        assert order_charges(kind, "BUY", 10**9, NEW).brokerage == 2_000


@given(
    st.sampled_from(TRADABLE),
    st.sampled_from(["BUY", "SELL"]),
    st.integers(1, 10**12),
    st.dates(date(2024, 10, 1), date(2030, 1, 1)),
)
def test_the_total_is_the_exact_sum_rounded_half_up_once(
    kind: InstrumentClass, side: str, turnover: int, day: date
) -> None:
    exact = exact_order_charges(kind, side, turnover, day)
    assert exact.total == sum(exact[:-1])
    assert exact.gst == (exact.brokerage + exact.transaction + exact.ipft + exact.sebi) * 18 / 100
    rounded = order_charges(kind, side, turnover, day)
    assert rounded.total == (exact.total + Fraction(1, 2)).__floor__()
    assert abs(rounded.total - exact.total) <= Fraction(1, 2)


@given(
    st.sampled_from(TRADABLE), st.sampled_from(["BUY", "SELL"]), st.integers(1, 10**10), st.integers(1, 10**8)
)
def test_charges_never_fall_when_turnover_rises(
    kind: InstrumentClass, side: str, turnover: int, more: int
) -> None:
    assert (
        order_charges(kind, side, turnover, NEW).total
        <= order_charges(kind, side, turnover + more, NEW).total
    )


def test_a_round_trip_is_two_orders_each_rounded_on_its_own() -> None:
    trip = round_trip_charges(InstrumentClass.OPTION, 1_800_000, 1_860_000, NEW)
    buy = order_charges(InstrumentClass.OPTION, "BUY", 1_800_000, NEW)
    sell = order_charges(InstrumentClass.OPTION, "SELL", 1_860_000, NEW)
    assert trip == buy + sell
    assert trip.total == 9_103


def test_slices_of_one_quantity_each_pay_brokerage() -> None:
    whole = order_charges(InstrumentClass.OPTION, "BUY", 3_600_000, NEW)
    halves = order_charges(InstrumentClass.OPTION, "BUY", 1_800_000, NEW)
    assert (halves + halves).brokerage == 2 * whole.brokerage


def test_an_order_without_turnover_costs_nothing() -> None:
    for kind in TRADABLE:
        assert order_charges(kind, "BUY", 0, NEW) == NO_CHARGES


@pytest.mark.parametrize(
    ("kind", "side", "turnover", "day", "expected"),
    [
        (InstrumentClass.INDEX, "BUY", 1, NEW, "tradable"),
        (InstrumentClass.STOCK, "buy", 1, NEW, "BUY or SELL"),
        (InstrumentClass.STOCK, "BUY", -1, NEW, "turnover"),
        (InstrumentClass.STOCK, "BUY", 1, date(2024, 9, 30), "2024-10-01"),
    ],
)
def test_what_cannot_be_charged_is_refused(
    kind: InstrumentClass, side: str, turnover: int, day: date, expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        order_charges(kind, side, turnover, day)
