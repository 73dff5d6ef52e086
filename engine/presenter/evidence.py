"""Evidence in words: the names and figures behind a decision or a classification, ready to read."""

from collections.abc import Mapping
from typing import Final

_PRICES_FROM: Final = 1_000


def describe_evidence(evidence: Mapping[str, float | int | str | None]) -> tuple[str, ...]:
    """Return each name with its figure: 'balance share 0.82', a question mark for what is not known."""
    return tuple(f"{name.replace('_', ' ')} {_fact(value)}" for name, value in evidence.items())


def _fact(value: float | str | None) -> str:
    if value is None:
        return "?"
    if not isinstance(value, float):
        return str(value) or "none"
    # Six digits are enough for a share, and a paisa too few for the price of an index.
    return f"{value:g}" if abs(value) < _PRICES_FROM else f"{value:.2f}".removesuffix(".00")
