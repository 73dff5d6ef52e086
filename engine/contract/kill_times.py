"""When the steps of one kill were reached, by the machine's monotonic clock."""

import msgspec

from engine.market.clock import Instant


class KillTimes(msgspec.Struct, frozen=True):
    """Microseconds of the machine's monotonic clock, the same for every process; None where not reached."""

    latched: Instant | None = None
    """The latch was set in memory."""
    durable: Instant | None = None
    """It was on disk."""
    first_order: Instant | None = None
    """The first order of the kill was handed to the exchange."""
    flat: Instant | None = None
    """The exchange's own word proved flat."""
