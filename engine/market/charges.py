"""Statutory and broker charges of intraday orders by date, exact to the last digit before one rounding.

Rates are integers per thousand million (1e-9) of turnover, so that no float ever meets an amount of money.
"""

from bisect import bisect_right
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

import msgspec

from engine.market.instrument import InstrumentClass
from engine.market.price import Paise

_SCALE: Final = 10**11
"""Exact amounts are integers of 1e-11 paise: nine digits of a rate and two of the GST percentage."""
_GST_PERCENT: Final = 18
_CASH: Final = "equity"
_FUTURE: Final = "future"
_OPTION: Final = "option"

_SEGMENT: Final = {
    InstrumentClass.AUCTION_STOCK: _CASH,
    InstrumentClass.STOCK: _CASH,
    InstrumentClass.STOCK_FUTURE: _FUTURE,
    InstrumentClass.INDEX_FUTURE: _FUTURE,
    InstrumentClass.OPTION: _OPTION,
}


class _Rates(NamedTuple):
    """Rates of one leg per 1e9 of turnover; ``brokerage`` None means the flat amount alone."""

    brokerage: int | None
    stt_sell: int
    transaction: int
    ipft: int
    sebi: int
    stamp_buy: int


_FLAT_BROKERAGE: Final = 20_00

# Each row is valid until the next one. The exchange's own sum of transaction charge and IPFT did not change on
# 1 Mar 2026, only its split (NSE/FA/73061); STT on derivatives rose on 1 Apr 2026 (Budget 2026).
_TABLES: Final[tuple[tuple[date, dict[str, _Rates]], ...]] = (
    (
        date(2024, 10, 1),
        {
            _CASH: _Rates(1_000_000, 250_000, 29_700, 1_000, 1_000, 30_000),
            _FUTURE: _Rates(500_000, 200_000, 17_300, 1_000, 1_000, 20_000),
            _OPTION: _Rates(None, 1_000_000, 350_300, 5_000, 1_000, 30_000),
        },
    ),
    (
        date(2026, 3, 1),
        {
            _CASH: _Rates(1_000_000, 250_000, 30_699, 1, 1_000, 30_000),
            _FUTURE: _Rates(500_000, 200_000, 18_299, 1, 1_000, 20_000),
            _OPTION: _Rates(None, 1_000_000, 355_200, 100, 1_000, 30_000),
        },
    ),
    (
        date(2026, 4, 1),
        {
            _CASH: _Rates(1_000_000, 250_000, 30_699, 1, 1_000, 30_000),
            _FUTURE: _Rates(500_000, 500_000, 18_299, 1, 1_000, 20_000),
            _OPTION: _Rates(None, 1_500_000, 355_200, 100, 1_000, 30_000),
        },
    ),
)
_STARTS: Final = tuple(start for start, _ in _TABLES)


KINDS: Final = ("brokerage", "stt", "transaction", "ipft", "sebi", "stamp", "gst")
"""What a contract note calls the items of charges, in its order."""


class Charges(msgspec.Struct, frozen=True, gc=False):
    """Charges in whole paise. Items are rounded each for reading, ``total`` once from the exact sum."""

    brokerage: Paise
    stt: Paise
    transaction: Paise
    ipft: Paise
    sebi: Paise
    stamp: Paise
    gst: Paise
    total: Paise

    @property
    def by_kind(self) -> dict[str, Paise]:
        """The items by what a contract note calls them, each rounded by itself."""
        items = (self.brokerage, self.stt, self.transaction, self.ipft, self.sebi, self.stamp, self.gst)
        return dict(zip(KINDS, items, strict=True))

    def __add__(self, other: "Charges") -> "Charges":
        return Charges(
            self.brokerage + other.brokerage,
            self.stt + other.stt,
            self.transaction + other.transaction,
            self.ipft + other.ipft,
            self.sebi + other.sebi,
            self.stamp + other.stamp,
            self.gst + other.gst,
            self.total + other.total,
        )


NO_CHARGES: Final = Charges(0, 0, 0, 0, 0, 0, 0, 0)


class ExactCharges(NamedTuple):
    """Charges before rounding, in paise."""

    brokerage: Fraction
    stt: Fraction
    transaction: Fraction
    ipft: Fraction
    sebi: Fraction
    stamp: Fraction
    gst: Fraction
    total: Fraction


def order_charges(kind: InstrumentClass, side: str, turnover: Paise, day: date) -> Charges:
    """Return the charges of one executed order: ``side`` BUY or SELL, turnover in paise (premium for options).

    Brokerage counts once per order however many fills it had. Raise ValueError for what cannot be traded.
    """
    return Charges(*[_half_up(amount) for amount in _scaled(kind, side, turnover, day)])


def exact_order_charges(kind: InstrumentClass, side: str, turnover: Paise, day: date) -> ExactCharges:
    """Return the charges of one executed order before rounding."""
    return ExactCharges(*[Fraction(amount, _SCALE) for amount in _scaled(kind, side, turnover, day)])


def round_trip_charges(
    kind: InstrumentClass, buy_turnover: Paise, sell_turnover: Paise, day: date
) -> Charges:
    """Return the charges of one buy and one sell order, each rounded on its own."""
    return order_charges(kind, "BUY", buy_turnover, day) + order_charges(kind, "SELL", sell_turnover, day)


def _scaled(kind: InstrumentClass, side: str, turnover: Paise, day: date) -> tuple[int, ...]:
    if turnover < 0:
        raise ValueError(f"expected a turnover from 0 paise, got {turnover}")
    segment = _SEGMENT.get(kind)
    if segment is None:
        raise ValueError(f"expected a tradable class, got {kind}")
    if side not in ("BUY", "SELL"):
        raise ValueError(f"expected BUY or SELL, got {side!r}")
    index = bisect_right(_STARTS, day) - 1
    if index < 0:
        raise ValueError(f"expected a date from {_STARTS[0]} for charges, got {day}")
    rates = _TABLES[index][1][segment]
    # Up to the GST everything is in 1e-9 paise, so that 18 percent stays whole in 1e-11.
    brokerage = _FLAT_BROKERAGE * 10**9
    if not turnover:
        brokerage = 0
    elif rates.brokerage is not None:
        brokerage = min(brokerage, rates.brokerage * turnover)
    transaction = rates.transaction * turnover
    ipft = rates.ipft * turnover
    sebi = rates.sebi * turnover
    stt = rates.stt_sell * turnover if side == "SELL" else 0
    stamp = rates.stamp_buy * turnover if side == "BUY" else 0
    gst = (brokerage + transaction + ipft + sebi) * _GST_PERCENT
    total = (brokerage + stt + transaction + ipft + sebi + stamp) * 100 + gst
    return (
        brokerage * 100,
        stt * 100,
        transaction * 100,
        ipft * 100,
        sebi * 100,
        stamp * 100,
        gst,
        total,
    )


def _half_up(amount: int) -> Paise:
    return (2 * amount + _SCALE) // (2 * _SCALE)
