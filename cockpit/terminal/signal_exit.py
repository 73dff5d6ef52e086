"""A screen that is told to end gives the terminal back first: its modes, its picture, its cursor.

A terminal that reads nothing would hold that up for ever: the process then ends with the modes alone put back.
"""

import asyncio
import os
import signal
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
SHELL_OFFSET: Final = 128
"""What a shell adds to a signal's number for the exit code of a process that it ended."""


_Modes = list[int | list[bytes | int]]

_PATIENCE: Final = 3.0
"""Seconds that the screen is given to leave by itself."""


@contextmanager
def leaving_on_signals(leave: Callable[[int], None], terminal: int) -> Iterator[None]:
    """Call ``leave`` with an exit code when this process is told to end; needs a running loop, in the main thread."""
    loop = asyncio.get_running_loop()
    left = threading.Event()
    modes = _modes_of(terminal)

    def told(number: int, _: object) -> None:
        code = SHELL_OFFSET + number
        loop.call_soon_threadsafe(leave, code)
        threading.Thread(target=end_if_held_up, args=(code,), name="leaving", daemon=True).start()

    def end_if_held_up(code: int) -> None:
        if not left.wait(_PATIENCE):
            _give_back(terminal, modes)
            os._exit(code)

    before = {number: signal.signal(number, told) for number in _ENDING}
    try:
        yield
    finally:
        left.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def _modes_of(terminal: int) -> _Modes | None:
    try:
        return termios.tcgetattr(terminal)
    except termios.error:
        return None


def _give_back(terminal: int, modes: _Modes | None) -> None:
    """Put a terminal's modes back; what stands on one that reads nothing stays there."""
    if modes is not None:
        with suppress(termios.error):
            termios.tcsetattr(terminal, termios.TCSANOW, modes)
