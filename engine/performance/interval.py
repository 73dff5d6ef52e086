"""How sure a share of wins, a mean and a Sharpe ratio are."""

from math import sqrt
from typing import Final

Z_95: Final = 1.96
"""Two-sided 95 % of the normal distribution, to the two digits every table prints."""


def wilson_interval(wins: int, count: int) -> tuple[float, float] | None:
    """Return the 95 % Wilson score interval of a share as two numbers in 0 to 1; None without trials.

    Centre (p + z²/2n)/(1 + z²/n), half-width z·√(p(1-p)/n + z²/4n²)/(1 + z²/n). Raise ValueError when wins do
    not fit the count (source: Wilson 1927, Journal of the American Statistical Association 22).
    """
    if not 0 <= wins <= count:
        raise ValueError(f"expected 0 to {count} wins, got {wins}")
    if count == 0:
        return None
    share, squared = wins / count, Z_95 * Z_95
    scale = 1 + squared / count
    centre = (share + squared / (2 * count)) / scale
    half = Z_95 * sqrt(share * (1 - share) / count + squared / (4 * count * count)) / scale
    return (0.0 if wins == 0 else centre - half), (1.0 if wins == count else centre + half)


def standard_error(count: int, total: float, squared: float) -> float | None:
    """Return the standard error of a mean from count, sum and sum of squares; None below two values."""
    if count < 2:
        return None
    spread = max(0.0, squared - total * total / count) / (count - 1)
    return sqrt(spread / count)


def sharpe_error(sharpe: float | None, days: int, per_year: int) -> float | None:
    """Return the standard error of an annualised Sharpe ratio of independent daily returns; None where it has none.

    sqrt((1 + s²/2) / n) of the daily ratio s (source: Lo 2002, Financial Analysts Journal 58).
    """
    if sharpe is None or days < 2:
        return None
    daily = sharpe / sqrt(per_year)
    return sqrt((1 + daily * daily / 2) / days) * sqrt(per_year)
