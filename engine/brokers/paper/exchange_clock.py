"""The time the exchange stamps: its market's own, whatever clock the timers run on."""

from engine.market.clock import Instant
from engine.market.instrument import InstrumentClass
from engine.market.market_clock import MarketClock


class ExchangeClock(MarketClock):
    """The market's clock as an exchange reads it, which never goes back.

    A fill is never stamped earlier than a trade that was seen before it, nor than what was stamped last.
    """

    halted: tuple[InstrumentClass, ...] = ()
    """Classes of which the exchange has said that they do not trade now."""

    def arrival_time(self, now: Instant) -> Instant:
        """Return an instant of the timers' clock on the axis of arrivals, the newest arrival at the earliest."""
        return MarketClock.arrival_time(self, max(now, self.arrived_at))

    def follow(self, arrival: Instant, now: Instant, trade_time: Instant | None = None) -> None:
        """Take over the time of a packet delivered at ``now``, unless the clock has read a later one."""
        read = self.arrival_time(now) if self.arrived and arrival > self.arrived else 0
        MarketClock.follow(self, arrival, now, trade_time)
        self.arrived = max(self.arrived, read)
