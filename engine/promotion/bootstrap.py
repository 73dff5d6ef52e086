"""How low an expectancy may lie, by drawing whole days anew: trades of one day share its market.

Each resample draws as many days as there are, with replacement, and takes the mean result of a trade over all of them;
the bound is the percentile of 10,000 such means (Efron 1979, Annals of Statistics 7; by clusters: Cameron, Gelbach and
Miller 2008, Review of Economics and Statistics 90). The seed is fixed: the same trades give the same bound.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from math import floor, fsum
from random import Random
from typing import Final

RESAMPLES: Final = 10_000
_SEED: Final = 20_260_101


def by_day(results: Sequence[tuple[date, float]]) -> dict[date, tuple[float, int]]:
    """Return each day's sum of results and how many they are, in order."""
    days: dict[date, list[float]] = {}
    for day, result in results:
        days.setdefault(day, []).append(result)
    return {day: (fsum(days[day]), len(days[day])) for day in sorted(days)}


def lower_bound(days: Mapping[date, tuple[float, int]], share: float) -> float | None:
    """Return what the mean result of a trade lies below with a chance of ``share`` at the most; None without days.

    ``days`` are sums and counts; ``share`` is one-sided, 0 to 1. Raises ValueError for another share.
    """
    if not 0 < share < 1:
        raise ValueError(f"expected a share between 0 and 1, got {share}")
    if not days:
        return None
    known = list(days.values())
    draw = Random(_SEED)  # noqa: S311 - a statistic, no secret
    means = []
    for _ in range(RESAMPLES):
        drawn = draw.choices(known, k=len(known))
        means.append(sum(total for total, _ in drawn) / sum(count for _, count in drawn))
    means.sort()
    return means[floor(share * RESAMPLES)]
