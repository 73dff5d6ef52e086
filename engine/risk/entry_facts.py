"""Everything that an entry is judged by, at one moment."""

from dataclasses import dataclass
from datetime import date

from engine.market.clock import Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.risk.day_result import DayResult
from engine.risk.holdings import Holding
from engine.risk.limits import DayLimits
from engine.rollout.live_stages import EntryStage


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """Everything but the plan that the checks look at, at one moment; what is unknown is None and denies."""

    instrument: Instrument
    side: Side
    by_person: bool
    decided_at: Instant
    """When the signal was made or the key was pressed, on the clock of ``now``."""
    now: Instant
    """The monotonic clock of timers."""
    market_time: Instant
    """The exchange's time, which opens and closes the doors of the day."""
    first_entry: Instant | None
    entries_stop: Instant | None
    """Last entry for this instrument and this kind of entry (setup or person)."""
    day: date
    limits: DayLimits
    result: DayResult
    holdings: tuple[Holding, ...]
    """Open positions and entries on their way, all instruments."""
    latched: bool
    pause: str
    """Why entries are paused; empty when they are not."""
    feed_fresh: bool
    band: PriceBand | None
    margin_available: Paise | None
    orders_today: int
    entries_last_minute: int
    """Entries sent for this instrument in the last 60 s."""
    blocked: str = ""
    """Why the name may not be traded today (broker's refusal, ban, surveillance); empty when it may."""
    account_net: Paise | None = None
    """The whole account's result, what others lost on it counted, paise; None where no limit goes by it."""
    locked: str = ""
    """A position of ours that nobody can close now, by its symbol; empty when there is none."""
    event: str = ""
    """The event of the calendar that holds automatic entries back now, with its time; empty when none does."""
    one_sided: bool = False
    """Whether the newest book of the instrument has nobody on one side."""
    stage: EntryStage | None = None
    """What the rollout allows a live entry; None where no real order can leave."""
