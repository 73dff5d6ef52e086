"""Several profiles merged into one: what a balance of days looks like as one auction."""

from collections.abc import Sequence
from math import lcm

from engine.auction.profile.value_area import Rows
from engine.market.price import Paise

Part = tuple[Paise, Paise, Sequence[int]]
"""A profile's row height and lowest row's lower edge in paise, and its counts from there upwards."""


def merge_profiles(parts: Sequence[Part]) -> tuple[Paise, Rows] | None:
    """Return the row height (paise) and rows of several profiles together; None where they hold nothing.

    Rows of different heights meet at their least common multiple: none is split, so that every sum stays exact.
    """
    height = lcm(*(row for row, _, _ in parts))
    merged: dict[int, int] = {}
    for row, low, counts in parts:
        for index, count in enumerate(counts):
            if count:
                number = (low + index * row) // height
                merged[number] = merged.get(number, 0) + count
    if not merged:
        return None
    first, last = min(merged), max(merged)
    return height, Rows(first, [merged.get(number, 0) for number in range(first, last + 1)])
