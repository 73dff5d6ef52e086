"""Levels and zones that setups trade against, each with where it comes from. Prices in paise, lower row edges."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from engine.market.price import Paise
from engine.market.quality import Quality


class NodeKind(StrEnum):
    """A peak or a valley of volume at price."""

    HIGH = "HVN"
    LOW = "LVN"


@dataclass(frozen=True, slots=True)
class Node:
    """One volume node (source: three-row mean, strict extreme within three rows, prominence 10 % of the peak)."""

    kind: NodeKind
    price: Paise
    volume: int
    loose_share: float | None = None
    """Of a low node, share of the volume in its three rows that was placed WIDE or UNPLACED, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Zone:
    """Consecutive rows one TPO wide inside the profile's body, or a tail at one of its ends."""

    low: Paise
    high: Paise
    """Lower edge of the highest row."""
    rows: int
    letter: str
    """The bracket that printed it; empty when several did."""
    loose_share: float
    """Share of its volume that was placed WIDE or UNPLACED, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Ledge:
    """A row where several brackets stopped without it being the session's extreme."""

    price: Paise
    upper: bool
    """True where highs stopped, False where lows did."""
    brackets: int


class CloseKind(StrEnum):
    """What a stored close is: how near the feed's previous close must come to confirm it."""

    OFFICIAL = "OFFICIAL"
    """The exchange's closing price."""
    LAST = "LAST"
    """A last price: the closing price is an average or an auction's."""
    UNCOMPARED = "UNCOMPARED"
    """An option's: its closing price says too little about its last."""


@dataclass(frozen=True, slots=True)
class PriorLevels:
    """What earlier sessions left behind for one instrument, as of this session's open."""

    day: date
    """The newest earlier session."""
    sessions: int
    """How many earlier sessions are known."""
    quality: Quality
    reason: str
    """Why the levels are NOT READY or ESTIMATED; empty when they may be used."""
    row: Paise
    open: Paise
    high: Paise
    low: Paise
    close: Paise
    poc: Paise
    val: Paise
    vah: Paise
    day_type: str
    week_high: Paise | None = None
    week_low: Paise | None = None
    month_high: Paise | None = None
    month_low: Paise | None = None
    naked_pocs: tuple[tuple[date, Paise], ...] = ()
    """Earlier POCs that no later bracket has touched."""
    balance_low: Paise | None = None
    balance_high: Paise | None = None
    """Edges of the multi-day balance that the newest session belongs to; None when it stands alone."""
    balance_days: int = 0
    balance_row: Paise | None = None
    balance_poc: Paise | None = None
    balance_val: Paise | None = None
    balance_vah: Paise | None = None
    """The balance's sessions merged into one profile: height of its rows, POC and value area by their lower edges."""
    average_range: Paise | None = None
    range_days: int = 0
    slot_volumes: tuple[int | None, ...] = ()
    """Average volume of each 5-minute slot of the session; None where fewer than 5 sessions are known."""
    value_weak: str = ""
    """Why the newest session's value area says little, as its own day judged it; empty when it may be used."""
    close_kind: CloseKind = CloseKind.LAST
    """What ``close`` is."""

    @property
    def ready(self) -> bool:
        """Whether the levels may be traded against."""
        return self.quality not in (Quality.NOT_READY, Quality.STALE)


@dataclass(frozen=True, slots=True)
class NamedLevel:
    """A price that a trader looks at; a row goes by its lower edge."""

    name: str
    price: Paise
    provenance: str
    """What it was read off."""
    quality: Quality
    note: str = ""
    """What weakens it, in numbers; empty when nothing does."""


class Acceptance(StrEnum):
    """How the market took a level it traded beyond."""

    UNTOUCHED = "UNTOUCHED"
    TESTING = "TESTING"
    REJECTED = "REJECTED"
    ACCEPTED = "ACCEPTED"


@dataclass(frozen=True, slots=True)
class DeltaReading:
    """Aggressor volume of the session so far under each rule; an inference from snapshots, never a fact."""

    rule: str
    """Name of the default rule."""
    value: int
    low: int
    high: int
    """Smallest and largest over the three rules; a band containing 0 has no sign."""
    inside_share: float
    """Share of volume inside the spread, 0 to 1."""
    imbalance: int
    """Order-flow imbalance at the best quotes, units."""
    rules: tuple[tuple[str, int], ...] = ()
    """Each rule by its name with its figure, the default first."""
    agreed_share: float = 0.0
    """Share of volume on whose side all rules agree, 0 to 1."""

    @property
    def sign(self) -> int:
        """+1 or -1 when every rule agrees, else 0."""
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


@dataclass(frozen=True, slots=True)
class Absorption:
    """Aggressor volume that a row took without letting price through, true under every rule."""

    time: int
    price: Paise
    side: str
    """BUY when buyers were absorbed (at a high), SELL when sellers were (at a low)."""
    volume: int
    needed: int | None = None
    """What it fell short of, units; None for an absorption."""


@dataclass(frozen=True, slots=True)
class DiagonalImbalance:
    """A row of a 5-minute bar where one side met too little of the other; an inference like every delta."""

    time: int
    """Start of the bar."""
    price: Paise
    side: str
    """BUY or SELL."""


@dataclass(frozen=True, slots=True)
class StackedImbalance:
    """Consecutive diagonal imbalances of one side within one 5-minute bar."""

    time: int
    """Start of the bar."""
    low: Paise
    high: Paise
    """Lower edge of the highest row."""
    side: str
    """BUY or SELL."""
    rows: int
