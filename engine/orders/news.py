"""What the keeper looks at and what it tells: the sight of a market, the last verified read, and its news."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from engine.market.clock import SECOND, Instant
from engine.market.instrument import Instrument
from engine.market.price_band import PriceBand
from engine.orders.exit_hours import Exits, OrderHours, exits_by
from engine.orders.order import Correction, Fill, Order
from engine.orders.portfolio import Corrected
from engine.orders.quote import Quote
from engine.orders.states import OrderState
from engine.orders.trade import Trade

SAME_WORDS: Final = 30 * SECOND


@dataclass(frozen=True, slots=True)
class InstrumentMarket:
    """What is known of an instrument's market at one moment."""

    instrument: Instrument
    quote: Quote
    band: PriceBand | None
    takes_orders: bool
    takes_stops: bool
    hours: OrderHours | None = None
    """What the exchange takes by its table and its announcements; None where only the broker's word is known."""
    auction: bool = False
    """Whether, by the broker's word alone, the closing auction takes limits."""

    @property
    def exits(self) -> Exits:
        """What becomes of an exit that leaves now."""
        return exits_by(self.hours, takes_orders=self.takes_orders, auction=self.auction)


@dataclass(frozen=True, slots=True)
class Verified:
    """The last whole read of the broker that counts."""

    time: Instant
    """The broker's own time of it."""
    at: Instant
    flat: bool


class Look(Protocol):
    """Reads the market of an instrument; asked only when something must be decided."""

    def __call__(self, instrument: str, now: Instant) -> InstrumentMarket:
        """Return the sight of one instrument."""
        ...


class Topic(StrEnum):
    """What a piece of news is about."""

    ORDER = "order"
    FILL = "fill"
    CORRECTED = "corrected"
    """What was filled is worth something else than was told first."""
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
    before: OrderState | None = None
    correction: Correction | None = None
    changes: tuple[Corrected, ...] = ()
    """What a correction did to trades."""


class Said:
    """Remembers what was said of which instrument: the same words are no news for a while."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, str], Instant] = {}

    def is_new(self, instrument: str, text: str, now: Instant) -> bool:
        """Say whether these words were not said lately, and remember that they are now."""
        said = self._at.get((instrument, text))
        if said is not None and now - said < SAME_WORDS:
            return False
        self._at[instrument, text] = now
        return True
