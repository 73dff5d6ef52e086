"""Why a trade may not be: one typed code and one sentence with the numbers, from every part of risk."""

from dataclasses import dataclass
from enum import StrEnum

from engine.risk.terms import SizedStop


class Code(StrEnum):
    """Every reason for which risk says no."""

    NOT_READY = "NOT_READY"
    STOP_TOO_WIDE = "STOP_TOO_WIDE"
    STOP_WRONG_SIDE = "STOP_WRONG_SIDE"
    STOP_OUTSIDE_BAND = "STOP_OUTSIDE_BAND"
    STOP_LIMIT_NEAR = "STOP_LIMIT_NEAR"
    STOP_TOO_NEAR = "STOP_TOO_NEAR"
    WIDENS = "WIDENS"
    INSIDE_SPREAD = "INSIDE_SPREAD"
    NO_BOOK = "NO_BOOK"
    ZERO_SIZE = "ZERO_SIZE"
    LATCHED = "LATCHED"
    STOPPED_FOR_DAY = "STOPPED_FOR_DAY"
    PAUSED = "PAUSED"
    STALE_FEED = "STALE_FEED"
    LOCKED = "LOCKED"
    ONE_SIDED = "ONE_SIDED"
    NOT_TRADABLE = "NOT_TRADABLE"
    TOO_EARLY = "TOO_EARLY"
    TOO_LATE = "TOO_LATE"
    EVENT = "EVENT"
    SIGNAL_OLD = "SIGNAL_OLD"
    OPTION_SHORT = "OPTION_SHORT"
    OPTION_EXPIRY_DAY = "OPTION_EXPIRY_DAY"
    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    SAME_INSTRUMENT = "SAME_INSTRUMENT"
    SAME_UNDERLYING_DIRECTION = "SAME_UNDERLYING_DIRECTION"
    MAX_POSITIONS = "MAX_POSITIONS"
    ORDERS_PER_DAY = "ORDERS_PER_DAY"
    ENTRIES_PER_MINUTE = "ENTRIES_PER_MINUTE"
    CIRCUIT_NEAR = "CIRCUIT_NEAR"
    REWARD_RISK = "REWARD_RISK"
    COST_SHARE = "COST_SHARE"
    RISK_PER_TRADE = "RISK_PER_TRADE"
    OPEN_RISK = "OPEN_RISK"
    GAP_RISK = "GAP_RISK"
    DAY_LOSS = "DAY_LOSS"
    LEVERAGE = "LEVERAGE"
    MARGIN = "MARGIN"
    FREEZE_QUANTITY = "FREEZE_QUANTITY"
    STAGE = "STAGE"
    WORSE_THAN_SHOWN = "WORSE_THAN_SHOWN"
    CHECK_FAILED = "CHECK_FAILED"


@dataclass(frozen=True, slots=True)
class Denial:
    """A trade that may not be, with its reason ready to read."""

    code: Code
    reason: str
    sized: SizedStop | None = None
    """The stop it was refused with, as far as one was measured."""


class StopRefusal(Denial):
    """No stop can be set or moved as asked."""

    __slots__ = ()


class SizeRefusal(Denial):
    """No quantity fits; the code names the limit that allows none."""

    __slots__ = ()
