"""The root of every error of ours, the few kinds there are, and the exit code of each."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

EXIT_DONE: Final = 0
EXIT_NO: Final = 1
"""The answer is no."""
EXIT_WRONG: Final = 2
"""Wrong usage or bad input."""


class ErrorKind(StrEnum):
    """Why something cannot be done."""

    USAGE = "usage"
    """What was typed, set or given cannot be used."""
    REFUSED = "refused"
    """Asked rightly, and the answer is no."""
    BROKER = "broker"
    """The broker, or the way to it, gave no answer that can be used."""
    DAMAGED = "damaged"
    """A file of ours is not what we wrote, or cannot be written."""
    IN_USE = "in use"
    """Another process has it, or does not answer."""


EXIT_CODES: Final[Mapping[ErrorKind, int]] = {
    ErrorKind.USAGE: EXIT_WRONG,
    ErrorKind.REFUSED: EXIT_NO,
    ErrorKind.BROKER: EXIT_NO,
    ErrorKind.DAMAGED: EXIT_WRONG,
    ErrorKind.IN_USE: EXIT_WRONG,
}
"""With what a command ends that an error of a kind ended."""


class CockpitError(Exception):
    """Something cannot be done; the text says what was expected, what came and what to do."""

    kind: ErrorKind = ErrorKind.USAGE

    @property
    def exit_code(self) -> int:
        """The exit code of a command that this ended."""
        return EXIT_CODES[self.kind]
