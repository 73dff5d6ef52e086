"""Point of control and value area over whole rows, in integers only.

Tools differ in both rules, so rule, percentage and the number of tied rows travel with every result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Rule = Literal["dual", "one-row"]

_STEP: Final[dict[Rule, int]] = {"dual": 2, "one-row": 1}


@dataclass(frozen=True, slots=True)
class Rows:
    """A profile at one row size: ``counts[i]`` belongs to row id ``low + i``; no empty row at either end."""

    low: int
    counts: Sequence[int]


def find_poc(counts: Sequence[int]) -> tuple[int, int]:
    """Return the index of the fullest row and how many rows share that maximum.

    Of tied rows the one nearest to the profile's middle wins, of two equally near the lower. Raise ValueError
    for an empty profile.
    """
    if not counts:
        raise ValueError("expected at least one row, got an empty profile")
    most = max(counts)
    ties = counts.count(most)
    first = counts.index(most)
    if ties == 1:
        return first, 1
    double_centre = len(counts) - 1
    tied = [index for index in range(first, len(counts)) if counts[index] == most]
    return min(tied, key=lambda index: (abs(2 * index - double_centre), index)), ties


def find_value_area(
    counts: Sequence[int], poc: int, rule: Rule = "dual", percent: int = 70, *, tie_up: bool = True
) -> tuple[int, int]:
    """Return the indices of the lowest and highest row of the value area.

    ``dual`` compares the next two rows above with the two below and joins the larger pair (Dalton, Mind over
    Markets, appendix 1), ``one-row`` does so with single rows; equal sums join upwards unless ``tie_up`` is
    False. At the profile's edge a single left-over row is the whole candidate. Growth stops as soon as the area
    holds ``percent`` of the total.
    """
    step = _STEP[rule]
    needed = percent * sum(counts)
    size = len(counts)
    below = above = poc
    inside = counts[poc]
    while 100 * inside < needed:
        next_above = min(above + step, size - 1)
        next_below = max(below - step, 0)
        up = sum(counts[above + 1 : next_above + 1])
        down = sum(counts[next_below:below])
        if next_above > above and (next_below == below or up > down or (up == down and tie_up)):
            above = next_above
            inside += up
        else:
            below = next_below
            inside += down
    return below, above
