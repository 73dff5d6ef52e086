"""Where a stop can stand behind an exit that nobody has seen: at its planned trigger, or beyond the market.

It never fires as it arrives: what fires at once would be a second exit beside one that may still come.
"""

from typing import Final

from engine.market.price import Paise
from engine.orders.plan import TradeContext
from engine.orders.tick_prices import stop_prices

_AWAY: Final = 25
"""How far beyond the market at the least, in hundredths of a percent: further than a price moves on a stop's way."""

_TICKS: Final = 4
_SPREADS: Final = 2
_PART_OF_RISK: Final = 4
"""A stop that was planned allows a quarter of its distance for what it fills beyond its trigger: so does this."""


def stop_behind(s: TradeContext) -> tuple[Paise, Paise] | None:
    """Return trigger and limit of a stop that waits on the losing side of the market; None where none can.

    The planned one where the market has not gone through it. Each stop of the trade that was refused puts the next
    one further out. At the edge of the price band, and where no price is known, there is no room for one.
    """
    stop, sign = s.trade.stop, s.trade.side.sign
    if s.quote.last is None or not s.takes_stops:
        return None
    if stop is not None and (s.quote.last - stop.trigger) * sign > 0:
        return stop_prices(s, stop.trigger, stop.limit)
    against = s.quote.against(s.side)
    market = against[0][0] if against else s.quote.last
    market = min(market * sign, s.quote.last * sign) * sign
    bid, ask = s.quote.bid, s.quote.ask
    spread = max(ask - bid, 0) if bid is not None and ask is not None else 0
    risk = 0 if stop is None else stop.risk // _PART_OF_RISK
    away = max(_TICKS * s.instrument.tick, _SPREADS * spread, market * _AWAY // 10_000, risk)
    wished = market - away * (1 + s.trade.stop_rejections) * sign
    reach = wished if stop is None else abs(stop.trigger - stop.limit)
    trigger, limit = stop_prices(s, wished, max(wished - reach * sign, s.instrument.tick))
    if s.band is not None:
        limit = s.band.clamp(limit, s.instrument.tick)
    return (trigger, limit) if (trigger - limit) * sign > 0 else None
