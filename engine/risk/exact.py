"""Settings are decimals a person typed; here they become exact fractions, so that no float decides money."""

from fractions import Fraction

from engine.market.price import Paise


def exact(setting: float) -> Fraction:
    """Return the decimal a person sees as an exact fraction; raise ValueError for NaN and infinity."""
    return Fraction(str(setting))


def part(amount: Paise, percent: float) -> Paise:
    """Return a percentage of an amount, rounded down to a paisa."""
    return amount * exact(percent) // 100


def ceiling(amount: Fraction | int) -> int:
    """Return the smallest whole number that is not below an amount."""
    return -(-amount // 1)


def told_apart(value: Fraction, limit: Fraction, *, digits: int) -> str:
    """Return a value with as many digits as it takes not to read like the limit it is on the wrong side of."""
    for places in range(digits, 7):
        told = f"{float(value):.{places}f}"
        if Fraction(told) != limit:
            return told
    return f"{float(value):g}"
