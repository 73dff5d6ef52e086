"""What a screen is shown: plain, complete pictures in paise and instants, ready to be laid out.

Views carry meaning, never looks. A figure that is not known is None. Text is ready for a person to read. Each
view replaces its predecessor whole, so a slow screen may skip any number of them.
"""

from collections.abc import Iterable
from enum import IntEnum, StrEnum

import msgspec

from engine.contract.auction_views import AuctionView
from engine.contract.decision_state import DecisionState
from engine.contract.kill_times import KillTimes
from engine.contract.ladder_views import LadderRow as LadderRow
from engine.contract.ladder_views import LadderView as LadderView
from engine.contract.ladder_views import OwnKind as OwnKind
from engine.contract.ladder_views import OwnLevelView as OwnLevelView
from engine.contract.performance_views import FallView as FallView
from engine.contract.performance_views import PerformanceView as PerformanceView
from engine.contract.plight_views import PlightKind, PlightView
from engine.contract.risk_views import RiskView as RiskView
from engine.market.clock import Instant
from engine.market.price import Paise
from engine.risk.terms import SizedStop


class StopStatus(StrEnum):
    """Whether a position's stop rests at the exchange."""

    HELD = "HELD"
    PLACING = "PLACING"
    MISSING = "MISSING"
    EXITING = "EXITING"
    IN_DOUBT = "IN DOUBT"


class Severity(StrEnum):
    """How loudly an event line speaks."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    ALARM = "alarm"


class AlarmRank(IntEnum):
    """Which alarm stands where one line has room for one: the highest, of equals the newest."""

    LESSER = 1
    """What surrounds trading: a list, a recording, an announcement."""
    SERIOUS = 2
    """An order, a position, a disk or the line to the broker is not as it should be."""
    VITAL = 3
    """Money is in danger now, or the kill has come to an end: never covered by anything lesser."""


class LastingAlarm(msgspec.Struct, frozen=True):
    """What is wrong for as long as it lasts, known by its text."""

    text: str
    rank: AlarmRank = AlarmRank.SERIOUS


class HeaderView(msgspec.Struct, frozen=True):
    """The top line."""

    world: str
    """simulated, replay, paper or live."""
    stage: str
    trading: str
    """AUTO, ASK or PAUSED with its reason."""
    phase: str
    market_time: Instant
    entries_close_in: int | None
    """Seconds until the last entry; None when no entry is possible today any more."""
    flat_by: Instant | None
    feed: str
    """Quality word of the feed: LIVE, STALE, PAUSED, ENDED, GAP."""
    feed_age_ms: int | None
    speed: int
    """Multiple of real time; 0 is as fast as possible; 1 in live worlds."""
    replay_paused: bool
    manual_armed: bool
    realised: Paise
    open: Paise
    charges: Paise
    """Paid so far, and those of closing everything now."""
    progress: str = ""
    """Where a replay stands, for example '11:42 of 15:44'."""
    signed_in_until: Instant | None = None
    """When the broker's token dies; None where none is needed or it does not say."""
    marks: str = ""
    """The worst state of the marks behind ``open``: STALE, ONE-SIDED, LOCKED or NOT READY; empty while all live."""
    marks_age_ms: int | None = None
    """Age of the oldest mark behind it, milliseconds."""
    at_stops: Paise | None = None
    """The day's result if all stops slipped by their allowance; only beside marks that are not of now."""
    paused: str = ""
    """Why no entry may leave now; empty while entries go on."""
    event: str = ""
    """The next event of the calendar with its time: setups enter nothing by themselves around it; empty without one."""
    manual_seconds: int | None = None
    """Until manual entry goes off by itself; None while it is off."""


class WatchRow(msgspec.Struct, frozen=True):
    """One line of the watchlist."""

    key: str
    symbol: str
    tick: Paise
    lot: int
    last: Paise | None
    change: Paise | None
    change_pct: float | None
    bid: Paise | None
    ask: Paise | None
    position: int
    quality: str
    location: str
    """Where price stands: above VAH, in value, below VAL, above IB ..."""
    detail: str = ""
    """Lot and expiry of a derivative, and why a name may not be traded."""
    clock: str = ""
    """Until when it may be entered today, and when it is flat, in words; empty for an index."""


class SignalCard(msgspec.Struct, frozen=True):
    """One decision of a setup, taken or refused, newest first in the view."""

    id: str
    time: Instant
    instrument: str
    symbol: str
    tick: Paise
    setup: str
    side: str
    price: Paise | None
    stop: Paise | None
    target: Paise | None
    state: str
    """took it, refused, dropped, waiting for you, expired."""
    reason: str
    evidence: tuple[str, ...]
    record: str
    """The setup's measured record: 'n 34 UNPROVEN · 56% (39–71) · −0.12 R · 19 won, 2 days · v1'."""
    quantity: int | None = None
    risk: Paise | None = None
    sized: SizedStop | None = None
    """The stop it was measured and sized with: ``stop`` is its trigger. None where it did not come to that."""
    became: DecisionState | None = None
    """What became of it, as ``state`` says in words."""
    answer_ms: int | None = None
    """Time left to answer a card that waits, milliseconds; None beside every other."""


class PositionRow(msgspec.Struct, frozen=True):
    """One open position; quantity signed in units."""

    instrument: str
    symbol: str
    tick: Paise
    quantity: int
    average: Paise
    mark: Paise | None
    mark_quality: str
    pnl: Paise | None
    r: float | None
    stop: Paise | None
    stop_state: StopStatus
    stop_term: str
    """The term that set the stop in force: structure, ATR, spread or charges; then what moved it."""
    locked_r: float | None
    target: Paise | None
    target_state: str
    """watched, held, done or empty."""
    setup: str
    since: Instant
    external: bool = False
    outside: int = 0
    """Signed units that others hold in it beside this position: shown, left alone."""
    plight: PlightView | None = None
    """What it waits for; None while nothing is in its way."""
    mark_age_ms: int | None = None
    """Age of a mark that is not of now, milliseconds; ``mark_quality`` says why: STALE, ONE-SIDED or LOCKED."""
    pnl_at_stop: Paise | None = None
    """The result if the stop slipped by its allowance; only beside a mark that is not of now."""
    limit: Paise | None = None
    """The worst price its stop in force may fill at."""
    risk: Paise | None = None
    """What is lost from the entry where that stop slips by its allowance, charges included; never below zero."""
    gap: Paise | None = None
    """What is lost where it fills at its limit."""
    sized: SizedStop | None = None
    """The stop it was entered with; None for what was not sized by us."""
    one_r: Paise | None = None
    """One R per unit: from the entry's fill to the first trigger, frozen. None where no stop was ever set."""


class OrderRow(msgspec.Struct, frozen=True):
    """One live or recent order."""

    tag: str
    time: Instant
    instrument: str
    symbol: str
    tick: Paise
    role: str
    side: str
    type: str
    quantity: int
    filled: int
    price: Paise
    trigger_price: Paise
    average: Paise | None
    state: str
    message: str


class EventLine(msgspec.Struct, frozen=True):
    """One line of the event strip.

    ``number`` grows by one for each; 0 is a state that lasts rather than an event, known by its text.
    """

    number: int
    time: Instant
    severity: Severity
    text: str
    rank: AlarmRank = AlarmRank.LESSER
    """Which of several is shown first; a line that is no alarm and VITAL all the same waits to be seen, too."""

    @property
    def awaits_a_person(self) -> bool:
        """Whether it stays in sight until somebody has seen it."""
        return self.severity is Severity.ALARM or self.rank is AlarmRank.VITAL


def first_of(lines: Iterable[EventLine]) -> EventLine | None:
    """Return the line that stands where there is room for one: the highest rank, of equals the newest."""
    return max(lines, key=lambda line: (line.rank, line.time, line.number), default=None)


class LatchView(msgspec.Struct, frozen=True):
    """The kill latch."""

    state: str
    """KILLING, STUCK or FLAT."""
    since: Instant
    by: str
    reason: str
    progress: str
    """How far it is and what stands in the way, in one line."""
    detail: tuple[PlightKind, ...] = ()
    """What holds it up, each once; empty while nothing does."""
    waits: tuple[str, ...] = ()
    """Each position that waits, in words."""
    advice: tuple[str, ...] = ()
    """What a person can do, each once."""
    times: KillTimes = KillTimes()
    """When its steps were reached."""


class CheckRow(msgspec.Struct, frozen=True):
    """One check before trading."""

    group: str
    """connectivity, authentication, configuration or system."""
    name: str
    state: str
    """GO, WARN, NO-GO or NOT ASKED."""
    figure: str
    reason: str = ""


class PreflightView(msgspec.Struct, frozen=True):
    """The checks before trading, as last made."""

    go: bool
    time: Instant
    checks: tuple[CheckRow, ...]
    running: bool = False
    by_machine: bool = False
    """The time is this machine's, and the run's clock is more than a minute away from it."""


class KillScope(msgspec.Struct, frozen=True):
    """What the kill key would close now."""

    positions: int
    orders: int
    left_outside: int
    """Positions and live orders that it would leave alone."""
    left: tuple[str, ...] = ()
    """Those positions by name, each with how much and why."""

    @property
    def told(self) -> str:
        """What it would close, in words: 1 position and 2 orders."""
        counts = ((self.positions, "position"), (self.orders, "order"))
        return " and ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts)


class NotableTrade(msgspec.Struct, frozen=True):
    """One trade of the run that a note can be written to."""

    id: str
    instrument: str
    told: str
    """What it is, in words: INFY short 120, left 11:52 with +4,320.00."""


class ScreenView(msgspec.Struct, frozen=True):
    """Everything one screen shows, for its selected instrument."""

    number: int
    header: HeaderView
    watchlist: tuple[WatchRow, ...]
    ladder: LadderView | None
    signals: tuple[SignalCard, ...]
    positions: tuple[PositionRow, ...]
    orders: tuple[OrderRow, ...]
    risk: RiskView
    performance: PerformanceView
    events: tuple[EventLine, ...]
    """The newest 200, oldest first."""
    latch: LatchView | None
    kill_scope: KillScope
    preflight: PreflightView | None = None
    """None in worlds without a broker."""
    auction: AuctionView | None = None
    """None while nothing is followed."""
    notable: tuple[NotableTrade, ...] = ()
    """Those that are open, then those that are over, the newest first."""
