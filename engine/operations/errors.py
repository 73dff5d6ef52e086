"""Why a command cannot be done, in a sentence and an exit code."""


class DeskError(Exception):
    """A command cannot be done; the text says what was expected, what came and what to do."""

    def __init__(self, text: str, exit_code: int = 2) -> None:
        super().__init__(text)
        self.exit_code = exit_code
