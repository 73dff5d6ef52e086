"""Whole-paise prices: the only money the engine computes with.

Rupees exist at the edges alone (feeds, files, screens). Rounding onto the tick grid always names its direction.
"""

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

Paise = int
"""A price or an amount of money in whole paise (1/100 rupee)."""

MAX_PAISE: Final = 10_000_000_00
"""Ten million rupees: no NSE price comes near; anything above is a broken packet. No bound for sums of money."""


def paise_of(rupees: float) -> Paise:
    """Return whole paise of a rupee price; raise ValueError for NaN, infinity, negatives and absurd prices."""
    if not math.isfinite(rupees) or rupees < 0 or rupees * 100 > MAX_PAISE:
        raise ValueError(f"expected a price between 0 and {MAX_PAISE // 100} rupees, got {rupees!r}")
    return round(rupees * 100)


def amount_of(rupees: float) -> Paise:
    """Return whole paise of a sum of money, which no price bounds; raise ValueError for NaN, infinity and negatives."""
    if not math.isfinite(rupees) or rupees < 0:
        raise ValueError(f"expected an amount from 0 rupees, got {rupees!r}")
    return round(rupees * 100)


def rupees_of(paise: Paise) -> float:
    """Return rupees for an outside reader (JSON, screen); never compute with the result."""
    return paise / 100


def rupees_if_known(paise: Paise | None) -> float | None:
    """Return rupees for an outside reader; None of what is not known."""
    return None if paise is None else rupees_of(paise)


def told_paise(rupees: float) -> Paise:
    """Return whole paise of a sum told to a reader in rupees, half a paisa away from zero; for sentences alone."""
    # The decimal digits and not the binary fraction below them: half a paisa goes up here as on the screen.
    return int(Decimal(str(rupees)).scaleb(2).to_integral_value(ROUND_HALF_UP))


def average_price(value: Paise, quantity: int) -> Paise | None:
    """Return the average price of units worth ``value`` in sum, half a paisa up; None for no unit.

    For readers alone, and the only rounding they are shown: what is computed goes on from the sum.
    """
    return (2 * value + quantity) // (2 * quantity) if quantity else None


def tick_down(paise: Paise, tick: Paise) -> Paise:
    """Return the highest price on the tick grid that is not above ``paise``."""
    return paise // tick * tick


def tick_up(paise: Paise, tick: Paise) -> Paise:
    """Return the lowest price on the tick grid that is not below ``paise``."""
    return -(-paise // tick) * tick
