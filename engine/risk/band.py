"""The prices between which the exchange accepts an order today."""

from dataclasses import dataclass

from engine.market.instrument import InstrumentClass
from engine.market.price import MAX_PAISE, Paise, tick_down, tick_up

_ASSUMED_PERCENT = {
    InstrumentClass.AUCTION_STOCK: 10,
    InstrumentClass.STOCK_FUTURE: 10,
    InstrumentClass.INDEX_FUTURE: 10,
    InstrumentClass.STOCK: 20,
}


@dataclass(frozen=True, slots=True)
class PriceBand:
    """Lower and upper circuit limit, paise, both still tradable."""

    lower: Paise
    upper: Paise

    def clamp(self, price: Paise, tick: Paise) -> Paise:
        """Return the price on the tick grid inside the band that is nearest to ``price`` (itself on the grid)."""
        return min(max(price, tick_up(self.lower, tick)), tick_down(self.upper, tick))


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
