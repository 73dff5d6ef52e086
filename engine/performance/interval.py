"""How sure a share of wins, a mean and a Sharpe ratio are."""

from functools import lru_cache
from math import atan, cos, pi, sin, sqrt
from statistics import NormalDist
from typing import Final

Z_95: Final = 1.96
"""Two-sided 95 % of the normal distribution, to the two digits every table prints."""


def wilson_interval(wins: int, count: int, z: float = Z_95) -> tuple[float, float] | None:
    """Return the Wilson score interval of a share as two numbers in 0 to 1, 95 % at the usual z; None without trials.

    Centre (p + z²/2n)/(1 + z²/n), half-width z·√(p(1-p)/n + z²/4n²)/(1 + z²/n). Raise ValueError when wins do
    not fit the count (source: Wilson 1927, Journal of the American Statistical Association 22).
    """
    if not 0 <= wins <= count:
        raise ValueError(f"expected 0 to {count} wins, got {wins}")
    if count == 0:
        return None
    share, squared = wins / count, z * z
    scale = 1 + squared / count
    centre = (share + squared / (2 * count)) / scale
    half = z * sqrt(share * (1 - share) / count + squared / (4 * count * count)) / scale
    return (0.0 if wins == 0 else centre - half), (1.0 if wins == count else centre + half)


def standard_error(count: int, total: float, squared: float) -> float | None:
    """Return the standard error of a mean from count, sum and sum of squares; None below two values."""
    if count < 2:
        return None
    spread = max(0.0, squared - total * total / count) / (count - 1)
    return sqrt(spread / count)


def mean_interval(count: int, total: float, squared: float) -> tuple[float, float] | None:
    """Return the 95 % interval of a mean by Student's t, from count, sum and sum of squares; None below two values.

    Mean ± t(0.975, n-1) · s/√n (source: Student 1908, Biometrika 6).
    """
    error = standard_error(count, total, squared)
    if error is None:
        return None
    mean, half = total / count, student_t(count - 1) * error
    return mean - half, mean + half


@lru_cache(maxsize=4_096)
def student_t(freedom: int, level: float = 0.95) -> float:
    """Return the point within which ± a share of Student's t lies; raise ValueError below one degree of freedom.

    Exact by the finite series up to 30 degrees, beyond them by the normal point's expansion (source: Abramowitz and
    Stegun, 26.7.3, 26.7.4 and 26.7.5).
    """
    if freedom < 1:
        raise ValueError(f"expected at least one degree of freedom, got {freedom}")
    z = NormalDist().inv_cdf((1 + level) / 2)
    if freedom > _EXACT_UP_TO:
        terms = (
            (z**3 + z) / 4,
            (5 * z**5 + 16 * z**3 + 3 * z) / 96,
            (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
            (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
        )
        return float(z + sum(term / freedom**power for power, term in enumerate(terms, 1)))
    low, high = z, 13.0
    while _within(high, freedom) < level:
        high *= 2
    while high - low > _FINE:
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < level else (low, middle)
    return (low + high) / 2


_EXACT_UP_TO: Final = 30
_FINE: Final = 1e-12


def _within(t: float, freedom: int) -> float:
    """Return the chance that a value of Student's t lies within ± t."""
    angle = atan(t / sqrt(freedom))
    square = cos(angle) ** 2
    if freedom % 2 == 0:
        term = total = 1.0
        for number in range(2, freedom - 1, 2):
            term *= square * (number - 1) / number
            total += term
        return sin(angle) * total
    term = total = cos(angle) if freedom > 1 else 0.0
    for number in range(3, freedom - 1, 2):
        term *= square * (number - 1) / number
        total += term
    return 2 / pi * (angle + sin(angle) * total)


def sharpe_error(sharpe: float | None, days: int, per_year: int) -> float | None:
    """Return the standard error of an annualised Sharpe ratio of independent daily returns; None where it has none.

    sqrt((1 + s²/2) / n) of the daily ratio s (source: Lo 2002, Financial Analysts Journal 58).
    """
    if sharpe is None or days < 2:
        return None
    daily = sharpe / sqrt(per_year)
    return sqrt((1 + daily * daily / 2) / days) * sqrt(per_year)
