"""Shape of a TPO profile: tails, single prints, poor extremes, ledges and the two-humped look."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.auction.profile.tpo_profile import Bracket
from engine.auction.values.levels import Ledge
from engine.market.clock import MINUTE, Instant
from engine.market.price import Paise

OLD_EXTREME = 60 * MINUTE
"""An extreme that has stood this long needs no second visit to be poor."""
LEDGE_BRACKETS = 3
TAIL_ROWS = 2
"""A tail is at least this many consecutive single rows from an extreme."""


@dataclass(frozen=True, slots=True)
class Tails:
    """Lengths of the single-row runs at both ends, in rows; 0 where too short for a tail."""

    bottom: int
    top: int


def find_tails(counts: Sequence[int], *, bottom_counts: bool = True, top_counts: bool = True) -> Tails:
    """Return the tails of a TPO profile; an end still being made by the newest bracket is passed as False."""
    bottom = _run(counts) if bottom_counts else 0
    top = _run(counts[::-1]) if top_counts else 0
    return Tails(bottom if bottom >= TAIL_ROWS else 0, top if top >= TAIL_ROWS else 0)


def single_prints(counts: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return first and last index of each run of at least two single rows that touches neither extreme."""
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for index, number in enumerate(counts):
        if number == 1:
            start = index if start is None else start
        elif start is not None:
            if start > 0 and index - start >= TAIL_ROWS:
                runs.append((start, index - 1))
            start = None
    return tuple(runs)


def tpos_beside(counts: Sequence[int], poc: int, tails: Tails | None = None) -> tuple[int, int]:
    """Return the TPOs above and below the POC's row, without those of the tails where these are given."""
    top, bottom = (0, 0) if tails is None else (tails.top, tails.bottom)
    above = counts[poc + 1 : max(poc + 1, len(counts) - top)]
    return sum(above), sum(counts[min(bottom, poc) : poc])


def poor_extremes(
    brackets: Sequence[Bracket], row: Paise, session_open: Instant, length: int, clock: Instant
) -> tuple[bool, bool]:
    """Say whether the session's high and low are poor: left without excess.

    The extreme row was visited by at least two brackets, two of them at least two apart, or the newest of them
    ended an hour ago. ``length`` is a bracket's, in microseconds.
    """
    if not brackets:
        return False, False
    top = max(bracket.high for bracket in brackets) // row
    bottom = min(bracket.low for bracket in brackets) // row

    def is_poor(visits: Sequence[int]) -> bool:
        aged = clock - (session_open + (visits[-1] + 1) * length) >= OLD_EXTREME
        return len(visits) >= 2 and (visits[-1] - visits[0] >= 2 or aged)

    return (
        is_poor([bracket.index for bracket in brackets if bracket.high // row == top]),
        is_poor([bracket.index for bracket in brackets if bracket.low // row == bottom]),
    )


def find_ledges(brackets: Sequence[Bracket], row: Paise) -> tuple[Ledge, ...]:
    """Return the flat sides inside the profile: three brackets or more that stopped within a row of one another.

    The row most brackets stopped around wins, the lower of equals; each bracket belongs to one ledge a side. What
    lies within a row of the session's own extreme is no ledge.
    """
    if not brackets:
        return ()
    highs = [bracket.high // row for bracket in brackets]
    lows = [bracket.low // row for bracket in brackets]
    top, bottom = max(highs), min(lows)
    found = [
        *_flat_sides([number for number in highs if number < top - 1], row, upper=True),
        *_flat_sides([number for number in lows if number > bottom + 1], row, upper=False),
    ]
    return tuple(found)


def shape_of(counts: Sequence[int], poc: int, tails: Tails) -> str:
    """Return B (two humps), P, b, D or – for a TPO profile.

    B: two peaks of at least half the maximum with two neighbouring rows between them at 40 % of the smaller peak
    or less. P and b: POC in the upper or lower third with a tail at the other end. D: POC in the middle.
    """
    if _has_two_humps(counts):
        return "B"
    span = len(counts) - 1
    if 100 * poc >= 65 * span and span and tails.bottom:
        return "P"
    if 100 * poc <= 35 * span and span and tails.top:
        return "b"
    if 35 * span < 100 * poc < 65 * span:
        return "D"
    return "–"


def _flat_sides(stops: list[int], row: Paise, *, upper: bool) -> list[Ledge]:
    found: list[Ledge] = []
    while len(stops) >= LEDGE_BRACKETS:
        at = Counter(stops)
        around = {number: at[number - 1] + at[number] + at[number + 1] for number in sorted(at)}
        best = max(around, key=around.__getitem__)
        if around[best] < LEDGE_BRACKETS:
            break
        found.append(Ledge(price=best * row, upper=upper, brackets=around[best]))
        stops = [number for number in stops if abs(number - best) > 1]
    return sorted(found, key=lambda ledge: ledge.price)


def _has_two_humps(counts: Sequence[int]) -> bool:
    most = max(counts)
    size = len(counts)
    right_peaks = [0] * (size + 1)
    for index in range(size - 1, -1, -1):
        right_peaks[index] = max(right_peaks[index + 1], counts[index])
    left_peak = 0
    for index in range(size - 1):
        smaller = min(left_peak, right_peaks[index + 2] if index + 2 <= size else 0)
        valley = max(counts[index], counts[index + 1])
        if 2 * smaller >= most and 5 * valley <= 2 * smaller:
            return True
        left_peak = max(left_peak, counts[index])
    return False


def _run(counts: Sequence[int]) -> int:
    length = 0
    for number in counts:
        if number != 1:
            break
        length += 1
    return length
