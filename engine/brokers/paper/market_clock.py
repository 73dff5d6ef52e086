"""The time the exchange stamps: its market's own, whatever clock the timers run on."""

import msgspec

from engine.market.clock import MINUTE, Instant
from engine.market.instrument import InstrumentClass
from engine.market.update import MarketUpdate


class MarketClock(msgspec.Struct):
    """The newest arrival, what has passed since, and the most by which a trade time led its arrival.

    Arrivals come from a recorder whose clock may be slow; a fill is never stamped earlier than a trade that was seen
    before it. The clock stands while the market is held. It never goes back.
    """

    arrived: Instant = 0
    """Newest arrival; 0 before the first."""
    arrived_at: Instant = 0
    """The virtual time at which it came."""
    lead: int = 0
    held: bool = False
    halted: tuple[InstrumentClass, ...] = ()
    """Classes of which the exchange has said that they do not trade now."""

    def follow(self, update: MarketUpdate, now: Instant) -> None:
        """Take the time of an update delivered at ``now`` over."""
        if update.arrival > self.arrived:
            known = self.plain(now) if self.arrived else 0
            self.arrived, self.arrived_at = max(update.arrival, known), now
        lead = update.trade_time - update.arrival
        if self.lead < lead < MINUTE:
            self.lead = lead

    def hold(self, now: Instant, *, held: bool) -> None:
        """Stop or start the clock."""
        if held != self.held and self.arrived:
            self.arrived, self.arrived_at = self.plain(now), now
        self.held = held

    def time(self, now: Instant) -> Instant:
        """Return the market's time at a virtual instant; the instant itself before the first update."""
        return self.plain(now) + self.lead

    def plain(self, now: Instant) -> Instant:
        """Return a virtual instant on the axis of arrivals."""
        if not self.arrived:
            return now
        return self.arrived if self.held else self.arrived + max(0, now - self.arrived_at)
