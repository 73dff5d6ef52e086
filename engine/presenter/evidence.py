"""Evidence in words: the names and figures behind a decision or a classification, ready to read."""

import math
from collections.abc import Mapping
from typing import Final

from engine.market.figures import MINUS, grouped, rupees
from engine.market.price import told_paise

_PRICES_FROM: Final = 1_000


def describe_evidence(evidence: Mapping[str, float | int | str | None]) -> tuple[str, ...]:
    """Return each name with its figure: 'balance share 0.82', a question mark for what is not known."""
    return tuple(f"{name.replace('_', ' ')} {_fact(value)}" for name, value in evidence.items())


def _fact(value: float | str | None) -> str:
    if value is None:
        return "?"
    if isinstance(value, str):
        return value or "none"
    if isinstance(value, int):
        return grouped(value)
    # Six digits are enough for a share, and a paisa too few for the price of an index.
    if abs(value) < _PRICES_FROM or not math.isfinite(value):
        return f"{value:g}".replace("-", MINUS)
    return rupees(told_paise(value)).removesuffix(".00")
