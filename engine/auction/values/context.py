"""One immutable reading of the market per instrument: what setups, screens and reports use, never recompute.

Every price is paise, every time an instant. What is not known is None, never a guess; ``quality`` says why.
"""

from dataclasses import dataclass, field
from datetime import date

from engine.auction.values.levels import (
    Absorption,
    Acceptance,
    DeltaReading,
    DiagonalImbalance,
    Ledge,
    NamedLevel,
    Node,
    PriorLevels,
    StackedImbalance,
    Zone,
)
from engine.market.clock import Instant
from engine.market.continuity import Hole
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.quality import Quality
from engine.market.update import Bar

__all__ = [
    "AverageRange",
    "BracketReading",
    "Context",
    "Hole",
    "InitialBalance",
    "NamedReading",
    "ProfileReading",
    "Quality",
    "RowReading",
]


@dataclass(frozen=True, slots=True)
class ProfileReading:
    """POC and value area of one profile. Each price is the lower edge of its row."""

    row: Paise
    rule: str
    poc: Paise
    val: Paise
    vah: Paise
    total: int
    ties: int
    """How many rows share the maximum; 1 means unique."""
    rows: int
    """Rows from the lowest to the highest, empty ones included."""

    @property
    def levels(self) -> tuple[Paise, Paise, Paise]:
        """POC, VAL and VAH."""
        return self.poc, self.val, self.vah


@dataclass(frozen=True, slots=True)
class DevelopingReading:
    """The volume profile as it stood when a bracket was over."""

    letter: str
    time: Instant
    profile: ProfileReading
    delta: int
    """Cumulative delta by the default rule, units."""


@dataclass(frozen=True, slots=True)
class PlacementBand:
    """The volume profile under three placements of what each packet holds besides its last trade."""

    at_last: ProfileReading
    """All at the packet's price: the engine's rule, comparable with every other tool."""
    at_previous: ProfileReading
    spread: ProfileReading

    @property
    def wide(self) -> bool:
        """Whether POC, VAL or VAH differ by more than one row."""
        readings = self.at_last, self.at_previous, self.spread
        return any(
            max(prices) - min(prices) > self.at_last.row
            for prices in zip(*(one.levels for one in readings), strict=True)
        )


@dataclass(frozen=True, slots=True)
class RowReading:
    """One row of the ladder; ``price`` is its lower edge, ``letters`` oldest bracket first."""

    price: Paise
    volume: int
    letters: str
    in_value: bool
    """Inside the volume profile's value area."""
    estimated: int = 0
    """The part of ``volume`` that nobody saw at this price: spread over the ranges of a seed's candles."""
    delta: int | None = None
    """Net aggressor volume by the default rule, units; None where nothing was given a side."""


@dataclass(frozen=True, slots=True)
class BracketReading:
    """One TPO bracket. ``close`` is the last trade in it."""

    letter: str
    start: Instant
    low: Paise
    high: Paise
    close: Paise | None
    complete: bool


@dataclass(frozen=True, slots=True)
class InitialBalance:
    """The range of the session's first hour."""

    low: Paise
    high: Paise
    complete: bool


@dataclass(frozen=True, slots=True)
class Distribution:
    """One of the profiles that a day splits into: its brackets' letters and its TPO profile."""

    letters: str
    low: Paise
    high: Paise
    profile: ProfileReading


@dataclass(frozen=True, slots=True)
class NamedReading:
    """A classification with the numbers behind it: day type, open type."""

    name: str
    developing: bool
    evidence: dict[str, float | int | str | None]
    falsifier: str = ""


@dataclass(frozen=True, slots=True)
class GapReading:
    """An open outside the prior session's range (source: ShadowTrader), and how much of it was traded back."""

    up: bool
    size: Paise
    """From the prior extreme to the open."""
    filled_share: float
    """0 to 1; 1 once the prior extreme has traded again."""


@dataclass(frozen=True, slots=True)
class AverageRange:
    """The average daily range W in paise, with where it came from (source: auction reference 2.1)."""

    value: Paise
    quality: Quality
    days: int


@dataclass(frozen=True, slots=True)
class Context:
    """The market of one instrument at one instant."""

    instrument: Instrument
    time: Instant
    """The newest trade time applied to this instrument."""
    quality: Quality
    partial_since: Instant | None
    """When our record begins, if later than the open."""
    row: Paise | None
    """Profile row size in paise, frozen after 09:45."""
    open: Paise | None
    high: Paise | None
    low: Paise | None
    last: Paise | None
    previous_close: Paise | None
    vwap: Paise | None
    initial_balance: InitialBalance | None
    volume_profile: ProfileReading | None
    tpo_profile: ProfileReading | None
    brackets: tuple[BracketReading, ...]
    five_minutes: tuple[Bar, ...]
    """Completed 5-minute bars, contiguous from 09:15, built from completed minutes; newest last."""
    minutes: tuple[Bar, ...]
    """Completed minutes as the feed delivered them, newest last, at most the last 120."""
    holes: tuple[Hole, ...]
    average_range: AverageRange | None
    atr: Paise | None
    """Wilder ATR over completed minutes, rounded to a paisa; None until it is ready."""
    median_spread: Paise | None
    """Median best-quote spread of the last 5 minutes."""
    rotation_factor: int | None
    day_type: NamedReading
    open_type: NamedReading
    notes: tuple[str, ...] = field(default=())
    placed_volumes: tuple[int, ...] = field(default=())
    """Of each bar in ``minutes`` the volume placed EXACT or BATCH, units, same order; empty when not counted."""
    estimated_volume: int = 0
    """Units of the volume profile that were spread over the ranges of a seed's candles."""
    prior: PriorLevels | None = None
    """What earlier sessions left; None when nothing is known of any."""
    shape: str = ""
    """Shape of the TPO profile: B, P, b, D or empty when none applies."""
    nodes: tuple[Node, ...] = ()
    zones: tuple[Zone, ...] = ()
    """Single-print zones inside the profile's body."""
    top_tail: int = 0
    bottom_tail: int = 0
    """Rows of single prints at the extremes, 0 while the bracket that made them is the newest."""
    vwap_deviation: Paise | None = None
    """Volume-weighted standard deviation around the VWAP of the recorded part."""
    deviation_minutes: int = 0
    """How many minutes of trading it stands on."""
    vwap_slope: Paise | None = None
    """Change of the VWAP over the last hour."""
    extended_up: bool = False
    extended_down: bool = False
    """Range extension beyond the complete initial balance."""
    one_timeframing: int = 0
    """Brackets in a row, up to the newest complete one, that did not take out the previous low (positive) or high."""
    poc_migration: int | None = None
    """Rows the developing volume POC moved since the initial balance was complete."""
    value_weak: str = ""
    """Why the value area says little today; empty when it may be used."""
    delta: DeltaReading | None = None
    absorptions: tuple[Absorption, ...] = ()
    """The newest last, at most 20."""
    nearest_absorption: Absorption | None = None
    """The stand that came nearest to an absorption without being one."""
    stacked_imbalances: tuple[StackedImbalance, ...] = ()
    """Of all 5-minute bars, the newest last, at most 20."""
    diagonal_imbalances: tuple[DiagonalImbalance, ...] = ()
    """Of the newest 5-minute bar, which may still go on; lowest first."""
    acceptance: dict[str, Acceptance] = field(default_factory=dict)
    """How named levels were taken: VAH, VAL, IBH, IBL, and of the prior day PDH, PDL, PVAH, PVAL."""
    opening_range: tuple[Paise, Paise] | None = None
    """Low and high of the first 5 minutes; None after a late start."""
    placement_band: PlacementBand | None = None
    """POC and value area under three placements; None until the row is frozen."""
    developing: tuple[DevelopingReading, ...] = ()
    """The volume profile at the end of each bracket, oldest first."""
    poor_high: bool = False
    poor_low: bool = False
    """Extremes left without excess."""
    ledges: tuple[Ledge, ...] = ()
    balance_state: str = ""
    """BALANCE or IMBALANCE against the newest earlier session; empty when neither or unknown."""
    location: str = ""
    """Where price is against prior value and range; empty without prior levels."""
    activity: str = ""
    """INITIATIVE or RESPONSIVE, BUYING or SELLING; empty inside prior value or without it."""
    gap: GapReading | None = None
    naked_pocs: tuple[tuple[date, Paise], ...] = ()
    """Earlier POCs that nothing has touched, today's brackets included."""
    average_price: Paise | None = None
    """The broker's own day VWAP."""
    levels: tuple[NamedLevel, ...] = ()
    """Every level by its name, with provenance and quality."""
    distributions: tuple[Distribution, ...] = ()
    """The profiles that single prints part the day into, oldest first; empty on a day of one distribution."""
