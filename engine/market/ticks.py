"""Tick sizes by date, class and price: a fallback and a check; the day's instrument master is the authority."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from engine.market.instrument import Instrument, InstrumentClass
from engine.market.price import Paise

TICKS: Final = (500, 100, 50, 20, 10, 5, 1)
"""Every tick NSE uses, in paise, widest first."""

_ODD_SHARE: Final = 5
"""Off the listed tick at more than one price in so many, the tick is wrong and not the prices."""

_Bands = tuple[tuple[Paise | None, Paise], ...]
"""(upper price limit, tick) in rising order; a price equal to a limit belongs below it unless said otherwise."""


@dataclass(frozen=True, slots=True)
class _Table:
    valid_from: date
    source: str
    cash: _Bands
    index_future: _Bands
    option: Paise
    cheap_stock_option: Paise
    """Tick of a stock option whose underlying trades below ``cheap_below``."""
    cheap_below: Paise


# The lowest cash band excludes its limit (below 250), the others include theirs (above 1,000 to 5,000).
_CASH: Final[_Bands] = (
    (249_99, 1),
    (1_000_00, 5),
    (5_000_00, 10),
    (10_000_00, 50),
    (20_000_00, 100),
    (None, 500),
)
_INDEX_FUTURE: Final[_Bands] = ((15_000_00, 5), (30_000_00, 10), (None, 20))

_TABLES: Final = (
    _Table(
        date(2025, 4, 15),
        "NSE circulars on price-based tick sizes, in force from 15 Apr 2025",
        _CASH,
        _INDEX_FUTURE,
        option=5,
        cheap_stock_option=5,
        cheap_below=0,
    ),
    _Table(
        date(2025, 11, 3),
        "NSE/FAOP/70382",
        _CASH,
        _INDEX_FUTURE,
        option=5,
        cheap_stock_option=1,
        cheap_below=250_00,
    ),
)


def tick_for(kind: InstrumentClass, price: Paise, day: date, underlying_price: Paise | None = None) -> Paise:
    """Return the tick in paise for a price level, in paise; raise ValueError before the first table.

    An option takes its tick from ``underlying_price``; without one it is read as an index option.
    """
    table = _table(day)
    if kind is InstrumentClass.INDEX:
        return 1
    if kind is InstrumentClass.OPTION:
        cheap = underlying_price is not None and underlying_price < table.cheap_below
        return table.cheap_stock_option if cheap else table.option
    bands = table.index_future if kind is InstrumentClass.INDEX_FUTURE else table.cash
    return next(tick for limit, tick in bands if limit is None or price <= limit)


def tick_of_prices(table_tick: Paise, prices: Iterable[Paise]) -> Paise:
    """Return the widest exchange tick up to ``table_tick`` that every price fits: a month's tick can be older."""
    candidates = [tick for tick in TICKS if tick <= table_tick]
    for price in prices:
        while price % candidates[0]:
            candidates.pop(0)
    return candidates[0]


def fitting_tick(listed: Paise, prices: Sequence[Paise]) -> Paise:
    """Return the listed tick, or the widest exchange tick below it that nearly all prices fit.

    A list of another day names the tick of another price level: with it nothing that trades would be read. A few
    odd prices prove nothing: they are broken packets.
    """
    narrower = (tick for tick in TICKS if tick < listed)
    return next((tick for tick in (listed, *narrower) if _fits(tick, prices)), listed)


def _fits(tick: Paise, prices: Sequence[Paise]) -> bool:
    off = sum(1 for price in prices if price % tick)
    return off * _ODD_SHARE <= len(prices)


def ticks_of(instruments: Mapping[str, Instrument]) -> dict[str, Paise]:
    """Return the ticks, in paise, that prices must lie on: an index is computed, not traded, and has none."""
    return {key: instrument.tick for key, instrument in instruments.items() if instrument.tradable}


def _table(day: date) -> _Table:
    for table in reversed(_TABLES):
        if table.valid_from <= day:
            return table
    raise ValueError(f"expected a date from {_TABLES[0].valid_from} for tick sizes, got {day}")
