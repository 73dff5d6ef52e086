"""Shape of a TPO profile: tails, single prints inside the body and the two-humped look."""

from collections.abc import Sequence
from dataclasses import dataclass

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
