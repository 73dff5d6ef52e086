"""The market's own time, read off its arrivals, whatever clock the timers run on."""

import msgspec

from engine.market.clock import MINUTE, Instant


class MarketClock(msgspec.Struct):
    """The newest arrival, what has passed since, and the most by which a trade time ever led its arrival.

    Arrivals come from a recorder whose clock may be slow. The clock stands while the market is held, and for good once
    its last update has come; timers go on.
    """

    arrived: Instant = 0
    """Newest arrival; 0 before the first."""
    arrived_at: Instant = 0
    """The instant of the timers' clock at which it came."""
    lead: int = 0
    held: bool = False
    ended: bool = False

    @property
    def stands(self) -> bool:
        """Whether time passes without moving it."""
        return self.held or self.ended

    def follow(self, arrival: Instant, now: Instant, trade_time: Instant | None = None) -> None:
        """Take over the time of a packet delivered at ``now``, and of the trade it tells of."""
        if arrival > self.arrived:
            self.arrived, self.arrived_at = arrival, now
        if trade_time is not None and self.lead < trade_time - arrival < MINUTE:
            self.lead = trade_time - arrival

    def hold(self, now: Instant, *, held: bool) -> None:
        """Stop or start the clock."""
        if held != self.held:
            self._rest(now)
        self.held = held

    def end(self, now: Instant) -> None:
        """Stop the clock for good."""
        self._rest(now)
        self.ended = True

    def arrival_time(self, now: Instant) -> Instant:
        """Return an instant of the timers' clock on the axis of arrivals; past instants reach back as they were."""
        if not self.arrived:
            return now
        passed = now - self.arrived_at
        return self.arrived + (min(passed, 0) if self.held or self.ended else passed)

    def time(self, now: Instant) -> Instant:
        """Return the exchange's time at an instant of the timers' clock; the instant itself before the first update."""
        return self.arrival_time(now) + self.lead

    def when(self, moment: Instant, now: Instant) -> Instant | None:
        """Return when the timers' clock will read a moment of the market; None while the clock stands."""
        if self.held or self.ended or not self.arrived:
            return None
        return max(now + moment - self.time(now), now)

    def _rest(self, now: Instant) -> None:
        if self.arrived:
            self.arrived, self.arrived_at = self.arrival_time(now), now
