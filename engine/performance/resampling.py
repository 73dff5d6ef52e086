"""How sure a mean is when results are skewed and those of one day hang together: whole days stand or fall as one."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from hashlib import shake_256
from math import sqrt
from struct import unpack
from typing import Final, TypeVar

from engine.performance.interval import student_t
from engine.performance.measured import Finished

DRAWS: Final = 2_000
"""Records made again of a record's own days."""
LEAST_DAYS: Final = 10
"""With fewer days there is too little to draw from."""
MOST_DAYS: Final = 250
"""Beyond so many days a normal approximation over days says the same, and costs nothing."""
METHOD: Final = "whole days drawn again"
_SEED: Final = b"cockpit: days drawn again"
_TAIL: Final = DRAWS // 40
"""Of the draws so many lie outside on either side: 2.5 %."""

Sums = tuple[float, int]
"""The results of one day in sum, and how many they are."""

_Trade = TypeVar("_Trade", bound=Finished)


def day_sums(trades: Iterable[_Trade], value: Callable[[_Trade], float | None]) -> list[Sums]:
    """Return a figure's sum and count of each day that knows it, oldest day first."""
    found: dict[date, complex] = {}
    for trade in trades:
        result = value(trade)
        if result is not None:
            # Sum and count in one number.
            found[trade.day] = found.get(trade.day, 0j) + complex(result, 1)
    return [(one.real, int(one.imag)) for one in found.values()]


def drawn_interval(days: Sequence[Sums]) -> tuple[float, float] | None:
    """Return the 95 % interval of a mean over all results; None below ten days.

    Up to 250 days the percentile interval of 2,000 records, each as many days as there are, drawn from them with
    replacement (source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 8 and 13). The draws are
    always the same ones: the same record gives the same interval. Beyond them the clustered interval.
    """
    count = len(days)
    if count < LEAST_DAYS:
        return None
    if count > MOST_DAYS:
        return clustered_interval(days)
    # Sum and count in one number: a record made again is one sum.
    values = [complex(total, number) for total, number in days]
    picks = unpack(f"<{DRAWS * count}I", shake_256(_SEED).digest(4 * DRAWS * count))
    drawn = [values[pick % count] for pick in picks]
    means = sorted(
        made.real / made.imag
        for made in (sum(drawn[begin : begin + count]) for begin in range(0, len(drawn), count))
    )
    return means[_TAIL - 1], means[-_TAIL]


def clustered_interval(days: Sequence[Sums], level: float = 0.95) -> tuple[float, float] | None:
    """Return the interval of a mean over all results whose days are independent, and nothing else; None below two days.

    Mean ± t · √(k/(k-1) · Σ(Sᵢ - mean·nᵢ)²) / n of k days with sums Sᵢ of nᵢ results (source: Cochran 1977, Sampling
    Techniques, 9A.1: the ratio to size of clusters of unequal sizes).
    """
    clusters, count = len(days), sum(number for _, number in days)
    if clusters < 2:
        return None
    mean = sum(total for total, _ in days) / count
    spread = sum((total - mean * number) ** 2 for total, number in days) * clusters / (clusters - 1)
    half = student_t(clusters - 1, level) * sqrt(spread) / count
    return mean - half, mean + half
