"""What an engine said in its log since a moment: while it starts, and when it could not."""

import logging
import os
from typing import Final

from engine.system.plain_file import open_plain
from engine.system.plain_text import plain, plain_lines
from engine.world.directories import WorldDirectory

COMPLAINT: Final = "cockpit: "
"""How an engine's own word on why it cannot go on begins in its log: what its command line said to nobody."""


def log_size(directory: WorldDirectory) -> int:
    """Return how long the world's engine log is now, bytes; what comes later is of a later start."""
    try:
        return directory.log.stat().st_size
    except OSError:
        return 0


def log_since(directory: WorldDirectory, size: int) -> list[str]:
    """Return the lines of the world's engine log written since it had this size; none where it cannot be read."""
    try:
        with open_plain(directory.log) as log:
            # A log that was rotated meanwhile has begun anew.
            log.seek(size if log.seek(0, os.SEEK_END) >= size else 0)
            return log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def last_word(directory: WorldDirectory, logged: int, code: int) -> str:
    """Return why an engine ended: what it complained of itself, else its exit code and the end of its log."""
    lines = log_since(directory, logged)
    said = [number for number, line in enumerate(lines) if line.startswith(COMPLAINT)]
    if said:
        return "; ".join(line.strip() for line in lines[said[-1] :]).removeprefix(COMPLAINT)
    return f"exit code {code}; {directory.log} ends with: {log_end(directory, logged)}"


def log_end(directory: WorldDirectory, logged: int, lines: int = 2) -> str:
    """Return the last lines written since the log had this size, in one."""
    return " / ".join(line.strip() for line in log_since(directory, logged)[-lines:]) or "nothing"


class PlainFormatter(logging.Formatter):
    """Lines of the log that steer no terminal; what was logged is one line, the trace of a failure follows it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        """Return the line of a record."""
        return plain(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        return plain_lines(super().format(record))
