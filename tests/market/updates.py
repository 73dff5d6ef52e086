"""Short ways to make market updates for the market's own tests."""

from datetime import date, time

from engine.market.clock import SECOND, Instant, instant_at
from engine.market.update import MarketUpdate

DAY = date(2025, 12, 15)
OPEN: Instant = instant_at(DAY, time(9, 15))
CLOSE: Instant = instant_at(DAY, time(15, 30))
KEY = "NSE_EQ|INE000A01001"


def update(
    volume: int,
    second: float = 60.0,
    *,
    last: int = 100_000,
    quantity: int = 1,
    snapshot: bool = False,
    auction: bool = False,
) -> MarketUpdate:
    """Return an update whose trade happened ``second`` seconds after the open."""
    traded = OPEN + round(second * SECOND)
    return MarketUpdate(
        instrument=KEY,
        arrival=traded,
        trade_time=traded,
        last=last,
        last_quantity=quantity,
        volume=volume,
        previous_close=100_000,
        snapshot=snapshot,
        auction=auction,
    )
