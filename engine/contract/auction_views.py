"""What a screen is shown of an auction: its levels, its shape, its order flow, and how far each may be trusted."""

import msgspec

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.quality import Quality


class NamedView(msgspec.Struct, frozen=True):
    """A classification with what it stands on: day type, open type."""

    name: str
    developing: bool
    evidence: tuple[str, ...] = ()
    """Names with their figures, ready to read: 'balance share 0.82'."""
    falsifier: str = ""
    """What would overturn it; empty when nothing can any more."""


class GapView(msgspec.Struct, frozen=True):
    """An open outside the prior session's range."""

    up: bool
    size: Paise
    filled_share: float
    """0 to 1."""


class AcceptanceView(msgspec.Struct, frozen=True):
    """How the market took a level that it traded beyond."""

    level: str
    state: str
    """UNTOUCHED, TESTING, REJECTED or ACCEPTED."""


class RuleView(msgspec.Struct, frozen=True):
    """The session's delta under one aggressor rule, units."""

    name: str
    delta: int


class AbsorptionView(msgspec.Struct, frozen=True):
    """Aggressor volume that a row took without letting price through; ``price`` is the row's lower edge."""

    time: Instant
    price: Paise
    side: str
    """BUY when buyers were absorbed, SELL when sellers were."""
    volume: int
    needed: int | None = None
    """What it fell short of, units; None for an absorption."""


class ImbalanceView(msgspec.Struct, frozen=True):
    """Consecutive rows of one 5-minute bar where one side met too little of the other; lower edges."""

    time: Instant
    """Start of the bar."""
    low: Paise
    high: Paise
    side: str
    """BUY or SELL."""
    rows: int


class OrderFlowView(msgspec.Struct, frozen=True):
    """Who pressed, inferred from snapshots: the feed names no aggressor. Volumes in units, shares 0 to 1."""

    rule: str
    delta: int
    """By that rule, of the session so far."""
    low: int
    high: int
    """Smallest and largest over the rules; a band that contains 0 has no sign."""
    rules: tuple[RuleView, ...]
    imbalance: int
    """Order-flow imbalance at the best quotes."""
    inside_share: float
    """Of the volume, what traded inside the spread."""
    agreed_share: float
    """Of the volume, what has the same side under every rule."""
    absorptions: tuple[AbsorptionView, ...] = ()
    """Newest first."""
    nearest: AbsorptionView | None = None
    """The stand that came nearest to an absorption without being one."""
    stacked: tuple[ImbalanceView, ...] = ()
    """Stacked imbalances, newest first."""
    diagonal: tuple[ImbalanceView, ...] = ()
    """Single ones of the newest 5-minute bar, lowest first."""


class LevelView(msgspec.Struct, frozen=True):
    """A price that a trader looks at; a row goes by its lower edge."""

    name: str
    price: Paise
    provenance: str
    quality: str
    note: str = ""
    """What weakens it, in numbers; empty when nothing does."""

    @property
    def is_live(self) -> bool:
        """Whether nothing weakens it."""
        return self.quality == Quality.LIVE

    @property
    def is_usable(self) -> bool:
        """Whether it may be traded against."""
        return self.quality not in (Quality.NOT_READY, Quality.STALE)


class AuctionView(msgspec.Struct, frozen=True):
    """What the auction of the selected instrument is, why, and how far each level may be trusted."""

    key: str
    symbol: str
    tick: Paise
    row: Paise | None
    last: Paise | None
    quality: str
    """For example 'PARTIAL from 09:32' or 'LIVE'."""
    day_type: NamedView
    open_type: NamedView
    shape: str
    """B, P, b, D or empty when none applies."""
    value_weak: str
    """Why the value area says little today; empty when it may be used."""
    balance_state: str
    """BALANCE or IMBALANCE against the newest earlier session; empty when neither or unknown."""
    location: str
    """Where price is against prior value and range; empty when nothing is known of any."""
    activity: str
    """INITIATIVE or RESPONSIVE, BUYING or SELLING; empty when nothing is claimed."""
    gap: GapView | None
    notes: tuple[str, ...]
    acceptance: tuple[AcceptanceView, ...]
    order_flow: OrderFlowView | None
    """None before the first trade."""
    levels: tuple[LevelView, ...]
    """Highest first."""
