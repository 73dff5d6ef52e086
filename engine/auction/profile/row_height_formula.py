"""How high one profile row is: fine enough to show structure, coarse enough to read."""

from itertools import count
from typing import Final

from engine.auction.values.context import AverageRange, Quality
from engine.market.price import Paise

MOST_ROWS: Final = 80
"""Rows over one average daily range."""


def estimate_range(day_range: Paise, price: Paise) -> AverageRange:
    """Return the average daily range guessed from today alone: twice the range so far, at least 1 % of the price."""
    return AverageRange(max(2 * day_range, -(-price // 100)), Quality.ESTIMATED, 0)


def row_height(average_range: Paise, tick: Paise) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 … ticks that covers the range with at most 80 rows."""
    for exponent in count():
        for digit in (1, 2, 5):
            height: int = digit * 10**exponent
            if average_range <= MOST_ROWS * height * tick:
                return height
    raise AssertionError("expected some height to cover a finite range")


def height_of_rupees(row: float, tick: Paise) -> int:
    """Return a row height given in rupees as whole ticks, rounded half up, at least one."""
    return max(1, (2 * round(row * 100) + tick) // (2 * tick))
