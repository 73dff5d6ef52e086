"""What became of a signal, as the core decides it and a screen shows it."""

from enum import StrEnum


class DecisionState(StrEnum):
    """What became of a signal."""

    TAKEN = "took it"
    REFUSED = "refused"
    WAITING = "waiting"
    EXPIRED = "expired"
    DROPPED = "dropped"
