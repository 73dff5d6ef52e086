"""A thread that notices a lost terminal at once, also where the hang-up signal is ignored.

Without it an orphaned screen reads its dead terminal in a circle and burns a core that the engine needs.
"""

import os
import select
import threading
from collections.abc import Callable
from typing import Final

LOST_TERMINAL_EXIT: Final = 129
"""Exit code of a screen whose terminal went away: what a shell shows for the hang-up signal."""


def leave_at_once() -> None:
    """End this process without ceremony: nobody is left to read a farewell, and the loop may hang in a write."""
    os._exit(LOST_TERMINAL_EXIT)


class TerminalWatchdog:
    """Calls ``on_lost`` once, in its own thread, when the terminal behind ``descriptor`` hangs up."""

    def __init__(self, descriptor: int, on_lost: Callable[[], None] = leave_at_once) -> None:
        self._terminal = os.dup(descriptor)
        self._on_lost = on_lost
        self._stop_reader, self._stop_writer = os.pipe()
        self._thread = threading.Thread(target=self._watch, name="terminal-watchdog", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        os.write(self._stop_writer, b"\0")
        self._thread.join()
        for descriptor in (self._terminal, self._stop_reader, self._stop_writer):
            os.close(descriptor)

    def _watch(self) -> None:
        poll = select.poll()
        # Hang-up and error are always reported; asking for nothing keeps keystrokes from waking the thread.
        poll.register(self._terminal, 0)
        poll.register(self._stop_reader, select.POLLIN)
        changed = dict(poll.poll())
        if self._terminal in changed and self._stop_reader not in changed:
            self._on_lost()
