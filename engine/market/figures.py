"""Figures as a trader reads them, on the screen and in a sentence: Indian grouping, one minus sign, ``?`` for unknown.

Amounts come in whole paise. Everything is integer arithmetic; nothing here can round a price.
"""

from typing import Final

from engine.market.price import Paise

MINUS: Final = "−"
"""The house's only minus before a figure; an output that cannot write it shows a hyphen."""
UNKNOWN: Final = "?"
"""Shown for a figure that should exist and is not known."""


def grouped(number: int) -> str:
    """Return a whole number with Indian grouping: 12,34,567."""
    digits = str(abs(number))
    head, tail = digits[:-3], digits[-3:]
    pairs: list[str] = []
    while head:
        pairs.append(head[-2:])
        head = head[:-2]
    return f"{MINUS if number < 0 else ''}{','.join([*reversed(pairs), tail])}"


def counted(number: int, what: str) -> str:
    """Return a number of things in words: 1 day, 2 days."""
    return f"{grouped(number)} {what}{'' if number == 1 else 's'}"


def rupees(amount: Paise | None, decimals: int = 2) -> str:
    """Return an amount in rupees with 0 or 2 decimals, half up away from zero: 1,23,456.50; unknown is ``?``."""
    if amount is None:
        return UNKNOWN
    if decimals == 0:
        whole = (abs(amount) + 50) // 100
        return grouped(-whole if amount < 0 else whole)
    whole, paise = divmod(abs(amount), 100)
    return f"{MINUS if amount < 0 else ''}{grouped(whole)}.{paise:02d}"


def signed_rupees(amount: Paise | None, decimals: int = 2) -> str:
    """Return an amount with its sign, also the plus; zero carries none."""
    text = rupees(amount, decimals)
    return f"+{text}" if amount is not None and amount > 0 else text


def signed_units(units: int) -> str:
    """Return a signed quantity: +300, −120, 0."""
    return f"+{grouped(units)}" if units > 0 else grouped(units)


def decimal(value: float, places: int, *, plus: bool = False) -> str:
    """Return a number that is no money with so many decimals: −0.12; with ``plus``, also that sign: +0.12.

    What is shown as zero carries none.
    """
    text = format(value, f"{'+' if plus else ''}z.{places}f").replace("-", MINUS)
    return text if any(sign in text for sign in "123456789") else text.removeprefix("+")
