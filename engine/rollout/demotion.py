"""What lowers a stage by itself: the day's loss limit twice in five days, a fall, a broken law, a late stop.

Pure: who counts days and money stands above. Each rule says why in words, or None while it holds.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

import msgspec

from engine.market.clock import SECOND, Instant
from engine.market.figures import decimal, rupees
from engine.market.price import Paise
from engine.rollout.stages import StageBreach

LOSS_DAYS: Final = 2
WITHIN_DAYS: Final = 5
STOP_WITHIN: Final = 2 * SECOND
"""The first law: longer without a stop at the exchange is never in order."""
DEEPEST_FALL_PCT: Final = 10.0


class Lowering(msgspec.Struct, frozen=True):
    """Why a stage falls by itself."""

    breach: StageBreach
    reason: str


def lowered_by_losses(reached: Collection[date], traded: Sequence[date]) -> Lowering | None:
    """Return that the day's loss limit was reached twice in five days; ``traded`` are trading days."""
    newest = sorted(set(traded) | set(reached))[-WITHIN_DAYS:]
    found = [day for day in newest if day in reached]
    if len(found) < LOSS_DAYS:
        return None
    days = " and ".join(f"{day:%d %b}" for day in found)
    return Lowering(StageBreach.DAILY_LOSS, f"the day's loss limit was reached on {days}")


def lowered_by_drawdown(peak: Paise, account: Paise, most_pct: float = DEEPEST_FALL_PCT) -> Lowering | None:
    """Return that an account fell too far below its peak, paise; a peak that is not above nought is a fall itself."""
    most = min(most_pct, DEEPEST_FALL_PCT)
    if peak <= 0:
        return Lowering(StageBreach.DRAWDOWN, "the account's peak is not above nought")
    fall = 100 * (peak - account) / peak
    if fall <= most:
        return None
    told = f"{rupees(peak - account)} below its peak, {decimal(fall, 2)} % of at most {decimal(most, 1)} %"
    return Lowering(StageBreach.DRAWDOWN, told)


def lowered_by_law(law: str, what: str) -> Lowering:
    """Return that a law was broken."""
    return Lowering(StageBreach.LAW, f"{law}: {what}")


def lowered_by_stop(after: Instant | None, trade: str) -> Lowering | None:
    """Return that a stop stood later than 2 s after its fill; None where it stood in time."""
    if after is None or after <= STOP_WITHIN:
        return None
    return Lowering(StageBreach.LATE_STOP, f"the stop of {trade} stood {after / SECOND:.2f} s after its fill")
