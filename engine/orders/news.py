"""What the keeper looks at and what it tells: the sight of a market, the last verified read, and its news."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.orders.order import Fill, Order
from engine.orders.quote import Quote
from engine.orders.states import State
from engine.orders.trade import Trade
from engine.risk.band import PriceBand


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of an instrument's market at one moment."""

    instrument: Instrument
    quote: Quote
    band: PriceBand | None
    takes_orders: bool
    takes_stops: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """The last whole read of the broker that counts."""

    time: Instant
    """The broker's own time of it."""
    at: Instant
    flat: bool


class Look(Protocol):
    """Reads the market of an instrument; asked only when something must be decided."""

    def __call__(self, instrument: str, now: Instant) -> Sight:
        """Return the sight of one instrument."""
        ...


class Topic(StrEnum):
    """What a piece of news is about."""

    ORDER = "order"
    FILL = "fill"
    PROTECTED = "protected"
    OPENED = "opened"
    CLOSED = "closed"
    ENDED = "ended"
    PART = "part"
    REFUSED = "refused"
    """The broker refused an entry."""
    DANGER = "danger"
    """An alarm about a position that is naked, stuck or held: nothing lesser may cover it."""
    ALARM = "alarm"
    WARNING = "warning"


SPOKEN: Final = (Topic.DANGER, Topic.ALARM, Topic.WARNING)
"""What is said to a person in words of its own."""


@dataclass(frozen=True, slots=True)
class News:
    """Something happened to an order or a trade. ``text`` is ready for a person where it is not empty."""

    topic: Topic
    instrument: str
    text: str = ""
    order: Order | None = None
    fill: Fill | None = None
    trade: Trade | None = None
    before: State | None = None
