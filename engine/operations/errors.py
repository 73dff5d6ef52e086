"""Why a command cannot be done, in a sentence and its kind."""

from engine.system.errors import CockpitError, ErrorKind


class DeskError(CockpitError):
    """A command cannot be done; the text says what was expected, what came and what to do."""

    def __init__(self, text: str, kind: ErrorKind = ErrorKind.USAGE) -> None:
        super().__init__(text)
        self.kind = kind
