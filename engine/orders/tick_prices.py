"""Planned prices on the tick that the exchange takes now: it may have become coarser since they were computed."""

from engine.market.price import Paise, tick_down, tick_up
from engine.market.side import Side
from engine.orders.plan import TradeContext
from engine.risk.stop_limit import taken_limit


def stop_prices(s: TradeContext, trigger: Paise, limit: Paise) -> tuple[Paise, Paise]:
    """Return a stop's trigger and limit on the tick: the trigger nearer to the market, its limit further out."""
    tick = s.instrument.tick
    nearer, further = (tick_up, tick_down) if s.side is Side.SELL else (tick_down, tick_up)
    fired = nearer(trigger, tick)
    return fired, taken_limit(s.instrument, s.trade.side, fired, further(limit, tick))


def exit_limit(s: TradeContext, limit: Paise) -> Paise:
    """Return the limit of an exit that may be no worse than ``limit``, on the tick and inside the band."""
    tick = s.instrument.tick
    rounded = tick_up(limit, tick) if s.side is Side.SELL else tick_down(limit, tick)
    return rounded if s.band is None else s.band.clamp(rounded, tick)
