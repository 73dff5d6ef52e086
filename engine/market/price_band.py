"""The prices between which the exchange accepts an order today."""

from dataclasses import dataclass
from typing import Final

from engine.market.instrument import InstrumentClass
from engine.market.price import MAX_PAISE, Paise, tick_down, tick_up

_STEPS = {
    InstrumentClass.AUCTION_STOCK: (10, 15, 20, 25, 30, 40, 50),
    InstrumentClass.STOCK_FUTURE: (10, 15, 20, 25, 30, 40, 50),
    InstrumentClass.INDEX_FUTURE: (10, 15, 20, 25, 30, 40, 50),
    InstrumentClass.STOCK: (2, 5, 10, 20),
}
"""The widths a band of each class may have, percent of the previous close, narrowest first."""
FLEXIBLE: Final = frozenset(
    {InstrumentClass.AUCTION_STOCK, InstrumentClass.STOCK_FUTURE, InstrumentClass.INDEX_FUTURE}
)
"""Classes whose band gives way: stocks with derivatives, and futures."""
FIXED_PERCENT: Final = 20
"""Of stocks without derivatives; a name under surveillance may have less, which only its live quote tells."""
FLEXIBLE_PERCENT: Final = 10
"""Where a band that gives way starts."""
FLEX_PERCENT: Final = 5
"""How far it gives way, both sides, each time."""

_ASSUMED_PERCENT = {**dict.fromkeys(FLEXIBLE, FLEXIBLE_PERCENT), InstrumentClass.STOCK: FIXED_PERCENT}

_AUCTION_BAND: Final = 300
"""The closing auction takes prices within 3 % of its reference price; in hundredths of a percent."""
_AUCTION_SAFE: Final = 200
"""The same around the last price, while the reference (an average of fifteen minutes) has not been told."""


@dataclass(frozen=True, slots=True)
class PriceBand:
    """Lower and upper circuit limit, paise, both still tradable."""

    lower: Paise
    upper: Paise

    def clamp(self, price: Paise, tick: Paise) -> Paise:
        """Return the price on the tick grid inside the band that is nearest to ``price`` (itself on the grid)."""
        return min(max(price, tick_up(self.lower, tick)), tick_down(self.upper, tick))


def auction_band(reference: Paise | None, last: Paise, day: PriceBand | None) -> PriceBand:
    """Return the band of a closing auction: around its reference price, or well inside that while none was told."""
    around, width = (last, _AUCTION_SAFE) if reference is None else (reference, _AUCTION_BAND)
    reach = around * width // 10_000
    lower, upper = around - reach, around + reach
    return PriceBand(lower, upper) if day is None else PriceBand(max(lower, day.lower), min(upper, day.upper))


def assumed_band(kind: InstrumentClass, previous_close: Paise, tick: Paise) -> PriceBand:
    """Return the band to assume where no broker publishes one: demo, replay, recordings.

    Source: SEBI framework of 24 May 2024: names with derivatives start at 10 % of the previous close, other
    stocks have at most 20 %. Options have no fixed circuit; theirs reaches from one tick to the largest price.
    """
    percent = _ASSUMED_PERCENT.get(kind)
    if percent is None:
        return PriceBand(tick, tick_down(MAX_PAISE, tick))
    width = previous_close * percent // 100
    return PriceBand(
        max(tick, tick_up(previous_close - width, tick)), tick_down(previous_close + width, tick)
    )


def given_way(
    band: PriceBand, kind: InstrumentClass, close: Paise, tick: Paise, prices: tuple[Paise, ...]
) -> PriceBand:
    """Return an assumed band moved by 5 % of the close wherever the day has come within 0.1 % of it.

    Only names with derivatives have such a band; ``prices`` are the day's extremes and its last, paise.
    """
    if kind not in FLEXIBLE:
        return band
    moved = max(abs(price - close) for price in prices)
    step = close * FLEX_PERCENT // 100
    lower, upper = band.lower, band.upper
    while moved * 1_000 >= (upper - close) * 1_000 - close and upper < min(2 * close, MAX_PAISE):
        lower, upper = max(lower - step, tick), upper + step
    return PriceBand(lower, upper)


def narrowest_band(
    kind: InstrumentClass, close: Paise, tick: Paise, prices: tuple[Paise, ...]
) -> PriceBand | None:
    """Return the narrowest band of a class that the day's prices fit in; None for a class without a fixed circuit.

    The judge of a name whose circuit limits nobody told: each side by itself.
    """
    steps = _STEPS.get(kind)
    if steps is None:
        return None
    lowers = [max(tick, tick_up(close - close * step // 100, tick)) for step in steps]
    uppers = [tick_down(close + close * step // 100, tick) for step in steps]
    low, high = min(prices), max(prices)
    return PriceBand(
        next((lower for lower in lowers if lower <= low), tick),
        next((upper for upper in uppers if upper >= high), tick_down(MAX_PAISE, tick)),
    )
