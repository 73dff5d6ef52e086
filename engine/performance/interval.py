"""How sure a share of wins is."""

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
