"""What an engine is busy with while it starts, as its log says it: one logger, read back by whoever waits."""

import logging
from typing import Final

_NAME: Final = "engine.progress"
_SIGN: Final = f" INFO {_NAME}: "

progress: Final = logging.getLogger(_NAME)
"""Told what is begun next, in words for a person."""


def newest_progress(lines: list[str]) -> str:
    """Return what the newest line of a log that tells of progress says; empty where none does."""
    told = [line for line in lines if _SIGN in line]
    return told[-1].partition(_SIGN)[2] if told else ""
