"""The speeds at which a person may let a demo or a replay play on."""

from typing import Final

UNPACED: Final = 0
"""A speed that waits for nothing."""
SPEEDS: Final = (1, 2, 5, 10, 30, UNPACED)
"""Multiples of real time, the slowest first."""
