"""Figures as sentences tell them: Indian grouping, rupees with two decimals."""

from engine.market.price import Paise


def grouped(number: int) -> str:
    """Return a whole number with Indian grouping: 12,34,567."""
    digits = str(abs(number))
    head, tail = digits[:-3], digits[-3:]
    pairs: list[str] = []
    while head:
        pairs.append(head[-2:])
        head = head[:-2]
    return f"{'-' if number < 0 else ''}{','.join([*reversed(pairs), tail])}"


def rupees(amount: Paise) -> str:
    """Return an amount as a person reads it: 1,23,456.50."""
    whole, paise = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{grouped(whole)}.{paise:02d}"


def signed_rupees(amount: Paise) -> str:
    """Return an amount with its sign, also the plus."""
    return rupees(amount) if amount < 0 else f"+{rupees(amount)}"
