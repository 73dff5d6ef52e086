"""Stages of the rollout, and what each caps of a live entry: PAPER enters nothing, FULL is as configured."""

from enum import StrEnum
from typing import Final, Protocol

import msgspec

from engine.market.clock import Instant
from engine.market.instrument import DERIVATIVES, Instrument
from engine.market.price import Paise, amount_of


class Stage(StrEnum):
    """How far real orders are trusted."""

    PAPER = "PAPER"
    SMALL = "SMALL"
    FULL = "FULL"

    @property
    def rank(self) -> int:
        """The stage's place: a higher one allows more."""
        return _RANKS[self]

    @property
    def below(self) -> "Stage":
        """The stage that a breach leads to."""
        return Stage.SMALL if self is Stage.FULL else Stage.PAPER


_RANKS: Final = {Stage.PAPER: 0, Stage.SMALL: 1, Stage.FULL: 2}


class BrokerPlace(StrEnum):
    """Where the broker's addresses lie: evidence and stage of one count nothing at the other."""

    LOOPBACK = "loopback"
    REAL = "real"


class StageBreach(StrEnum):
    """What lowers a stage by itself."""

    DAILY_LOSS = "daily loss limit twice in five days"
    DRAWDOWN = "drawdown"
    LAW = "a law broken"
    LATE_STOP = "a stop later than 2 s"


class StageStanding(msgspec.Struct, frozen=True):
    """Where an account stands at one place of its broker."""

    stage: Stage = Stage.PAPER
    rehearsal: bool = False
    """Whether a person rehearses on this machine: the stage proves nothing and counts nowhere else."""
    doubt: str = ""
    """Why the record is not believed; the stage is PAPER then."""

    def __post_init__(self) -> None:
        """Let nothing stand above PAPER on a record that is not believed."""
        if self.doubt and self.stage is not Stage.PAPER:
            raise ValueError(
                f"expected PAPER where the record is not believed ({self.doubt}), got {self.stage}"
            )


class RolloutRecord(Protocol):
    """The durable record of one account's stages, as a running engine reads and writes it; waits for the disk."""

    def standing(self, place: BrokerPlace) -> StageStanding:
        """Return where the account stands as the record reads now; what does not read is PAPER with its doubt."""
        ...

    def demoted(
        self, place: BrokerPlace, to: Stage, breach: StageBreach, reason: str, at: Instant
    ) -> StageStanding:
        """Write down that a breach lowered the stage, never raising it; return where the account stands then."""
        ...


class CapSettings(Protocol):
    """What a person may tighten of the caps of SMALL; in each of them smaller is tighter."""

    @property
    def small_account_pct(self) -> float:
        """The share of the account that SMALL trades, percent."""
        ...

    @property
    def small_account(self) -> float:
        """The most that SMALL trades, rupees."""
        ...

    @property
    def small_position(self) -> float:
        """The largest position in a stock in SMALL, rupees."""
        ...

    @property
    def small_positions(self) -> int:
        """The positions at once in SMALL."""
        ...

    @property
    def small_instruments(self) -> int:
        """The instruments a day in SMALL."""
        ...

    @property
    def small_risk_pct(self) -> float:
        """The risk per trade in SMALL, percent of the day's account."""
        ...


SMALL_ACCOUNT_PCT: Final = 10.0
SMALL_ACCOUNT: Final = 100_000.0
SMALL_POSITION: Final = 25_000.0
SMALL_POSITIONS: Final = 1
SMALL_INSTRUMENTS: Final = 2
SMALL_RISK_PCT: Final = 0.25


class StageCaps(msgspec.Struct, frozen=True):
    """What a stage allows a live entry; None caps nothing."""

    stage: Stage
    entries: bool
    """Whether anything may be entered at all."""
    account: Paise | None = None
    """The most the day's opening account may be, paise."""
    position: Paise | None = None
    """The largest position in a stock, paise; in a derivative it is one lot."""
    positions: int | None = None
    """Positions at once, entries on their way included."""
    instruments: int | None = None
    """Different instruments entered in a day."""
    risk_pct: float | None = None
    """Risk per trade, percent of the day's account."""

    def quantity(self, instrument: Instrument, price: Paise) -> int | None:
        """Return the largest position in an instrument at a price in paise, units; None without a cap.

        One lot of a derivative, or what the cap buys of a stock: the smaller reading of the two wherever both fit.
        """
        if not self.entries:
            return 0
        if self.position is None:
            return None
        if instrument.kind in DERIVATIVES:
            return instrument.lot
        return 0 if price <= 0 else self.position // (price * instrument.lot) * instrument.lot


def caps_of(stage: Stage, account: Paise, settings: CapSettings) -> StageCaps:
    """Return what a stage allows on an account of so many paise, before any stage caps it."""
    if stage is Stage.FULL:
        return StageCaps(stage, entries=True)
    if stage is Stage.PAPER:
        return StageCaps(stage, entries=False)
    share = account * amount_of(min(SMALL_ACCOUNT_PCT, settings.small_account_pct)) // 10_000
    return StageCaps(
        stage,
        entries=True,
        account=min(share, amount_of(min(SMALL_ACCOUNT, settings.small_account))),
        position=amount_of(min(SMALL_POSITION, settings.small_position)),
        positions=min(SMALL_POSITIONS, settings.small_positions),
        instruments=min(SMALL_INSTRUMENTS, settings.small_instruments),
        risk_pct=min(SMALL_RISK_PCT, settings.small_risk_pct),
    )
