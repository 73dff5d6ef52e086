"""The standing book of one instrument, and the price at which an exit is sure to meet it."""

from dataclasses import dataclass

from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise, tick_down, tick_up
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.market.update import Level

_SLABS = ((50_00, 300), (500_00, 200), (10_000_00, 100))
_OPTION_SLABS = ((5_00, 1_500), (10_00, 1_000))
_SLAB_ABOVE = 50
_OPTION_SLAB_ABOVE = 500
_CUSHION = 10
"""First step beyond the needed level, in hundredths of a percent."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The newest book of one instrument: sides best first, prices in paise."""

    last: Paise | None = None
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    time: Instant = 0
    fresh: bool = True
    alive: bool = True
    """Whether the feed as a whole still speaks: a quiet instrument's old book stands, a dead feed's does not."""

    @property
    def bid(self) -> Paise | None:
        """The best bid."""
        return self.bids[0][0] if self.bids else None

    @property
    def ask(self) -> Paise | None:
        """The best ask."""
        return self.asks[0][0] if self.asks else None

    def against(self, side: Side) -> tuple[Level, ...]:
        """Return the side of the book that an order of ``side`` meets."""
        return self.asks if side is Side.BUY else self.bids


@dataclass(frozen=True, slots=True)
class ExitPrice:
    """A limit price for an exit. ``at_band``: the exchange allows nothing further."""

    price: Paise
    at_band: bool


def protection_slab(instrument: Instrument, price: Paise) -> int:
    """Return the broker's automatic market protection in hundredths of a percent of the price.

    Source: Upstox market protection announcement; option slabs above ten rupees are not published, 5 % is ours.
    """
    slabs, above = (_OPTION_SLABS, _OPTION_SLAB_ABOVE) if instrument.is_option else (_SLABS, _SLAB_ABOVE)
    return next((slab for bound, slab in slabs if price < bound), above)


def marketable_price(
    instrument: Instrument,
    side: Side,
    quantity: int,
    quote: Quote,
    band: PriceBand | None,
    attempt: int = 0,
    *,
    at_touch: bool = False,
) -> ExitPrice | None:
    """Return a limit that meets the visible depth for ``quantity`` units; None while no price is known at all.

    Each attempt reaches one cushion further, at most the broker's own protection slab beyond the touch, and never
    outside the band. Where the feed is dead nobody knows how far the market went: each attempt after the first adds
    a slab of its own. ``at_touch`` reaches nowhere beyond the best price: it lies inside the exchange's true band,
    which may be narrower than the one assumed. Rounded toward the market: a buy up, a sell down.
    """
    levels = quote.against(side)
    touch = levels[0][0] if levels else quote.last
    if touch is None:
        return None
    needed, reach = quantity, touch
    for price, size in levels:
        reach = price
        needed -= size
        if needed <= 0:
            break
    cushion = max(2 * instrument.tick, touch * _CUSHION // 10_000) * (attempt + 1)
    slab = max(touch * protection_slab(instrument, touch) // 10_000, 2 * instrument.tick)
    away = min(abs(reach - touch) + cushion, slab)
    if not quote.alive:
        away = max(away, attempt * slab)
    if at_touch:
        away = 0
    if side is Side.BUY:
        wished = tick_up(touch + away, instrument.tick)
    else:
        wished = max(tick_down(touch - away, instrument.tick), instrument.tick)
    if band is None:
        return ExitPrice(wished, at_band=False)
    clamped = band.clamp(wished, instrument.tick)
    edge = (
        tick_down(band.upper, instrument.tick) if side is Side.BUY else tick_up(band.lower, instrument.tick)
    )
    return ExitPrice(clamped, at_band=clamped == edge)
