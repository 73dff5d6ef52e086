"""How a `cockpit flatten` stands that the screen started."""

from enum import StrEnum


class FlattenGuard(StrEnum):
    """How the `cockpit flatten` stands that a kill without an engine started."""

    CLOSING = "CLOSING"
    FLAT = "FLAT"
    """It ended, and the broker had confirmed flat."""
    OPEN = "OPEN"
    """It ended without that word."""
