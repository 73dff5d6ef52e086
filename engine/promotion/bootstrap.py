"""How low an expectancy may lie, by drawing whole days anew: trades of one day share its market.

Each resample draws as many days as there are, with replacement, and takes the mean result of a trade over all of them;
the bound is the percentile of 10,000 such means (Efron 1979, Annals of Statistics 7; by clusters: Cameron, Gelbach and
Miller 2008, Review of Economics and Statistics 90). The seed is fixed: the same trades give the same bound.
"""

from collections.abc import Sequence
from math import floor
from random import Random
from typing import Final

from engine.performance.resampling import Sums

RESAMPLES: Final = 10_000
_SEED: Final = 20_260_101


def lower_bound(days: Sequence[Sums], share: float) -> float | None:
    """Return what the mean result of a trade lies below with a chance of ``share`` at the most; None without days.

    ``days`` are the sum and count of each; ``share`` is one-sided, 0 to 1. Raises ValueError for another share.
    """
    if not 0 < share < 1:
        raise ValueError(f"expected a share between 0 and 1, got {share}")
    if not days:
        return None
    draw = Random(_SEED)  # noqa: S311 - a statistic, no secret
    means = []
    for _ in range(RESAMPLES):
        drawn = draw.choices(days, k=len(days))
        means.append(sum(total for total, _ in drawn) / sum(count for _, count in drawn))
    means.sort()
    return means[floor(share * RESAMPLES)]
