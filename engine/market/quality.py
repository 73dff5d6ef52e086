"""How far a figure may be trusted: one word that travels with it."""

from enum import StrEnum


class Quality(StrEnum):
    """How far a figure may be trusted."""

    LIVE = "LIVE"
    PARTIAL = "PARTIAL"
    GAP = "GAP"
    STALE = "STALE"
    ESTIMATED = "ESTIMATED"
    NOT_READY = "NOT READY"
