"""The circuit limits of the day as the broker's full quote tells them: they differ by name and move within the day."""

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise


class Circuits(msgspec.Struct, frozen=True, tag="circuits"):
    """Circuit limits were read: they count from now on, for the instruments that are named."""

    arrival: Instant
    """When they were read, on the feed's own clock."""
    limits: dict[str, tuple[Paise, Paise]]
    """Instrument to its lower and upper limit, paise, both still tradable."""
