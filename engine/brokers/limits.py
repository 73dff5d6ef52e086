"""Price limits of the exchange, by date and class.

Sources: SEBI framework of 24 May 2024 (dynamic bands of stocks with derivatives, in force from November 2024), the
NSE circular of October 2022 (limit price protection of options), NSE price-band rules (20 % without derivatives).
Figures for futures and stock options are not published for certain: the same rows are used for them.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from engine.brokers.records import Depth
from engine.market.instrument import InstrumentClass
from engine.market.price import Paise


@dataclass(frozen=True, slots=True)
class PriceLimits:
    """One dated row. Percentages of the previous close; option figures around the last price, in paise."""

    valid_from: date
    fixed_pct: int
    """Stocks without derivatives; a name under surveillance may have less, which only its live quote tells."""
    dynamic_pct: int
    """Where the band of stocks with derivatives and of futures starts."""
    flex_pct: int
    """How far it gives way, both sides, when the day came within 0.1 % of it."""
    option_small: Paise
    option_small_range: Paise
    option_pct: int


PRICE_LIMITS: Final = (PriceLimits(date(2022, 10, 1), 20, 10, 5, 50_00, 20_00, 40),)

_DYNAMIC: Final = frozenset(
    {InstrumentClass.AUCTION_STOCK, InstrumentClass.STOCK_FUTURE, InstrumentClass.INDEX_FUTURE}
)


def price_limits(day: date) -> PriceLimits:
    """Return the row in force on a day; the first row for any day before it."""
    return max(
        (row for row in PRICE_LIMITS if row.valid_from <= day),
        default=PRICE_LIMITS[0],
        key=lambda row: row.valid_from,
    )


def price_band(kind: InstrumentClass, depth: Depth, day: date) -> tuple[Paise, Paise] | None:
    """Return lowest and highest price the exchange takes now; None while nothing is known to measure from."""
    row = price_limits(day)
    if kind is InstrumentClass.OPTION:
        if depth.last <= 0:
            return None
        reach = (
            row.option_small_range if depth.last <= row.option_small else depth.last * row.option_pct // 100
        )
        return max(depth.last - reach, 0), depth.last + reach
    close = depth.previous_close
    if close <= 0:
        return None
    percent = _dynamic_pct(row, depth) if kind in _DYNAMIC else row.fixed_pct
    return close - close * percent // 100, close + close * percent // 100


def _dynamic_pct(row: PriceLimits, depth: Depth) -> int:
    """Return the dynamic band after the day so far; the count of trades and members it takes is not on the feed."""
    close = depth.previous_close
    move = (
        max(abs(price - close) for price in (depth.day_high, depth.day_low, depth.last) if price > 0)
        if depth.seen
        else 0
    )
    percent = row.dynamic_pct
    while percent < 100 and move * 1000 >= close * (percent * 10 - 1):
        percent += row.flex_pct
    return percent
