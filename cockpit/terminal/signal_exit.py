"""A screen that is told to end gives the terminal back first: its modes, its picture, its cursor."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
SHELL_OFFSET: Final = 128
"""What a shell adds to a signal's number for the exit code of a process that it ended."""


@contextmanager
def leaving_on_signals(leave: Callable[[int], None]) -> Iterator[None]:
    """Call ``leave`` with an exit code when this process is told to end; needs a running loop, in the main thread."""
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        loop.add_signal_handler(number, leave, SHELL_OFFSET + number)
    try:
        yield
    finally:
        for number in _ENDING:
            loop.remove_signal_handler(number)
