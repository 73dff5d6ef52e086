"""Price limits of the exchange, by date and class.

Sources: SEBI framework of 24 May 2024 (dynamic bands of stocks with derivatives, in force from November 2024), the
NSE circular of October 2022 (limit price protection of options), NSE price-band rules (20 % without derivatives).
Figures for futures and stock options are not published for certain: the same rows are used for them.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from engine.brokers.paper.records import InstrumentDepth
from engine.market.clock import MINUTE, trading_date
from engine.market.instrument import InstrumentClass
from engine.market.price import Paise
from engine.market.price_band import FIXED_PERCENT, FLEX_PERCENT, FLEXIBLE, FLEXIBLE_PERCENT


@dataclass(frozen=True, slots=True)
class PriceLimits:
    """One dated row. Percentages of the previous close; option figures around the last price, in paise."""

    valid_from: date
    fixed_pct: int
    """Stocks without derivatives."""
    dynamic_pct: int
    """Where the band of stocks with derivatives and of futures starts."""
    flex_pct: int
    """How far it gives way, both sides, once enough traded within 0.1 % of it for long enough."""
    flex_trades: int
    """Trades within reach of the band before it gives way; packets with volume stand for them."""
    flex_after: int
    """Cooling-off before it gives way, microseconds; its length is not confirmed, this one is the longest named."""
    option_small: Paise
    option_small_range: Paise
    option_pct: int


PRICE_LIMITS: Final = (
    PriceLimits(
        valid_from=date(2022, 10, 1),
        fixed_pct=FIXED_PERCENT,
        dynamic_pct=FLEXIBLE_PERCENT,
        flex_pct=FLEX_PERCENT,
        flex_trades=50,
        flex_after=15 * MINUTE,
        option_small=50_00,
        option_small_range=20_00,
        option_pct=40,
    ),
)

_WHOLE: Final = 100
_LEAST_BAND: Final = 10
"""No flexible band began narrower, percent: within it nothing is near."""


def price_limits(day: date) -> PriceLimits:
    """Return the row in force on a day; the first row for any day before it."""
    return max(
        (row for row in PRICE_LIMITS if row.valid_from <= day),
        default=PRICE_LIMITS[0],
        key=lambda row: row.valid_from,
    )


def price_band(kind: InstrumentClass, depth: InstrumentDepth, day: date) -> tuple[Paise, Paise] | None:
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
    percent = _dynamic_pct(row, depth) if kind in FLEXIBLE else row.fixed_pct
    return close - close * percent // 100, close + close * percent // 100


def follow_band(depth: InstrumentDepth, kind: InstrumentClass, traded: int) -> None:
    """Let a flexible band give way where the market has pressed against it for long enough; others lock."""
    close = depth.previous_close
    if kind not in FLEXIBLE or not _near(abs(depth.last - close), close, _LEAST_BAND):
        return
    row = price_limits(trading_date(depth.trade_time))
    percent = _dynamic_pct(row, depth)
    if not _near(abs(depth.last - close), close, percent):
        return
    if not depth.near_since:
        depth.near_since = depth.trade_time
    depth.near_trades += traded > 0
    cooled = depth.trade_time - depth.near_since >= row.flex_after
    if cooled and depth.near_trades >= row.flex_trades:
        depth.flexes = (percent - row.dynamic_pct) // row.flex_pct + 1
        depth.near_since, depth.near_trades = 0, 0


def _dynamic_pct(row: PriceLimits, depth: InstrumentDepth) -> int:
    """Return the dynamic band as it stands: as often as it gave way, and never inside what the day has traded at."""
    close = depth.previous_close
    percent = row.dynamic_pct + row.flex_pct * depth.flexes
    extremes = [abs(price - close) for price in (depth.day_high, depth.day_low) if price > 0]
    while percent < _WHOLE and any(move * _WHOLE > close * percent for move in extremes):
        percent += row.flex_pct
    return percent


def _near(move: Paise, close: Paise, percent: int) -> bool:
    return close > 0 and move * 1_000 >= close * (percent * 10 - 1)
