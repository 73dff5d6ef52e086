"""High- and low-volume nodes: the peaks and valleys of volume at price that are more than noise."""

from collections.abc import Sequence
from typing import Final

from engine.auction.profile.value_area import Rows
from engine.auction.values.levels import Node, NodeKind
from engine.market.price import Paise

REACH: Final = 3
"""A node is a strict extreme among this many rows on either side."""


def find_nodes(rows: Rows | None, row: Paise) -> tuple[Node, ...]:
    """Return the nodes of a volume profile, lowest first; ``row`` is the height of its rows in paise.

    The profile is smoothed by a mean over three rows, nothing lying beyond its edges. A node is a strict extreme
    within three rows whose prominence is a tenth of the smoothed peak or more; a valley never lies at the edge.
    """
    if rows is None:
        return ()
    smooth = _smooth(rows.counts)
    needed = max(smooth)
    upside_down = [-value for value in smooth]
    last = len(smooth) - 1
    found = []
    for index, value in enumerate(smooth):
        before = smooth[index - 1] if index else None
        after = smooth[index + 1] if index < last else None
        if (before is None or value > before) and (after is None or value > after):
            kind, values = NodeKind.HIGH, smooth
        elif before is not None and after is not None and value < before and value < after:
            kind, values = NodeKind.LOW, upside_down
        else:
            continue
        if _stands_out(values, index) and 10 * _prominence(values, index) >= needed:
            found.append(Node(kind, (rows.low + index) * row, rows.counts[index]))
    return tuple(found)


def _smooth(counts: Sequence[int]) -> list[int]:
    """Return three times the mean of each row and its neighbours."""
    padded = [0, *counts, 0]
    return [padded[index - 1] + padded[index] + padded[index + 1] for index in range(1, len(padded) - 1)]


def _stands_out(values: Sequence[int], index: int) -> bool:
    value = values[index]
    around = (*values[max(0, index - REACH) : index], *values[index + 1 : index + 1 + REACH])
    return not around or max(around) < value


def _prominence(values: Sequence[int], index: int) -> int:
    """Return how far one must come down from a peak before reaching higher ground on the easier side.

    A side without higher ground does not count; where neither has any, the deeper of the two sides does.
    """
    below, left_open = _deepest(values[:index][::-1], values[index])
    above, right_open = _deepest(values[index + 1 :], values[index])
    if left_open and right_open:
        saddle = min(below, above)
    elif left_open:
        saddle = above
    elif right_open:
        saddle = below
    else:
        saddle = max(below, above)
    return values[index] - saddle


def _deepest(values: Sequence[int], peak: int) -> tuple[int, bool]:
    """Return the lowest value before one above the peak, and whether no such value came."""
    lowest = peak
    for value in values:
        if value > peak:
            return lowest, False
        lowest = min(lowest, value)
    return lowest, True
