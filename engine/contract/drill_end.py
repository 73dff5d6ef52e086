"""How a kill drill ended."""

from enum import StrEnum


class DrillEnd(StrEnum):
    """How a kill drill ended once its market stood."""

    FLAT = "flat"
    """The throw-away market's exchange proved flat."""
    NOT_FLAT = "not flat"
    """The kill did not come to flat while it was waited for."""
