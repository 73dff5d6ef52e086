"""A volume spike: two minutes of extreme volume behind which a stop may hide, and the far side of some bars."""

from engine.auction.values.context import Context, Hole
from engine.market.clock import MINUTE, Instant
from engine.market.price import Paise
from engine.market.side import Side
from engine.market.update import Bar
from engine.risk.stop import StopState

SPIKE_MULTIPLE = 4
SPIKE_BASE_MINUTES = 50
SPIKE_HOLE_DISTANCE = 2 * MINUTE


def spike_stop(state: StopState, context: Context) -> Paise | None:
    """Return the trigger behind two consecutive minutes of extreme, reliably placed volume since the entry."""
    count = SPIKE_BASE_MINUTES + 2
    bars, volumes = context.minutes[-count:], context.placed_volumes[-count:]
    if len(bars) < count or len(volumes) != len(bars):
        return None
    spike = bars[-2:]
    if spike[1].start - spike[0].start != MINUTE or spike[0].start < state.opened_at - MINUTE:
        return None
    if _near_hole(context.holes, spike[0].start):
        return None
    base = sum(volumes[:-2])
    if min(volumes[-2:]) * SPIKE_BASE_MINUTES <= SPIKE_MULTIPLE * base:
        return None
    return far_side(state, spike)


def _near_hole(holes: tuple[Hole, ...], start: Instant) -> bool:
    return any(hole.end > start - SPIKE_HOLE_DISTANCE for hole in holes)


def far_side(state: StopState, bars: tuple[Bar, ...]) -> Paise:
    """Return the price one tick beyond some bars, on the losing side of a trade."""
    if state.side is Side.BUY:
        return min(bar.low for bar in bars) - state.tick
    return max(bar.high for bar in bars) + state.tick
